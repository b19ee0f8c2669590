"""Attention of a system's image tower: what CLS and the visual prompts read in the last block (Fig. 8).

In: a system and normalised video [V, F, 3, H, W]. Out: {"CLS": [V, F, h, w], "prompt": [V, F, h, w] where there are
prompts}, the attention weights on the patches, averaged over heads (and prompts), each frame (for Frozen, each video)
summing to at most 1. Where a tower shifts tokens, a map is of the places at which attention reads.
"""

import math

import torch

from posrank.towers.image import embed, require_vit
from posrank.towers.shift import frames_in_order


@torch.inference_mode()
def attention_maps(system, video):
    """Attention of the last block's CLS and prompt queries over the patches. ValueError for towers without them."""
    if hasattr(system, "video_model"):
        return _spacetime_maps(system.video_model, video)
    visual = system.clip.visual
    require_vit(visual, "attention maps")
    tokens, prompts = embed(visual, video.flatten(0, 1))
    patches = tokens.shape[1] - 1 - prompts
    *blocks, last = visual.transformer.resblocks
    with frames_in_order(visual, torch.ones(video.shape[:2], dtype=torch.bool, device=video.device)):
        for block in blocks:
            tokens = block(tokens)
        x = last.ln_1(tokens)
        weights = last.attn(x, x, x, need_weights=True, average_attn_weights=True)[1]
    shape = (*video.shape[:2], *visual.grid_size)
    maps = {"CLS": weights[:, 0, 1 : 1 + patches].reshape(shape)}
    if prompts:
        maps["prompt"] = weights[:, 1 + patches :, 1 : 1 + patches].mean(1).reshape(shape)
    return {name: values.cpu().numpy() for name, values in maps.items()}


def _spacetime_maps(tower, video):
    weights, special = tower.special_attention(video)
    weights = weights.mean(1)[:, :, special:].unflatten(-1, (video.shape[1], -1))
    side = math.isqrt(weights.shape[-1])
    weights = weights.unflatten(-1, (side, side)).cpu().numpy()
    maps = {"CLS": weights[:, 0]}
    if special > 1:
        maps["prompt"] = weights[:, 1:].mean(1)
    return maps
