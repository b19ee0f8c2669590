"""Which differences between runs are real: intervals, marks and paired differences of Tables 4 and 8, from ranks.

Comes in: the workspace's ranks tables, the metrics of runs on the same lists. Out: DataFrames, empty without ranks.
"""

import itertools

import pandas as pd

from posrank import PARTS
from posrank.figures.runs import name_of, one_set
from posrank.figures.style import STRATEGIES, SYSTEMS, cell, interval, named
from posrank.figures.tables import blind_table

NO_RANKS = "no ranks in this workspace (make repro writes them)"


def ranks_by_strategy(work, metrics):
    """{(system, strategy): [ranks table of each seed]}; runs without ranks here are left out, and so are ranks on other
    lists than the run's metrics, which is said."""
    found = {}
    for m in one_set(metrics):
        ranks = work.ranks(name_of(m))
        if ranks is None:
            continue
        if ranks.attrs.get("lists", m.get("lists")) != m.get("lists"):
            print(f"{name_of(m)}: its ranks are of other lists than its metrics; evaluate it again")
            continue
        found.setdefault((m["system"], m["strategy"]), []).append(ranks[ranks["run"] == ranks["run"].iloc[0]])
    return found


def seed_mean(tables):
    """One ranks table of several seeds': the mean reciprocal rank of each list; what else a list has (its group) stays.
    """
    table = pd.concat(tables)
    averages = dict.fromkeys(table.columns.drop(["run", "caption_id", "part"], errors="ignore"), "first")
    averages |= {"reciprocal_rank": "mean"}
    return table.groupby(["caption_id", "part"], sort=False, as_index=False, observed=True).agg(averages)


def marked_table(work, metrics):
    """Tables 4 and 8 with intervals and marks -> (wide table of texts, long table of
    `posrank.scoring.marks.mark_rows`).

    A cell is PoSRank [95 % interval], then c where chance is not excluded, then + or - where it differs from the
    strategy above it (Holm over the parts, paired, videos and seeds resampled), = where it does not. Below each system:
    the line of shuffled video (mean of its runs), and chance. Two empty tables where this workspace holds no ranks.
    """
    from posrank.scoring.marks import mark_rows

    runs = {}
    for (system, strategy), tables in ranks_by_strategy(work, metrics).items():
        runs.setdefault(system, {})[strategy] = tables
    if not runs:
        print(f"{NO_RANKS}: no marks")
        return pd.DataFrame(), pd.DataFrame()
    blind, options, wide, long = blind_table(metrics).astype({"shuffled": float}), work.params.evaluate, [], []
    for system, rows in runs.items():
        table = mark_rows(rows, options.bootstrap, options.seed).rename(columns={"row": "strategy"})
        table["text"] = [_text(line) for line in table.to_dict("records")]
        texts = table.replace({"strategy": STRATEGIES}).pivot(index="strategy", columns="part", values="text")
        below = blind[blind["system"] == system].groupby("part")[["shuffled", "chance"]].mean().map(cell).T
        wide.append(pd.concat([texts.reindex([STRATEGIES[strategy] for strategy in rows]),
                               below.rename({"shuffled": "shuffled video"})[texts.columns]]))
        long.append(table.drop(columns="text").assign(system=system))
    wide = pd.concat(wide, keys=[SYSTEMS[system] for system in runs], names=["system", "training strategy"])
    long = named(pd.concat(long).set_index(["system", "strategy", "part"])).rename_axis(["system", "strategy", "part"])
    return wide[[part for part in PARTS if part in wide]].rename_axis(None, axis=1), long


def _text(line):
    chance = " c" if line["above_chance"] != "yes" else ""
    against = {"above": " +", "same": " =", "below": " -"}.get(line["from_previous"], "")
    return interval(line["posrank"], line["low"], line["high"]) + chance + against


def strategy_differences(work, metrics):
    """Paired differences of PoSRank between any two strategies of a system, seeds averaged, with 95 % intervals and
    Holm's correction -> DataFrame by (system, strategy, against, part); empty where this workspace holds no ranks."""
    from posrank.scoring import compare

    ranks = {key: seed_mean(tables).assign(run="-".join(key))
             for key, tables in ranks_by_strategy(work, metrics).items()}
    options, tables = work.params.evaluate, []
    for one, other in itertools.combinations(ranks, 2):
        if one[0] == other[0]:
            found = compare(ranks[other], ranks[one], options.bootstrap, options.seed)
            tables.append(found.assign(system=one[0], strategy=other[1], against=one[1]))
    if not tables:
        print(f"{NO_RANKS}, or one strategy alone: no paired differences")
        return pd.DataFrame()
    return pd.concat(tables, ignore_index=True).set_index(["system", "strategy", "against", "part"])
