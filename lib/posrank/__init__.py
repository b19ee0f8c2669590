"""PoSRank: fine-grained video-text retrieval by part of speech.

A reproducible compendium for "Beyond Coarse-Grained Matching in Video-Text Retrieval" (ACCV 2024). The package is a
straight line of tables: captions -> tags -> negatives -> frames -> run -> ranks -> report. Submodules load lazily, so
that ``import posrank`` stays fast; torch and spaCy are imported only where they are used.
"""

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec

PARTS = ("noun", "verb", "adj", "adv", "prep")
"""The five parts of speech of the paper, in its order."""

_SUBMODULES = (
    "audit", "captions", "evaluation", "figures", "files", "language", "negatives", "pipeline", "release", "scoring",
    "systems", "tables", "towers", "training", "validity", "video", "world",
)

_MOVED = {"frames": "video.store", "params": "pipeline.params", "paths": "files", "presets": "pipeline.presets",
          "run": "pipeline.notebooks", "schema": "tables", "stages": "pipeline.stages",
          "workspace": "pipeline.workspace"}
"""Old name of a module -> where it is now; the old one still works, for ``python -m`` too."""

__all__ = ["PARTS", "evaluate", *_SUBMODULES]


def __getattr__(name):
    if name == "evaluate":
        from posrank.scoring.evaluate import evaluate

        return evaluate
    if name in _SUBMODULES or name in _MOVED:
        return importlib.import_module(f"posrank.{name}")
    raise AttributeError(f"module 'posrank' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


class _Moved:
    """Finds a module under its old name: the same module, loaded when it is first used."""

    def find_spec(self, name, path=None, target=None):
        package, _, old = name.partition(".")
        return ModuleSpec(name, self) if package == __name__ and old in _MOVED else None

    def create_module(self, spec):
        module = importlib.import_module(_new(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = module.__spec__.loader_state

    def get_code(self, name):
        found = importlib.util.find_spec(_new(name))
        return found.loader.get_code(found.name)


def _new(name):
    return f"{__name__}.{_MOVED[name.partition('.')[2]]}"


sys.meta_path.append(_Moved())
