"""Frozen's backbones: a space-time transformer and a text tower with their projections, tokenizer and pixel statistics.

`load_frozen` takes what names one (official checkpoints: `from_state`):

| given | becomes |
|---|---|
| a mapping with `video`, `text`, `projection`, `words`, `image_mean`, `image_std` | random weights of these shapes |
| a folder with such a config.json and weights.safetensors | a backbone trained by this project |
| "<timm model>+<transformers model or folder>" | the official start: an ImageNet ViT, inflated, and DistilBERT |
| what `load_backbone` takes: an open_clip name, the world's CLIP | both towers of a CLIP, the image tower inflated |
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.constants import IMAGENET_MEAN, IMAGENET_STD
from torch import nn

from posrank.towers.backbone import load_backbone, read_config
from posrank.towers.checkpoints import built, layers, load_checked, prompt_count, read_state, shape
from posrank.towers.distilbert import WordPiece, build_distilbert, config_from_state, load_distilbert
from posrank.towers.spacetime import SpaceTimeTransformer, inflate
from posrank.towers.tokenizer import WordTokenizer

PROJECTION = 256
PARTS = ("video_model", "text_model", "txt_proj", "vid_proj")
OFFICIAL_START = "vit_base_patch16_224.orig_in21k_ft_in1k+distilbert-base-uncased"
"""What the official training starts from: timm's ViT-B/16 of ImageNet-21k, fine-tuned on 1k, and DistilBERT."""


@dataclass
class FrozenBackbone:
    """`video_model` (SpaceTimeTransformer), `text_model` (DistilBertModel, or the text half of an open_clip CLIP),
    `txt_proj` and `vid_proj` to the common space, `tokenizer` (texts, length) -> [n, L], pixel statistics; `new_time`:
    the temporal attention is not pretrained."""

    video_model: SpaceTimeTransformer
    text_model: nn.Module
    txt_proj: nn.Module
    vid_proj: nn.Module
    tokenizer: object = None
    image_mean: tuple = IMAGENET_MEAN
    image_std: tuple = IMAGENET_STD
    new_time: bool = False

    @property
    def image_size(self):
        return self.video_model.image_size


def make_projections(text_width, video_width, size):
    return nn.Sequential(nn.ReLU(), nn.Linear(text_width, size)), nn.Sequential(nn.Linear(video_width, size))


def build_frozen(config, seed=0):
    """A backbone with random weights. config: `video` (arguments of SpaceTimeTransformer), `text` (of
    build_distilbert), and optionally `projection`, `words` (a closed vocabulary), `tokenizer` (a WordPiece source),
    `image_mean`, `image_std`."""
    words = config.get("words")
    tokenizer = WordTokenizer(words) if words else WordPiece(config["tokenizer"]) if config.get("tokenizer") else None
    text = dict(config["text"], **({"vocab_size": tokenizer.vocab_size} if words else {}))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        video_model, text_model = SpaceTimeTransformer(**config["video"]), build_distilbert(**text)
        projections = make_projections(text_model.config.dim, video_model.pos_embed.shape[-1],
                                       config.get("projection", PROJECTION))
    statistics = tuple(config.get("image_mean", IMAGENET_MEAN)), tuple(config.get("image_std", IMAGENET_STD))
    return FrozenBackbone(video_model, text_model, *projections, tokenizer, *statistics, new_time=True)


def from_clip(backbone, num_frames=1):
    """Both towers of a CLIP: the image tower inflated over time, the text tower and both projections as they are. With
    one frame the similarity is the CLIP's cosine."""
    model = copy.deepcopy(backbone.model)
    visual = model.visual
    video_model = inflate(visual, num_frames)
    width = visual.class_embedding.shape[-1]
    vid_proj = nn.Identity()
    if visual.proj is not None:
        vid_proj = nn.Linear(width, visual.proj.shape[1], bias=False)
        vid_proj.weight = nn.Parameter(visual.proj.detach().T.contiguous())
    del model.visual, model.logit_scale
    model.logit_bias = None
    return FrozenBackbone(video_model, model, nn.Identity(), vid_proj, backbone.tokenizer, backbone.image_mean,
                          backbone.image_std, new_time=True)


