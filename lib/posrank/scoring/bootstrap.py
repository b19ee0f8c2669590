"""Uncertainty of a mean of per-caption values: intervals, paired differences, correction for several tests.

In: one value per caption (a reciprocal rank) and the video each belongs to. Captions of one video are not independent,
so whole videos are drawn with replacement (B = 10,000 times) and the mean is taken over the captions that come with
them: a percentile interval clustered by video. Deterministic, whatever the order of the rows. Where several training
runs (seeds) ranked the same captions, runs are a second level and drawn too, so that the interval speaks of the method
and not of these runs alone. (A bootstrap over three seeds is narrow; it is a floor.) Where values depend on each other
in two ways that do not nest, `two_way_interval` takes both into account.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from posrank.scoring.ranks import as_array, whole_number

DRAWS = 2_000_000  # drawn videos held at a time


class Paired(NamedTuple):
    """A difference of two means with its 95 % interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def bootstrap(values, clusters, b=10000, seed=0, level=0.95, runs=None, groups=None):
    """Percentile interval of the mean of ``values`` with whole clusters resampled -> (low, high).

    values [n]: finite numbers; clusters [n]: the video of each (any hashable labels). ``level`` is the coverage.
    ``runs`` [n]: which training run (its seed) gave each value, drawn too. ``groups`` [n]: the interval is that of the
    mean of the groups' means (see ``mean_replicates``). Raises ValueError for no values, NaN or
    infinite ones, different lengths, missing labels, fewer than two clusters, b < 1 or a level outside (0, 1).

    >>> low, high = bootstrap([1, .5, .25, 1, .2, .5], ["v1", "v1", "v2", "v3", "v4", "v4"])
    >>> 0 < low < 3.45 / 6 < high <= 1
    True
    """
    return _interval(mean_replicates(values, clusters, groups, b, seed, runs), level)


def paired(values_a, values_b, clusters, b=10000, seed=0, level=0.95, runs=None):
    """Is the mean of a above that of b, on the same captions? -> Paired(difference, low, high, p).

    values_a, values_b, clusters [n], row i of all three being the same caption (and ``runs``, as in ``bootstrap``: the
    seed that both runs of row i share). The interval is the clustered percentile interval of mean(a - b); p is twice
    the smaller share of replicates on either side of zero (each plus one, of B + 1, at most 1), so it falls below 0.05
    together with the interval's leaving zero. Raises ValueError as ``bootstrap`` does.

    >>> result = paired([1, 1, .5, 1], [.5, .5, .5, .25], ["v1", "v2", "v3", "v4"])
    >>> result.difference, result.low >= 0
    (0.4375, True)
    """
    values_a, values_b = _finite(values_a, "values_a"), _finite(values_b, "values_b")
    if values_a.shape != values_b.shape:
        raise ValueError(f"paired: {len(values_a)} values against {len(values_b)}; align both on the same captions")
    difference = values_a - values_b
    means = mean_replicates(difference, clusters, b=b, seed=seed, runs=runs)
    side = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return Paired(float(difference.mean()), *_interval(means, level), min(1.0, 2 * (side + 1) / (b + 1)))


