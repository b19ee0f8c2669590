"""Official checkpoints: a released state_dict in, the same system out.

Everything is read from the keys and their shapes: towers, frames (F), words (L), temporal layers or mean pooling,
prompts. What a released file holds and its similarity never reads is dropped and listed in `system.dropped`. Reading
is safe: only tensors are unpickled.
"""

import re
from fnmatch import fnmatchcase

import torch
from torch import nn

from posrank.systems.inputs import check_whole
from posrank.systems.ts2net import TOKENS
from posrank.towers import checkpoints
from posrank.towers.backbone import load_backbone
from posrank.towers.checkpoints import clip_from_state, head_count, layers, load_checked, prompt_count, shape
from posrank.towers.frozen import from_state
from posrank.towers.shift import RELEASED_BLOCKS

_UNUSED = {
    "clip": (),
    "frozen": ("text_model.embeddings.position_ids",),  # a buffer that older transformers stored
    "xclip": (  # created by the prompted X-CLIP and never read
        "sents_mat_weight", "sents_vp_mat_weight", "word_vp_logit_weight", "frame_vp_logit_weight",
        "neg_local_mat_weight", "neg_word_mat_weight", "word_vp_mat_weight", "word_vp_mat_weight2",
    ),
    "ts2net": ("visual_prompt_encoder.*", "text_token_selector.*"),
    "ucofia": ("word_logit_weight", "frame_mat_weight", "frame_mat_weight2", "word_mat_weight_for_pixel"),
}
"""Patterns of keys that released files hold and no similarity reads."""


def load_official(name, source, *, as_released=False, heads=None, text_heads=None, num_frames=None, max_words=None,
                  variant=None):
    """The system `name` with the weights of an official checkpoint; X-CLIP also in the authors' prompted form.

    source: a path (torch file or .safetensors) or a state_dict, plain or under `state_dict`, with or without `module.`;
    fp16 becomes fp32. heads, text_heads: attention heads of the image tower, and of the text tower and temporal module;
    None = width // 64. num_frames, max_words: for systems that are not tied to them (clip: 12 and 32 by default;
    ts2net: 32, and as many frames as it has positions for; as_released fills videos up to num_frames only if that is
    given). variant: which copy of UCoFiA's code computes its similarity, train | eval_t2v | eval_v2t (None = by the
    keys). ValueError where keys are missing or unknown. `system.dropped` lists keys that were read by nothing.

    >>> from posrank.systems import build
    >>> shapes = dict(embed_dim=64, vision_cfg=dict(image_size=32, patch_size=16, width=64, layers=1),
    ...               text_cfg=dict(context_length=16, width=64, heads=1, layers=1))
    >>> backbone = dict(model=shapes, words=["a", "dog", "runs"], image_mean=[0.5] * 3, image_std=[0.5] * 3)
    >>> released = build("xclip", backbone=backbone, num_frames=2, max_words=8, prompts=1).state_dict()
    >>> system = load_official("xclip", released)           # or the path of a file
    >>> system.num_frames, system.max_words, system.prompts, system.settings["temporal_layers"]
    (2, 8, 1, 1)
    """
    from posrank.systems import system_class

    cls = system_class(name)
    if name not in _UNUSED:
        raise ValueError(f"no official checkpoints are known for {name!r}; there are {', '.join(sorted(_UNUSED))}")
    for what, value, low in (("num_frames", num_frames, 1), ("max_words", max_words, 3)):
        if value is not None:
            check_whole(what, value, low)
    state = checkpoints.read_state(source)
    if name == "frozen":
        return _frozen(cls, state, as_released, heads, text_heads, num_frames, max_words)
    if name == "clip" and "visual.conv1.weight" in state:  # bare weights (OpenAI's, open_clip's)
        state = {f"clip.{key}": value for key, value in state.items()}
    unused = tuple(f"clip.{note}" for note in checkpoints.OPENAI_NOTES) + _UNUSED[name]
    if name == "ucofia":
        variant = variant or _variant(state)
        unused += ("local_mat_weight1",) if variant != "train" else ()
    elif variant is not None:
        raise ValueError(f"variant={variant!r} names a copy of UCoFiA's code; {name!r} has none")
    dropped = [key for key in state if any(fnmatchcase(key, pattern) for pattern in unused)]
    state = {key: value for key, value in state.items() if key not in dropped}
    backbone = load_backbone(clip_from_state(state, heads, text_heads))
    prompt = state.get("clip.visual.vpt_embedding")
    width = shape(state, "clip.visual.conv1.weight", 4)[0]
    options = dict(prompts=prompt_count(state, "clip.visual.vpt_embedding", width), as_released=as_released)
    options |= _options(name, state, num_frames, max_words)
    if options.get("temporal_layers"):
        backbone.temporal = {k: v for k, v in state.items() if k.startswith(("transformerClip.", "frame_position_"))}
    if name == "ucofia":
        options["variant"] = variant
    system = cls(backbone, **options)
    if prompt is not None:  # one prompt is a vector in released files
        system.clip.visual.vpt_embedding = nn.Parameter(torch.empty_like(prompt))
    load_checked(system, state, system.name)
    system.dropped = tuple(sorted(dropped))
    if name == "ts2net":
        system.fill &= num_frames is not None
    return system.eval()


