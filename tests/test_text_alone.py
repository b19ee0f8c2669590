"""Training on text alone: cosines of sentences at the system's temperature, of which nothing but the text learns."""

import math
from types import SimpleNamespace

import pytest
import torch

from posrank.systems.frozen import TEMPERATURE
from posrank.training.text_alone import TextAlone


def sentences(rows):
    return SimpleNamespace(sentence=torch.tensor(rows, requires_grad=True))


TEXTS, ANCHORS = [[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]], [[5.0, 0.0], [0.0, -1.0]]
CLIP = SimpleNamespace(logit_scale=torch.nn.Parameter(torch.tensor(2.0)))


@pytest.mark.parametrize(("clip", "scale"), [(None, 1 / TEMPERATURE), (CLIP, math.exp(2))], ids=["frozen", "clip"])
def test_scores_are_cosines_at_the_systems_temperature(clip, scale):
    scorer = TextAlone(SimpleNamespace() if clip is None else SimpleNamespace(clip=clip))
    texts, anchors = sentences(TEXTS), sentences(ANCHORS)
    half = 0.5**0.5
    torch.testing.assert_close(scorer.score(texts, anchors), scale * torch.tensor([[1.0, 0], [0, -1], [half, -half]]))
    aligned = scorer.score_aligned(texts, anchors, torch.tensor([1, 1, 0]))
    torch.testing.assert_close(aligned, scale * torch.tensor([0.0, -1, half]))
    aligned.sum().backward()
    assert texts.sentence.grad.abs().sum() > 0 and (clip is None or clip.logit_scale.grad is None)
