"""The temporal module of the CLIP4Clip family ("seqTransf"): a small transformer over the frames of a video.

x = frames + position; blocks like CLIP's with LayerNorm eps 1e-12, padded frames masked as keys; plus a residual
around all of it. Its layers and positions start as copies of CLIP's first text layers and positions, therefore width,
heads and activation are those of the text tower.
"""

from functools import partial

import torch
from open_clip.transformer import QuickGELU, Transformer
from torch import nn

from posrank.systems.inputs import check_whole
from posrank.towers.checkpoints import layers as count_layers
from posrank.towers.checkpoints import load_checked

MASKED = -1e6
"""What the released code adds to the attention logits of padded frames; exp underflows to zero, and a video without any
real frame attends evenly instead of giving NaN."""


def make_transformer(width, layers, heads, activation=QuickGELU, mlp_ratio=4.0):
    """`layers` pre-norm blocks with the parameter names of the released `transformerClip` (resblocks.i.attn, ln_1,
    ...)."""
    norm = partial(nn.LayerNorm, eps=1e-12)
    return Transformer(width, layers, heads, mlp_ratio, act_layer=activation, norm_layer=norm)


def text_shape(clip):
    """Width, heads, activation, mlp_ratio and number of layers of a CLIP's text tower."""
    block = clip.transformer.resblocks[0]
    width = clip.positional_embedding.shape[1]
    return {
        "width": width,
        "heads": block.attn.num_heads,
        "activation": type(block.mlp.gelu),
        "mlp_ratio": block.mlp.c_fc.out_features / width,
        "layers": len(clip.transformer.resblocks),
    }


def copy_from_text(transformer, positions, clip):
    """Start the temporal module from CLIP: its first text layers, and its first text positions."""
    with torch.no_grad():
        positions.weight.copy_(clip.positional_embedding[: positions.num_embeddings])
    for ours, theirs in zip(transformer.resblocks, clip.transformer.resblocks):
        ours.load_state_dict(theirs.state_dict())


def released_random_start(transformer, positions):
    """The start of the released code where it does not copy CLIP: linear and embedding weights N(0, 0.02), biases 0."""
    for module in (positions, *transformer.modules()):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def run(transformer, positions, frames, mask):
    """Frames [V, F, D] and mask [V, F] (True = real) -> frames behind the temporal module [V, F, D]."""
    x = frames + positions.weight[: frames.shape[1]].to(frames.dtype)
    hidden = torch.where(mask, 0.0, MASKED).to(frames.dtype)[:, None].expand(-1, frames.shape[1], -1)
    heads = transformer.resblocks[0].attn.num_heads
    return transformer(x, attn_mask=hidden.repeat_interleave(heads, dim=0)) + frames


def attach(system, shape, heads=None, layers=None, pretrained=None, tokens=1):
    """Give `system` its `transformerClip` and `frame_position_embeddings` (None and None with mean pooling,
    layers = 0).

    shape: `text_shape`; heads, layers: None = the text tower's heads, and 4 layers or as many as there are;
    pretrained: a state dict of both (`frame_position_embeddings.weight`, `transformerClip.*`) or None = start from
    CLIP's text tower. tokens: how many tokens of each frame go through it.
    """
    for what, value, low in (("heads", heads, 1), ("temporal_layers", layers, 0)):
        if value is not None:
            check_whole(what, value, low)
    system.transformerClip = system.frame_position_embeddings = None
    if layers == 0:
        return
    features = system.clip.text_projection
    if features is not None and features.shape[1] != shape["width"]:
        raise ValueError(
            f"the temporal module starts from the text tower, {shape['width']} wide, and features are "
            f"{features.shape[1]} wide; choose another backbone, or temporal_layers=0 for mean pooling"
        )
    if pretrained is not None and layers is None:
        layers = count_layers(pretrained, "transformerClip.resblocks")
    layers = min(4, shape["layers"]) if layers is None else layers
    if layers > shape["layers"] and pretrained is None:
        raise ValueError(
            f"temporal_layers={layers}, but the text tower that they start from has {shape['layers']} layers"
        )
    heads = heads or shape["heads"]
    if shape["width"] % heads:
        raise ValueError(f"heads={heads} does not divide the temporal module's width {shape['width']}")
    positions = system.clip.positional_embedding.shape[0]
    if system.num_frames * tokens > positions:
        each = f" of {tokens} tokens each" if tokens > 1 else ""
        raise ValueError(f"num_frames={system.num_frames}{each} is more than the temporal module's {positions} positions")
    system.transformerClip = make_transformer(shape["width"], layers, heads, shape["activation"], shape["mlp_ratio"])
    system.frame_position_embeddings = nn.Embedding(positions, shape["width"])
    if pretrained is not None:
        _load(system, pretrained)
    elif system.as_released and system.prompts:
        released_random_start(system.transformerClip, system.frame_position_embeddings)
    else:
        copy_from_text(system.transformerClip, system.frame_position_embeddings, system.clip)


def _load(system, pretrained):
    for name in ("transformerClip", "frame_position_embeddings"):
        own = {key.removeprefix(f"{name}."): value for key, value in pretrained.items() if key.startswith(f"{name}.")}
        load_checked(getattr(system, name), own, system.name, "the backbone's pretrained temporal module")


def apply(system, frames, mask):
    """The system's temporal module on frames [V, F, D]; the frames themselves with mean pooling."""
    if system.transformerClip is None:
        return frames
    return run(system.transformerClip, system.frame_position_embeddings, frames, mask)
