"""The embedded video world: a small grammar of moving sprites in which every part of speech is visible.
 `grammar` draws scenes and writes their captions with gold tags, `sprites` and `renderer` turn a scene into frames,
`build` writes real H.264 files with an annotation file, `sheet` draws contact sheets, `pretrain` makes the small CLIP
that the training strategies start from.
"""

from importlib import import_module


def __getattr__(name):
    if name in ("build", "grammar", "pool", "renderer", "scenes", "sheet", "sprites", "things", "words"):
        return import_module(f"posrank.world.{name}")
    raise AttributeError(f"module 'posrank.world' has no attribute {name!r}")
