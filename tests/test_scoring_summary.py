"""Metrics of a run from its ranks: by hand, beside blind rows, as JSON; two runs against each other."""

import json

import numpy as np
import pandas as pd
import pytest

from posrank.scoring import chance, compare, summarize, write_metrics, zero_line
from posrank.scoring.ranks import reciprocal_from_counts
from posrank.scoring.summary import clusters, plain, with_groups


def ranks_table(run, better, equal=None, negatives=4, parts=("noun", "prep"), per_video=2):
    """One row per (caption, part); ``better`` is one number or one per row."""
    n = len(better) if np.ndim(better) else 40
    part = np.array(parts)[np.arange(n) % len(parts)]
    caption = np.arange(n) // len(parts)
    better = np.broadcast_to(better, n)
    equal = np.zeros(n, int) if equal is None else np.broadcast_to(equal, n)
    return pd.DataFrame({
        "run": run, "caption_id": [f"c{i}" for i in caption], "video_id": [f"v{i // per_video}" for i in caption],
        "part": part, "better": better, "equal": equal, "negatives": negatives,
        "reciprocal_rank": reciprocal_from_counts(better, equal),
    })


def test_entries_by_hand():
    ranks = ranks_table("r", [0, 1, 0, 3, 1, 0, 0, 4], equal=[1, 0, 0, 0, 0, 0, 0, 0])
    metrics = summarize(ranks, b=500)
    noun = metrics["posrank"]["noun"]
    assert noun["posrank"] == pytest.approx((0.75 + 1 + 0.5 + 1) / 4)
    assert noun["optimistic"] == pytest.approx(3.5 / 4) and noun["pessimistic"] == pytest.approx(3 / 4)
    assert noun["tied"] == 0.25 and noun["captions"] == 4 and noun["videos"] == 2 and noun["list_length"] == 5
    assert noun["chance"] == pytest.approx(chance([5]), abs=1e-6)
    assert noun["adjusted"] == pytest.approx((noun["posrank"] - chance([5])) / (1 - chance([5])), abs=1e-5)
    assert noun["low"] <= noun["posrank"] <= noun["high"]
    mean = metrics["posrank"]["mean"]
    assert mean["posrank"] == pytest.approx((noun["posrank"] + metrics["posrank"]["prep"]["posrank"]) / 2)
    assert mean["low"] <= mean["posrank"] <= mean["high"] and mean["captions"] == 4
    assert "adj" not in metrics["posrank"] and metrics["run"] == "r"


def test_vision_gain_is_measured_against_the_best_blind_row():
    ranks = ranks_table("r", np.tile([0, 1], 20))
    blind = {"unigram": ranks_table("u", 3), "bigram": ranks_table("b", np.tile([2, 0], 20))}
    metrics = summarize(ranks, blind=blind, shuffled=ranks_table("s", 4), b=300)
    assert metrics["blind"]["bigram"] == {"mean": pytest.approx(2 / 3, abs=1e-6), "noun": 0.333333, "prep": 1.0}
    noun = metrics["vision_gain"]["noun"]
    assert noun.pop("best_blind") == "bigram" and {noun[key] for key in ("value", "low", "high")} == {0.666667}
    expected = chance([5])
    assert noun["best_posrank"] == 0.333333 and noun["adjusted"] == pytest.approx(2 / 3 / (1 - expected), abs=1e-5)
    assert noun["best_adjusted"] == pytest.approx((1 / 3 - expected) / (1 - expected), abs=1e-5)
    assert metrics["vision_gain"]["prep"]["value"] == -0.5
    assert metrics["vision_gain"]["mean"]["value"] == pytest.approx(0.75 - 2 / 3, abs=1e-6)
    assert metrics["zero_line"] == {"mean": 0.2, "noun": 0.2, "prep": 0.2} == metrics["blind"]["shuffled video"]
    assert zero_line(ranks_table("s", 4)) == metrics["zero_line"]
    assert summarize(ranks, shuffled=ranks_table("s", 4), b=50)["vision_gain"]["noun"]["best_blind"] == "shuffled video"


def test_metrics_are_json_with_sorted_keys_and_six_digits(tmp_path):
    metrics = summarize(
        ranks_table("r", np.tile([0, 1, 2], 14)[:40]),
        recall={"t2v": {"R@1": np.float64(100 / 3)}}, b=99, strategy="word",
    )
    assert metrics["recall"]["t2v"]["R@1"] == 33.333333 and metrics["strategy"] == "word"
    path = write_metrics(metrics, tmp_path / "metrics" / "r.json")
    text = path.read_text()
    assert json.loads(text) == metrics
    assert text == json.dumps(metrics, indent=1, sort_keys=True) + "\n"
    assert list(metrics) == sorted(metrics) and list(metrics["posrank"]["noun"]) == sorted(metrics["posrank"]["noun"])
    assert plain(-1e-9) == 0 and plain(float("inf")) is None


