"""Coarse recall: parity with the originals where there are no ties, expectation over tied blocks where there are."""

import numpy as np
import pytest
import torch
from support_goldens import golden

from posrank.scoring import recall

KEYS = ["R@1", "R@5", "R@10", "mean", "MdR", "MnR"]


def same(ours, theirs, median="MedianR"):
    names = {"R@1": "R1", "R@5": "R5", "R@10": "R10", "MdR": median, "MnR": "MeanR"}
    assert list(ours) == KEYS
    for key, name in names.items():
        assert ours[key] == pytest.approx(theirs[name], rel=1e-6), key
    assert ours["mean"] == pytest.approx((ours["R@1"] + ours["R@5"] + ours["R@10"]) / 3)


def test_clip4clip_square():
    arrays, facts = golden("metrics_clip4clip")
    results = facts["results"]
    ours = recall(arrays["square/sim"], np.arange(12))
    same(ours["t2v"], results["square_t2v"])
    same(ours["v2t"], results["square_v2t"])


def test_clip4clip_several_captions():
    arrays, facts = golden("metrics_clip4clip")
    results = facts["results"]
    ours = recall(arrays["multi/sim"], np.repeat(np.arange(5), results["multi_ncap"]))
    same(ours["t2v"], results["multi_t2v"])
    same(ours["v2t"], results["multi_v2t"])


def test_frozen():
    arrays, facts = golden("metrics_frozen")
    results = facts["results"]
    ours = recall(arrays["square/sim"], np.arange(9), style="frozen")
    same(ours["t2v"], results["square_t2v"], "MedR")
    same(ours["v2t"], results["square_v2t"], "MedR")
    ours = recall(arrays["multi3/sim"], np.repeat(np.arange(4), 3), style="frozen")
    same(ours["t2v"], results["multi3_t2v"], "MedR")
    same(ours["v2t"], results["multi3_v2t"], "MedR")
    kept = arrays["multi3/mask"].ravel() == 1  # a masked caption is a row that is not there
    ours = recall(arrays["multi3/sim"][kept], np.repeat(np.arange(4), 3)[kept], style="frozen")
    same(ours["t2v"], results["multi3_masked_t2v"], "MedR")
    same(ours["v2t"], results["multi3_masked_v2t"], "MedR")


@pytest.mark.parametrize("name, style", [("metrics_clip4clip", "clip4clip"), ("metrics_frozen", "frozen")])
def test_ties_are_expectations_between_the_extremes(name, style):
    similarity = golden(name)[0]["ties/sim"]
    own = np.arange(len(similarity))
    ours, rng = recall(similarity, own, style), np.random.default_rng(0)
    draws = [recall(similarity + rng.uniform(0, 1e-6, similarity.shape), own, style) for _ in range(3000)]
    for way in ("t2v", "v2t"):
        for key in ("R@1", "R@5", "R@10", "mean", "MnR"):
            assert ours[way][key] == pytest.approx(np.mean([draw[way][key] for draw in draws]), abs=0.6), (way, key)


def test_a_constant_similarity_is_chance():
    ours = recall(np.zeros((20, 20)), np.arange(20))
    for way in ("t2v", "v2t"):
        assert [ours[way][key] for key in KEYS] == pytest.approx([5, 25, 50, 80 / 3, 10.5, 10.5])
    several = recall(np.zeros((40, 20)), np.repeat(np.arange(20), 2), style="frozen")["v2t"]
    assert several["MnR"] == pytest.approx(1 + 38 / 3)  # the first of two captions in a random order of 40
    assert several["R@1"] == pytest.approx(5)
    assert several["R@5"] == pytest.approx(100 * (1 - (35 * 34) / (40 * 39)))


