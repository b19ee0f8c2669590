"""Official checkpoints: a released state_dict in, the same system out.

Everything is read from the keys and their shapes: towers, frames (F), words (L), temporal layers or mean pooling,
prompts. What a released file holds and its similarity never reads is dropped and listed in `system.dropped`. Reading
is safe: only tensors are unpickled.
"""

import pickle
import re
from pathlib import Path

import torch
from open_clip.model import CLIP
from torch import nn

from posrank.systems.xclip import XClip
from posrank.towers.backbone import load_backbone
from posrank.towers.frozen import from_state

_UNUSED = {
    "clip": (),
    "frozen": ("text_model.embeddings.position_ids",),  # a buffer that older transformers stored
    "xclip": (  # created by the prompted X-CLIP and never read
        "sents_mat_weight",
        "sents_vp_mat_weight",
        "word_vp_logit_weight",
        "frame_vp_logit_weight",
        "neg_local_mat_weight",
        "neg_word_mat_weight",
        "word_vp_mat_weight",
        "word_vp_mat_weight2",
    ),
}
_ALWAYS_UNUSED = ("clip.input_resolution", "clip.context_length", "clip.vocab_size")  # OpenAI's own notes in the file

CONVERSION = (
    "where you trust it, convert it once: "
    "torch.save(dict(torch.load(path, weights_only=False)['state_dict']), 'weights.pt')"
)


def read_state(source):
    """A path (.safetensors, or a torch file) or a mapping -> {key: fp32 tensor} without wrappers or `module.` prefixes.

    Takes a plain state_dict, or one under `state_dict` or `model_state_dict`. ValueError where the file is no such
    thing.
    """
    state, name = source, "the state_dict"
    if not hasattr(source, "items"):
        name = Path(source)
        state = _read_file(name)
    for wrapper in ("state_dict", "model_state_dict"):
        if wrapper in state and hasattr(state[wrapper], "items"):
            state = state[wrapper]
    strange = [key for key, value in state.items() if not isinstance(value, torch.Tensor)]
    if strange or not state:
        raise ValueError(f"{name} is no state_dict: {strange[0]!r} is no tensor" if strange else f"{name} is empty")
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return {key: value.float() if value.is_floating_point() else value for key, value in state.items()}


def _read_file(path):
    if not path.is_file():
        raise ValueError(f"no checkpoint {path}; give the path of an official state_dict, or the state_dict itself")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except SafetensorError as error:
            raise ValueError(f"{path} cannot be read as safetensors: {error}") from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{path} holds more than tensors and is not unpickled ({reason}); {CONVERSION}") from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a torch file: {error}") from error
    if not hasattr(state, "items"):
        raise ValueError(f"{path} holds a {type(state).__name__}, not a state_dict")
    return state


def _layers(state, prefix):
    numbers = [int(m[1]) for key in state if (m := re.match(re.escape(prefix) + r"\.(\d+)\.", key))]
    return 1 + max(numbers) if numbers else 0


def _heads(width, heads, option, tower):
    if heads is None and width < 64:
        raise ValueError(
            f"the {tower} tower is {width} wide and official heads are 64 wide, which leaves none; "
            f"say how many there are with {option}=..."
        )
    heads = width // 64 if heads is None else heads
    if heads < 1 or width % heads:
        raise ValueError(f"{option}={heads} does not divide the {tower} tower's width {width}")
    return heads


def _shape(state, key):
    if key not in state:
        raise ValueError(f"the checkpoint has no {key!r}: it is no official checkpoint of this system; "
                         f"its keys look like {', '.join(sorted(state)[:3])}")  # fmt: skip
    return state[key].shape


def clip_from_state(state, heads=None, text_heads=None):
    """An open_clip CLIP (QuickGELU) of the shapes of the `clip.*` keys; its weights are still random."""
    width, _, patch, _ = _shape(state, "clip.visual.conv1.weight")
    positions, _ = _shape(state, "clip.visual.positional_embedding")
    vocabulary, text_width = _shape(state, "clip.token_embedding.weight")
    grid = round((positions - 1) ** 0.5)
    vision = dict(
        layers=_layers(state, "clip.visual.transformer.resblocks"),
        width=width,
        head_width=width // _heads(width, heads, "heads", "image"),
        mlp_ratio=_shape(state, "clip.visual.transformer.resblocks.0.mlp.c_fc.weight")[0] / width,
        patch_size=patch,
        image_size=patch * grid,
    )
    text = dict(
        context_length=_shape(state, "clip.positional_embedding")[0],
        vocab_size=vocabulary,
        width=text_width,
        heads=_heads(text_width, text_heads, "text_heads", "text"),
        layers=_layers(state, "clip.transformer.resblocks"),
        mlp_ratio=_shape(state, "clip.transformer.resblocks.0.mlp.c_fc.weight")[0] / text_width,
    )
    return CLIP(_shape(state, "clip.text_projection")[1], vision, text, quick_gelu=True)


