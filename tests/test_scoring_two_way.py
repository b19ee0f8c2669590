"""The interval of the mean over parts of rule exchange: a video stands in groups of several parts."""

import numpy as np
import pandas as pd
import pytest

from posrank.scoring import bootstrap, compare, summarize
from posrank.scoring.bootstrap import two_way_interval

PARTS = ("noun", "verb", "adj")
TRUTH = 0.5


def shared_videos(rng, videos=160):
    """A ranks table: in each part the videos stand in pairs; a value is made of its video, its group and its own."""
    of_video, tables = rng.normal(0, 0.08, videos), []
    for part in PARTS:
        order = rng.permutation(videos)
        group = np.arange(videos) // 2
        values = TRUTH + of_video[order] + np.repeat(rng.normal(0, 0.04, videos // 2), 2) + rng.normal(0, 0.05, videos)
        tables.append(
            pd.DataFrame(
                {
                    "caption_id": [f"{part}{n}" for n in order],
                    "video_id": [f"v{n:03}" for n in order],
                    "part": part,
                    "group": [f"{part}-{g}" for g in group],
                    "reciprocal_rank": values,
                }
            )
        )
    return pd.concat(tables, ignore_index=True).assign(run="r", better=0, equal=0, negatives=1)


def test_the_interval_of_the_mean_covers_the_truth_where_parts_share_videos():
    rng, hits, apart = np.random.default_rng(1), 0, 0
    for _ in range(200):
        ranks = shared_videos(rng)
        mean = summarize(ranks, b=20)["posrank"]["mean"]
        hits += mean["low"] < TRUTH < mean["high"]
        low, high = bootstrap(ranks["reciprocal_rank"], ranks["group"], b=100, groups=ranks["part"])
        apart += low < TRUTH < high
    assert 0.92 <= hits / 200 <= 0.98
    assert apart / 200 < 0.90  # groups as if they shared no video: too narrow


def test_it_is_the_usual_interval_without_shared_videos_and_never_narrower():
    rng = np.random.default_rng(0)
    ranks = shared_videos(rng)
    ranks["video_id"] = ranks["video_id"] + ranks["part"]
    found = two_way_interval(ranks["reciprocal_rank"], ranks["part"], ranks["group"], ranks["video_id"])
    usual = bootstrap(ranks["reciprocal_rank"], ranks["group"], b=4000, groups=ranks["part"])
    assert np.subtract(*found) == pytest.approx(np.subtract(*usual), rel=0.06)
    same = two_way_interval(ranks["reciprocal_rank"], ranks["part"], ranks["group"], ranks["group"])
    assert same == pytest.approx(found)
    with pytest.raises(ValueError, match="level"):
        two_way_interval([1, 2], ["a", "b"], [1, 2], [1, 2], level=95)


def test_differences_of_two_runs_have_it_too():
    ranks = shared_videos(np.random.default_rng(0))
    other = ranks.assign(run="s", reciprocal_rank=ranks["reciprocal_rank"] - 0.1)
    mean = compare(ranks, other, b=50).set_index("part").loc["mean"]
    assert mean["low"] == pytest.approx(0.1) == mean["high"]
    shifted = other.assign(reciprocal_rank=other["reciprocal_rank"].iloc[::-1].to_numpy())
    gain = summarize(ranks, blind={"text": shifted}, b=20)["vision_gain"]["mean"]
    assert gain["low"] < gain["value"] < gain["high"] and gain["best_blind"] == "text"
