"""The tables that the stages hand on: captions, tags, negatives, videos, ranks.

Comes in: DataFrames or parquet files. Goes out: the same, in one column order with one set of dtypes, or a ValueError
that names the column, the row and the remedy. ``.attrs`` (counts of dropped rows and the like) travels in the file.
"""

from posrank.tables.checks import validate
from posrank.tables.layout import CHOICES, KEYS, TABLES, empty
from posrank.tables.parquet import read_table, write_pieces, write_table

__all__ = ["CHOICES", "KEYS", "TABLES", "empty", "read_table", "validate", "write_pieces", "write_table"]
