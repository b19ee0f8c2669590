"""Frozen sets: negatives as others can use them, without a word of the captions they were made from.

A release is a folder: `edits.parquet` (rules paper and released: places in captions and the words put there) or
`groups.parquet` (rule exchange: places of statements), `release.json`, a datasheet, a changelog, errata, and
`croissant.json`. `read` opens one by name, `build` makes its tables on the machine that has the captions and checks
each of them, `write` makes a release, `export` turns one into the files of other projects.
"""

from posrank.release.exporting import export
from posrank.release.folder import Release, read
from posrank.release.rebuild import build
from posrank.release.save import write

__all__ = ["Release", "build", "export", "read", "write"]
