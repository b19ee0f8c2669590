"""Token selection (TS2-Net, ECCV 2022; UCoFiA takes it over): a small network chooses patches of each frame.

A patch is scored from its own feature and its frame's CLS; the three best stand beside CLS for the frame. Training
draws the choice with noise, for a gradient (perturbed_topk.py). Parameter names are those of the official code.
"""

import torch
from torch import nn

from posrank.systems.perturbed_topk import perturbed_top_k, top_k

SELECTED = 3
"""Patches that stand beside CLS."""
START = 0.02
"""Standard deviation of the linear weights at the start, as in the CLIP4Clip family."""


class ScorePredictor(nn.Module):
    """Tokens [n, 1 + P, D] (CLS first) -> scores of the patches [n, P] in (-1, 1)."""

    def __init__(self, width):
        super().__init__()
        half = width // 2
        self.in_conv = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, half, bias=False), nn.GELU())
        self.out_conv = nn.Sequential(nn.Linear(2 * half, half, bias=False), nn.GELU(), nn.Linear(half, 1, bias=False),
                                      nn.Tanh())

    def forward(self, tokens, real):
        hidden = self.in_conv(tokens)
        hidden = torch.cat([hidden, hidden[:, :1].expand_as(hidden)], dim=-1)
        return self.out_conv(hidden)[:, 1:, 0]


class VideoScorePredictor(ScorePredictor):
    """The predictor of UCoFiA's `eval_t2v` copy: twice as wide, it joins CLS before the first layer, and before the
    second the sum of the hidden CLS of all frames of the video. real [V, F]: which frames the n rows are."""

    def __init__(self, width):
        super().__init__(2 * width)

    def forward(self, tokens, real):
        hidden = self.in_conv(torch.cat([tokens, tokens[:, :1].expand_as(tokens)], dim=-1))
        video = real.nonzero()[:, 0]
        total = hidden.new_zeros(len(real), hidden.shape[-1]).index_add(0, video, hidden[:, 0])
        hidden = torch.cat([hidden, total[video][:, None].expand_as(hidden)], dim=-1)
        return self.out_conv(hidden)[:, 1:, 0]


class TokenSelector(nn.Module):
    """Chooses `selected` patches of each frame. always_noise: draw with noise in evaluation too, and on the CPU, as the
    official code does; else noise belongs to training, and evaluation takes the best."""

    def __init__(self, width, selected=SELECTED, always_noise=False, predictor=ScorePredictor):
        super().__init__()
        self.selected, self.always_noise = selected, always_noise
        self.score_predictor = predictor(width)
        for module in self.score_predictor.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=START)

    def indicator(self, scores, given=None):
        """Scores [n, P] -> [n, selected, P], rows that sum to 1. given: the indicator to use in the place of a drawn
        one; the scores' gradient then is still the drawn one's."""
        scores = scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores
        noisy = self.training or self.always_noise
        if given is None and not noisy:
            return top_k(scores, self.selected)
        if given is not None and not (noisy and scores.requires_grad):
            return given.to(scores)
        drawn = perturbed_top_k(scores, self.selected, device=torch.device("cpu") if self.always_noise else None)
        return drawn if given is None else given.to(scores) + drawn - drawn.detach()

    def forward(self, tokens, real, given=None):
        """CLS and patches of the real frames [n, 1 + P, D], real [V, F] with n True, given [n, selected, P] or None ->
        mixtures of patches [n, selected, D]."""
        patches = tokens[:, 1:]
        if patches.shape[1] < self.selected:
            raise ValueError(f"{self.selected} patches are selected, but pictures have {patches.shape[1]}; use smaller "
                             "patches")
        chosen = self.indicator(self.score_predictor(tokens, real), given)
        return chosen.to(tokens.dtype) @ patches


def check_indicator(topk_indicator, real, selected, patches):
    """An injected indicator [V * F, selected, P] or [V, F, selected, P] and real [V, F] -> its rows of the n real
    frames [n, selected, P]. ValueError where the shape is another."""
    shape = (*real.shape, selected, patches)
    if topk_indicator.shape not in (shape, (real.numel(), selected, patches)):
        raise ValueError(f"topk_indicator must be [V * F, k, P] = {(real.numel(), selected, patches)} or [V, F, k, P] "
                         f"= {shape}, not {tuple(topk_indicator.shape)}")
    return topk_indicator.reshape(shape)[real.to(topk_indicator.device)]
