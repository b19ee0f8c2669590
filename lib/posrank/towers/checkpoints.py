"""Checkpoint files: a state_dict read safely, and the CLIP whose shapes its keys tell.

Only tensors are unpickled. A file that holds more is refused with the line that converts it, for those who trust it.
"""

import os
import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from open_clip.model import CLIP

CONVERSION = (
    "where you trust it, convert it once, in a checkout of the code that wrote it: "
    "torch.save(dict(torch.load(path, weights_only=False)['state_dict']), 'weights.pt')"
)

OPENAI_NOTES = ("input_resolution", "context_length", "vocab_size")
"""Numbers, not weights, in OpenAI's own files."""


def read_state(source, exact=False):
    """A path (.safetensors, or a torch file) or a mapping -> {key: fp32 tensor} without wrappers (`state_dict`,
    `model_state_dict`) and `module.` prefixes. exact: tensors keep their precision. ValueError for all else."""
    state, name = source, "the state_dict"
    if not isinstance(source, Mapping):
        if not isinstance(source, (str, os.PathLike)):
            raise ValueError(f"a checkpoint is a path or a state_dict, not a {type(source).__name__}")
        name = Path(source)
        state = _read_file(name)
    for wrapper in ("state_dict", "model_state_dict"):
        if isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not state:
        raise ValueError(f"{name} is empty")
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise ValueError(f"{name} is no state_dict: {str(key)[:200]!r} is no "
                             f"{'tensor' if isinstance(key, str) else 'name'}")
        if value.layout != torch.strided or value.is_quantized or value.device.type == "meta":
            raise ValueError(f"{name}: {key[:200]} is sparse, quantized or without data; give dense floating point "
                             "weights")
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"{name}: {key[:200]} is of shape {list(value.shape)} and holds fewer numbers; the file "
                             "is damaged")
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return {key: value.float() if value.is_floating_point() and not exact else value for key, value in state.items()}


def _read_file(path):
    if not os.path.isfile(path):  # Path.is_file raises where no file can have the name
        raise ValueError(f"no checkpoint {str(path)[:200]}; give the path of an official state_dict, or the state_dict "
                         "itself")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, OSError, RuntimeError) as error:
            raise ValueError(f"{path} cannot be read as safetensors: {error}") from error
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{path} holds more than tensors and is not unpickled ({reason}); {CONVERSION}") from error
    except Exception as error:  # a damaged archive: zipfile, pickle and torch each raise something else
        if "TorchScript" in str(error):
            raise ValueError(
                f"{path} is a TorchScript archive, which is a program; where you trust it, convert it once: "
                "torch.save(torch.jit.load(path, map_location='cpu').state_dict(), 'weights.pt')"
            ) from error
        raise ValueError(f"{path} cannot be read as a torch file: {error}") from error
    if not isinstance(state, Mapping):
        raise ValueError(f"{path} holds a {type(state).__name__}, not a state_dict")
    return state


def layers(state, prefix):
    """How many layers `prefix`.0, `prefix`.1, ... there are among the keys; ValueError where a number is left out."""
    numbers = {int(m[1]) for key in state if (m := re.match(re.escape(prefix) + r"\.([0-9]{1,9})\.", key))}
    if numbers and max(numbers) + 1 != len(numbers):
        gap = next(number for number in range(len(numbers)) if number not in numbers)
        raise ValueError(f"the checkpoint has {prefix}.{max(numbers)} but no {prefix}.{gap}: its layers must be "
                         "numbered from 0")
    return len(numbers)


def head_count(width, heads, option, tower):
    """`heads`, or width // 64 where it is None; ValueError naming `option` where that is no number of heads."""
    if heads is None and width < 64:
        raise ValueError(f"the {tower} tower is {width} wide and official heads are 64 wide, which leaves none; say "
                         f"how many there are with {option}=...")
    heads = width // 64 if heads is None else heads
    if not isinstance(heads, int) or isinstance(heads, bool) or heads < 1 or width % heads:
        raise ValueError(f"{option}={heads!r} does not divide the {tower} tower's width {width}")
    return heads


