"""Tables as parquet files: checked when read and written, equal tables give equal bytes, ``.attrs`` travel along."""

import json
import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from posrank.files import atomic
from posrank.tables.checks import check_column, validate

# the key under which pandas itself keeps .attrs, so that pandas.read_parquet gives them back too
_ATTRS = b"PANDAS_ATTRS"


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
        return table.assign(**{column: check_column(table[column], name, column) for column in columns})
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
