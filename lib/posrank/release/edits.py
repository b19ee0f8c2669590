"""Lists of rules paper and released as places in captions, and the negatives table again.

In: a negatives table and its captions. Out: the table of `edits.parquet`, one row per list: caption_id, video_id,
fingerprint, part; starts, lengths, positions of the words that its sentences replace (characters of the caption with
even white space, and tokens); and for each sentence in order: place (which of those words, from 0), word (what takes
its place), relation (antonym, ..., random), article and written (see `Span`). Level phrase has place2,
word2, ... of the second word. No text of a caption is among them.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.release.spans import Caption, Span, find_spans, fingerprint
from posrank.tables import validate

WORD = ("place", "word", "relation", "article", "written")
_SECOND = ("position2", "original2", "replacement2", "source2")
_COLUMNS = ("caption_id", "part", "k", "sentence", "position", "original", "replacement", "source", *_SECOND, "rule",
            "level")


def pack(negatives, captions):
    """-> the table of edits.parquet. ValueError names a caption whose negative is more than words replaced, a caption
    that is missing, k that do not number the list, or a column that would be lost."""
    negatives = validate(negatives, "negatives")
    if lost := sorted(set(negatives) - set(_COLUMNS)):
        raise ValueError(f"negatives: column {lost[0]!r} cannot be made again from places and words; drop it")
    known = captions.drop_duplicates("caption_id").set_index("caption_id")
    missing = ~negatives["caption_id"].isin(known.index)
    if missing.any():
        raise ValueError(f"negatives: caption {negatives.loc[missing, 'caption_id'].iloc[0]!r} is not in the captions "
                         "table; give the captions that the lists were made from")
    rows = [_packed(*key, lists, known.loc[key[0], "caption"], known.loc[key[0], "video_id"])
            for key, lists in in_order(negatives).groupby(["caption_id", "part"], sort=False)]
    columns = ["caption_id", "video_id", "fingerprint", "part", "starts", "lengths", "positions", *WORD]
    return pd.DataFrame(rows, columns=columns + ([f"{name}2" for name in WORD] if _phrase(negatives) else []))


def in_order(negatives):
    """The table in the order of a release: captions as they first occur, parts as in the paper, k rising."""
    keys = pd.DataFrame({"caption": pd.factorize(negatives["caption_id"])[0],
                         "part": negatives["part"].map(PARTS.index), "k": negatives["k"]})
    return negatives.iloc[np.lexsort((keys["k"], keys["part"], keys["caption"]))].reset_index(drop=True)


def unpack(table, captions, rule, level, columns):
    """The negatives table of the rows of edits.parquet; captions: {caption_id: text}; columns: in their order."""
    two, made = level == "phrase", []
    for row in table.itertuples(index=False):
        caption, length = Caption(captions[row.caption_id]), len(row.word)
        slots = list(zip(row.starts, row.lengths))
        firsts = list(_spans(slots, row.place, row.word, row.written, row.article))
        seconds = list(_spans(slots, row.place2, row.word2, row.written2, row.article2)) if two else [None] * length
        for k, (first, second) in enumerate(zip(firsts, seconds)):
            spans = sorted([first, second]) if two else [first]
            if not caption.fits(spans):
                raise ValueError(f"caption {row.caption_id!r}, part {row.part}: a place lies outside of the caption")
            sentence = _everywhere(caption, caption.original(first), first.word, rule, level)
            sentence = sentence[0] if sentence else caption.with_changes(spans)
            values = [row.caption_id, row.part, k, sentence, row.positions[row.place[k]],
                      caption.original(first), first.word, row.relation[k]]
            more = (row.positions[row.place2[k]], caption.original(second), second.word, row.relation2[k]) \
                if two else (None,) * 4
            made.append((*values, *more, rule, level))
    kinds = dict.fromkeys(_COLUMNS, "str") | {"k": "int64", "position": "int64", "position2": "Int64"}
    return validate(pd.DataFrame(made, columns=_COLUMNS).astype(kinds), "negatives")[list(columns)]


def _spans(slots, places, words, written, articles):
    for place, word, other, article in zip(places, words, written, articles):
        start, length = slots[place]
        yield Span(int(start), int(start + length), word, other, article)


def _packed(caption_id, part, lists, caption, video_id):
    """One row of edits.parquet."""
    if lists["k"].tolist() != list(range(len(lists))):
        raise ValueError(f"negatives: caption {caption_id!r}, part {part}: k is not 0, 1, 2, ...; number the list anew")
    found = [_changes(caption, row) for row in lists.itertuples(index=False)]
    slots = sorted({(span.start, span.end, position) for changes in found for span, position, _ in changes})
    row = {"caption_id": caption_id, "video_id": video_id, "fingerprint": fingerprint(caption), "part": part,
           "starts": [start for start, _, _ in slots], "lengths": [end - start for start, end, _ in slots],
           "positions": [position for _, _, position in slots]}
    for n, suffix in enumerate(("", "2") if _phrase(lists) else ("",)):
        chosen = [changes[n] for changes in found]
        row |= {f"place{suffix}": [slots.index((span.start, span.end, position)) for span, position, _ in chosen],
                f"word{suffix}": [span.word for span, _, _ in chosen],
                f"relation{suffix}": [source for _, _, source in chosen],
                f"article{suffix}": [span.article for span, _, _ in chosen],
                f"written{suffix}": [span.written for span, _, _ in chosen]}
    return row


def _changes(caption, row):
    """[(Span, position, source)] of a negative: the drawn word first, then its neighbour."""
    words = [(row.position, row.original, row.replacement, row.source)]
    if row.level == "phrase":
        words.append((row.position2, row.original2, row.replacement2, row.source2))
    order = sorted(range(len(words)), key=lambda n: words[n][0])
    all_at_once = _everywhere(Caption(caption), row.original, row.replacement, row.rule, row.level)
    if all_at_once and all_at_once[0] == row.sentence:
        return [(all_at_once[1], int(row.position), row.source)]
    spans = None if all_at_once else find_spans(caption, row.sentence, [words[n][1:3] for n in order])
    if spans is None or Caption(caption).with_changes(spans) != row.sentence:
        raise ValueError(f"negatives: caption {row.caption_id!r}, part {row.part}, k {row.k}: the sentence is not its "
                         "caption with the words of `replacement` in the places of `original`")
    found = dict(zip(order, spans))
    return [(found[n], int(position), source) for n, (position, _, _, source) in enumerate(words)]


def _everywhere(caption, original, word, rule, level):
    """Rule released replaces a word wherever it stands: see `Caption.everywhere`; None under other rules."""
    return caption.everywhere(original, word) if (rule, level) == ("released", "word") else None


def _phrase(lists):
    return len(lists) > 0 and (lists["level"] == "phrase").all()
