"""From draws to the negatives table of posrank.tables, in pieces that stay small in memory.

Python strings are handed to Arrow every few thousand captions; two million negatives then need some hundred megabytes,
not gigabytes.
"""

import pandas as pd
import pyarrow as pa

from posrank.tables import validate

_TYPES = {"k": pa.int64(), "position": pa.int64(), "position2": pa.int64()}
_WORD = ("caption_id", "part", "k", "sentence", "position", "original", "replacement", "source")
_PHRASE = (*_WORD, "position2", "original2", "replacement2", "source2")
PIECE = 100_000


class Rows:
    """Collects negatives; `add` one list at a time, then `table`."""

    def __init__(self, level):
        self.level = level
        columns = _PHRASE if level == "phrase" else _WORD
        self._schema = pa.schema({name: _TYPES.get(name, pa.large_string()) for name in columns})
        self._batches, self._rows = [], []

    def add(self, caption_id, part, drawn):
        """drawn: [(sentence, ((slot, word, source), ...)), ...], one or two changed words each, k = 0, 1, ..."""
        for k, (sentence, changes) in enumerate(drawn):
            words = [value for slot, word, source in changes for value in (slot.position, slot.text, word, source)]
            self._rows.append([caption_id, part, k, sentence, *words])
        if len(self._rows) >= PIECE:
            self._flush()

    def _flush(self):
        if self._rows:
            arrays = [pa.array(values, field.type) for values, field in zip(zip(*self._rows), self._schema)]
            self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
            self._rows = []

    def table(self, rule, attrs):
        """The negatives table, validated, with `attrs`."""
        self._flush()
        table = pa.Table.from_batches(self._batches, schema=self._schema).to_pandas()
        self._batches = []
        constant = {"rule": rule, "level": self.level} | ({"source2": None} if self.level == "word" else {})
        for column, value in constant.items():
            table[column] = pd.array([value], dtype="str").repeat(len(table))
        table = validate(table, "negatives")
        table.attrs.update(attrs)
        return table
