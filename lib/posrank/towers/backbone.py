"""Backbones: a pair of CLIP towers with the tokenizer and the pixel statistics that belong to it.

`load_backbone` takes whatever names one: an open_clip model ("ViT-B-32", "openai/ViT-B-32" with weights by open_clip's
tag, "ViT-B-32@weights.pt" with weights from a file), a file of CLIP weights, a folder written by `save_backbone`, a
config, or a model in memory. A folder holds `config.json` (shapes, words, pixel statistics) and `weights.safetensors`
(`clip.*`, and where there is one the temporal module `transformerClip.*`, `frame_position_embeddings.weight`).
"""

import json
import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.model import CLIP
from torch import nn

from posrank.files import atomic
from posrank.messages import nearest
from posrank.towers.checkpoints import OPENAI_NOTES, check_finite, clip_from_state, load_checked, read_state
from posrank.towers.stem import ConvStem
from posrank.towers.text import causal_tower, context_length
from posrank.towers.tokenizer import ByteTokenizer, WordTokenizer


@dataclass
class Backbone:
    """CLIP towers (`model`), `tokenizer` (texts, length) -> [n, L], pixel `image_mean` and `image_std` (of values in
    0..1), `image_size` in pixels, and the state of a pretrained `temporal` module or None."""

    model: nn.Module
    tokenizer: object = None
    temporal: dict | None = None
    image_mean: tuple = OPENAI_DATASET_MEAN
    image_std: tuple = OPENAI_DATASET_STD
    config: dict | None = None

    @property
    def image_size(self):
        size = self.model.visual.image_size
        return size[0] if isinstance(size, tuple) else size


def build_backbone(config, seed=0):
    """A backbone with random weights from a config: `model` (open_clip's CLIP arguments), `stem` (channels or None),
    `words` (a closed vocabulary; None = CLIP's byte pairs), `image_mean`, `image_std`."""
    tokenizer = WordTokenizer(config["words"]) if config.get("words") else ByteTokenizer()
    shapes = json.loads(json.dumps(config["model"]))
    shapes["text_cfg"]["vocab_size"] = tokenizer.vocab_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIP(**shapes)
        if config.get("stem"):
            vision = shapes["vision_cfg"]
            model.visual.conv1 = ConvStem(vision["width"], vision["patch_size"], tuple(config["stem"]))
    return Backbone(model, tokenizer, None, tuple(config["image_mean"]), tuple(config["image_std"]),
                    json.loads(json.dumps(config)))


def save_backbone(folder, config, state):
    """Write `config.json` and `weights.safetensors` (tensors as fp16 to halve the size) under `folder`."""
    from safetensors.torch import save

    half = {k: v.detach().to("cpu", torch.float16).contiguous() for k, v in sorted(state.items())}
    files = {"config.json": json.dumps(config, indent=1).encode() + b"\n", "weights.safetensors": save(half)}
    for name, data in files.items():
        with atomic(Path(folder) / name) as temporary:
            temporary.write_bytes(data)


def _described(config, name):
    """`build_backbone` of a config that may be no such thing: ValueError names it."""
    try:
        return build_backbone(config)
    except (TypeError, KeyError, AttributeError, RuntimeError, ZeroDivisionError, AssertionError) as error:
        raise ValueError(f"{name} describes no backbone ({type(error).__name__}: {error})") from error


def read_config(folder):
    """The mapping in a backbone folder's `config.json`; ValueError where it cannot be read or a file is missing."""
    missing = [name for name in ("config.json", "weights.safetensors") if not (folder / name).exists()]
    if missing:
        raise ValueError(f"{folder} holds no {' and no '.join(missing)}; `dvc repro --force --single-item pretrain` "
                         "makes them (`pretrain_frozen` those of Frozen)")
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'} cannot be read ({error}): make the folder again") from error


def _from_folder(folder):
    backbone = _described(read_config(folder), folder / "config.json")
    state = read_state(folder / "weights.safetensors")
    clip = {k.removeprefix("clip."): v for k, v in state.items() if k.startswith("clip.")}
    load_checked(backbone.model, clip, "clip", f"{folder / 'weights.safetensors'} beside its config.json")
    backbone.temporal = {k: v for k, v in state.items() if not k.startswith("clip.")} or None
    return backbone


