"""The image tower with visual prompts: pictures in, CLS, patch and prompt outputs out.

Works on open_clip's `VisionTransformer`, whose `conv1` may be any module giving [B, width, h, w]. Visual prompts are
shallow (Visual Prompt Tuning, Jia et al., ECCV 2022): T learnable tokens without position that join the sequence behind
`ln_pre`, at its end. All tokens attend to each other, so a prompt also changes what CLS and patches become. `ln_post`
and `proj` go over every token, as in the CLIP4Clip family.
"""

from typing import NamedTuple

import torch
from torch import nn


class ImageTokens(NamedTuple):
    """Projected outputs of B pictures: `cls` [B, D], `patches` [B, N, D] or None, `prompts` [B, T, D] or None."""

    cls: torch.Tensor
    patches: torch.Tensor | None = None
    prompts: torch.Tensor | None = None


def is_plain_vit(visual):
    """Is `visual` a CLS-pooled open_clip `VisionTransformer`, whose single tokens have a meaning?"""
    parts = ("conv1", "class_embedding", "positional_embedding", "ln_pre", "transformer", "ln_post")
    return (all(hasattr(visual, part) for part in parts) and getattr(visual, "attn_pool", None) is None
            and getattr(visual, "pool_type", "tok") == "tok")


def add_prompts(visual, count):
    """Give `visual` `count` prompt tokens, `vpt_embedding` [count, width], drawn from N(0, 1 / width).

    Random on purpose: a prompt that starts as a copy of CLS stays one. ValueError where the tower is no plain ViT.
    """
    require_vit(visual, "visual prompts")
    width = visual.class_embedding.shape[-1]
    start = torch.randn(count, width, dtype=visual.class_embedding.dtype, device=visual.class_embedding.device)
    visual.vpt_embedding = nn.Parameter(start * width**-0.5)


def require_vit(visual, what):
    """ValueError where `visual` is no plain ViT; `what` (a plural) needs one."""
    if not is_plain_vit(visual):
        raise ValueError(f"{what} need a ViT with a class token (open_clip's VisionTransformer, pool_type 'tok'), not "
                         f"{type(visual).__name__}; choose a backbone such as openai/ViT-B-32, or prompts=0 and the "
                         "system 'clip' for this one")


def embed(visual, images, prompts=True):
    """Pictures [B, 3, H, W] -> the first block's input [B, 1 + N + T, width]: CLS, patches, and the tower's own T
    `vpt_embedding` ([T, width], or [width] as released) where it has some and `prompts` asks for them; and T."""
    patches = visual.conv1(images).flatten(2).transpose(1, 2)
    cls = visual.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
    position = visual.positional_embedding.to(patches.dtype)
    if position.shape[0] != patches.shape[1] + 1:
        size = getattr(visual, "image_size", None)
        raise ValueError(f"pictures of {images.shape[-2]} x {images.shape[-1]} pixels give {patches.shape[1]} patches, "
                         f"the tower has positions for {position.shape[0] - 1}; scale them to {size}")
    tokens = visual.ln_pre(visual.patch_dropout(torch.cat([cls, patches], dim=1) + position))
    prompt = getattr(visual, "vpt_embedding", None) if prompts else None
    if prompt is None:
        return tokens, 0
    prompt = prompt.reshape(-1, tokens.shape[-1])
    return torch.cat([tokens, prompt.to(tokens.dtype).expand(len(tokens), -1, -1)], dim=1), len(prompt)


def project(visual, tokens):
    """`ln_post` and `proj` on every token: [B, S, width] -> [B, S, D]."""
    tokens = visual.ln_post(tokens)
    return tokens if visual.proj is None else tokens @ visual.proj


def encode_image(visual, images, prompts=True, patches=True):
    """Pictures [B, 3, H, W] -> `ImageTokens`. prompts: let the tower's own prompts take part. patches: False skips
    their projection (they come back as None). A tower that is no plain ViT gives its pooled output as `cls` and nothing
    else."""
    if not is_plain_vit(visual):
        if patches:
            require_vit(visual, "patch outputs")
        pooled = visual(images)
        return ImageTokens(pooled[0] if isinstance(pooled, tuple) else pooled)
    tokens, count = embed(visual, images, prompts)
    tokens = visual.transformer(tokens)
    if not patches and not count:
        return ImageTokens(project(visual, tokens[:, :1])[:, 0])
    if not patches:
        tokens = torch.cat([tokens[:, :1], tokens[:, -count:]], dim=1)
    tokens = project(visual, tokens)
    end = tokens.shape[1] - count
    return ImageTokens(tokens[:, 0], tokens[:, 1:end] if patches else None, tokens[:, end:] if count else None)