def holm(pvalues):
    """Holm's step-down adjustment for several tests: p-values [m] -> adjusted p-values [m], in the order given.

    Raises ValueError unless all are numbers in [0, 1].

    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    pvalues = as_array(pvalues, "pvalues").astype(np.float64)
    if pvalues.ndim != 1 or not ((pvalues >= 0) & (pvalues <= 1)).all():
        raise ValueError("pvalues: expected a list of numbers between 0 and 1")
    order = np.argsort(pvalues, kind="stable")
    steps = np.maximum.accumulate(pvalues[order] * np.arange(len(pvalues), 0, -1))
    adjusted = np.empty_like(pvalues)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted


def mean_replicates(values, clusters, groups=None, b=10000, seed=0, runs=None):
    """The mean of ``values`` in B resamples of whole clusters -> float64 [b].

    With ``groups`` [n] (say the part of speech) it is the mean of the groups' means, all groups of a video drawn
    together; a group that a resample misses is left out of that resample's mean. With ``runs`` [n] (say the training
    seed) each resample also draws as many runs as there are, apart from the videos; one single run adds nothing.
    """
    values = _finite(values, "values")
    members, n_clusters = _codes(clusters, len(values), "clusters")
    if n_clusters < 2:
        raise ValueError("clusters: all values belong to one video; an interval needs at least two")
    b = whole_number(b, "b", "resamples", 10**8)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed: expected a whole number of at least 0, got {seed!r}")
    part, n_parts = _codes(np.zeros(len(values), np.int64) if groups is None else groups, len(values), "groups")
    run, n_runs = _codes(np.zeros(len(values), np.int64) if runs is None else runs, len(values), "runs")
    cell = (members * n_parts + part) * n_runs + run
    order = np.lexsort((values, cell))  # sums do not depend on the order of the rows, not even in the last bit
    shape = (n_clusters, n_parts * n_runs)
    sums = np.bincount(cell[order], values[order], shape[0] * shape[1]).reshape(shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    rng, step, means = np.random.default_rng(seed), max(1, DRAWS // n_clusters), np.empty(b)
    of_runs = np.random.default_rng([seed, 1]) if n_runs > 1 else None  # videos are drawn as without runs
    for start in range(0, b, step):
        rows = min(step, b - start)
        times = _times(rng, rows, n_clusters)
        total, number = times @ sums, times @ counts
        if of_runs is not None:
            again = _times(of_runs, rows, n_runs)[:, None]
            total, number = ((each.reshape(rows, n_parts, n_runs) * again).sum(2) for each in (total, number))
        mean = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
        means[start : start + rows] = np.nanmean(mean, axis=1)
    return means


def two_way_interval(values, parts, groups, videos, level=0.95):
    """Interval of the mean of the parts' means where values go together by group (within a part) and by video (across
    parts) -> (low, high).

    values, parts, groups, videos [n]. Resampling whole clusters would need clusters that share no video: joined over
    the parts nearly all groups are one. So it is a normal interval with the variance of Cameron, Gelbach and Miller
    (2011, two-way clustering): the sum over groups + the sum over videos - the sum over both, of squared sums of what
    each value adds to the mean; at least the sum over groups. ValueError for a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a coverage between 0 and 1, got {level!r}")
    table = pd.DataFrame({"value": _finite(values, "values"), "part": [*parts], "group": [*groups], "video": [*videos]})
    part = table.groupby("part")["value"]
    mean = part.mean().mean()
    table["share"] = (table["value"] - part.transform("mean")) / part.transform("size") / part.ngroups
    by_group, by_video, by_both = (float((table.groupby(keys)["share"].sum() ** 2).sum())
                                   for keys in ("group", "video", ["group", "video"]))
    half = NormalDist().inv_cdf((1 + level) / 2) * max(by_group, by_group + by_video - by_both) ** 0.5
    return float(mean - half), float(mean + half)


def _times(rng, rows, n):
    """How often each of ``n`` is drawn in each of ``rows`` resamples of size n -> float64 [rows, n]."""
    drawn = rng.integers(n, size=(rows, n), dtype=np.int32)
    drawn += n * np.arange(rows, dtype=np.int32)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _interval(means, level):
    if isinstance(level, bool) or not isinstance(level, (int, float, np.floating)) or not 0 < level < 1:
        raise ValueError(f"level: expected a coverage between 0 and 1, got {level!r}")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _finite(values, name):
    values = as_array(values, name).astype(np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name}: expected a non-empty list of numbers, got shape {list(values.shape)}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: value {int(np.argmin(np.isfinite(values)))} is not a finite number")
    return values


def _codes(labels, n, name):
    if np.ma.is_masked(labels):
        raise ValueError(f"{name}: a masked array hides some labels; give one label per value")
    try:
        labels = pd.Series(list(labels) if not hasattr(labels, "__array__") else np.asarray(labels))
        if len(labels) != n:
            raise ValueError(f"{name}: expected one label per value, {n}, got {len(labels)}")
        codes, uniques = pd.factorize(labels, sort=True)
    except TypeError as problem:
        raise ValueError(f"{name}: expected one label per value, all of one kind such as text ({problem})") from None
    if (codes < 0).any():
        raise ValueError(f"{name}: label {int(np.argmin(codes >= 0))} is missing")
    return codes.astype(np.int64), len(uniques)
