"""The columns, keys and choices of the tables that the stages hand on."""

import pandas as pd

from posrank import PARTS

_DTYPES = {
    **dict.fromkeys(("i", "head", "k", "position", "row", "frames_read", "better", "equal", "negatives"), "int64"),
    **dict.fromkeys(("start", "end", "reciprocal_rank", "score"), "float64"), "position2": "Int64",
}
_NAMES = {
    "captions": "dataset split video_id caption_id caption file start end",
    "tags": "caption_id i text whitespace lemma upos tag head dep tagger",
    "negatives": "caption_id part k sentence position original replacement source position2 original2 replacement2 "
                 "rule level",
    "videos": "video_id row frames_read status reason",
    "ranks": "run caption_id video_id part better equal negatives reciprocal_rank",
    "scores": "run caption_id part k score",
}
TABLES = {name: {column: _DTYPES.get(column, "str") for column in columns.split()} for name, columns in _NAMES.items()}
"""Name of a table -> its columns in order, each with its dtype. Further columns are allowed and follow these. scores:
what a run gave to each sentence of each list; k is that of the negative, or -1 for the caption itself."""

KEYS = {
    "captions": ("dataset", "caption_id"),
    "tags": ("caption_id", "i"),
    "negatives": ("rule", "level", "caption_id", "part", "k"),
    "videos": ("video_id",),
    "ranks": ("run", "caption_id", "part"),
    "scores": ("run", "caption_id", "part", "k"),
}
"""Name of a table -> the columns that together name a row once."""

GROUPS = "groups"
"""The split of videos that a dataset made for rule exchange: groups that differ in one thing. Not for recall."""
CHOICES = {
    "captions": {"split": ("train", "val", "test", GROUPS)},
    "negatives": {"part": PARTS, "level": ("word", "phrase")},
    "videos": {"status": ("ok", "missing", "corrupt")},
    "ranks": {"part": PARTS},
    "scores": {"part": PARTS},
}

# where a table lacks the column; None = a missing value
DEFAULTS = {
    "captions": {"file": "", "start": None, "end": None},
    "negatives": {"position2": None, "original2": None, "replacement2": None},
    "videos": {"reason": ""},
}
IDENTIFIERS = {"captions": ("video_id", "caption_id"), "videos": ("video_id",)}
NOT_BLANK = {"captions": ("caption",), "negatives": ("sentence",), "tags": ("text", "upos")}


def empty(name):
    """An empty table of that name, with its columns and dtypes."""
    return pd.DataFrame({column: pd.Series([], dtype=dtype) for column, dtype in columns_of(name).items()})


def columns_of(name):
    """{column: dtype} of a table; ValueError for a name that no table has."""
    if name not in TABLES:
        raise ValueError(f"unknown table {name!r}: the tables are {', '.join(TABLES)}")
    return TABLES[name]
