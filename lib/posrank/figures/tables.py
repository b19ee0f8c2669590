"""Report tables: runs as rows, the paper's columns (V2T, T2V, PoSRank per part), intervals, and the paper's values beside.

Comes in: metrics dicts as `metrics/<run>.json` holds them, ranks tables. Goes out: DataFrames and Markdown. Nothing here is
typed in: every number was written by a run, or stands in the paper's own tables.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from posrank.captions.statistics import paper_table
from posrank.figures.style import STRATEGIES, SYSTEMS, TABLE_PARTS

COLUMNS = ("v2t", "t2v", *TABLE_PARTS)


def load_metrics(folder):
    """Metrics of all runs in a folder, in the order system, strategy, seed: a list of dicts (files that are no runs are left
    out). ValueError where a file is no JSON."""
    found = []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            metrics = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {error.lineno}: no JSON ({error.msg}); evaluate the run again") from None
        if "posrank" in metrics and "strategy" in metrics:
            found.append(metrics)
    order = {name: i for i, name in enumerate([*SYSTEMS, *STRATEGIES])}
    return sorted(found, key=lambda m: (order.get(m["system"], 99), order.get(m["strategy"], 99), m["seed"]))


def row(metrics):
    """The paper's columns of one run: mean recall in percent, PoSRank in 0..1."""
    recall, ranks = metrics["recall"], metrics["posrank"]
    return {"v2t": recall["v2t"]["mean"], "t2v": recall["t2v"]["mean"],
            **{part: ranks[part]["posrank"] if part in ranks else np.nan for part in TABLE_PARTS}}


def strategy_table(metrics, digits=None):
    """Tables 4, 7, 8: one row per system and strategy, the mean over seeds -> DataFrame indexed by (system, strategy) with
    the columns of COLUMNS, `seeds`, and, for several seeds, the standard deviation over them in `<column>_sd`. No rows for no
    runs."""
    if not metrics:
        index = pd.MultiIndex.from_arrays([[], []], names=["system", "strategy"])
        return pd.DataFrame(columns=[*COLUMNS, "seeds"], index=index, dtype=float)
    rows = pd.DataFrame([{**{k: m[k] for k in ("system", "strategy", "seed")}, **row(m)} for m in metrics])
    groups = rows.groupby(["system", "strategy"], sort=False)
    table = groups[list(COLUMNS)].mean()
    seeds = groups.size()
    if seeds.max() > 1:
        table = table.join(groups[list(COLUMNS)].std().add_suffix("_sd"))
    table = table.assign(seeds=seeds)
    return table.round(digits) if digits is not None else table


def mean_gain(metrics, key="value"):
    """The vision gain of a run, the mean over parts (or its "low", "high"); NaN where it has no blind rows."""
    value = metrics.get("vision_gain", {}).get("mean", {}).get(key)
    return np.nan if value is None else value


def results_table(metrics):
    """Tables 4 and 8 as the report shows them: `strategy_table`, then the vision gain of each part (`<part>_gain`, mean over seeds),
    and two rows below: shuffled video (the mean of all runs) and chance."""
    table, worth = strategy_table(metrics), blind_table(metrics)
    if worth.empty:
        return table
    gains = worth.assign(vision_gain=worth["vision_gain"].astype(float)).pivot_table(
        index=["system", "strategy"], columns="part", values="vision_gain", aggfunc="mean")
    gains = gains.reindex(columns=TABLE_PARTS).add_suffix("_gain")
    lines = worth.groupby("part")[["shuffled", "chance"]].agg(lambda column: column.astype(float).mean()).reindex(TABLE_PARTS)
    below = lines.rename(columns={"shuffled": "shuffled video"}).T
    below.index = pd.MultiIndex.from_product([[""], below.index], names=table.index.names)
    shown = pd.concat([table.drop(columns="seeds").join(gains), below])
    return shown.assign(seeds=table["seeds"].reindex(shown.index).astype("Int64"))


def blind_table(metrics):
    """What the runs' sets are worth: per run and part PoSRank with its interval, chance, the zero line (shuffled video), the
    best blind row and the vision gain -> long DataFrame."""
    numbers = ("posrank", "low", "high", "chance", "adjusted", "list_length", "captions", "videos")
    columns = ["system", "strategy", "seed", "part", *numbers, "shuffled", "best_blind", "vision_gain", "gain_low", "gain_high"]
    rows = []
    for m in metrics:
        for part in TABLE_PARTS:
            if part not in m["posrank"]:
                continue
            own, gain = m["posrank"][part], m.get("vision_gain", {}).get(part, {})
            rows.append({
                "system": m["system"], "strategy": m["strategy"], "seed": m["seed"], "part": part,
                **{name: own[name] for name in numbers},
                "shuffled": m.get("zero_line", {}).get(part),
                **{name: line.get(part) for name, line in m.get("blind", {}).items() if name != "shuffled video"},
                "best_blind": gain.get("best_blind"), "vision_gain": gain.get("value"),
                "gain_low": gain.get("low"), "gain_high": gain.get("high"),
            })
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)


