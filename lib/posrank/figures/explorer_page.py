"""``python -m posrank explore``: a page to look at results: each video beside its ranked sentences, one or two models.

In: scores, lists, captions, a folder of videos. Out: explorer.html, which needs no server and no network; clips stand
in the page itself where they are small, else in a folder beside it. The changed words are coloured, lists are filtered
by part of speech, rank, source of the best negative, and by which of the two models ranks the caption first.
"""

import base64
import json
import mimetypes
import os
import shutil
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

import numpy as np

from posrank import PARTS
from posrank.files import inside, write_text
from posrank.negatives.changed_words import changes

EMBED = 12_000_000
"""Bytes of all clips, up to which they stand in the page itself."""
PAGE = Path(__file__).parent / "data" / "explorer.html"


def explorer(scores, negatives, captions, videos=None, out="explorer.html", *, title="PoSRank", most=3000):
    """Write the page -> its path.

    scores     {model: scores table} of one or two models on the same lists (posrank.evaluate(..., scores=True))
    negatives, captions   of these lists; column file of captions: the video's file in `videos`
    videos     folder of the videos, None = none are shown; files that are not there are left out
    most       lists on the page; a larger set is thinned out by a hash, which the page says

    ValueError for no or more than two models, and where a list has no scores.
    """
    if not 1 <= len(scores) <= 2:
        raise ValueError(f"scores: the page shows one or two models, got {len(scores)}")
    lists = _lists(negatives)
    shown = sorted(lists, key=lambda key: blake2b("\x1f".join(key).encode(), digest_size=8).digest())[:most]
    kept, known = set(shown), captions.drop_duplicates("caption_id").set_index("caption_id")
    values = list(map(_values, scores.values()))
    items = [_item(key, lists[key], known, values, list(scores)) for key in lists if key in kept]
    out = Path(out)
    clips = _clips(known.loc[list(dict.fromkeys(key[0] for key in lists if key in kept))], videos, out)
    thinned = f" {len(items):,} of {len(lists):,} lists are shown, drawn by a hash." if len(items) < len(lists) else ""
    data = {
        "title": title, "models": list(scores), "items": items, "clips": clips,
        "parts": [part for part in PARTS if any(item["part"] == part for item in items)],
        "sources": sorted({source for item in items for source in item["from"]}),
        "about": "Higher scores are better; the caption is marked blue, the word that differs is coloured." + thinned,
    }
    write_text(out, PAGE.read_text(encoding="utf-8").replace("@DATA@", script_json(data)))
    return out


def script_json(value):
    """JSON that can stand inside of a script element, whatever texts it holds.

    >>> script_json("</script><!--")
    '"\\\\u003c/script\\\\u003e\\\\u003c!--"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _lists(negatives):
    """{(caption_id, part): [(k, sentence, source)]} in the order of the table; k as posrank.evaluate numbers lists."""
    found, k = {}, negatives["k"] if "k" in negatives else negatives.groupby(["caption_id", "part"]).cumcount()
    source = negatives["source"] if "source" in negatives else [""] * len(negatives)
    for caption_id, part, number, sentence, how in zip(negatives["caption_id"], negatives["part"], k,
                                                       negatives["sentence"], source):
        found.setdefault((caption_id, part), []).append((int(number), sentence, how))
    return found


def _values(table):
    """{(caption_id, part, k): score} of a scores table."""
    keys = zip(table["caption_id"], table["part"], table["k"].astype(int))
    return dict(zip(keys, table["score"].astype(float)))


def _item(key, rows, known, values, names):
    """One list as the page reads it: t texts, m their changed words, s scores by model, from sources."""
    caption_id, part = key
    if caption_id not in known.index:
        raise ValueError(f"negatives: caption {caption_id!r} is not in the captions table")
    order = [-1, *(row[0] for row in rows)]
    for table, name in zip(values, names):
        if any((*key, k) not in table for k in order):
            raise ValueError(f"scores of {name!r}: caption {caption_id!r}, part {part} lacks a score; these are scores "
                             "of other lists")
    caption = " ".join(known.loc[caption_id, "caption"].split())
    texts = [caption, *(" ".join(sentence.split()) for _, sentence, _ in rows)]
    # JSON knows no infinity
    numbers = [[float(np.clip(table[*key, k], -1e300, 1e300)) for table in values] for k in order]
    return {"id": blake2b("\x1f".join(key).encode(), digest_size=6).hexdigest(), "part": part,
            "video": known.loc[caption_id, "video_id"], "t": texts, "s": numbers, "from": [row[2] for row in rows],
            "m": [_spans(caption, texts[1]) if len(texts) > 1 else [], *(_spans(text, caption) for text in texts[1:])]}


def _spans(text, other):
    return [[change.start, change.start + len(change.original)] for change in changes(text, other) if change.original]


def _clips(captions, videos, out):
    """{video_id: address} of the videos that are there: data in the page, or files in the folder <page>_clips."""
    if videos is None:
        return {}
    files, piece = {}, {}
    for row in captions.drop_duplicates("video_id").itertuples():
        file = inside(videos, getattr(row, "file", "") or f"{row.video_id}.mp4", "video", f"caption {row.Index!r}")
        if file.is_file():
            files[row.video_id] = file
            start, end = getattr(row, "start", np.nan), getattr(row, "end", np.nan)
            piece[row.video_id] = "" if np.isnan(start) else f"#t={start:g},{end:g}"
    if sum(file.stat().st_size for file in files.values()) <= EMBED:
        kinds = {name: mimetypes.guess_type(file.name)[0] or "video/mp4" for name, file in files.items()}
        return {name: f"data:{kinds[name]};base64,{base64.b64encode(file.read_bytes()).decode()}{piece[name]}"
                for name, file in files.items()}
    folder = out.with_name(f"{out.stem}_clips")
    folder.mkdir(parents=True, exist_ok=True)
    addresses = {}
    for name, file in files.items():
        copy = folder / f"{blake2b(name.encode(), digest_size=8).hexdigest()}{file.suffix}"
        if not copy.exists():
            try:  # a second name of the file where the disk can give it one
                os.link(file.resolve(), copy)
            except OSError:
                shutil.copyfile(file, copy)
        addresses[name] = f"{quote(folder.name)}/{copy.name}{piece[name]}"
    return addresses
