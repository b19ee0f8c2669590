"""The temporal module of the CLIP4Clip family ("seqTransf"): a small transformer over the frames of a video.

x = frames + position; blocks like CLIP's with LayerNorm eps 1e-12, padded frames masked as keys; plus a residual around
all of it. It starts as a copy of CLIP's first text layers and positions: width, heads, activation are the same.
"""

from functools import partial

import torch
from open_clip.transformer import Transformer
from torch import nn

from posrank.systems.inputs import check_whole
from posrank.towers.checkpoints import layers as count_layers
from posrank.towers.checkpoints import load_checked

MASKED = -1e6
"""What the released code adds to the attention logits of padded frames; exp underflows to zero, and a video without any
real frame attends evenly instead of giving NaN."""


def attach(system, backbone, heads=None, layers=None, tokens=1):
    """Give `system` its `transformerClip` and `frame_position_embeddings` (None and None with mean pooling, layers =
    0), and its settings `heads` and `temporal_layers`.

    backbone: where it has a `temporal` module, a state dict of both, they start as this one, else from CLIP's text
    tower. heads, layers: None = the text tower's heads, and 4 layers or as many as there are. tokens: how many tokens
    of each frame go through it.
    """
    text_blocks, pretrained = system.clip.transformer.resblocks, getattr(backbone, "temporal", None)
    (positions, width), mlp = system.clip.positional_embedding.shape, text_blocks[0].mlp
    system.settings |= dict(heads=heads, temporal_layers=0)
    for what, value, low in (("heads", heads, 1), ("temporal_layers", layers, 0)):
        if value is not None:
            check_whole(what, value, low)
    system.transformerClip = system.frame_position_embeddings = None
    if layers == 0:
        return
    if system.width != width:
        raise ValueError(f"the temporal module starts from the text tower, {width} wide, and features are "
                         f"{system.width} wide; choose another backbone, or temporal_layers=0 for mean pooling")
    if pretrained is not None and layers is None:
        layers = count_layers(pretrained, "transformerClip.resblocks")
    layers = min(4, len(text_blocks)) if layers is None else layers
    if layers > len(text_blocks) and pretrained is None:
        raise ValueError(f"temporal_layers={layers}, but the text tower that they start from has {len(text_blocks)} "
                         "layers")
    heads = heads or text_blocks[0].attn.num_heads
    if width % heads:
        raise ValueError(f"heads={heads} does not divide the temporal module's width {width}")
    if system.num_frames * tokens > positions:
        each = f" of {tokens} tokens each" if tokens > 1 else ""
        raise ValueError(f"num_frames={system.num_frames}{each} is more than the temporal module's {positions} "
                         "positions")
    # the parameter names of the released `transformerClip`: resblocks.i.attn, ln_1, ...
    system.transformerClip = Transformer(width, layers, heads, mlp.c_fc.out_features / width,
                                         act_layer=type(mlp.gelu), norm_layer=partial(nn.LayerNorm, eps=1e-12))
    system.settings["temporal_layers"] = layers
    system.frame_position_embeddings = nn.Embedding(positions, width)
    if pretrained is not None:
        for name in ("transformerClip", "frame_position_embeddings"):
            own = {k.removeprefix(f"{name}."): v for k, v in pretrained.items() if k.startswith(f"{name}.")}
            load_checked(getattr(system, name), own, system.name, "the backbone's pretrained temporal module")
    elif system.as_released and system.prompts:
        # the released code, where it does not copy CLIP: linear and embedding weights N(0, 0.02), biases 0
        for module in (system.frame_position_embeddings, *system.transformerClip.modules()):
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
    else:
        with torch.no_grad():
            system.frame_position_embeddings.weight.copy_(system.clip.positional_embedding)
        for ours, theirs in zip(system.transformerClip.resblocks, text_blocks):
            ours.load_state_dict(theirs.state_dict())


def apply(system, frames, mask):
    """The system's temporal module on frames [V, F, D] with mask [V, F] (True = real); mean pooling: the frames."""
    transformer = system.transformerClip
    if transformer is None:
        return frames
    x = frames + system.frame_position_embeddings.weight[: frames.shape[1]].to(frames.dtype)
    hidden = torch.where(mask, 0.0, MASKED).to(frames.dtype)[:, None].expand(-1, frames.shape[1], -1)
    heads = transformer.resblocks[0].attn.num_heads
    return transformer(x, attn_mask=hidden.repeat_interleave(heads, dim=0)) + frames
