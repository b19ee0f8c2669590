"""The tables that the stages hand on: captions, tags, negatives, videos, ranks.

Comes in: DataFrames or parquet files. Goes out: the same, in one column order with one set of dtypes, or a ValueError
that names the column, the row and the remedy. Files are parquet with zstd, written atomically; equal tables give equal
bytes, and ``.attrs`` (counts of dropped rows and the like) travels in the file where it can be written as JSON.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.messages import short
from posrank.paths import atomic, unsafe

TABLES = {
    "captions": {
        "dataset": "str", "split": "str", "video_id": "str", "caption_id": "str", "caption": "str", "file": "str",
        "start": "float64", "end": "float64",
    },
    "tags": {
        "caption_id": "str", "i": "int64", "text": "str", "whitespace": "str", "lemma": "str", "upos": "str",
        "tag": "str", "head": "int64", "dep": "str", "tagger": "str",
    },
    "negatives": {
        "caption_id": "str", "part": "str", "k": "int64", "sentence": "str", "position": "int64", "original": "str",
        "replacement": "str", "source": "str", "position2": "Int64", "original2": "str", "replacement2": "str",
        "rule": "str", "level": "str",
    },
    "videos": {"video_id": "str", "row": "int64", "frames_read": "int64", "status": "str", "reason": "str"},
    "ranks": {
        "run": "str", "caption_id": "str", "video_id": "str", "part": "str", "better": "int64", "equal": "int64",
        "negatives": "int64", "reciprocal_rank": "float64",
    },
    "scores": {"run": "str", "caption_id": "str", "part": "str", "k": "int64", "score": "float64"},
}
"""Name of a table -> its columns in order, each with its dtype. Further columns are allowed and follow these. scores: what a
run gave to each sentence of each list; k is that of the negative, or -1 for the caption itself."""

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

# filled in where a table lacks the column; None = a missing value
_DEFAULTS = {
    "captions": {"file": "", "start": None, "end": None},
    "negatives": {"position2": None, "original2": None, "replacement2": None},
    "videos": {"reason": ""},
}
# the key under which pandas itself keeps .attrs, so that pandas.read_parquet gives them back too
_ATTRS = b"PANDAS_ATTRS"
_IDENTIFIERS = {"captions": ("video_id", "caption_id"), "videos": ("video_id",)}
_NOT_BLANK = {
    "captions": ("caption",), "negatives": ("sentence",), "tags": ("text", "upos"),
}


def empty(name):
    """An empty table of that name, with its columns and dtypes."""
    columns = _columns(name)
    return pd.DataFrame({column: pd.Series([], dtype=dtype) for column, dtype in columns.items()})


def validate(table, name):
    """`table` with the columns of TABLES[name] first, in order, in their dtypes, and a plain index; ``.attrs`` is kept.

    Raises ValueError naming the column, the first row (counted from 0) and the remedy where: a column is missing, a
    value has the wrong type or is missing, a text is empty, a value is not among the allowed ones, an identifier holds
    a slash or '..', or two rows have the same key.
    """
    columns = _columns(name)
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} table: expected a pandas DataFrame, got {type(table).__name__}")
    defaults = _DEFAULTS.get(name, {})
    absent = [column for column in columns if column not in table.columns and column not in defaults]
    if absent:
        raise ValueError(
            f"{name} table: column {absent[0]!r} is missing (has: {', '.join(map(str, table.columns))}); "
            f"needed are {', '.join(column for column in columns if column not in defaults)}"
        )
    done = {}
    for column, dtype in columns.items():
        if column in table.columns:
            values = table[column]
            if isinstance(values, pd.DataFrame):
                raise ValueError(f"{name} table: column {column!r} occurs {values.shape[1]} times; keep one")
            values = values.reset_index(drop=True)
        else:
            values = pd.Series([defaults[column]] * len(table), dtype="object" if dtype == "str" else dtype)
        default = defaults.get(column, "required") if column in defaults else "required"
        done[column] = _column(values, dtype, name, column, default)
    for column in table.columns:
        if column not in done:
            done[column] = table[column].reset_index(drop=True)
    result = pd.DataFrame(done)
    result.attrs.update(table.attrs)
    _check_rows(result, name)
    return result


def read_table(path, name, columns=None, where=None):
    """The table `name` in the parquet file `path`, validated. FileNotFoundError or ValueError names the file.

    columns: only these, where a large table would cost too much memory; each is checked by itself, the rows are not.
    where: (column, values): only the rows that have one of these values there, in their order; the others are never held together.
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
        dtypes = _columns(name)
        for column in columns:
            table[column] = _column(table[column], dtypes[column], name, column, _DEFAULTS.get(name, {}).get(column, "required"))
        return table
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from problem


