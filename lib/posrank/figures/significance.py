"""Which differences between runs are real: intervals, marks and paired differences of Tables 4 and 8, from ranks.

Comes in: the workspace's ranks tables, the metrics of runs on the same lists. Out: DataFrames, empty without ranks.
"""

import itertools

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.figures.runs import name_of, one_set
from posrank.figures.style import STRATEGIES, SYSTEMS

NO_RANKS = "no ranks in this workspace (make repro writes them)"


def ranks_by_strategy(work, metrics):
    """{(system, strategy): [ranks table of each seed]}; runs without ranks here are left out, and so are ranks on other
    lists than the run's metrics, which is said."""
    found = {}
    for m in metrics:
        ranks = work.ranks(name_of(m))
        if ranks is None:
            continue
        if ranks.attrs.get("lists", m.get("lists")) != m.get("lists"):
            print(f"{name_of(m)}: its ranks are of other lists than its metrics; evaluate it again")
            continue
        found.setdefault((m["system"], m["strategy"]), []).append(ranks[ranks["run"] == ranks["run"].iloc[0]])
    return found


def seed_mean(tables):
    """One ranks table of several seeds': the mean reciprocal rank of each list."""
    averages = dict.fromkeys(("better", "equal", "negatives"), "first") | {"reciprocal_rank": "mean"}
    return pd.concat(tables).groupby(["caption_id", "video_id", "part"], sort=False, as_index=False).agg(averages)


def marked_table(work, metrics):
    """Tables 4 and 8 with intervals and marks -> (wide table of texts, long table of `posrank.scoring.marks.mark_rows`).

    A cell is PoSRank [95 % interval], then c where chance is not excluded, then + or - where it differs from the
    strategy above it (Holm over the parts, paired, videos and seeds resampled), = where it does not. Below each system:
    the line of shuffled video (mean of its runs), and chance. Two empty tables where this workspace holds no ranks.
    """
    from posrank.scoring.marks import mark_rows

    runs, by_strategy = {}, ranks_by_strategy(work, one_set(metrics))
    options = work.params.evaluate
    for (system, strategy), tables in by_strategy.items():
        runs.setdefault(system, {})[strategy] = tables
    tables = [mark_rows(rows, options.bootstrap, options.seed).assign(system=system) for system, rows in runs.items()]
    if not tables:
        print(f"{NO_RANKS}: no marks")
        return pd.DataFrame(), pd.DataFrame()
    long = pd.concat(tables, ignore_index=True).rename(columns={"row": "strategy"})
    long["text"] = [_cell(line) for line in long.to_dict("records")]
    long["strategy"], long["system"] = long["strategy"].map(STRATEGIES), long["system"].map(SYSTEMS)
    wide = long.pivot_table(index=["system", "strategy"], columns="part", values="text", aggfunc="first", sort=False)
    wide = pd.concat([block for system in runs
                      for block in (wide.loc[[SYSTEMS[system]]], _lines(system, metrics, wide.columns))])
    wide = wide[[part for part in PARTS if part in wide]].rename_axis(["system", "training strategy"])
    return wide.rename_axis(None, axis=1), long.set_index(["system", "strategy", "part"]).drop(columns="text")


def _lines(system, metrics, parts):
    """Two rows under a system's: shuffled video and chance, per part."""
    mine = [m for m in metrics if m["system"] == system]
    shuffled = {part: [m["zero_line"][part] for m in mine if part in m.get("zero_line", {})] for part in parts}
    chance = {part: [m["posrank"][part]["chance"] for m in mine if part in m["posrank"]] for part in parts}
    rows = {(SYSTEMS[system], name): {part: f"{np.mean(values):.3f}" if values else "" for part, values in row.items()}
            for name, row in (("shuffled video", shuffled), ("chance", chance))}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["system", "strategy"])


def _cell(line):
    interval = "" if np.isnan(line["low"]) else f" [{line['low']:.3f}, {line['high']:.3f}]"
    chance = " c" if line["above_chance"] != "yes" else ""
    against = {"above": " +", "same": " =", "below": " -"}.get(line["from_previous"], "")
    return f"{line['posrank']:.3f}{interval}{chance}{against}"


def strategy_differences(work, metrics):
    """Paired differences of PoSRank between any two strategies of a system, seeds averaged, with 95 % intervals and
    Holm's correction -> DataFrame by (system, strategy, against, part); empty where this workspace holds no ranks."""
    from posrank.scoring import compare

    ranks = {key: seed_mean(tables).assign(run="-".join(key))
             for key, tables in ranks_by_strategy(work, one_set(metrics)).items()}
    options, tables = work.params.evaluate, []
    for one, other in itertools.combinations(ranks, 2):
        if one[0] == other[0]:
            found = compare(ranks[other], ranks[one], options.bootstrap, options.seed)
            tables.append(found.assign(system=one[0], strategy=other[1], against=one[1]))
    if not tables:
        print(f"{NO_RANKS}, or one strategy alone: no paired differences")
        return pd.DataFrame()
    return pd.concat(tables, ignore_index=True).set_index(["system", "strategy", "against", "part"])
