"""Checkpoint files: a state_dict read safely, and the CLIP whose shapes its keys tell.

Only tensors are unpickled. A file that holds more (an object of the code that wrote it, a TorchScript archive) is refused with
the line that converts it, for those who trust it.
"""

import pickle
import re
from pathlib import Path

import torch
from open_clip.model import CLIP

CONVERSION = (
    "where you trust it, convert it once, in a checkout of the code that wrote it: "
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
        if "TorchScript" in str(error):
            raise ValueError(
                f"{path} is a TorchScript archive, which is a program; where you trust it, convert it once: "
                "torch.save(torch.jit.load(path, map_location='cpu').state_dict(), 'weights.pt')"
            ) from error
        raise ValueError(f"{path} cannot be read as a torch file: {error}") from error
    if not hasattr(state, "items"):
        raise ValueError(f"{path} holds a {type(state).__name__}, not a state_dict")
    return state


def layers(state, prefix):
    """How many layers `prefix`.0, `prefix`.1, ... there are among the keys."""
    numbers = [int(m[1]) for key in state if (m := re.match(re.escape(prefix) + r"\.(\d+)\.", key))]
    return 1 + max(numbers) if numbers else 0


def head_count(width, heads, option, tower):
    """`heads`, or width // 64 where it is None; ValueError naming `option` where that is no number of heads."""
    if heads is None and width < 64:
        raise ValueError(
            f"the {tower} tower is {width} wide and official heads are 64 wide, which leaves none; "
            f"say how many there are with {option}=..."
        )
    heads = width // 64 if heads is None else heads
    if heads < 1 or width % heads:
        raise ValueError(f"{option}={heads} does not divide the {tower} tower's width {width}")
    return heads


def shape(state, key):
    """Shape of a tensor; ValueError where the checkpoint has no such key."""
    if key not in state:
        raise ValueError(f"the checkpoint has no {key!r}: it is no official checkpoint of this system; "
                         f"its keys look like {', '.join(sorted(state)[:3])}")  # fmt: skip
    return state[key].shape


def clip_from_state(state, heads=None, text_heads=None):
    """An open_clip CLIP (QuickGELU) of the shapes of the `clip.*` keys; its weights are still random."""
    width, _, patch, _ = shape(state, "clip.visual.conv1.weight")
    positions, _ = shape(state, "clip.visual.positional_embedding")
    vocabulary, text_width = shape(state, "clip.token_embedding.weight")
    grid = round((positions - 1) ** 0.5)
    vision = dict(
        layers=layers(state, "clip.visual.transformer.resblocks"),
        width=width,
        head_width=width // head_count(width, heads, "heads", "image"),
        mlp_ratio=shape(state, "clip.visual.transformer.resblocks.0.mlp.c_fc.weight")[0] / width,
        patch_size=patch,
        image_size=patch * grid,
    )
    text = dict(
        context_length=shape(state, "clip.positional_embedding")[0],
        vocab_size=vocabulary,
        width=text_width,
        heads=head_count(text_width, text_heads, "text_heads", "text"),
        layers=layers(state, "clip.transformer.resblocks"),
        mlp_ratio=shape(state, "clip.transformer.resblocks.0.mlp.c_fc.weight")[0] / text_width,
    )
    return CLIP(shape(state, "clip.text_projection")[1], vision, text, quick_gelu=True)


def load_checked(module, state, system):
    """Load a state_dict; ValueError naming missing and unknown keys, or shapes that contradict each other. system: a name."""
    try:
        missing, unexpected = module.load_state_dict(state, strict=False)
    except RuntimeError as error:  # torch names key and shapes
        raise ValueError(f"the checkpoint does not fit the system {system!r}: {error}") from error
    if missing or unexpected:
        parts = [f"{what}: {', '.join(keys)}" for what, keys in (("missing", missing), ("unknown", unexpected)) if keys]
        raise ValueError(
            f"the checkpoint does not fit the system {system!r} ({'; '.join(parts)}); "
            "check that it is of this system, or remove keys that nothing should read"
        )
