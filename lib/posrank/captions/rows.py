"""Collecting captions into the captions table, with an account of every row that was read.

Comes in: one call per annotated caption, in file order; ids, times, file names and texts of all datasets are checked
here. Goes out: the captions table of `posrank.tables`; its ``.attrs`` say ``read`` (captions read), ``dropped``
({reason: count}; read = rows kept + sum of dropped), ``dropped_rows`` (the first ten places of each reason, with file
and line), ``texts`` ({what: captions}: HTML entities that were unescaped, HTML tags and wrongly decoded characters
that were left) and ``notes`` (lines of text, such as files that are not there).
"""

import math
import re
import warnings
from collections import Counter, defaultdict
from contextlib import suppress

import pandas as pd

from posrank import tables
from posrank.captions.same_files import repeated_files
from posrank.files import LONGEST_NAME, SURROGATE, inside, unsafe
from posrank.language.markup import clean_text, marks, unescape
from posrank.messages import short

NO_TEXT = "caption without text"
UNESCAPED = "HTML entities (unescaped)"
_KEPT_PLACES = 10
_LONGEST_CAPTION, _LONGEST_TIME = 100_000, 1e9  # characters; seconds
_SHORT_NAME = 60  # characters that are below LONGEST_NAME in any script


def seconds(value, what, place):
    """A time (number, or its text in a csv file) as float >= 0, None as None; ValueError with the place otherwise."""
    if value is None:
        return None
    number = math.nan
    if isinstance(value, str) and value.isascii() and "_" not in value:
        with suppress(ValueError):
            number = float(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LONGEST_TIME:
        number = float(value)
    if not 0 <= number <= _LONGEST_TIME:
        raise ValueError(f"{place()}: {what} is {short(value)}: write seconds as a number from 0 on")
    return number + 0.0


class Rows:
    """Captions of the dataset of a `Folder`; each `place` is a function, -> "file, line n".

    ``outside`` is the reason by which captions are dropped whose split is None, ``mark`` stands between video and
    number in caption ids, ``videos`` is the folder of the videos where it is known.
    """

    def __init__(self, folder):
        self.folder, self.videos, self.outside, self.mark = folder, None, "video is in no list of the split", "#"
        self._rows, self._numbers, self._safe, self._places = [], Counter(), set(), {}
        self._dropped, self._faults, self._texts, self._examples = defaultdict(list), set(), Counter(), {}

    def add(self, split, video_id, caption, place, *, file="", start=None, end=None, caption_id=None,
            group=""):
        """Keep a caption; one without a text, or with split None, is dropped and counted.

        `caption_id` defaults to ``<video_id>#<n>``, n = running index of the caption among its video's, from 0, dropped
        ones included. start, end: seconds, or both None. group: its name, where captions of several videos differ in
        one word (column `group`, in tables that have groups). Raises ValueError (with the place) for an unusable id,
        file name or time, a caption that is no text, a repeated id.
        """
        if split is None:
            self.skip(video_id, self.outside, place)
            return
        usual = f"{video_id}{self.mark}{self._number(video_id, place)}"
        caption_id = usual if caption_id is None else caption_id
        if caption_id != usual or len(caption_id) > _SHORT_NAME:
            self._check(caption_id, "caption_id", place)
        if caption_id in self._places:
            used = f"is already used at {self._places[caption_id]()}"
            raise ValueError(f"{place()}: caption_id {short(caption_id)} {used}: make the ids unique")
        self._places[caption_id] = place
        text = self._text(caption, place)
        if not text:
            self._drop(NO_TEXT, place, fault=True)
            return
        start, end = (seconds(time, what, place) for time, what in ((start, "start"), (end, "end")))
        if end is not None and end <= (start or 0):
            raise ValueError(f"{place()}: end ({end:g} s) is not after start ({start or 0:g} s): correct the times")
        if file and file not in self._safe:
            self._check_file(file, place)
        self._rows.append((split, video_id, caption_id, text, file, start, end, group))

    def skip(self, video_id, reason, place, fault=False):
        """Count a caption that was read and is left out for `reason`; `fault`: one of the file, so warn."""
        self._number(video_id, place)
        self._drop(reason, place, fault)

    def _number(self, video_id, place):
        """Running index of the next caption of this video, after checking the id."""
        self._check(video_id, "video_id", place)
        self._numbers[video_id] += 1
        return self._numbers[video_id] - 1

    def _drop(self, reason, place, fault):
        self._dropped[reason].append(place)
        if fault:
            self._faults.add(reason)

    def table(self):
        """The captions table; warnings tell of captions dropped for faults of the file, of HTML tags and wrongly
        decoded characters, and of videos in two splits."""
        dataset, dropped = self.folder.dataset, {reason: len(each) for reason, each in sorted(self._dropped.items())}
        if not self._rows:
            reasons = "; ".join(f"{count} x {reason}" for reason, count in dropped.items()) or "nothing was read"
            none = f"no caption is left for dataset {dataset!r} ({reasons})"
            raise ValueError(f"{self.folder.path}: {none}: check the annotation files")
        table = pd.DataFrame(self._rows, columns=["split", "video_id", "caption_id", "caption", "file", "start", "end",
                                                 "group"])
        if not table["group"].any():
            table = table.drop(columns="group")
        table = tables.validate(table.assign(dataset=pd.Series(dataset, table.index, "str")), "captions")
        texts = {
            kind: f"captions that hold {kind}: {count}, the first: {self._examples[kind]}"
            for kind, count in self._texts.items()
        }
        problems = [text for kind, text in texts.items() if kind != UNESCAPED]
        problems += repeated_files(table, self.videos)
        table.attrs.update(
            read=len(self._rows) + sum(dropped.values()), dropped=dropped,
            dropped_rows=[
                {"reason": reason, "place": place()}
                for reason, places in self._dropped.items() for place in places[:_KEPT_PLACES]
            ],
            texts=dict(self._texts), notes=[*self.folder.notes, *texts.values()],
        )
        if self._faults:
            faults = {reason: count for reason, count in dropped.items() if reason in self._faults}
            total = f"{sum(faults.values())} of {table.attrs['read']}"
            reasons = ", ".join(f"{count} x {reason}" for reason, count in faults.items())
            first = next(row for row in table.attrs["dropped_rows"] if row["reason"] in faults)
            problems.insert(0, f"{total} captions left out ({reasons}; the first: {first['place']})")
        for problem in problems:
            warnings.warn(f"dataset {dataset!r}: {problem}", stacklevel=3)
        return table

    def _text(self, caption, place):
        if caption is None:
            return ""
        if not isinstance(caption, str):
            raise ValueError(f"{place()}: the caption is {type(caption).__name__}, not text: write it as a string")
        if len(caption) > _LONGEST_CAPTION:
            raise ValueError(f"{place()}: the caption has {len(caption):,} characters: check the quotes of the file")
        if not caption.isascii() and (found := SURROGATE.search(caption)):
            raise ValueError(f"{place()}: the caption holds half a character ({short(found[0])}): correct it")
        text = clean_text(caption)
        kinds = marks(text)
        if "&" in caption and unescape(caption) != caption:
            kinds.insert(0, UNESCAPED)
        for kind in kinds:
            self._texts[kind] += 1
            self._examples.setdefault(kind, f"{place()}: {short(caption)}")
        return text

    def _check(self, name, what, place):
        if isinstance(name, str) and name in self._safe:
            return
        reason = unsafe(name) or (None if clean_text(name) else "it is empty")
        if reason:
            name = f"{place()}: {what} {short(name)}"
            raise ValueError(f"{name} cannot be used, {reason}: rename it in the annotation file")
        self._safe.add(name)

    def _check_file(self, file, place):
        try:
            inside(".", file)
        except ValueError as problem:
            raise ValueError(f"{place()}: {str(problem).replace(repr(file), short(file))}") from None
        if SURROGATE.search(file) or any(len(piece.encode()) > LONGEST_NAME for piece in re.split(r"[/\\]", file)):
            raise ValueError(f"{place()}: {short(file)} cannot be the name of a file: correct it")
        self._safe.add(file)