def worth_table(worth):
    """The columns of `blind_table` that fit a page; of several seeds the mean, where an interval is that of the first seed's
    run alone and therefore left out."""
    keys = ["system", "strategy", "part"]
    shown = ["posrank", "low", "high", "chance", "adjusted", "shuffled", "best_blind", "vision_gain", "gain_low", "gain_high"]
    if worth["seed"].nunique() == 1:
        return worth.set_index(keys)[shown]
    numbers = [name for name in shown if name not in ("low", "high", "best_blind", "gain_low", "gain_high")]
    groups = worth.groupby(keys, sort=False)
    lowest = groups[["gain_low"]].min().rename(columns={"gain_low": "lowest gain_low of a seed"})
    return groups[numbers].mean().join(lowest)


def beside_paper(metrics, table=8):
    """Ours and the paper's values of the same system and strategy: DataFrame with rows (system, strategy, ours | paper).

    The worlds differ (the paper's rows are VLN-UVO with K = 20): what can be compared is the order of the strategies and
    chance-adjusted values, not the numbers as they stand.
    """
    ours = strategy_table(metrics)
    paper = paper_table(table).set_index(["system", "strategy"])
    rows = []
    for system, strategy in ours.index:
        gains = [mean_gain(m) for m in metrics if (m["system"], m["strategy"]) == (system, strategy)]
        rows.append({"system": SYSTEMS[system], "strategy": STRATEGIES[strategy], "from": "ours",
                     **ours.loc[(system, strategy), list(COLUMNS)].to_dict(), "vision_gain": np.mean(gains)})
        key = (SYSTEMS[system], strategy)
        if key in paper.index:
            rows.append({"system": SYSTEMS[system], "strategy": STRATEGIES[strategy], "from": "paper",
                         **paper.loc[key, list(COLUMNS)].to_dict()})
    columns = ["system", "strategy", "from", *COLUMNS, "vision_gain"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:3])


def differences(ranks, pairs, b=10000, seed=0):
    """Paired differences between runs: `ranks` {name: ranks table}, `pairs` [(name, name)] -> long DataFrame of
    posrank.scoring.summary.compare with the columns run, against."""
    from posrank.scoring.summary import compare

    tables = [compare(ranks[a], ranks[other], b, seed).assign(run=a, against=other) for a, other in pairs]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def markdown(table, index=True):
    """A DataFrame as a Markdown table (texts as they are, floats with three digits, missing values empty)."""
    flat = table.reset_index() if index else table
    cells = [[_cell(value) for value in values] for values in flat.itertuples(index=False)]
    lines = [flat.columns, ["---"] * len(flat.columns), *cells]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _cell(value):
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _number(value, column):
    """A value of COLUMNS as text: recall with one digit, PoSRank with three; empty where there is none."""
    if value is None or np.isnan(value):
        return ""
    return f"{value:.1f}" if column in ("v2t", "t2v") else f"{value:.3f}"


def readme_table(metrics):
    """The README's table of results, from the runs of one folder: mean recall and PoSRank with the shuffled-video line."""
    table = strategy_table(metrics)
    several = int(table["seeds"].max()) > 1
    lines = []
    for system, strategy in table.index:
        values = table.loc[(system, strategy)]
        cells = [_number(values[c], c) for c in COLUMNS]
        if several:
            spread = [_number(values[f"{c}_sd"], c) for c in COLUMNS]
            cells = [f"{cell} ± {more}" if more else cell for cell, more in zip(cells, spread)]
        lines.append([SYSTEMS[system], STRATEGIES[strategy], *cells])
    blind = blind_table(metrics)
    for name, column in (("shuffled video (mean of all runs)", "shuffled"), ("best n-gram model, no video", None), ("chance", "chance")):
        if column is None:
            known = [c for c in ("unigram", "bigram", "trigram", "4-gram", "5-gram") if c in blind]
            values = blind.groupby("part")[known].mean().max(axis=1) if known else {}
        else:
            values = blind.groupby("part")[column].mean()
        lines.append(["", name, "", "", *(_number(values.get(part), part) for part in TABLE_PARTS)])
    head = ["System", "Training strategy", "V2T", "T2V", *TABLE_PARTS]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * 2 + ["---:"] * 7, *lines])