def _tokenizer(model, architecture=None):
    """The tokenizer that belongs to an open_clip model: (texts, length) -> ids. Towers that read their padding always
    get all of their columns. None where it cannot be told."""
    text, reason = causal_tower(model)
    if reason is None and text.token_embedding.num_embeddings == 49408:
        return ByteTokenizer()
    if architecture is None:
        return None
    import open_clip

    theirs, length = open_clip.get_tokenizer(architecture), context_length(model)
    return lambda texts, words=length: theirs([texts] if isinstance(texts, str) else list(texts),
                                              context_length=words if reason is None else length)  # fmt: skip


def _from_open_clip(name):
    """An open_clip model by name: "ViT-B-32" (random weights), "<tag>/ViT-B-32", "ViT-B-32@<file>"."""
    import open_clip

    architecture, _, file = name.partition("@")
    tag, _, architecture = architecture.rpartition("/")
    if architecture not in (known := open_clip.list_models()):
        near = nearest(architecture, known, 0.6)
        hint = f"; the nearest open_clip model is {near!r}" if near else ""
        raise ValueError(f"no folder, no file and no open_clip model is called {name!r}{hint}")
    if file and tag:
        raise ValueError(f"{name!r} names weights twice, by the tag {tag!r} and by a file; leave one out")
    known = open_clip.list_pretrained_tags_by_model(architecture)
    if tag and tag not in known:
        raise ValueError(f"open_clip has no weights {tag!r} of {architecture}; it has: {', '.join(known) or 'none'}")

    def is_true(record):  # of a file's model, open_clip says that it has random weights
        return not file or "No pretrained weights loaded" not in record.getMessage()

    logging.getLogger().addFilter(is_true)
    try:
        model = open_clip.create_model(architecture, pretrained=tag or None, force_quick_gelu=tag == "openai")
    except Exception as problem:  # no network and no cache: each layer of the download raises something else
        raise ValueError(f"the weights {name!r} are not here and cannot be downloaded "
                         f"({str(problem).strip().splitlines()[0]}); bring the file and name it: "
                         f"{architecture}@<file>") from problem
    finally:
        logging.getLogger().removeFilter(is_true)
    if file:
        _load(model, file, architecture)
    return _as_backbone(model, architecture)


def _load(model, file, architecture):
    """Weights of a file into an open_clip model, foreign names changed as open_clip does. Tensors alone are read."""
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    state = {key: value for key, value in read_state(Path(file)).items() if key not in OPENAI_NOTES}
    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    check_finite(state, file)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{file} does not fit open_clip's {architecture}: {error}") from error


def _from_file(path):
    """A CLIP from a file of weights alone: shapes are read from the keys; heads are 64 wide, with QuickGELU."""
    state = {key.removeprefix("clip."): value for key, value in read_state(path).items()}
    openai = all([state.pop(note, None) is not None for note in OPENAI_NOTES])
    if "visual.conv1.weight" not in state:
        raise ValueError(f"{path} holds no CLIP with a ViT; name its open_clip architecture in front: "
                         f"<architecture>@{path}")
    model = clip_from_state({f"clip.{key}": value for key, value in state.items()})
    load_checked(model, state, "clip", f"{path} is no plain CLIP, it")
    if not openai:
        warnings.warn(f"{path} does not say its activation; QuickGELU is assumed, as in OpenAI's models and what was "
                      f"trained from them. For others (LAION, DataComp) name the architecture: ViT-B-32@{path}",
                      stacklevel=4)
    return _as_backbone(model)


def _as_backbone(model, architecture=None):
    mean = getattr(model.visual, "image_mean", None) or OPENAI_DATASET_MEAN
    std = getattr(model.visual, "image_std", None) or OPENAI_DATASET_STD
    return Backbone(model, _tokenizer(model, architecture), None, tuple(mean), tuple(std))


def load_backbone(spec):
    """A `Backbone` from a Backbone or one of the things above. ValueError where nothing fits."""
    if isinstance(spec, Backbone):
        return spec
    if isinstance(spec, nn.Module):
        if not (hasattr(spec, "visual") and hasattr(spec, "encode_text")):
            raise ValueError(f"a {type(spec).__name__} is no open_clip model: it has no visual tower and no "
                             "encode_text")
        return _as_backbone(spec)
    if isinstance(spec, dict):
        return _described(spec, "the config")
    if not isinstance(spec, (str, os.PathLike)):
        raise ValueError(f"a backbone is a name, a path, a config or an open_clip model, not a {type(spec).__name__}")
    path = Path(spec)
    if path.is_dir():
        return _from_folder(path)
    if path.is_file():
        return _from_file(path)
    if isinstance(spec, Path) or str(spec).endswith(("/", os.sep)):
        raise ValueError(f"no folder and no file {spec}: a backbone folder holds config.json and weights.safetensors")
    return _from_open_clip(str(spec))
