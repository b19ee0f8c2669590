"""The embedded video world: a small grammar of things that do something somewhere, every part of speech visible.

`words` and `things` say what there is, `scenes` draws scenes, `grammar` writes their captions with gold tags, `sprites`
and `renderer` turn a scene into frames, `build` writes real H.264 files with an annotation file, `pool` renders what
the small CLIP is pretrained on (posrank.training.pretrain), `sheet` draws contact sheets.
"""

from importlib import import_module


def __getattr__(name):
    if name in ("build", "grammar", "pool", "renderer", "scenes", "sheet", "sprites", "things", "words"):
        return import_module(f"posrank.world.{name}")
    raise AttributeError(f"module 'posrank.world' has no attribute {name!r}")
