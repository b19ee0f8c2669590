"""PoSRank of ranks tables that come shard by shard: counters that add up, and so do their intervals.

In: ranks tables (posrank.evaluate makes one of each shard's negatives). Out: `RankSums`; sums of shards are the sums of
the whole, and `table` tells PoSRank, its interval and chance of each part and of their mean.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from posrank import PARTS, tables
from posrank.scoring.ranks import chance, chance_adjusted
from posrank.scoring.summary import check_ranks, clusters
from posrank.shards.poisson import PoissonSums, poisson_columns

COLUMNS = ("part", "posrank", "low", "high", "chance", "adjusted", "lists")


@dataclass(frozen=True)
class RankSums:
    """Of one run: part -> sums of its lists' reciprocal ranks (`PoissonSums`) and of their chance. Two of them add up.

    grouped: the lists are those of rule exchange, so groups count as a whole and not videos.
    """

    run: str
    grouped: bool
    ranks: dict[str, PoissonSums]
    chances: dict[str, float]

    def __add__(self, other):
        if (self.run, self.grouped) != (other.run, other.grouped):
            raise ValueError(f"ranks of {_told(self)} and of {_told(other)} do not add up: give those of one run "
                             "on one rule")
        ranks = {part: _add(self.ranks.get(part), other.ranks.get(part)) for part in {**self.ranks, **other.ranks}}
        chances = {part: self.chances.get(part, 0.0) + other.chances.get(part, 0.0) for part in ranks}
        return RankSums(self.run, self.grouped, ranks, chances)

    def table(self, level=0.95):
        """DataFrame of COLUMNS, a row for each part and "mean", over parts. The interval of a part counts videos or
        groups of videos as a whole. The mean's counts a video with its lists of all parts; it is NaN for rule
        exchange, whose groups of several parts share videos (posrank.scoring.summarize tells that one)."""
        rows = [self._row(part, level) for part in PARTS if part in self.ranks]
        mean = dict(zip(COLUMNS[1:], np.mean([row[1:] for row in rows], axis=0)))
        low, high = (np.nan, np.nan) if self.grouped else _of_mean([*self.ranks.values()], level)
        lists = sum(row[-1] for row in rows)
        rows.append(("mean", mean["posrank"], low, high, mean["chance"], mean["adjusted"], lists))
        return pd.DataFrame(rows, columns=[*COLUMNS])

    def _row(self, part, level):
        sums = self.ranks[part]
        expected = self.chances[part] / sums.n
        return part, sums.mean, *sums.interval(level), expected, chance_adjusted(sums.mean, expected), sums.n


def rank_sums(ranks, b=10_000, seed=0):
    """`RankSums` of one ranks table (columns of posrank.evaluate's; with the column `group`, lists of rule exchange:
    posrank.scoring.summary.with_groups adds it). b: replicates of the intervals. ValueError for a table that is empty,
    holds several runs or lists without negatives, for b below 1 and a negative seed."""
    ranks = check_ranks(ranks, "ranks")
    own = clusters(ranks)
    sums = poisson_columns(ranks["reciprocal_rank"], own, ranks["part"], b, seed)
    lengths = (ranks["negatives"] + 1).groupby(ranks["part"], observed=True)
    return RankSums(str(ranks["run"].iloc[0]), own.name == "group", sums,
                    {part: chance(rows.to_numpy()) * len(rows) for part, rows in lengths})


def add_ranks(paths, b=10_000, seed=0):
    """`RankSums` of the ranks tables in several parquet files, one of which is held at a time. ValueError for no
    files, and naming the file where one is no ranks table or is of another run than the first."""
    total = None
    for path in paths:
        try:
            sums = rank_sums(tables.read_table(path, "ranks"), b, seed)
            total = sums if total is None else total + sums
        except (ValueError, OSError) as problem:
            raise ValueError(f"{path}: {problem}") from problem
    if total is None:
        raise ValueError("no files: give the ranks tables of all shards")
    return total


def _add(one, other):
    return one if other is None else other if one is None else one + other


def _of_mean(sums, level):
    """Interval of the mean of several means, whose replicates belong together: a video's lists of all parts."""
    means = np.stack([np.divide(each.totals, each.ns, out=np.full_like(each.totals, np.nan), where=each.ns > 0)
                      for each in sums])
    means = np.nanmean(means[:, ~np.isnan(means).all(0)], axis=0)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _told(sums):
    return f"{sums.run} on {'groups of rule exchange' if sums.grouped else 'lists of captions'}"
