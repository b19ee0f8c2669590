"""Mean-pooled CLIP: the zero-shot row, and the smallest system that can be trained with every strategy.

A video is the mean of its normalised real frames (CLIP4Clip, Luo et al. 2021, "meanP"); the score is exp(logit_scale) *
cosine. The branch `fine` reads the mean of the prompt outputs in the place of CLS (`released_test` too).
"""

import torch.nn.functional as F

from posrank.systems.base import System
from posrank.systems.features import masked_mean
from posrank.towers.text import causal_tower, context_length


class Clip(System):
    """Mean-pooled CLIP. Beyond `clip.*` it has no parameters. A text tower that is not causal (SigLIP's, a HuggingFace
    encoder) reads its padding: it always gets all of its columns, whatever max_words says."""

    name = "clip"
    reads_words = False

    def __init__(self, backbone, **shared):
        super().__init__(backbone, **shared)
        if causal_tower(self.clip)[1]:
            self.max_words = context_length(self.clip)

    def _video_side(self, video):
        return {"video": F.normalize(masked_mean(F.normalize(video.frames, dim=-1), video.mask), dim=-1)}

    def _compare(self, text, video, pairs, branch):
        return self.clip.logit_scale.exp() * pairs.dot(text["sentence"], video["video"])