def from_state(state, heads, text_heads):
    """A backbone from the state_dict of an official checkpoint ({key: tensor}); heads of both towers."""
    video = {k.removeprefix("video_model."): v for k, v in state.items() if k.startswith("video_model.")}
    text = {k.removeprefix("text_model."): v for k, v in state.items() if k.startswith("text_model.")}
    width, _, patch, _ = shape(state, "video_model.patch_embed.proj.weight", 4)
    side = round((shape(state, "video_model.pos_embed", 3)[1] - 1) ** 0.5)
    frames, size = shape(state, "video_model.temporal_embed", 3)[1], shape(state, "vid_proj.0.weight", 2)[0]
    hidden, depth = shape(state, "video_model.blocks.0.mlp.fc1.weight", 2)[0], layers(video, "blocks")
    config, prompts = config_from_state(text, text_heads), prompt_count(video, "vpt_embedding", width)

    def make():
        video_model = SpaceTimeTransformer(patch * side, patch, width, depth, heads, frames, hidden / width)
        if prompts:
            video_model.add_prompts(prompts)
        projections = make_projections(config["dim"], width, size)
        return nn.ModuleDict(dict(zip(PARTS, (video_model, build_distilbert(**config), *projections))))

    holder = built(make, state, "frozen")
    load_checked(holder, state, "frozen")
    return FrozenBackbone(*holder.values(), WordPiece() if config["vocab_size"] == 30522 else None)


def from_names(vision, text):
    """The official start by names: a timm ViT (weights by timm) and a transformers model. ValueError where one is
    missing."""
    import timm

    try:
        vit = timm.create_model(vision, pretrained=True, num_classes=0)
    except Exception as problem:  # unknown names, no network and no cache: each library raises something else
        raise ValueError(f"no timm model {vision!r} with weights ({problem}); the official one is "
                         f"{OFFICIAL_START!r}") from problem
    text_model = load_distilbert(text)
    state, width = vit.state_dict(), vit.embed_dim
    patch = vit.patch_embed.patch_size[0]
    video_model = SpaceTimeTransformer(vit.patch_embed.img_size[0], patch, width, len(vit.blocks),
                                       vit.blocks[0].attn.num_heads, 1,
                                       state["blocks.0.mlp.fc1.weight"].shape[0] / width)
    _, unexpected = video_model.load_state_dict(state, strict=False)
    if unexpected:
        raise ValueError(f"the timm model {vision!r} is no plain ViT: nothing takes {', '.join(unexpected[:5])}")
    projections = make_projections(text_model.config.dim, width, PROJECTION)
    return FrozenBackbone(video_model, text_model, *projections, WordPiece(text), new_time=True)


def load_frozen(spec):
    """A `FrozenBackbone` from any of the things above. ValueError where nothing fits."""
    if isinstance(spec, FrozenBackbone):
        return spec
    if isinstance(spec, dict) and "video" in spec:
        return build_frozen(spec)
    if isinstance(spec, (str, Path)):
        path = Path(spec)
        if path.is_dir() and "video" in (config := read_config(path)):
            return _from_folder(path, config)
        if "+" in str(spec) and not path.exists():
            return from_names(*str(spec).split("+", 1))
    if isinstance(spec, dict) and not isinstance(spec.get("model"), dict):
        raise ValueError("a mapping for Frozen holds `video` and `text` (see posrank.towers.frozen), or a CLIP's "
                         "config")
    return from_clip(load_backbone(spec))


def _from_folder(folder, config):
    backbone = build_frozen(config)
    holder, weights = nn.ModuleDict({name: getattr(backbone, name) for name in PARTS}), folder / "weights.safetensors"
    load_checked(holder, read_state(weights), "frozen", f"{weights} beside its config.json")
    backbone.new_time = False
    return backbone
