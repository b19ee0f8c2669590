"""The text half's tools: tagger, lexicon (WordNet) and inflection. Knows nothing of torch, of videos or of negatives.

``tag`` is here for short; the modules are `tagger`, `lexicon`, `inflect`, `parts` and `ngrams` (language models
without video). Everything loads on first use: spaCy, nltk and lemminflect are slow to import.
"""

import importlib

_FUNCTIONS = ("tag", "tag_captions", "load_tagger")
_MODULES = ("inflect", "lexicon", "ngrams", "parts", "tagger")

__all__ = [*_FUNCTIONS, *_MODULES]


def __getattr__(name):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module("posrank.language.tagger"), name)
    if name in _MODULES:
        return importlib.import_module(f"posrank.language.{name}")
    raise AttributeError(f"module 'posrank.language' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
