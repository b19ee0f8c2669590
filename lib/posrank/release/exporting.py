"""A frozen set as the files of other projects: mteb, lmms-eval, and SugarCrepe's JSON (which CLIP_benchmark reads).

In: a release and the captions on this machine. Out: a folder with data and the small Python or YAML file that the other
project wants. It holds sentences: it is for this machine, not to be given away. Where a project breaks ties by ids or
by order, ids are hashes and sentences are in the order of their hashes, so that a constant scorer gets chance there.
"""

import json
import shutil
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from posrank.files import atomic
from posrank.messages import unknown
from posrank.release.folder import TEMPLATES, list_id, read, write_json
from posrank.release.rebuild import build

_README = "Made from {name}. It holds sentences made from captions: keep it, do not give it away.\n\n{how}\n"

_VIDEOS = "Videos are looked for in the folder that the environment variable POSRANK_VIDEOS names."


class Ranked(NamedTuple):
    """One list. sentences: the true one first; keys: a hash of each; file: of the video, or, where that is a piece of a
    file, of the clip to be cut from it; cut: (file, start, end) then, else None."""

    name: str
    part: str
    video_id: str
    file: str
    cut: tuple | None
    sentences: list
    keys: list


def export(release, kind, captions, folder):
    """Write `release` for another project into `folder` -> (folder, lists written).

    kind  "mteb": `task.py` with the class `PoSRank`, an mteb task with one subset per part of speech;
          "lmms-eval": one multiple-choice task per part (YAML, JSONL) with clustered standard errors;
          "sugarcrepe": {id: {filename, caption, negative_caption}}, one file per part, the first negative of each list
    captions  captions table of the release's dataset

    An existing folder is replaced. ValueError for an unknown kind, and as `build`.
    """
    if kind not in _WRITERS:
        raise ValueError(unknown("kind of export", kind, _WRITERS))
    release = read(release)
    texts, negatives = build(release, captions)
    lists = list(ranked(release.about, texts, negatives))
    with atomic(folder, folder=True) as temporary:
        how = _WRITERS[kind](release.about, lists, temporary, Path(folder).resolve())
        cuts = sorted({(one.file, *one.cut) for one in lists if one.cut})
        if cuts:
            pd.DataFrame(cuts, columns=["clip", "file", "start", "end"]).to_csv(temporary / "clips.csv", index=False)
            how += "\n\nVideos are pieces of files: cut each clip of clips.csv (seconds) from its file first."
        (temporary / "README.md").write_text(_README.format(name=release.name, how=how), encoding="utf-8")
    return Path(folder), len(lists)


def ranked(about, texts, negatives):
    """Yield the `Ranked` lists of built tables, in the order of the negatives."""
    known = texts.drop_duplicates("caption_id").set_index("caption_id")
    source = "source_caption_id" if about["rule"] == "exchange" else None
    for (caption_id, part), own in negatives.groupby(["caption_id", "part"], sort=False):
        row = known.loc[caption_id]
        name = list_id(about["dataset"], about["rule"], about["level"], row[source] if source else caption_id, part)
        sentences = [row["caption"], *own["sentence"]]
        file, cut = row["file"] if "file" in known and row["file"] else f"{row['video_id']}.mp4", None
        if "start" in known and not pd.isna(row["start"]):
            file, cut = f"{row['video_id']}.mp4", (file, row["start"], row["end"])
        yield Ranked(name, part, row["video_id"], file, cut, sentences, [key_of(name, text) for text in sentences])


def key_of(name, sentence):
    """16 hexadecimal digits of a sentence in a list: an order that says nothing of which one is true."""
    return blake2b(f"{name}\x1f{sentence}".encode(), digest_size=8).hexdigest()


def _mteb(about, lists, folder, final):
    parts = list(about["counts"])
    rows = [{"id": one.name, "part": one.part, "video": one.file, "true": one.keys[0],
             "candidates": dict(sorted(zip(one.keys, one.sentences)))} for one in lists]
    _lines(folder / "lists.jsonl", rows)
    write_json(folder / "about.json", {"name": _camel(about["name"]), "title": about["name"], "parts": parts,
                                       "digest": about["digest"], "dataset": about["dataset"]})
    shutil.copyfile(TEMPLATES / "mteb_task.py", folder / "task.py")
    return (f"    from task import PoSRank\n    mteb.evaluate(model, PoSRank())\n\nin this folder. {_VIDEOS} The main "
            "score, mrr_at_100, is PoSRank, but for ties, which mteb settles by id.")


def _lmms(about, lists, folder, final):
    tasks = []
    for part in about["counts"]:
        name = f"posrank_{about['name'].replace('-', '_').replace('.', '_')}_{part}"
        rows = []
        for one in (each for each in lists if each.part == part):
            order = sorted(range(len(one.keys)), key=one.keys.__getitem__)
            rows.append({"id": one.name, "video_id": one.video_id, "video": one.file, "answer": order.index(0),
                         "choices": [one.sentences[n] for n in order]})
        _lines(folder / f"{name}.jsonl", rows)
        task = (TEMPLATES / "lmms_task.yaml").read_text(encoding="utf-8")
        task = task.format(name=name, data=json.dumps(str(final / f"{name}.jsonl")))
        (folder / f"{name}.yaml").write_text(task, encoding="utf-8")
        tasks.append(name)
    shutil.copyfile(TEMPLATES / "lmms_utils.py", folder / "utils.py")
    return (f"    lmms-eval --include_path <this folder> --tasks {','.join(tasks)} --model ...\n\n{_VIDEOS} posrank: "
            "expected reciprocal rank of the true sentence; first: share of lists in which it is first.")


def _sugarcrepe(about, lists, folder, final):
    for part in about["counts"]:
        rows = {one.name: {"filename": f"{one.video_id}.jpg", "caption": one.sentences[0],
                           "negative_caption": one.sentences[1]} for one in lists if one.part == part}
        write_json(folder / f"{part}.json", rows)
    return ("One file per part, the first negative of each list. An image per video is expected, <video_id>.jpg. Ties: "
            "readers of this format count them for or against the model; a constant scorer does not get chance there.")


_WRITERS = {"mteb": _mteb, "lmms-eval": _lmms, "sugarcrepe": _sugarcrepe}
KINDS = tuple(_WRITERS)


def _camel(name):
    """
    >>> _camel("msrvtt-exchange-1.0")
    'PoSRankMsrvttExchange1_0'
    """
    return "PoSRank" + "".join(piece.capitalize() for piece in name.replace(".", "_").split("-"))


def _lines(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