def shape(state, key, dimensions):
    """Shape of a tensor; ValueError where the checkpoint has no such key, other `dimensions` or a 0."""
    if key not in state:
        raise ValueError(f"the checkpoint has no {key!r}: it is no official checkpoint of this system; "
                         f"its keys look like {', '.join(sorted(state)[:3])}")  # fmt: skip
    found = state[key].shape
    if len(found) != dimensions or 0 in found:
        raise ValueError(f"the checkpoint's {key} is of shape {list(found)}; a tensor of {dimensions} dimensions is "
                         "expected")
    return found


def prompt_count(state, key, width):
    """How many visual prompts a checkpoint holds: one as a vector (released files), several as rows, or none."""
    if key not in state:
        return 0
    count = 1 if state[key].dim() == 1 else shape(state, key, 2)[0]
    if state[key].shape[-1] != width:
        raise ValueError(f"the checkpoint's {key} is {state[key].shape[-1]} wide and its tower {width}")
    return count


def clip_from_state(state, heads=None, text_heads=None):
    """An open_clip CLIP (QuickGELU) of the shapes of the `clip.*` keys, with random weights, or ValueError."""
    width, _, patch, _ = shape(state, "clip.visual.conv1.weight", 4)
    positions, _ = shape(state, "clip.visual.positional_embedding", 2)
    vocabulary, text_width = shape(state, "clip.token_embedding.weight", 2)
    grid = round((positions - 1) ** 0.5)
    vision = dict(
        layers=layers(state, "clip.visual.transformer.resblocks"),
        width=width,
        head_width=width // head_count(width, heads, "heads", "image"),
        mlp_ratio=shape(state, "clip.visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0] / width,
        patch_size=patch,
        image_size=patch * grid,
    )
    text = dict(
        context_length=shape(state, "clip.positional_embedding", 2)[0],
        vocab_size=vocabulary,
        width=text_width,
        heads=head_count(text_width, text_heads, "text_heads", "text"),
        layers=layers(state, "clip.transformer.resblocks"),
        mlp_ratio=shape(state, "clip.transformer.resblocks.0.mlp.c_fc.weight", 2)[0] / text_width,
    )
    size = shape(state, "clip.text_projection", 2)[1]
    # of shifted blocks, the attention is wrapped
    own = {key.removeprefix("clip.").replace(".attn.net.", ".attn."): value for key, value in state.items()
           if key.startswith("clip.")}
    return built(lambda: CLIP(size, vision, text, quick_gelu=True), own, "clip")


def built(make, state, system):
    """make(), a module of the shapes of `state`, compared before memory is taken for it: ValueError where one
    differs."""
    with torch.device("meta"):
        shell = make()
    check_fit({key: value for key, value in shell.state_dict().items() if key in state}, state, system)
    return make()


def check_fit(own, state, system, where="the checkpoint"):
    """ValueError where a tensor of `state` is of another shape or kind than that of `own`, both {key: tensor}."""
    for key, value in own.items():
        found = state[key]
        if found.shape != value.shape or found.dtype != value.dtype:
            raise ValueError(f"{where} does not fit the system {system!r}: {key} is {found.dtype} {list(found.shape)}, "
                             f"and {value.dtype} {list(value.shape)} is expected")


def check_finite(state, where="the checkpoint"):
    """ValueError where a weight is NaN or infinite."""
    for key, value in state.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ValueError(f"{where}: {key} holds NaN or infinite weights; the file is damaged, or its training "
                             "failed")


def load_checked(module, state, system, where="the checkpoint"):
    """Load a state_dict; ValueError naming missing and unknown keys, or a tensor of another shape or kind, NaN or
    infinite weights. system: a name; where: what the message begins with."""
    own = module.state_dict()
    missing, unknown = [key for key in own if key not in state], [key for key in state if key not in own]
    if missing or unknown:
        named = {"missing": missing, "unknown": unknown}
        parts = [f"{what}: {', '.join(key[:100] for key in keys[:20])}" for what, keys in named.items() if keys]
        raise ValueError(f"{where} does not fit the system {system!r} ({'; '.join(parts)}); check that it is of this "
                         "system, or remove keys that nothing should read")
    check_fit(own, state, system, where)
    check_finite(state, where)
    module.load_state_dict(state)
