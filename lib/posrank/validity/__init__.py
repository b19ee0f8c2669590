"""What a negative set is worth without its videos: counts of its sentences, text-only judges, a verdict in words.

``counts`` is the data-validation table, ``judges`` and ``learned`` put text-only models before a set, ``verdict`` turns
their scores into sentences, ``report`` brings all together. Names are looked up when they are first used.
"""

import importlib

_WHERE = {
    "counts": ("list_statistics", "sentence_counts"),
    "judges": ("blind_models", "blind_ranks", "judge_rows", "judged"),
    "learned": ("learned_judge",),
    "report": ("counted_table", "judges_table", "validity_report", "validity_table"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module 'posrank.validity' has no attribute {name!r}")
    return getattr(importlib.import_module(f"posrank.validity.{_MODULES[name]}"), name)


def __dir__():
    return __all__
