"""The tables that the stages hand on: captions, tags, negatives, videos, ranks.

Comes in: DataFrames or parquet files. Goes out: the same, in one column order with one set of dtypes, or a ValueError
that names the column, the row and the remedy. ``.attrs`` (counts of dropped rows and the like) travels in the file.
"""

import json
import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.files import atomic, unsafe
from posrank.messages import short

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

CHOICES = {
    "captions": {"split": ("train", "val", "test")},
    "negatives": {"part": PARTS, "level": ("word", "phrase")},
    "videos": {"status": ("ok", "missing", "corrupt")},
    "ranks": {"part": PARTS},
    "scores": {"part": PARTS},
}

# where a table lacks the column; None = a missing value
_DEFAULTS = {
    "captions": {"file": "", "start": None, "end": None},
    "negatives": {"position2": None, "original2": None, "replacement2": None},
    "videos": {"reason": ""},
}
# the key under which pandas itself keeps .attrs, so that pandas.read_parquet gives them back too
_ATTRS = b"PANDAS_ATTRS"
_IDENTIFIERS = {"captions": ("video_id", "caption_id"), "videos": ("video_id",)}
_NOT_BLANK = {"captions": ("caption",), "negatives": ("sentence",), "tags": ("text", "upos")}


def empty(name):
    """An empty table of that name, with its columns and dtypes."""
    return pd.DataFrame({column: pd.Series([], dtype=dtype) for column, dtype in _columns(name).items()})


def validate(table, name):
    """`table` with the columns of TABLES[name] first, in order, in their dtypes, and a plain index; ``.attrs`` is kept.

    ValueError names column, first row (from 0) and remedy where a column or value is missing, of the wrong type or not
    among the allowed ones, a text is empty, an identifier holds a slash or '..', or two rows have the same key.
    """
    columns = _columns(name)
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} table: expected a pandas DataFrame, got {type(table).__name__}")
    defaults = _DEFAULTS.get(name, {})
    needed = [column for column in columns if column not in defaults]
    for column in needed:
        if column not in table.columns:
            has = f"has: {', '.join(map(str, table.columns))}"
            raise ValueError(f"{name} table: column {column!r} is missing ({has}); needed are {', '.join(needed)}")
    done = {}
    for column, dtype in columns.items():
        if column in table.columns:
            values = table[column]
            if isinstance(values, pd.DataFrame):
                raise ValueError(f"{name} table: column {column!r} occurs {values.shape[1]} times; keep one")
            values = values.reset_index(drop=True)
        else:
            values = pd.Series([defaults[column]] * len(table), dtype="object" if dtype == "str" else dtype)
        done[column] = _column(values, name, column)
    done |= {column: table[column].reset_index(drop=True) for column in table.columns if column not in done}
    result = pd.DataFrame(done)
    result.attrs.update(table.attrs)
    _check_rows(result, name)
    return result


