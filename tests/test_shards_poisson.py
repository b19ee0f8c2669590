"""The bootstrap that adds up: weights of a cluster, several columns at once, replicates without any cluster."""

import numpy as np
import pytest

from posrank.shards import poisson
from posrank.shards.poisson import PoissonSums, poisson_columns, poisson_sums


def test_a_cluster_counts_poisson_1_times_and_by_its_name_alone():
    names = [f"v{i}" for i in range(300)]
    sums = poisson_sums(np.ones(300), names, b=400)
    # of one value each: ns holds how many clusters a replicate drew, of mean and variance 300
    assert np.array_equal(sums.totals, sums.ns) and np.array_equal(sums.ns, np.round(sums.ns))
    assert abs(sums.ns.mean() - 300) < 4 and 240 < sums.ns.var() < 370
    alone, again = poisson_sums([2.0], ["v7"], b=400), poisson_sums([5.0, 1.0], ["v7", "v7"], b=400)
    assert np.array_equal(again.ns, 2 * alone.ns) and np.array_equal(again.totals, 3 * alone.totals)
    assert not np.array_equal(alone.ns, poisson_sums([2.0], ["v8"], b=400).ns)
    assert not np.array_equal(alone.ns, poisson_sums([2.0], ["v7"], b=400, seed=1).ns)


def test_sums_do_not_depend_on_order_nor_on_how_many_weights_are_held(monkeypatch):
    rng = np.random.default_rng(0)
    values, names = rng.random(50), np.array([f"v{i % 20}" for i in range(50)])
    whole, order = poisson_sums(values, names, b=30), rng.permutation(50)
    monkeypatch.setattr(poisson, "TOGETHER", 3)
    for other in (poisson_sums(values, names, b=30), poisson_sums(values[order], names[order], b=30)):
        assert np.allclose(other.totals, whole.totals) and np.array_equal(other.ns, whole.ns) and other.n == 50


def test_columns_are_summed_apart_with_the_same_weights():
    values, names, parts = [1.0, 0.5, 0.25, 0.125], ["a", "b", "a", "b"], ["noun", "noun", "verb", "verb"]
    found = poisson_columns(values, names, parts, b=100, seed=3)
    assert list(found) == ["noun", "verb"] and [sums.n for sums in found.values()] == [2, 2]
    assert (found["noun"].mean, found["verb"].mean) == (0.75, 0.1875)
    assert np.array_equal(found["noun"].ns, found["verb"].ns) and np.allclose(found["noun"].totals, 4 * found["verb"].totals)
    alone = poisson_sums(values[:2], names[:2], b=100, seed=3)
    assert np.allclose(alone.totals, found["noun"].totals) and alone.seed == found["noun"].seed == 3


def test_replicates_without_any_cluster_are_left_out_of_the_interval():
    sums = PoissonSums(1.5, 2, np.array([0.0, 1.0, 2.0, 0.0]), np.array([0.0, 2.0, 2.0, 0.0]))
    assert sums.interval(0.5) == pytest.approx((0.625, 0.875))  # of the means .5 and 1 alone
    narrow, wide = (poisson_sums(np.arange(40.0), [str(i) for i in range(40)], b=500).interval(level)
                    for level in (0.5, 0.95))
    assert wide[0] < narrow[0] < 19.5 < narrow[1] < wide[1]


@pytest.mark.parametrize("values, clusters", [
    ([], []), (1.0, "v"), ([1.0, 2.0], ["v"]), ([[1.0]], [["v"]]), ([np.inf], ["v"]), ([np.nan], ["v"]),
])
def test_values_without_clusters_are_refused(values, clusters):
    with pytest.raises(ValueError, match="two equally long lists of finite numbers and names"):
        poisson_sums(values, clusters, b=10)


@pytest.mark.parametrize("change, words", [
    ({"b": True}, "b: expected a whole number of at least 1, got True"), ({"b": 1.5}, "b: expected"),
    ({"seed": -1}, "seed: expected a whole number of at least 0"), ({"clusters": [np.nan]}, "a name is missing"),
])
def test_what_is_no_number_of_replicates_seed_or_name_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        poisson_columns(**{"values": [1.0], "clusters": ["v"], "columns": ["noun"], **change})
