"""Marks of the report tables: chance, the row above, seeds, Holm."""

import numpy as np
import pandas as pd
import pytest

from posrank.scoring.marks import mark_rows


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
