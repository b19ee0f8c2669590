"""Systems: features and similarity of video-text retrieval models, one file each, equal to their official code.

system = build("xclip", backbone="openai/ViT-B-32", num_frames=12, max_words=32)
scores = system.similarity(system.tokenize(["a dog runs"]), video, video_mask)      # [texts, videos]
"""

import inspect

from posrank.messages import unknown
from posrank.systems.base import BRANCHES, System
from posrank.systems.clip import Clip
from posrank.systems.features import TextFeatures, VideoFeatures
from posrank.systems.frozen import Frozen
from posrank.systems.official import load_official
from posrank.systems.sinkhorn_knopp import sinkhorn
from posrank.systems.ts2net import TS2Net
from posrank.systems.ucofia import UCoFiA
from posrank.systems.xclip import XClip

_CLASSES = {cls.name: cls for cls in (Clip, Frozen, XClip, TS2Net, UCoFiA)}
SYSTEMS = tuple(_CLASSES)
"""Names that `build` knows."""

__all__ = ["BRANCHES", "SYSTEMS", "System", "TextFeatures", "VideoFeatures", "build", "load_official", "sinkhorn"]


def system_class(name):
    """The class of a system; ValueError with the nearest name where there is none."""
    if not isinstance(name, str) or name not in _CLASSES:
        raise ValueError(unknown("system", name, SYSTEMS))
    return _CLASSES[name]


def build(name, *, backbone, prompts=0, num_frames, max_words, as_released=False, **heads):
    """A `System` on a backbone (whatever its `load_backbone` takes; the towers are copied, so that one can start many
    systems). name: one of SYSTEMS. prompts: T visual prompts. num_frames, max_words: F and L, which fix the shapes of
    some parameters. as_released: the official code's behaviour, unmasked padding among it. heads: options of the
    system, such as `heads` (of the temporal module) and `temporal_layers`. ValueError for unknown names and options.

    A backbone of random weights stands here for one such as "openai/ViT-B-32":

    >>> shapes = dict(embed_dim=64, vision_cfg=dict(image_size=32, patch_size=16, width=64, layers=1),
    ...               text_cfg=dict(context_length=16, width=64, heads=1, layers=1))
    >>> backbone = dict(model=shapes, words=["a", "dog", "runs"], image_mean=[0.5] * 3, image_std=[0.5] * 3)
    >>> system = build("xclip", backbone=backbone, num_frames=2, max_words=8)
    >>> video, mask = system.prepare(torch.zeros(3, 2, 32, 32, 3, dtype=torch.uint8), frames_read=[2, 2, 1])
    >>> system.similarity(system.tokenize(["a dog runs", "a dog"]), video, mask).shape     # [texts, videos]
    torch.Size([2, 3])
    """
    cls = system_class(name)
    classes = [parent for parent in cls.__mro__ if issubclass(parent, System)]
    taken = {option: None for parent in classes for option in inspect.signature(parent.__init__).parameters}
    known = [option for option in taken if option not in {"shared", *inspect.signature(System.__init__).parameters}]
    for option in heads:
        if option not in known:
            raise ValueError(f"the system {name!r} has no option {option!r}; it has {', '.join(known) or 'none'}")
    towers = cls.load_backbone(backbone)
    return cls(towers, num_frames=num_frames, max_words=max_words, prompts=prompts, as_released=as_released, **heads)
