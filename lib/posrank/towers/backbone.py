"""Backbones: a pair of CLIP towers with the tokenizer and the pixel statistics that belong to it.

`load_backbone` takes whatever names one: an open_clip model ("ViT-B-32", "openai/ViT-B-32" with weights), a folder written
by `save_backbone` (the embedded world's own small CLIP), a config, or a model in memory. A folder holds `config.json`
(shapes, words, pixel statistics) and `weights.safetensors` (`clip.*`, and where there is one the temporal module
`transformerClip.*`, `frame_position_embeddings.weight`).
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.model import CLIP

from posrank.towers.stem import ConvStem
from posrank.towers.tokenizer import ByteTokenizer, WordTokenizer


@dataclass
class Backbone:
    """CLIP towers (`model`), `tokenizer` (texts, length) -> [n, L], pixel `image_mean` and `image_std` (of values in 0..1),
    `image_size` in pixels, and the state of a pretrained `temporal` module or None."""

    model: CLIP
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
    return Backbone(
        model, tokenizer, None, tuple(config["image_mean"]), tuple(config["image_std"]), json.loads(json.dumps(config))
    )


def save_backbone(folder, config, state):
    """Write `config.json` and `weights.safetensors` (tensors as fp16 to halve the size) under `folder`, each atomically."""
    from safetensors.torch import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    half = {k: v.detach().to("cpu", torch.float16).contiguous() for k, v in sorted(state.items())}
    files = {"config.json": json.dumps(config, indent=1).encode() + b"\n", "weights.safetensors": save(half)}
    for name, data in files.items():
        temporary = folder / f".{name}.tmp"
        temporary.write_bytes(data)
        os.replace(temporary, folder / name)


def _from_folder(folder):
    from safetensors.torch import load_file

    missing = [name for name in ("config.json", "weights.safetensors") if not (folder / name).exists()]
    if missing:
        raise ValueError(f"{folder} holds no {' and no '.join(missing)}; `dvc repro --force --single-item pretrain` makes them")
    backbone = build_backbone(json.loads((folder / "config.json").read_text()))
    state = {k: v.float() for k, v in load_file(folder / "weights.safetensors").items()}
    clip = {k.removeprefix("clip."): v for k, v in state.items() if k.startswith("clip.")}
    try:
        backbone.model.load_state_dict(clip)
    except RuntimeError as error:
        raise ValueError(f"{folder}/weights.safetensors does not fit {folder}/config.json: {error}") from error
    temporal = {k: v for k, v in state.items() if not k.startswith("clip.")}
    backbone.temporal = temporal or None
    return backbone


def _from_open_clip(name):
    import open_clip

    pretrained, _, architecture = name.rpartition("/")
    known = open_clip.list_models()
    if architecture not in known:
        import difflib

        near = difflib.get_close_matches(architecture, known, 1)
        hint = f"; the nearest open_clip model is {near[0]!r}" if near else ""
        raise ValueError(f"no folder and no open_clip model is called {name!r}{hint}")
    if pretrained == "openai" or "quickgelu" in architecture:
        model = open_clip.create_model(architecture, pretrained=pretrained or None, force_quick_gelu=True)
    else:
        model = open_clip.create_model(architecture, pretrained=pretrained or None)
    if not isinstance(model, CLIP):
        raise ValueError(f"{name!r} is a {type(model).__name__}; systems need open_clip's CLIP class (a ViT and a causal text tower)")
    mean, std = model.visual.image_mean or OPENAI_DATASET_MEAN, model.visual.image_std or OPENAI_DATASET_STD
    return Backbone(model, ByteTokenizer(), None, tuple(mean), tuple(std))


def load_backbone(spec):
    """A `Backbone` from: a Backbone, an open_clip CLIP, a config (dict), a folder, or an open_clip name such as "ViT-B-32"
    (random weights) and "openai/ViT-B-32" (weights by open_clip's tag). ValueError where nothing fits."""
    if isinstance(spec, Backbone):
        return spec
    if isinstance(spec, CLIP):
        tokenizer = ByteTokenizer() if spec.token_embedding.num_embeddings == 49408 else None
        return Backbone(spec, tokenizer)
    if isinstance(spec, dict):
        return build_backbone(spec)
    if Path(spec).is_dir():
        return _from_folder(Path(spec))
    if isinstance(spec, Path) or str(spec).endswith(("/", os.sep)):
        raise ValueError(f"no folder {spec}: a backbone folder holds config.json and weights.safetensors")
    return _from_open_clip(str(spec))
