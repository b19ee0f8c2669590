"""Token shift (TS2-Net, Liu et al., ECCV 2022; github.com/yuqi657/ts2_net): patches move between neighbouring frames.

In front of the attention of some blocks, every `fold`-th patch of a frame becomes that of the frame before and every
`fold`-th other one that of the frame behind. Only what attention reads is shifted, not the residual stream; CLS and
visual prompts never are. `add_shift` wraps the attention of blocks (parameters are then called `attn.net.*`, as
released); `frames_in_order` says which pictures of a batch are consecutive frames. Outside of it nothing moves.
"""

from contextlib import contextmanager

import torch
from torch import nn

from posrank.towers.image import require_vit

DIVISIONS = 7
"""A frame's tokens (CLS and patches) divided by this are `fold`, the distance between shifted patches."""
RELEASED_BLOCKS = (10, 11)
"""The blocks that the released code shifts, whatever the depth of the tower."""


def shift_tokens(x, before, behind, tokens):
    """Pictures' tokens [n, S, width] -> the same with shifted patches.

    before, behind: the picture in front of and behind each one in its video [n], itself where there is none. tokens:
    how many of the S are CLS and patches; what follows (prompts) stays. Patches 1, 1 + fold, ... come from the frame
    before, 4, 4 + fold, ... from the one behind (fold = tokens // 7, at least 1). Where both sets meet (a fold of 1 or
    3) the frame behind wins, except in the last frame, which has none: the released code writes those patches last.

    >>> frames = torch.arange(3.0).view(3, 1, 1).expand(3, 8, 1)       # CLS and 7 patches, fold 1: all move
    >>> shift_tokens(frames, torch.tensor([0, 0, 1]), torch.tensor([1, 2, 2]), 8)[:, [0, 1, 4], 0]
    tensor([[0., 0., 1.],
            [1., 0., 2.],
            [2., 1., 1.]])
    """
    fold = max(1, tokens // DIVISIONS)
    out = x.clone()
    out[:, 1:tokens:fold] = x[before, 1:tokens:fold]
    has_behind = behind != torch.arange(len(x), device=x.device)
    out[:, 4:tokens:fold] = torch.where(has_behind[:, None, None], x[behind, 4:tokens:fold], out[:, 4:tokens:fold])
    return out


class ShiftedAttention(nn.Module):
    """A block's attention that reads shifted tokens. `net` is the attention, `tokens` the number of CLS and patches."""

    def __init__(self, net, tokens):
        super().__init__()
        self.net, self.tokens = net, tokens
        self.neighbours = None  # set by `frames_in_order`

    def forward(self, query, key, value, **options):
        if self.neighbours is None:
            return self.net(query, key, value, **options)
        before, behind = self.neighbours
        if len(query) != len(before):
            raise ValueError(f"{len(query)} pictures, but `frames_in_order` was told of {len(before)} frames")
        x = shift_tokens(query, before, behind, self.tokens)
        return self.net(x, x, x, **options)


def shifted_blocks(visual, as_released=False):
    """Numbers of the blocks that are shifted by default: the last two; as_released: those of 10 and 11 that the tower
    has (the last two of a tower that has neither, where the released code shifts nothing)."""
    layers = len(visual.transformer.resblocks)
    released = tuple(number for number in RELEASED_BLOCKS if number < layers)
    return released if as_released and released else tuple(range(max(0, layers - 2), layers))


def add_shift(visual, blocks):
    """Shift tokens in front of the attention of these blocks. ValueError where the tower has none such."""
    require_vit(visual, "shifted tokens")
    layers = len(visual.transformer.resblocks)
    wrong = [number for number in blocks if not isinstance(number, int) or not 0 <= number < layers]
    if wrong:
        raise ValueError(f"shift_blocks: no block {wrong[0]!r} in an image tower of {layers}; they count from 0")
    for number in sorted(set(blocks)):
        block = visual.transformer.resblocks[number]
        if not getattr(block.attn, "batch_first", False):
            raise ValueError(f"token shift needs plain attention with the batch first, and block {number} has another")
        block.attn = ShiftedAttention(block.attn, visual.positional_embedding.shape[0])


def neighbours(real):
    """Which frames are there, [V, F] bool -> `before`, `behind` [n]: the numbers of the real frames in front of and
    behind each of the n real frames in its video, itself where there is none.

    >>> [x.tolist() for x in neighbours(torch.tensor([[True, True], [True, False]]))]
    [[0, 0, 2], [1, 1, 2]]
    """
    video = real.nonzero()[:, 0]
    place = torch.arange(len(video), device=video.device)
    same = video[1:] == video[:-1]
    before, behind = place.clone(), place.clone()
    before[1:] -= same.long()
    behind[:-1] += same.long()
    return before, behind


@contextmanager
def frames_in_order(visual, real):
    """Within this context the pictures given to `visual` are the real frames of videos [V, F], video by video."""
    shifted = [module for module in visual.modules() if isinstance(module, ShiftedAttention)]
    found = neighbours(real) if shifted else None
    for module in shifted:
        module.neighbours = found
    try:
        yield
    finally:
        for module in shifted:
            module.neighbours = None
