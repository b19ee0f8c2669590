"""The text half's tools: tagger, lexicon (WordNet) and inflection. Knows nothing of torch, of videos or of negatives.

``tag`` is here for short; the modules are `tagger`, `lexicon`, `inflect`, `parts`, `ngrams` (blind models), and the two
scripts that made the committed data, `build_lexicon` and `train_tagger`. Everything loads on first use: spaCy, nltk and
lemminflect are slow to import.
"""

import importlib

_FUNCTIONS = ("tag", "tag_captions", "load_tagger")
_MODULES = ("build_lexicon", "inflect", "lexicon", "ngrams", "parts", "tagger", "train_tagger")

__all__ = [*_FUNCTIONS, *_MODULES]


def __getattr__(name):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module("posrank.language.tagger"), name)
    if name in _MODULES:
        return importlib.import_module(f"posrank.language.{name}")
    raise AttributeError(f"module 'posrank.language' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