def _options(name, state, num_frames, max_words):
    """What the keys of a system built on CLIP say about its shapes."""
    options = {} if name == "clip" else dict(temporal_layers=layers(state, "transformerClip.resblocks"))
    if name in ("clip", "ts2net"):  # none of their parameters depends on words and frames
        context = len(state["clip.positional_embedding"])
        frames = 12 if name == "clip" else max(1, context // TOKENS)
        options |= dict(max_words=max_words or min(32, context), num_frames=num_frames or frames)
    else:
        words = "word_logit_weight" if name == "xclip" else "word_mat_weight"
        options |= dict(max_words=shape(state, words, 2)[0], num_frames=shape(state, "frame_logit_weight", 2)[0])
        for what, value in (("max_words", max_words), ("num_frames", num_frames)):
            if value not in (None, options[what]):
                raise ValueError(f"{what}={value}, but the checkpoint's parameters are of {what}={options[what]}; "
                                 "leave it out")
    if name in ("ts2net", "ucofia"):
        found = (re.match(r"clip\.visual\.transformer\.resblocks\.([0-9]{1,9})\.attn\.net\.", key) for key in state)
        options["shift_blocks"] = sorted({int(match[1]) for match in found if match})
    return options


def _variant(state):
    """Which copy of UCoFiA's code a checkpoint belongs to, by the width of its score predictor and its token shift."""
    width = shape(state, "clip.text_projection", 2)[1]
    if shape(state, "visual_token_selector.score_predictor.in_conv.0.weight", 1)[0] == 2 * width:
        return "eval_t2v"
    shifted = any(".attn.net." in key for key in state)
    deep = layers(state, "clip.visual.transformer.resblocks") > min(RELEASED_BLOCKS)
    return "eval_v2t" if deep and not shifted else "train"


def frozen_backbone(source, heads=None, text_heads=None):
    """The towers of an official checkpoint of Frozen (a path or a state_dict), to build the system on."""
    state = {key: value for key, value in checkpoints.read_state(source).items() if key not in _UNUSED["frozen"]}
    heads = head_count(shape(state, "video_model.pos_embed", 3)[-1], heads, "heads", "video")
    text_heads = head_count(shape(state, "text_model.embeddings.word_embeddings.weight", 2)[1], text_heads,
                            "text_heads", "text")
    return from_state(state, heads, text_heads)


def _frozen(cls, state, as_released, heads, text_heads, num_frames, max_words):
    backbone = frozen_backbone(state, heads, text_heads)
    prompt = getattr(backbone.video_model, "vpt_embedding", None)
    system = cls(backbone, prompts=0 if prompt is None else len(prompt), as_released=as_released,
                 num_frames=num_frames or backbone.video_model.num_frames,
                 max_words=max_words or backbone.text_model.config.max_position_embeddings)
    system.dropped = tuple(sorted(key for key in state if key in _UNUSED["frozen"]))
    return system.eval()
