"""PoSRank: fine-grained video-text retrieval by part of speech.

A reproducible compendium for "Beyond Coarse-Grained Matching in Video-Text Retrieval" (ACCV 2024). The package is a
straight line of tables: captions -> tags -> negatives -> frames -> run -> ranks -> report. Submodules load lazily, so that
``import posrank`` stays fast; torch and spaCy are imported only where they are used.
"""

import importlib

PARTS = ("noun", "verb", "adj", "adv", "prep")
"""The five parts of speech of the paper, in its order."""

_SUBMODULES = (
    "audit", "captions", "evaluation", "figures", "frames", "language", "negatives", "params", "paths", "schema", "scoring", "systems", "towers",
    "training", "video", "workspace", "world",
)

__all__ = ["PARTS", "evaluate", *_SUBMODULES]


def __getattr__(name):
    if name == "evaluate":
        from posrank.scoring.evaluate import evaluate

        return evaluate
    if name in _SUBMODULES:
        return importlib.import_module(f"posrank.{name}")
    raise AttributeError(f"module 'posrank' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