def test_same_ranks_same_metrics_whatever_the_order_of_rows():
    ranks = ranks_table("r", np.random.default_rng(0).integers(0, 5, 80))
    assert summarize(ranks, b=200) == summarize(ranks.sample(frac=1, random_state=1), b=200)


def test_one_video_has_no_interval():
    ranks = ranks_table("r", [0, 1, 2, 3], per_video=9)
    metrics = summarize(ranks, shuffled=ranks.assign(run="s"), b=50)
    assert metrics["posrank"]["noun"]["low"] is None and metrics["posrank"]["mean"]["high"] is None
    noun = metrics["vision_gain"]["noun"]
    assert noun["best_blind"] == "shuffled video" and [noun[key] for key in ("value", "low", "high")] == [
        0.0,
        None,
        None,
    ]
    assert np.isnan(compare(ranks, ranks, b=50)["p_holm"]).all()


def test_a_part_from_one_video_only():
    ranks = ranks_table("r", [0, 1, 2, 3, 0, 0, 1, 1])
    ranks = ranks[(ranks["part"] == "noun") | (ranks["video_id"] == "v0")]
    metrics = summarize(ranks, b=200)
    assert metrics["posrank"]["prep"]["low"] is None and metrics["posrank"]["noun"]["low"] is not None
    assert metrics["posrank"]["mean"]["low"] is not None


@pytest.mark.parametrize("change, message", [
    (lambda r: r.iloc[:0], "empty"),
    (lambda r: r.assign(run=["a", "b"] * 20), "several runs"),
    (lambda r: pd.concat([r, r.iloc[:1]]), "row 40: run .* is already in row 0"),
    (lambda r: r.assign(negatives=0), "no negatives"),
    (lambda r: r.drop(columns="better"), "column 'better' is missing"),
])
def test_bad_ranks(change, message):
    with pytest.raises(ValueError, match=message):
        summarize(change(ranks_table("r", 1)))


def test_blind_rows_on_other_lists_are_refused():
    ranks = ranks_table("r", 1)
    for other in (ranks.iloc[:-2], ranks.assign(negatives=5), ranks.assign(caption_id="x" + ranks["caption_id"])):
        with pytest.raises(ValueError, match=r"'unigram'.*other lists"):
            summarize(ranks, blind={"unigram": other}, b=20)


def test_compare_two_runs():
    rng = np.random.default_rng(0)
    base = rng.integers(0, 5, 400)
    a = ranks_table("a", np.where(np.arange(400) % 2 == 0, np.maximum(base - 1, 0), base))  # better in nouns only
    table = compare(a, ranks_table("b", base).sample(frac=1, random_state=0), b=2000).set_index("part")
    assert list(table.index) == ["noun", "prep", "mean"]
    assert list(table.columns) == ["difference", "low", "high", "p", "p_holm", "captions"]
    assert table.loc["noun", "low"] > 0 and table.loc["noun", "p_holm"] < 0.01
    assert table.loc["noun", "p_holm"] == pytest.approx(2 * table.loc["noun", "p"])
    assert table.loc["prep", "difference"] == 0 and table.loc["prep", "p"] == 1
    assert table.loc["mean", "difference"] == pytest.approx(table.loc["noun", "difference"] / 2)
    assert 0 < table.loc["mean", "low"] < table.loc["mean", "difference"] < table.loc["mean", "high"]
    with pytest.raises(ValueError, match="share no"):
        compare(a, a.assign(caption_id="x" + a["caption_id"]))
    with pytest.raises(ValueError, match="length"):
        compare(a, a.assign(negatives=9))


def test_captions_of_a_dataset_that_brings_groups_along_are_resampled_by_video():
    ranks = pd.DataFrame({"caption_id": ["a", "b"], "video_id": ["v", "w"]})
    captions = pd.DataFrame({"caption_id": ["a", "b", "c"], "group": ["", None, "g"]})
    assert "group" not in with_groups(ranks, captions) and clusters(with_groups(ranks, captions)).tolist() == ["v", "w"]
    whole = with_groups(ranks, captions.assign(group=["g", "g", "h"]))
    assert clusters(whole).tolist() == ["g", "g"]