def _with_prefix(state):
    """Bare CLIP weights (OpenAI's, open_clip's) get the `clip.` prefix that systems use."""
    return {f"clip.{key}": value for key, value in state.items()} if "visual.conv1.weight" in state else state


def load_official(name, source, *, as_released=False, heads=None, text_heads=None, num_frames=None, max_words=None):
    """The system `name` with the weights of an official checkpoint.

    source: a path (torch file or .safetensors) or a state_dict, plain or under `state_dict`, with or without
    `module.`; fp16 becomes fp32. X-CLIP: the official one with a temporal transformer or mean pooling, and the
    authors' prompted form. clip: any CLIP state_dict. heads, text_heads: attention heads of the image tower, and of
    the text tower and temporal module; None = width // 64. num_frames, max_words: for systems that are not tied to
    them (clip: 12 and 32 by default). ValueError where keys are missing or unknown. `system.dropped` lists keys that
    were read by nothing.
    """
    from posrank.systems import system_class

    cls = system_class(name)
    if name not in _UNUSED:
        raise ValueError(f"no official checkpoints are known for {name!r}; there are {', '.join(sorted(_UNUSED))}")
    state = read_state(source)
    if name == "frozen":
        return _frozen(cls, state, as_released, heads, text_heads, num_frames, max_words)
    if name == "clip":
        state = _with_prefix(state)
    dropped = [key for key in state if key in _ALWAYS_UNUSED or key in _UNUSED[name]]
    state = {key: value for key, value in state.items() if key not in dropped}
    backbone = load_backbone(clip_from_state(state, heads, text_heads))
    prompt = state.get("clip.visual.vpt_embedding")
    options = dict(
        prompts=0 if prompt is None else prompt.reshape(-1, prompt.shape[-1]).shape[0], as_released=as_released
    )
    if cls is XClip:
        options |= dict(
            max_words=_shape(state, "word_logit_weight")[0],
            num_frames=_shape(state, "frame_logit_weight")[0],
            temporal_layers=_layers(state, "transformerClip.resblocks"),
        )
        if options["temporal_layers"]:
            backbone.temporal = {
                k: v for k, v in state.items() if k.startswith(("transformerClip.", "frame_position_"))
            }
    else:
        context = len(state["clip.positional_embedding"])
        options |= dict(max_words=max_words or min(32, context), num_frames=num_frames or 12)
    system = cls(backbone, **options)
    if prompt is not None:  # one prompt is a vector in released files
        system.clip.visual.vpt_embedding = nn.Parameter(torch.empty_like(prompt))
    _load(system, state)
    system.dropped = tuple(sorted(dropped))
    return system.eval()


def frozen_backbone(source, heads=None, text_heads=None):
    """The towers of an official checkpoint of Frozen (a path or a state_dict), to build the system on."""
    state = {key: value for key, value in read_state(source).items() if key not in _UNUSED["frozen"]}
    heads = _heads(_shape(state, "video_model.pos_embed")[-1], heads, "heads", "video")
    text_heads = _heads(_shape(state, "text_model.embeddings.word_embeddings.weight")[1], text_heads, "text_heads", "text")
    return from_state(state, heads, text_heads)


def _frozen(cls, state, as_released, heads, text_heads, num_frames, max_words):
    backbone = frozen_backbone(state, heads, text_heads)
    prompt = getattr(backbone.video_model, "vpt_embedding", None)
    system = cls(
        backbone, prompts=0 if prompt is None else len(prompt), as_released=as_released,
        num_frames=num_frames or backbone.video_model.num_frames,
        max_words=max_words or backbone.text_model.config.max_position_embeddings,
    )  # fmt: skip
    system.dropped = tuple(sorted(key for key in state if key in _UNUSED["frozen"]))
    return system.eval()


def _load(system, state):
    try:
        missing, unexpected = system.load_state_dict(state, strict=False)
    except RuntimeError as error:  # shapes that contradict each other; torch names key and shapes
        raise ValueError(f"the checkpoint does not fit the system {system.name!r}: {error}") from error
    if missing or unexpected:
        parts = [f"{what}: {', '.join(keys)}" for what, keys in (("missing", missing), ("unknown", unexpected)) if keys]
        raise ValueError(
            f"the checkpoint does not fit the system {system.name!r} ({'; '.join(parts)}); "
            "check that it is of this system, or remove keys that nothing should read"
        )
