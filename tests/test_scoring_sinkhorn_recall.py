"""Recall with Sinkhorn-Knopp biases (module sinkhorn_recall) against the system's levels and their biases."""

import numpy as np
import pandas as pd
import pytest
import torch
from support_systems import small_clip

from posrank import systems
from posrank.scoring import recall, scorers
from posrank.scoring.sinkhorn_recall import sinkhorn_recall
from posrank.systems import sinkhorn
from posrank.towers.backbone import Backbone
from posrank.towers.tokenizer import WordTokenizer

WORDS = ["a", "red", "blue", "ball", "box", "dog", "runs", "slowly", "fast", "beside", "behind"]


def backbone():
    words = WordTokenizer(WORDS)
    return Backbone(small_clip(vocabulary=words.vocab_size, image_size=32), words)


def table(prefix, videos, seed):
    rng = np.random.default_rng(seed)
    rows = [(f"{prefix}{v}", " ".join(rng.choice(WORDS, 5))) for v in range(videos) for _ in range(2)]
    return pd.DataFrame(rows, columns=["video_id", "caption"])


@pytest.fixture(scope="module")
def scorer():
    rng = np.random.default_rng(0)
    frames = {
        f"{p}{v}": rng.integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
        for p, n in (("e", 4), ("t", 6))
        for v in range(n)
    }
    system = systems.build("ucofia", backbone=backbone(), num_frames=2, max_words=12).eval()
    return scorers.SystemScorer(system, frames, text_batch=3, video_batch=2)


@torch.no_grad()
def test_each_direction_has_its_own_bias(scorer):
    test, training = table("e", 4, 1), table("t", 6, 2)
    videos, known = list(dict.fromkeys(test["video_id"])), list(dict.fromkeys(training["video_id"]))
    system = scorer.system
    text = system.encode_text(system.tokenize(test["caption"].tolist()))
    texts = system.encode_text(system.tokenize(training["caption"].tolist()))
    shown, others = scorer.video_features(videos), scorer.video_features(known)
    own = [videos.index(v) for v in test["video_id"]]
    found = sinkhorn_recall(scorer, test, training, progress=False)
    plain = system.levels(text, shown)
    t2v = sum(plain[name] + sinkhorn(logits).log_b for name, logits in system.levels(texts, shown).items())
    v2t = sum(plain[name] + sinkhorn(logits.T).log_b[:, None] for name, logits in system.levels(text, others).items())
    assert found["t2v"] == recall(t2v / 3, own)["t2v"] and found["v2t"] == recall(v2t / 3, own)["v2t"]
    levels = scorer.all_pairs(test["caption"].tolist(), videos, scorer.system.levels)
    for name, scores in system.levels(text, shown).items():
        np.testing.assert_allclose(levels[name], scores.detach().numpy(), atol=1e-4)


def test_what_cannot_be_normalised_says_so(scorer):
    test, training = table("e", 4, 1), table("t", 6, 2)
    with pytest.raises(ValueError, match="training captions"):
        sinkhorn_recall(scorer, test, training[:0], progress=False)
    with pytest.raises(ValueError, match="'e0'"):
        sinkhorn_recall(scorer, test, test, progress=False)
    other = scorers.SystemScorer(systems.build("clip", backbone=backbone(), num_frames=2, max_words=12), scorer.frames)
    with pytest.raises(ValueError, match="clip has no levels"):
        sinkhorn_recall(other, test, training, progress=False)
