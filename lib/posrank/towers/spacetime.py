"""The space-time transformer of Frozen in Time (Bain et al., ICCV 2021; github.com/m-bain/frozen-in-time).

In: videos [V, F, 3, H, W] with up to `num_frames` frames. Out: the outputs of CLS and of the visual prompts. Tokens are
the patches of all frames behind CLS; a block attends over time (the F patches of one place), then over space (the N
patches of one frame), both with the keys of CLS in front, while CLS itself attends to everything. The residual of the
spatial attention starts from the block's input. Names of parameters are the official ones. Visual prompts are tokens
beside CLS, without position, that are treated as CLS is.
"""

import torch
import torch.nn.functional as F
from open_clip.transformer import QuickGELU
from torch import nn

from posrank.towers.image import require_vit
from posrank.towers.stem import ConvStem

TIME_STARTS = ("released", "copied", "random")


class DividedAttention(nn.Module):
    """Attention of `heads` heads in which the first `special` tokens see everything, and patches see their group."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x, special, frames, over, real=None, patches=True):
        """x [V, special + F * N, width] -> the same shape, or [V, special, width] without `patches`.

        frames: F. over: "time" or "space". real [V, F] bool or None = all: keys of other frames are hidden. A video
        without any real frame still has its special tokens to look at, so nothing becomes NaN.
        """
        query, key, value = self.split(x)
        seen = None
        if real is not None:
            places = (x.shape[1] - special) // frames
            seen = F.pad(real.repeat_interleave(places, 1), (special, 0), value=True)[:, None, None]
        out = F.scaled_dot_product_attention(query[:, :, :special], key, value, attn_mask=seen)
        if patches:
            # [V, h, F * N, d] -> [V * N, h, F, d] over time, [V * F, h, N, d] over space; and back
            there, back = ((0, 3, 1, 2, 4), (0, 2, 3, 1, 4)) if over == "time" else ((0, 2, 1, 3, 4),) * 2
            groups = [part[:, :, special:].unflatten(2, (frames, -1)).permute(there).flatten(0, 1)
                      for part in (query, key, value)]
            size = groups[0].shape[0] // len(x)
            front = [part[:, :, :special].repeat_interleave(size, 0) for part in (key, value)]
            key, value = (torch.cat(pair, dim=2) for pair in zip(front, groups[1:]))
            seen = None
            if real is not None and over == "time":
                seen = F.pad(real, (special, 0), value=True).repeat_interleave(size, 0)[:, None, None]
            inner = F.scaled_dot_product_attention(groups[0], key, value, attn_mask=seen)
            out = torch.cat([out, inner.unflatten(0, (len(x), -1)).permute(back).flatten(2, 3)], dim=2)
        return self.proj(out.transpose(1, 2).flatten(2))

    def split(self, x):
        """Queries, keys and values of tokens [V, S, width], each [V, heads, S, d]."""
        return self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)


class Block(nn.Module):
    """Temporal attention, spatial attention, MLP; `norm3` belongs to the temporal one."""

    def __init__(self, width, heads, hidden, activation, eps):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width, eps=eps) for _ in range(3))
        self.attn, self.timeattn = DividedAttention(width, heads), DividedAttention(width, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)})
        self.activation = activation()

    def forward(self, x, special, frames, real=None, last=False):
        """x [V, special + F * N, width] -> the same; the `last` block gives [V, special, width]."""
        moved = x + self.timeattn(self.norm3(x), special, frames, "time", real)
        kept = x[:, :special] if last else x
        x = kept + self.attn(self.norm1(moved), special, frames, "space", real, patches=not last)
        return x + self.mlp["fc2"](self.activation(self.mlp["fc1"](self.norm2(x))))


class SpaceTimeTransformer(nn.Module):
    """Videos [V, F, 3, H, W] -> [V, 1 + T, width]: outputs of CLS and of T prompts, normalised.

    image_size, patch_size in pixels; num_frames: the most frames that it has positions for. The rest is official as it
    stands, and otherwise that of the ViT it starts from: activation (gelu, quick_gelu, or a class), eps of the layer
    norms, norm_pre (a layer norm before the first block), stem (channels of a convolutional patch stem).
    """

    def __init__(self, image_size=224, patch_size=16, width=768, layers=12, heads=12, num_frames=4, mlp_ratio=4.0,
                 activation="gelu", eps=1e-6, norm_pre=False, stem=None):  # fmt: skip
        super().__init__()
        activation = {"gelu": nn.GELU, "quick_gelu": QuickGELU}.get(activation, activation)
        if width % heads:
            raise ValueError(f"heads={heads} does not divide the video tower's width {width}")
        self.image_size, self.num_frames = image_size, num_frames
        stem = ConvStem(width, patch_size, tuple(stem)) if stem else nn.Conv2d(3, width, patch_size, patch_size)
        self.patch_embed = nn.ModuleDict({"proj": stem})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (image_size // patch_size) ** 2, width))
        self.temporal_embed = nn.Parameter(torch.zeros(1, num_frames, width))
        self.norm_pre = nn.LayerNorm(width) if norm_pre else nn.Identity()
        hidden = round(width * mlp_ratio)
        self.blocks = nn.ModuleList([Block(width, heads, hidden, activation, eps) for _ in range(layers)])
        self.norm = nn.LayerNorm(width, eps=eps)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        for embedding in (self.cls_token, self.pos_embed):
            nn.init.trunc_normal_(embedding, std=0.02)

    def add_prompts(self, count):
        """Give the tower `count` prompt tokens, `vpt_embedding` [count, width], drawn from N(0, 1 / width)."""
        width = self.cls_token.shape[-1]
        self.vpt_embedding = nn.Parameter(torch.randn(count, width) * width**-0.5)

    def start_time(self, how):
        """The start of the temporal attention: it adds nothing at first.

        released: all of qkv 0 and proj 1, as the official `time_init="zeros"` (queries and keys then never get a
        gradient, and all values stay equal: attention over time remains a plain mean). copied: qkv of the spatial
        attention, proj 0 (as TimeSformer starts). random: as any linear layer.
        """
        if how not in TIME_STARTS:
            raise ValueError(f"time_start={how!r} is none of {', '.join(TIME_STARTS)}")
        with torch.no_grad():
            for block in self.blocks if how != "random" else ():
                time = block.timeattn
                time.proj.weight.fill_(1 if how == "released" else 0)
                time.proj.bias.zero_()
                if how == "copied":
                    block.norm3.load_state_dict(block.norm1.state_dict())
                    time.qkv.load_state_dict(block.attn.qkv.state_dict())
                else:
                    block.norm3.reset_parameters()
                    time.qkv.weight.zero_()
                    time.qkv.bias.zero_()

    def fit_frames(self, num_frames):
        """Positions for `num_frames` frames: the first ones, or filled up with zeros, as the official loader does."""
        old = self.temporal_embed.detach()
        new = F.pad(old, (0, 0, 0, max(0, num_frames - old.shape[1])))[:, :num_frames]
        self.temporal_embed = nn.Parameter(new.clone())
        self.num_frames = num_frames

    def tokens(self, video, prompts=True):
        """The first block's input [V, special + F * N, width], and how many special tokens (CLS, prompts) begin it."""
        frames = video.shape[1]
        patches = self.patch_embed["proj"](video.flatten(0, 1)).flatten(2).transpose(1, 2)
        if patches.shape[1] + 1 != self.pos_embed.shape[1]:
            raise ValueError(f"pictures of {video.shape[-2]} x {video.shape[-1]} pixels give {patches.shape[1]} "
                             f"patches, the tower has positions for {self.pos_embed.shape[1] - 1}; scale them to "
                             f"{self.image_size}")
        patches = patches.unflatten(0, (-1, frames)) + self.pos_embed[:, None, 1:].to(patches.dtype)
        patches = (patches + self.temporal_embed[:, :frames, None].to(patches.dtype)).flatten(1, 2)
        cls = (self.cls_token + self.pos_embed[:, :1]).to(patches.dtype).expand(len(patches), -1, -1)
        x = self.norm_pre(torch.cat([cls, patches], dim=1))
        prompt = getattr(self, "vpt_embedding", None) if prompts else None
        if prompt is None:
            return x, 1
        prompt = prompt.reshape(-1, x.shape[-1]).to(x.dtype).expand(len(x), -1, -1)
        return torch.cat([x[:, :1], prompt, x[:, 1:]], dim=1), 1 + prompt.shape[1]

    def special_attention(self, video):
        """What CLS and the prompts look at in the last block's spatial attention: weights [V, heads, special, tokens],
        and how many special tokens come first."""
        x, special = self.tokens(video)
        *blocks, last = self.blocks
        for block in blocks:
            x = block(x, special, video.shape[1])
        x = x + last.timeattn(last.norm3(x), special, video.shape[1], "time")
        query, key, _ = last.attn.split(last.norm1(x))
        return (query[:, :, :special] @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(-1), special

    def forward(self, video, real=None, prompts=True):
        """real [V, F] bool: frames that are there (None = all); prompts: whether the tower's own prompts take part."""
        if real is not None and bool(real.all()):
            real = None
        x, special = self.tokens(video, prompts)
        for block in self.blocks:
            x = block(x, special, video.shape[1], real, last=block is self.blocks[-1])
        return self.norm(x)


def inflate(visual, num_frames):
    """A SpaceTimeTransformer with the weights of an open_clip ViT; with one frame it gives what the ViT gives, and what
    is temporal starts as "copied". ValueError where `visual` is no plain ViT."""
    require_vit(visual, "the towers that Frozen starts from")
    blocks = visual.transformer.resblocks
    width, hidden = visual.class_embedding.shape[-1], blocks[0].mlp.c_fc.out_features
    patches = visual.positional_embedding.shape[0] - 1
    size = visual.image_size[0] if isinstance(visual.image_size, tuple) else visual.image_size
    tower = SpaceTimeTransformer(size, size // round(patches**0.5), width, len(blocks), blocks[0].attn.num_heads,
                                 num_frames, hidden / width, type(blocks[0].mlp.gelu), visual.ln_post.eps)
    tower.patch_embed["proj"], tower.norm_pre = visual.conv1, visual.ln_pre
    state = {"cls_token": visual.class_embedding[None, None], "pos_embed": visual.positional_embedding[None]}
    names = {"ln_1": "norm1", "ln_2": "norm2", "attn.in_proj_": "attn.qkv.", "attn.out_proj": "attn.proj",
             "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}  # fmt: skip
    for i, block in enumerate(blocks):
        for key, value in block.state_dict().items():
            theirs = next((name for name in names if key.startswith(name)), None)
            if theirs is None:
                raise ValueError(f"Frozen cannot start from this ViT: its blocks have {key!r}")
            state[f"blocks.{i}.{names[theirs]}{key.removeprefix(theirs)}"] = value
    state |= {f"norm.{key}": value for key, value in visual.ln_post.state_dict().items()}
    unexpected = tower.load_state_dict(state, strict=False).unexpected_keys
    if unexpected:
        raise ValueError(f"Frozen cannot start from this ViT: nothing takes {', '.join(unexpected)}")
    tower.start_time("copied")
    return tower