def test_worked_example_by_hand():
    similarity = [[0.9, 0.8, 0.1], [0.3, 0.4, 0.2], [0.1, 0.7, 0.9], [0.5, 0.5, 0.5]]
    own = [0, 0, 1, 2]
    ours = recall(similarity, own)
    assert [ours["t2v"][key] for key in ("MnR", "MdR")] == pytest.approx([(1 + 2 + 2 + 2) / 4, 2])
    assert ours["t2v"]["R@1"] == pytest.approx(100 * (1 + 1 / 3) / 4)
    # best caption per item and video: item 0 [.9 .8 .2], item 1 [.1 .7 .9], item 2 [.5 .5 .5] -> ranks 1, 2, 2
    assert ours["v2t"]["MnR"] == pytest.approx(5 / 3)
    # all captions: video 1's .7 is behind .8; video 2's .5 behind .9
    assert recall(similarity, own, style="frozen")["v2t"]["MnR"] == pytest.approx(5 / 3)


def test_styles_differ_where_a_rival_video_has_two_better_captions():
    similarity = [[0.9, 0.8], [0.7, 0.6], [0.1, 0.5]]
    assert recall(similarity, [0, 0, 1])["v2t"]["MnR"] == 1.5
    assert recall(similarity, [0, 0, 1], style="frozen")["v2t"]["MnR"] == 2


def test_order_of_captions_and_videos_changes_nothing():
    rng = np.random.default_rng(3)
    similarity = rng.integers(0, 9, (60, 15)).astype(float)
    own = np.concatenate([np.arange(15), rng.integers(0, 15, 45)])
    rows, columns = rng.permutation(60), rng.permutation(15)
    place = np.argsort(columns)
    for style in ("clip4clip", "frozen"):
        ours = recall(similarity, own, style)
        moved = recall(similarity[rows][:, columns], place[own[rows]], style)
        for way in ("t2v", "v2t"):
            assert list(moved[way].values()) == pytest.approx(list(ours[way].values()))


def test_chunks_change_nothing(monkeypatch):
    import sys

    rng = np.random.default_rng(4)
    similarity, own = rng.normal(size=(50, 12)).round(1), rng.integers(0, 12, 50)
    whole = [recall(similarity, own, style) for style in ("clip4clip", "frozen")]
    monkeypatch.setattr(sys.modules["posrank.scoring.recall"], "CELLS", 7)
    assert whole == [recall(similarity, own, style) for style in ("clip4clip", "frozen")]


def test_a_video_without_captions_is_a_distractor_for_text_only():
    similarity = [[0.5, 0.1, 0.9], [0.1, 0.5, 0.0]]
    ours = recall(similarity, [0, 1])
    assert ours["t2v"]["MnR"] == 1.5 and ours["v2t"]["MnR"] == 1
    assert recall(similarity, [0, 1], style="frozen")["v2t"]["MnR"] == 1


def test_tensors_and_infinities():
    similarity = torch.tensor([[float("inf"), 0.0], [0.0, float("-inf")]])
    ours = recall(similarity, torch.tensor([0, 1]))
    assert ours["t2v"]["MnR"] == 1.5 and ours["v2t"]["MnR"] == 1.5


@pytest.mark.parametrize("similarity, own, style, message", [
    ([[1, np.nan]], [0], "clip4clip", "NaN for caption 0 and video 1"),
    ([1, 2], [0], "clip4clip", "captions, videos"),
    (np.zeros((0, 3)), [], "clip4clip", "non-empty"),
    ([[1, 2]], [2], "clip4clip", "caption 0 points to column 2"),
    ([[1, 2]], [-1], "clip4clip", "caption 0"),
    ([[1, 2]], [0.5], "clip4clip", "caption 0"),
    ([[1, 2]], [0, 1], "clip4clip", "one column per caption"),
    ([[1, 2]], [0], "clip", "style"),
])
def test_bad_input(similarity, own, style, message):
    with pytest.raises(ValueError, match=message):
        recall(similarity, own, style)


def test_large_input_is_quick():
    import time

    rng = np.random.default_rng(0)
    similarity, own = rng.normal(size=(20_000, 1000)).astype(np.float32), np.repeat(np.arange(1000), 20)
    start = time.process_time()
    recall(similarity, own)
    assert time.process_time() - start < 10
