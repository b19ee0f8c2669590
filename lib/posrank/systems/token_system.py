"""What TS2-Net and UCoFiA share: an image tower with token shift, and CLS, prompts and selected patches of every frame.

Visual prompts attend and are attended like CLS; they are never shifted (`fold` counts CLS and patches alone) nor
selected. The branch `fine` reads the mean of the prompts' outputs where `coarse` reads CLS, and released_test is the
same; but as_released takes the first patch for the prompt's output, as the prompted X-CLIP of the paper's authors does.
"""

import torch

from posrank.systems.base import System, unpack
from posrank.systems.inputs import check_video
from posrank.systems.token_selection import ScorePredictor, TokenSelector, check_indicator
from posrank.towers.image import encode_image
from posrank.towers.shift import add_shift, frames_in_order, shifted_blocks


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
        self.width = visual.positional_embedding.shape[1] if visual.proj is None else visual.proj.shape[1]
        noise = as_released if evaluation_noise is None else evaluation_noise
        self.visual_token_selector = TokenSelector(self.width, always_noise=noise, predictor=self.predictor)
        self.fill = as_released  # videos are filled up to num_frames, as the official loaders do
        self.settings |= dict(shift_blocks=list(blocks), evaluation_noise=noise)

    def encode_branches(self, video, video_mask=None, branches=("coarse", "fine"), topk_indicator=None):
        """Several branches from one pass through the image tower -> {branch: VideoFeatures}. topk_indicator: the
        selection itself, [V * F, 3, patches] or [V, F, 3, patches], rows that sum to 1 (None = chosen by the scores);
        in training the scores' gradient is that of a drawn selection all the same."""
        for branch in branches:
            self._check_branch(branch)
        video, mask = check_video(video, video_mask, self.num_frames, fill=self.fill)
        video = video.to(self.image_mean.dtype)
        real = torch.ones_like(mask) if self.as_released else mask
        with frames_in_order(self.clip.visual, real):
            tokens = encode_image(self.clip.visual, video.flatten(0, 1) if bool(real.all()) else video[real])
        selector = self.visual_token_selector
        if topk_indicator is not None:
            topk_indicator = check_indicator(topk_indicator, real, selector.selected, tokens.patches.shape[1])
        chosen = selector(torch.cat([tokens.cls[:, None], tokens.patches], dim=1), real, topk_indicator)
        cls, chosen = (unpack(x, real) for x in (tokens.cls, chosen.flatten(1)))
        chosen = chosen.unflatten(-1, (selector.selected, -1))
        heads = {"coarse": cls}
        if any(branch != "coarse" for branch in branches):
            prompt = tokens.patches[:, 0] if self.as_released else tokens.prompts.mean(1)
            heads["fine"] = heads["released_test"] = unpack(prompt, real)
        return {branch: self._group_features(heads[branch], cls, chosen, mask, branch) for branch in branches}


def grouped(head, chosen):
    """[V, F, D] and [V, F, k, D] -> [V, F * (1 + k), D], frame after frame."""
    return torch.cat([head[:, :, None], chosen], dim=2).flatten(1, 2)
