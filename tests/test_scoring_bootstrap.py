"""Clustered bootstrap, paired differences, Holm."""

import time

import numpy as np
import pandas as pd
import pytest

from posrank.scoring import bootstrap, holm, mean_replicates, paired


def test_interval_against_theory():
    rng = np.random.default_rng(0)
    values, clusters = rng.normal(0.4, 0.1, 2000), np.arange(2000)
    low, high = bootstrap(values, clusters)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - half, abs=3e-4)
    assert high == pytest.approx(values.mean() + half, abs=3e-4)


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(0.4, 0.1, 100), 20)  # the captions of a video agree completely
    clustered = np.subtract(*bootstrap(values, np.repeat(np.arange(100), 20))[::-1])
    alone = np.subtract(*bootstrap(values, np.arange(2000))[::-1])
    assert clustered == pytest.approx(alone * np.sqrt(20), rel=0.08)


def test_captions_weigh_the_same_in_clusters_of_different_size():
    means = mean_replicates([1, 1, 1, 0], ["a", "a", "a", "b"], b=4000)
    assert set(means.round(6)) == {0, 0.75, 1}  # bb, ab, aa
    assert (means == 0.75).mean() == pytest.approx(0.5, abs=0.03)


def test_coverage_of_the_interval():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        values = np.repeat(rng.normal(size=60), 3) + rng.normal(size=180)
        low, high = bootstrap(values, np.repeat(np.arange(60), 3), b=400, seed=trial)
        hits += low < 0 < high
    assert 0.89 <= hits / 200 <= 0.985


def test_same_seed_same_interval_whatever_the_order_and_labels():
    rng = np.random.default_rng(1)
    values, clusters = rng.random(500), rng.integers(0, 70, 500)
    order = rng.permutation(500)
    assert bootstrap(values, clusters) == bootstrap(values[order], clusters[order])
    assert bootstrap(values, clusters) == bootstrap(values, [f"video{c:03}" for c in clusters])
    assert bootstrap(values, clusters) == bootstrap(pd.Series(values), pd.Series([f"v{c:02}" for c in clusters]))
    assert bootstrap(values, clusters) != bootstrap(values, clusters, seed=1)


def test_level():
    rng = np.random.default_rng(1)
    values, clusters = rng.random(500), rng.integers(0, 70, 500)
    wide, narrow = bootstrap(values, clusters, level=0.99), bootstrap(values, clusters, level=0.8)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_groups_count_the_same():
    means = mean_replicates([1, 1, 0], ["a", "b", "a"], groups=["noun", "noun", "prep"], b=50)
    assert set(means.round(6)) == {0.5, 1.0}  # (1 + 0) / 2; a resample without video a holds no prep


def test_runs_are_a_second_level():
    rng = np.random.default_rng(0)
    videos, runs = np.repeat(np.arange(200), 4), np.tile(np.arange(4), 200)
    values = 0.4 + rng.normal(0, 0.01, 200)[videos] + np.array([-0.1, 0.0, 0.0, 0.1])[runs]
    low, high = bootstrap(values, videos, b=4000)
    wide = bootstrap(values, videos, b=4000, runs=runs)
    assert high - low < 0.01  # videos alone: the runs' spread is not seen
    spread = np.std([-0.1, 0, 0, 0.1]) / 2  # of a mean of four runs
    assert np.subtract(*wide[::-1]) == pytest.approx(2 * 1.96 * spread, rel=0.15)
    assert bootstrap(values, videos, b=500, runs=np.zeros(800)) == bootstrap(values, videos, b=500)
    assert mean_replicates(values, videos, b=50, runs=runs).tolist() == mean_replicates(
        values[::-1], videos[::-1], b=50, runs=runs[::-1]).tolist()


def test_speed_of_the_full_size():
    rng = np.random.default_rng(0)
    start = time.process_time()
    bootstrap(rng.random(20_000), np.repeat(np.arange(1000), 20))
    assert time.process_time() - start < 10


@pytest.mark.parametrize("values, clusters, options, message", [
    ([], [], {}, "non-empty"),
    ([0.1, np.nan], ["a", "b"], {}, "value 1 is not a finite"),
    ([0.1, np.inf], ["a", "b"], {}, "value 1"),
    ([0.1, 0.2], ["a"], {}, "one label per value"),
    ([0.1, 0.2], ["a", None], {}, "label 1 is missing"),
    ([0.1, 0.2], ["a", "a"], {}, "at least two"),
    ([[0.1, 0.2]], ["a", "b"], {}, "list of numbers"),
    ([0.1, 0.2], ["a", "b"], {"b": 0}, "b:"),
    ([0.1, 0.2], ["a", "b"], {"level": 95}, "level"),
])
def test_bad_input(values, clusters, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(values, clusters, **options)


def test_paired_sees_a_small_steady_difference_that_separate_intervals_hide():
    rng = np.random.default_rng(2)
    a = rng.random(400)
    b = a - 0.02 + rng.normal(0, 0.03, 400)
    videos = np.repeat(np.arange(100), 4)
    difference, low, high, p = paired(a, b, videos)
    assert difference == pytest.approx(np.mean(a - b)) and 0 < low < difference < high and p < 0.01
    assert bootstrap(a, videos)[0] < bootstrap(b, videos)[1]
    back = paired(b, a, videos)
    assert back.difference == -difference and back.p == p and back.low == pytest.approx(-high)


def test_paired_p_agrees_with_its_interval_and_equals_one_without_a_difference():
    rng = np.random.default_rng(3)
    for _ in range(40):
        a, b = rng.random(60), rng.random(60)
        result = paired(a, b, np.arange(60), b=999)
        if not 0.045 < result.p < 0.055:
            assert (result.p < 0.05) == (result.low > 0 or result.high < 0)
    assert paired([0.5, 0.2, 0.1], [0.5, 0.2, 0.1], "abc").p == 1
    with pytest.raises(ValueError, match="align"):
        paired([1, 2], [1], ["a", "b"])


def test_holm():
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]).tolist() == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([0.3]).tolist() == [0.3] and holm([]).tolist() == []
    for wrong in ([np.nan], [1.1], [-0.1]):
        with pytest.raises(ValueError, match="pvalues"):
            holm(wrong)
