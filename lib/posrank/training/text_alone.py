"""Training on text alone: another caption of the same video stands in the video's place.

What such a run gains over coarse training, sentences have taught. The text tower alone is trained: the similarity is
the cosine of two sentence vectors times the system's temperature, which stays as it is, so nothing else has a gradient.
"""

import torch
import torch.nn.functional as F

from posrank.systems.frozen import TEMPERATURE


class TextAlone:
    """Scores of texts with texts, in the place of a system's scores of texts with videos."""

    def __init__(self, system):
        clip = getattr(system, "clip", None)
        self._scale = 1 / TEMPERATURE if clip is None else clip.logit_scale.exp().detach()

    def score(self, texts, anchors):
        """All pairs: TextFeatures of T texts and A anchors -> [T, A]."""
        return self._scale * F.normalize(texts.sentence, dim=-1) @ F.normalize(anchors.sentence, dim=-1).T

    def score_aligned(self, texts, anchors, index):
        """The i-th text with anchor index[i]: [n]."""
        texts, anchors = F.normalize(texts.sentence, dim=-1), F.normalize(anchors.sentence, dim=-1)
        return self._scale * torch.linalg.vecdot(texts, anchors[index])