def _read_rows(path, columns, column, values, batch=1 << 17):
    """The rows of a parquet file whose `column` is one of `values`, read batch after batch."""
    import pyarrow
    import pyarrow.compute
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        kept = list(schema.names) if columns is None else columns
        for name in (column, *kept):
            if name not in schema.names:
                raise ValueError(f"column {name!r} is missing (has: {', '.join(schema.names)})")
        wanted = pyarrow.array(list(dict.fromkeys(values)), type=schema.field(column).type)
        pieces = [
            pyarrow.Table.from_batches([piece.filter(pyarrow.compute.is_in(piece[column], value_set=wanted))]).select(kept)
            for piece in file.iter_batches(batch, columns=list(dict.fromkeys([*kept, column])))
        ]
        fields = pyarrow.schema([schema.field(name) for name in kept], metadata=schema.metadata)
    table = pyarrow.concat_tables([fields.empty_table(), *(piece.cast(fields) for piece in pieces)]).to_pandas()
    table.attrs = json.loads((schema.metadata or {}).get(_ATTRS, b"{}"))
    return table


def write_table(table, path, name):
    """Write `table`, validated, to the parquet file `path`: zstd, atomic, equal tables give equal bytes. Returns path.

    ``.attrs`` is kept where it can be written as JSON (numpy numbers are turned into plain ones); a warning names the
    keys that cannot.
    """
    return write_pieces([table], path, name)


def write_pieces(tables, path, name):
    """Write tables of one kind, one below the other, to the parquet file `path` as `write_table` does, holding one at a time.

    Each is validated by itself; ``.attrs`` are those of the first. Returns path. ValueError without any table.
    """
    import pyarrow
    import pyarrow.parquet

    writer = None
    with atomic(path) as temporary:
        try:
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
                writer.write_table(arrow.cast(layout))
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise ValueError(f"{path}: no {name} table to write")
    return Path(path)


def _columns(name):
    if name not in TABLES:
        raise ValueError(f"unknown table {name!r}: the tables are {', '.join(TABLES)}")
    return TABLES[name]


def _column(values, dtype, name, column, default):
    """One column in its dtype; `default` is "required", or what a missing value becomes (None = it stays missing)."""
    missing = values.isna().to_numpy()
    if missing.any():
        if default == "required":
            raise _wrong(name, column, missing, "has no value", "fill it in or drop the row")
        if default is not None:
            values = values.astype(object).where(~missing, default)
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
        raise _wrong(name, column, bad, f"is no number: {short(values.iloc[int(bad.argmax())])}", "write a number") from None
    if dtype == "float64":
        numbers = numbers.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
        infinite = np.isinf(numbers)
        if infinite.any() and name != "scores":  # a scorer may rule a sentence out
            raise _wrong(name, column, infinite, "is infinite", "write a finite number")
        return pd.Series(numbers)
    floats = numbers.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
    broken = ~missing & (floats != np.floor(floats))
    if broken.any():
        value = numbers.iloc[int(broken.argmax())]
        raise _wrong(name, column, broken, f"is no whole number: {value}", "write an integer")
    return numbers.astype(dtype)


def _is_text(values):
    """Whether every value that is there is text, without looking at each one where the dtype says so."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    return isinstance(dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=True) in ("string", "empty")


def _check_rows(table, name):
    for column, allowed in CHOICES.get(name, {}).items():
        wrong = ~table[column].isin(allowed).to_numpy()
        if wrong.any():
            value = table[column].iloc[int(wrong.argmax())]
            raise _wrong(name, column, wrong, f"is {short(value)}", f"use one of {', '.join(allowed)}")
    for column in _NOT_BLANK.get(name, ()):
        # a token may be white space (that is how spaCy keeps double spaces), a sentence may not
        texts = table[column] if name == "tags" else table[column].str.strip()
        wrong = (texts == "").to_numpy(dtype=bool)
        if wrong.any():
            raise _wrong(name, column, wrong, "is empty", "give it a text or drop the row")
    for column in _IDENTIFIERS.get(name, ()):
        for value in table[column].unique():
            if reason := unsafe(value):
                wrong = (table[column] == value).to_numpy(dtype=bool)
                raise _wrong(name, column, wrong, f"is {short(value)} and {reason}", "rename it")
    key = list(KEYS[name])
    repeated = table.duplicated(key).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int((table[key] == table[key].iloc[row]).all(axis=1).to_numpy().argmax())
        value = ", ".join(f"{column} {short(table[column].iloc[row])}" for column in key)
        raise ValueError(
            f"{name} table, column {key[-1] if len(key) < 3 else '+'.join(key)!r}, row {row}: {value} is already in "
            f"row {first}; make it unique or drop one of the two"
        )
    if name == "captions":
        wrong = (table["end"] <= table["start"]).to_numpy() | (table["start"] < 0).to_numpy()
        if wrong.any():
            what = "is not after start (seconds, start >= 0)"
            raise _wrong(name, "end", wrong, what, "correct the times or leave both empty")


def _wrong(name, column, mask, what, remedy):
    row = int(np.asarray(mask).argmax())
    more = int(np.asarray(mask).sum()) - 1
    others = f" (and {more} more rows)" if more else ""
    return ValueError(f"{name} table, column {column!r}, row {row}{others}: {what}; {remedy}")


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
