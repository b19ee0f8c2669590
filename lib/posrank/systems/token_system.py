"""What TS2-Net and UCoFiA share: an image tower with token shift, and CLS, prompts and selected patches of every frame.

Visual prompts attend and are attended like CLS; they are never shifted (`fold` counts CLS and patches alone) nor
selected. The branch `fine` reads the mean of the prompts' outputs where `coarse` reads CLS, and released_test is the
same; but as_released takes the first patch for the prompt's output, as the prompted X-CLIP of the paper's authors does.
"""

import torch

from posrank.systems.base import System
from posrank.systems.features import unpack
from posrank.systems.token_selection import ScorePredictor, TokenSelector, check_indicator
from posrank.towers.shift import add_shift, shifted_blocks


class TokenSystem(System):
    """A system on shifted and selected tokens. Subclasses have `_group_features`: what stands for each frame, [V, F, D]
    (CLS or prompt), CLS, selected patches [V, F, k, D], mask and branch -> `VideoFeatures`.

    shift_blocks: numbers of the image tower's blocks with token shift (None = the last two; as_released: 10 and 11,
    those that the tower has). evaluation_noise: draw the selection with noise in evaluation too (None = as_released).
    """

    predictor = ScorePredictor

    def __init__(self, backbone, *, as_released=False, shift_blocks=None, evaluation_noise=None, **shared):
        super().__init__(backbone, as_released=as_released, **shared)
        visual = self.clip.visual
        if shift_blocks is not None and not isinstance(shift_blocks, (list, tuple)):
            raise ValueError(f"shift_blocks must be a list of block numbers, not {shift_blocks!r:.100}")
        blocks = shifted_blocks(visual, as_released) if shift_blocks is None else tuple(shift_blocks)
        add_shift(visual, blocks)
        noise = as_released if evaluation_noise is None else evaluation_noise
        self.visual_token_selector = TokenSelector(self.width, always_noise=noise, predictor=self.predictor)
        self.settings |= dict(shift_blocks=list(blocks), evaluation_noise=noise)

    def _encode_branches(self, video, mask, branches, topk_indicator):
        real = self._frames_run(mask)
        heads, tokens = self._encode_frames(video, real, branches, patches=True)
        selector = self.visual_token_selector
        if topk_indicator is not None:
            topk_indicator = check_indicator(topk_indicator, real, selector.selected, tokens.patches.shape[1])
        chosen = selector(torch.cat([tokens.cls[:, None], tokens.patches], dim=1), real, topk_indicator)
        chosen = unpack(chosen.flatten(1), real).unflatten(-1, (selector.selected, -1))
        return {b: self._group_features(heads[b], heads["coarse"], chosen, mask, b) for b in branches}


def grouped(head, chosen):
    """[V, F, D] and [V, F, k, D] -> [V, F * (1 + k), D], frame after frame."""
    return torch.cat([head[:, :, None], chosen], dim=2).flatten(1, 2)
