"""Captions of every dataset as one table.

``load(dataset, root, variant=None)`` reads official annotation files, unchanged, into the captions table of
`posrank.tables`. One small file per family of formats; this is their registry. ``fetch(dataset)`` says where the files
are. Section 3 of the paper is about these datasets; their statistics are in `posrank.captions.statistics`.
"""

import importlib
import os

from posrank.captions.annotation_files import Folder
from posrank.captions.fetching import SOURCES
from posrank.captions.fetching import fetch as fetch
from posrank.captions.rows import Rows
from posrank.language.markup import clean_text as clean_text
from posrank.messages import unknown

DATASETS = tuple(SOURCES)
"""Names of the datasets that can be loaded."""

# files whose name is not the dataset's
_MODULES = {"csv": "own", "vln_uvo": "vidln", "vln_oops": "vidln"}


def load(dataset, root, variant=None):
    """Captions table of a dataset: columns dataset, split, video_id, caption_id, caption, file, start, end.

    dataset  one of DATASETS
    root     folder with the official annotation files (or a folder that holds it under the dataset's name)
    variant  one of ``variants(dataset)``; None = the first of them

    ``.attrs`` hold read, dropped, dropped_rows, texts, notes (see `posrank.captions.rows`) and variant. ValueError
    names file and line of what cannot be read, FileNotFoundError says what to put where.
    """
    module = _module(dataset)
    if variant is None:
        variant = module.VARIANTS[0]
    elif variant not in module.VARIANTS:
        raise ValueError(unknown(f"variant of dataset {dataset!r}:", variant, module.VARIANTS))
    if not isinstance(root, (str, os.PathLike)):
        raise ValueError(f"root: expected the path of a folder, got {type(root).__name__}")
    folder = Folder(root, dataset, SOURCES[dataset])
    rows = Rows(folder)
    module.read(folder, rows, variant)
    table = rows.table()
    table.attrs["variant"] = variant
    return table


def variants(dataset):
    """Names of a dataset's variants, the default first."""
    return _module(dataset).VARIANTS


def source(dataset):
    """Where the official files come from, as text."""
    _module(dataset)
    return SOURCES[dataset]


def _module(dataset):
    if dataset not in DATASETS:
        raise ValueError(unknown("dataset", dataset, DATASETS))
    return importlib.import_module(f"posrank.captions.{_MODULES.get(dataset, dataset)}")
