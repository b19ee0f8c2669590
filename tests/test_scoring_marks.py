"""Marks of the report tables: chance, the row above, seeds, Holm."""

import numpy as np
import pandas as pd
import pytest

from posrank.figures.significance import seed_mean
from posrank.scoring.marks import compare, mark_rows


def ranks(mean, part="noun", seed=0, n=300, k=20):
    rng = np.random.default_rng(seed)
    values = np.clip(rng.normal(mean, 0.2, n), 0.02, 1)
    return pd.DataFrame(
        {
            "run": "r",
            "caption_id": [f"c{i}" for i in range(n)],
            "video_id": [f"v{i // 2}" for i in range(n)],
            "part": part,
            "negatives": k,
            "reciprocal_rank": values,
        }
    )


def test_chance_is_recognised_and_a_real_gain_too():
    table = mark_rows({"blind": ranks(0.1736, seed=1), "good": ranks(0.5, seed=2), "twin": ranks(0.5, seed=3)}, b=500)
    assert table["above_chance"].tolist() == ["no", "yes", "yes"]
    assert table["from_previous"].tolist()[1:] == ["above", "same"] and pd.isna(table["from_previous"][0])
    assert (table["low"] < table["posrank"]).all() and (table["posrank"] < table["high"]).all()


def test_below_chance_is_said():
    assert mark_rows({"odd": ranks(0.08, n=600)}, b=500)["above_chance"].tolist() == ["below"]


def test_seeds_widen_the_interval_and_can_take_a_difference_away():
    base = [ranks(0.4, seed=s) for s in (1, 2, 3)]
    moved = [
        table.assign(reciprocal_rank=(table["reciprocal_rank"] + gap).clip(0, 1))
        for table, gap in zip(base, (-0.2, 0.0, 0.26))
    ]
    one = mark_rows({"a": base[2], "b": moved[2]}, b=500)
    three = mark_rows({"a": base, "b": moved}, b=500)
    assert one["from_previous"][1] == "above" and three["from_previous"][1] == "same"
    assert three["seeds"].tolist() == [3, 3] and three["captions"].tolist() == [300, 300]


def test_holm_over_the_parts():
    parts = ("noun", "verb", "adj", "adv", "prep")
    weak = pd.concat([ranks(0.1736 + 0.03, part, seed=n + 5, n=200) for n, part in enumerate(parts)])
    single = [mark_rows({"x": weak[weak["part"] == part]}, b=1000)["p_chance"][0] for part in parts]
    corrected = mark_rows({"x": weak}, b=1000)["p_chance"]
    assert (corrected.to_numpy() >= np.array(single) - 1e-12).all() and corrected.sum() > sum(single)


def test_lists_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        mark_rows({"a": ranks(0.4), "b": ranks(0.4, k=10)}, b=100)
    with pytest.raises(ValueError, match="no ranks"):
        mark_rows({"a": ranks(0.4)[:0]})


def test_the_mean_of_seeds_keeps_the_groups_of_rule_exchange_and_with_them_the_intervals():
    """Ranks of one group depend on each other: an interval by video would be too narrow."""
    rng = np.random.default_rng(0)
    each = rng.uniform(0.2, 1, 20).repeat(4)  # 20 groups of 4 videos, equal within
    made = ranks(0.5, n=80).assign(video_id=[f"v{i}" for i in range(80)], group=[f"g{i // 4}" for i in range(80)])
    runs = [made.assign(reciprocal_rank=each - moved, better=0, equal=0) for moved in (0.0, 0.1)]
    mean = seed_mean(runs)
    assert mean["group"].tolist() == made["group"].tolist() and mean["reciprocal_rank"].tolist() == (each - 0.05).tolist()
    other = made.assign(reciprocal_rank=0.4, better=0, equal=0)
    by_group = compare(mean.assign(run="a"), other, b=500)
    by_video = compare(mean.drop(columns="group").assign(run="a"), other.drop(columns="group"), b=500)
    width = [(table["high"] - table["low"])[0] for table in (by_group, by_video)]
    assert width[0] > 1.6 * width[1]


def test_the_mean_of_seeds_of_other_rules_has_no_group():
    runs = [ranks(0.5, seed=s).assign(better=0, equal=0) for s in (1, 2)]
    mean = seed_mean(runs)
    assert "group" not in mean and np.allclose(mean["reciprocal_rank"], (runs[0]["reciprocal_rank"] + runs[1]["reciprocal_rank"]) / 2)
    assert set(mean) >= {"caption_id", "video_id", "part", "negatives", "better", "equal"}
