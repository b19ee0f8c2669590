"""A bootstrap whose parts add up: every cluster (a video) counts Poisson(1) times in each replicate, drawn from a hash
of its name, so sums of shards are the sums of the whole (Chamandy et al., "Estimating Uncertainty for Massive Data
Streams", Google 2012). For many clusters it agrees with `posrank.scoring.bootstrap`, which draws as many clusters as
there are.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

TOGETHER = 256
"""Clusters whose weights are held at a time."""


@dataclass(frozen=True)
class PoissonSums:
    """Sums of values and how many there are: of the data, and of each replicate (float64 [b]). Two of them add up."""

    total: float
    n: int
    totals: np.ndarray
    ns: np.ndarray
    seed: int = 0

    def __add__(self, other):
        if len(self.totals) != len(other.totals):
            raise ValueError(f"sums of {len(self.totals)} and {len(other.totals)} replicates do not add up: use one b")
        if self.seed != other.seed:
            raise ValueError(f"sums of seeds {self.seed} and {other.seed} do not add up: use one seed")
        return PoissonSums(self.total + other.total, self.n + other.n, self.totals + other.totals, self.ns + other.ns,
                           self.seed)

    @property
    def mean(self):
        return self.total / self.n

    def interval(self, level=0.95):
        """Percentile interval of the mean -> (low, high). Replicates that drew no cluster at all are left out.
        ValueError for a level outside (0, 1)."""
        if not 0 < level < 1:
            raise ValueError(f"level: expected a coverage between 0 and 1, got {level!r}")
        drawn = self.ns > 0
        means = self.totals[drawn] / self.ns[drawn]
        low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def poisson_sums(values, clusters, b=10_000, seed=0):
    """`PoissonSums` of values [n] with their clusters [n] (names of videos). A cluster gets the same weights wherever
    it comes up, so it may be spread over shards. ValueError for no values, other lengths, NaN or infinite values,
    missing names, b below 1 and a negative seed.

    >>> one, two = poisson_sums([1, .5], ["v1", "v2"], b=200), poisson_sums([.25], ["v3"], b=200)
    >>> both = poisson_sums([1, .5, .25], ["v1", "v2", "v3"], b=200)
    >>> np.allclose((one + two).totals, both.totals), round(both.mean, 4)
    (True, 0.5833)
    """
    return poisson_columns(values, clusters, np.zeros(np.size(values), np.int64), b, seed)[0]


def poisson_columns(values, clusters, columns, b=10_000, seed=0):
    """{column: `PoissonSums` of its values}: values, clusters and columns [n], equally long (the column is, say, the
    part of speech). A cluster counts equally often in all columns. ValueError as `poisson_sums`."""
    for what, number, least in (("b", b, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
            raise ValueError(f"{what}: expected a whole number of at least {least}, got {number!r}")
    values, clusters = np.asarray(values, np.float64), np.asarray(clusters, dtype=object)
    if values.ndim != 1 or values.shape != clusters.shape or not len(values) or not np.isfinite(values).all():
        raise ValueError("values, clusters: two equally long lists of finite numbers and names, at least one of each")
    if any(name is None or name != name for name in clusters):
        raise ValueError("clusters: a name is missing; give one for each value")
    names, place = np.unique(clusters.astype(str), return_inverse=True)
    labels, column = np.unique(np.asarray(columns), return_inverse=True)
    shape = len(labels), len(names)
    cell = column * shape[1] + place
    sums = np.bincount(cell, values, shape[0] * shape[1]).reshape(shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    totals, ns = np.zeros((len(labels), b)), np.zeros((len(labels), b))
    for i in range(0, len(names), TOGETHER):
        weights = np.stack([_weights(name, b, seed) for name in names[i : i + TOGETHER]])
        totals += sums[:, i : i + TOGETHER] @ weights
        ns += counts[:, i : i + TOGETHER] @ weights
    return {label: PoissonSums(float(sums[i].sum()), int(counts[i].sum()), totals[i], ns[i], int(seed))
            for i, label in enumerate(labels.tolist())}


def _weights(name, b, seed):
    """How often a cluster counts in each replicate: float64 [b]."""
    digest = blake2b(f"{seed}\x1f{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(int.from_bytes(digest, "big"))).poisson(1.0, b).astype(np.float64)
