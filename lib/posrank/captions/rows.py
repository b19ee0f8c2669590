"""Collecting captions into the captions table, with an account of every row that was read.

Comes in: one call per annotated caption, in file order. Goes out: the captions table of `posrank.schema`; its
``.attrs`` say ``read`` (captions read), ``dropped`` ({reason: count}; read = rows kept + sum of dropped),
``dropped_rows`` (the first ten places of each reason, with file and line) and ``notes`` (lines of text, such as files
that are not there).
"""

import re
import warnings
from collections import Counter

import pandas as pd

from posrank import schema
from posrank.paths import inside, unsafe

NO_TEXT = "caption without text"
_KEPT_PLACES = 10
_CONTROL = re.compile(r"\s*[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\t\r\n\u2028\u2029]+\s*")


def clean(caption):
    """The caption without white space at its ends; line breaks, tabs and control characters inside become one space.

    >>> clean(" a  man\\nsings ")
    'a  man sings'
    """
    return _CONTROL.sub(" ", caption).strip()


class Rows:
    """Collects captions of one dataset; `place` arguments are functions that return "file, line n", called when
    needed."""

    def __init__(self, dataset):
        self.dataset = dataset
        self.notes = []
        self._rows, self._numbers, self._safe = [], Counter(), set()
        self._places = {}
        self._dropped, self._dropped_rows, self._blemishes = Counter(), [], Counter()

    def add(self, split, video_id, caption, place, *, file="", start=None, end=None, caption_id=None):
        """Keep a caption; without a text it is dropped and counted.

        `caption_id` defaults to ``<video_id>#<n>``, n = running index of the caption among its video's, from 0, dropped
        ones included. Raises ValueError (with the place) for an unusable id, a caption that is no text, a repeated id.
        """
        number = self.number(video_id, place)
        if caption_id is None:
            caption_id = f"{video_id}#{number}"
        elif caption_id not in self._safe:
            self._check(caption_id, "caption_id", place)
        if caption_id in self._places:
            raise ValueError(
                f"{place()}: caption_id {caption_id!r} is already used at {self._places[caption_id]()}: make the ids "
                "unique"
            )
        self._places[caption_id] = place
        if caption is not None and not isinstance(caption, str):
            raise ValueError(f"{place()}: the caption is {type(caption).__name__}, not text: write it as a string")
        text = clean(caption) if caption else ""
        if not text:
            self._drop(NO_TEXT, place, blemish=True)
            return
        if file and file not in self._safe:
            try:
                inside(".", file)
            except ValueError as problem:
                raise ValueError(f"{place()}: {problem}") from None
            self._safe.add(file)
        self._rows.append((split, video_id, caption_id, text, file, start, end))

    def skip(self, video_id, reason, place, blemish=False):
        """Count a caption that was read and is left out for `reason`; `blemish`: it is a fault of the file, so warn."""
        self.number(video_id, place)
        self._drop(reason, place, blemish)

    def number(self, video_id, place):
        """Running index of the next caption of this video, after checking the id."""
        if video_id not in self._numbers:
            self._check(video_id, "video_id", place)
        self._numbers[video_id] += 1
        return self._numbers[video_id] - 1

    def count(self, video_id):
        """How many captions of this video were read so far."""
        return self._numbers[video_id]

    def table(self):
        """The captions table; a warning tells of captions that were dropped for faults in the file."""
        if not self._rows:
            reasons = "; ".join(f"{count} x {reason}" for reason, count in self._dropped.items()) or "nothing was read"
            raise ValueError(f"dataset {self.dataset!r}: no caption is left ({reasons}): check the annotation files")
        split, video_id, caption_id, caption, file, start, end = zip(*self._rows)
        table = pd.DataFrame(
            {
                "dataset": pd.Series([self.dataset], dtype="str").repeat(len(self._rows)).to_numpy(),
                "split": split, "video_id": video_id, "caption_id": caption_id, "caption": caption, "file": file,
                "start": pd.Series(start, dtype="float64"), "end": pd.Series(end, dtype="float64"),
            }
        )
        table = schema.validate(table, "captions")
        table.attrs.update(
            read=len(self._rows) + sum(self._dropped.values()), dropped=dict(sorted(self._dropped.items())),
            dropped_rows=list(self._dropped_rows), notes=list(self.notes),
        )
        if self._blemishes:
            total = sum(self._blemishes.values())
            reasons = ", ".join(f"{count} x {reason}" for reason, count in sorted(self._blemishes.items()))
            first = next(row for row in self._dropped_rows if row["reason"] in self._blemishes)
            warnings.warn(
                f"dataset {self.dataset!r}: {total} of {table.attrs['read']} captions left out ({reasons}; the first: "
                f"{first['place']})",
                stacklevel=3,
            )
        return table

    def _check(self, name, what, place):
        if reason := unsafe(name):
            raise ValueError(f"{place()}: {what} {name!r} cannot be used, {reason}: rename it in the annotation file")
        self._safe.add(name)

    def _drop(self, reason, place, blemish):
        self._dropped[reason] += 1
        if blemish:
            self._blemishes[reason] += 1
        if self._dropped[reason] <= _KEPT_PLACES:
            self._dropped_rows.append({"reason": reason, "place": place()})