def read_table(path, name, columns=None, where=None):
    """The table `name` in the parquet file `path`, validated. FileNotFoundError or ValueError names the file.

    columns: only these, where a large table would cost too much memory; each is checked by itself, the rows are not.
    where: (column, values): only the rows with one of these values there; the others are never held together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: run the stage that makes the {name} table (dvc repro)")
    names = None if columns is None else list(columns)
    try:
        table = pd.read_parquet(path, columns=names) if where is None else _read_rows(path, names, *where)
    except Exception as problem:
        raise ValueError(f"{path} is no readable parquet file ({problem}): delete it and make it again") from problem
    try:
        if columns is None:
            return validate(table, name)
        return table.assign(**{column: _column(table[column], name, column) for column in columns})
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from problem


def _read_rows(path, columns, column, values, batch=1 << 17):
    """The rows of a parquet file whose `column` is one of `values`, read batch after batch."""
    import pyarrow
    import pyarrow.dataset

    data = pyarrow.dataset.dataset(path, format="parquet")
    kept = data.schema.names if columns is None else columns
    for name in (column, *kept):
        if name not in data.schema.names:
            raise ValueError(f"column {name!r} is missing (has: {', '.join(data.schema.names)})")
    wanted = pyarrow.array(list(dict.fromkeys(values)), type=data.schema.field(column).type)
    chosen = pyarrow.dataset.field(column).isin(wanted)
    table = data.to_table(kept, filter=chosen, batch_size=batch, batch_readahead=1, fragment_readahead=1).to_pandas()
    table.attrs = json.loads((data.schema.metadata or {}).get(_ATTRS, b"{}"))
    return table


def write_table(table, path, name):
    """Write `table`, validated, to the parquet file `path`: zstd, atomic, equal tables give equal bytes. Returns path.

    ``.attrs`` is kept where it can be written as JSON (numpy numbers as plain ones); a warning names the other keys.
    """
    return write_pieces([table], path, name)


def write_pieces(tables, path, name):
    """As `write_table`, of tables one below the other, of which one at a time is held.

    Each is validated by itself; ``.attrs`` are those of the first. Returns path. ValueError without any table.
    """
    import pyarrow
    import pyarrow.parquet

    writer = None
    with atomic(path) as temporary, ExitStack() as stack:
        for table in tables:
            table = validate(table, name)
            attrs, table.attrs = _jsonable(table.attrs), {}
            arrow = pyarrow.Table.from_pandas(table, preserve_index=False).combine_chunks()
            if writer is None:
                metadata = dict(arrow.schema.metadata or {})
                if attrs:
                    metadata[_ATTRS] = json.dumps(attrs, sort_keys=True, ensure_ascii=True).encode()
                layout = arrow.schema.with_metadata(metadata)
                writer = pyarrow.parquet.ParquetWriter(temporary, layout, compression="zstd", compression_level=6)
                stack.enter_context(writer)
            writer.write_table(arrow.cast(layout))
        if writer is None:
            raise ValueError(f"{path}: no {name} table to write")
    return Path(path)


def _columns(name):
    if name not in TABLES:
        raise ValueError(f"unknown table {name!r}: the tables are {', '.join(TABLES)}")
    return TABLES[name]


def _column(values, name, column):
    """One column in its dtype; missing values become the default, where there is one."""
    dtype, defaults, missing = _columns(name)[column], _DEFAULTS.get(name, {}), values.isna().to_numpy()
    if missing.any() and column not in defaults:
        raise _wrong(name, column, missing, "has no value", "fill it in or drop the row")
    if missing.any() and defaults[column] is not None:
        values = values.astype(object).where(~missing, defaults[column])
        missing = np.zeros(len(values), dtype=bool)
    if dtype == "str":
        if not _is_text(values):
            wrong = np.array([not isinstance(value, str) for value in values], dtype=bool) & ~missing
            if wrong.any():
                kind = type(values.iloc[int(wrong.argmax())]).__name__
                raise _wrong(name, column, wrong, f"holds {kind}, not text", "write it as text (str)")
        if missing.all():
            return pd.Series(pd.array([None] * len(values), dtype="str"))
        try:
            return values.astype("str")
        except UnicodeEncodeError:
            broken = np.array([any("\ud800" <= letter <= "\udfff" for letter in str(value)) for value in values])
        raise _wrong(name, column, broken, "holds half a character (a lone surrogate)", "correct it")
    if pd.api.types.is_bool_dtype(values):
        raise ValueError(f"{name} table, column {column!r}: holds true/false; numbers are needed")
    try:
        numbers = pd.to_numeric(values)
    except (ValueError, TypeError):
        bad = pd.to_numeric(values, errors="coerce").isna().to_numpy() & ~missing
        what = f"is no number: {short(values.iloc[int(bad.argmax())])}"
        raise _wrong(name, column, bad, what, "write a number") from None
    floats = numbers.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    if dtype == "float64":
        infinite = np.isinf(floats)
        if infinite.any() and name != "scores":  # a scorer may rule a sentence out
            raise _wrong(name, column, infinite, "is infinite", "write a finite number")
        return pd.Series(floats)
    broken = ~missing & (floats != np.floor(floats))
    if broken.any():
        value = numbers.iloc[int(broken.argmax())]
        raise _wrong(name, column, broken, f"is no whole number: {value}", "write an integer")
    return numbers.astype(dtype)


def _is_text(values):
    """Whether every value that is there is text, without looking at each one where the dtype says so."""
    dtype = values.dtype.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    return isinstance(dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty")


def _check_rows(table, name):
    checks = [
        (column, ~table[column].isin(allowed), "is {}", f"use one of {', '.join(allowed)}")
        for column, allowed in CHOICES.get(name, {}).items()
    ]
    # a token may be white space (that is how spaCy keeps double spaces), a sentence may not
    checks += [
        (column, (table[column] if name == "tags" else table[column].str.strip()) == "", "is empty",
         "give it a text or drop the row") for column in _NOT_BLANK.get(name, ())
    ]
    for column in _IDENTIFIERS.get(name, ()):
        reasons = {value: unsafe(value) for value in table[column].unique()}
        checks += [
            (column, table[column] == value, f"is {{}} and {reason}", "rename it")
            for value, reason in reasons.items() if reason
        ]
    if name == "captions":
        wrong = (table["end"] <= table["start"]) | (table["start"] < 0)
        what, remedy = "is not after start (seconds, start >= 0)", "correct the times or leave both empty"
        checks.append(("end", wrong, what, remedy))
    for column, wrong, what, remedy in checks:
        wrong = wrong.to_numpy(dtype=bool)
        if wrong.any():
            raise _wrong(name, column, wrong, what.format(short(table[column].iloc[int(wrong.argmax())])), remedy)
    key = list(KEYS[name])
    repeated = table.duplicated(key).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((table[key] == table[key].iloc[row]).all(axis=1).to_numpy().argmax())
        value = ", ".join(f"{column} {short(table[column].iloc[row])}" for column in key)
        where = f"{name} table, column {key[-1] if len(key) < 3 else '+'.join(key)!r}, row {row}"
        raise ValueError(f"{where}: {value} is already in row {first}; make it unique or drop one of the two")


def _wrong(name, column, mask, what, remedy):
    more = int(mask.sum()) - 1
    row = f"row {int(mask.argmax())}" + (f" (and {more} more rows)" if more else "")
    return ValueError(f"{name} table, column {column!r}, {row}: {what}; {remedy}")


def _jsonable(attrs):
    """The part of `attrs` that JSON can hold, with numpy numbers and arrays as plain ones."""

    def plain(value):
        if isinstance(value, (np.generic, np.ndarray)):
            return value.tolist()
        if isinstance(value, (set, frozenset)):
            return sorted(value)
        raise TypeError(type(value).__name__)

    kept = {}
    for key, value in attrs.items():
        try:
            kept[str(key)] = json.loads(json.dumps(value, default=plain, allow_nan=False))
        except (TypeError, ValueError):
            warnings.warn(f".attrs[{key!r}] cannot be written as JSON and stays out of the file", stacklevel=3)
    return kept
