"""From draws to the negatives table of posrank.tables, in pieces that stay small in memory.

Python strings are handed to Arrow every few thousand captions; two million negatives then need some hundred megabytes,
not gigabytes.
"""

import pandas as pd
import pyarrow as pa

from posrank.tables import validate

_WORD = {
    "caption_id": pa.large_string(), "part": pa.large_string(), "k": pa.int64(), "sentence": pa.large_string(),
    "position": pa.int64(), "original": pa.large_string(), "replacement": pa.large_string(),
    "source": pa.large_string(),
}
_PHRASE = {
    "position2": pa.int64(), "original2": pa.large_string(), "replacement2": pa.large_string(),
    "source2": pa.large_string(),
}
PIECE = 100_000


class Rows:
    """Collects negatives; `add` one list at a time, then `table`."""

    def __init__(self, level):
        self.level = level
        self._schema = pa.schema({**_WORD, **(_PHRASE if level == "phrase" else {})})
        self._batches, self._rows = [], []

    def add(self, caption_id, part, drawn):
        """drawn: [(sentence, ((slot, word, source), ...)), ...], one or two changed words each, k = 0, 1, ..."""
        for k, (sentence, changes) in enumerate(drawn):
            row = [caption_id, part, k, sentence]
            for slot, word, source in changes:
                row += (slot.position, slot.text, word, source)
            self._rows.append(row)
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
