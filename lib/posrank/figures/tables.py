"""Report tables: runs as rows, the paper's columns (V2T, T2V, PoSRank per part), their worth, the paper's beside.

Comes in: metrics dicts as `metrics/<run>.json` holds them, all on the same lists (posrank.figures.runs.one_set). Goes
out: DataFrames and Markdown. Nothing here is typed in: every number is a run's or the paper's.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.runs import coverage_note, one_set
from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.figures.texts import COLUMNS, number
from posrank.language.ngrams import ORDERS

PAPER_DATASETS = {"msrvtt": "MSR-VTT", "vatex": "VATEX", "vln_uvo": "VLN-UVO", "vln_oops": "VLN-OOPS"}
"""Our datasets -> the names in the paper's tables of results."""


def row(metrics):
    """The paper's columns of one run: mean recall in percent, PoSRank in 0..1."""
    recall, ranks = metrics["recall"], metrics["posrank"]
    return {"v2t": recall["v2t"]["mean"], "t2v": recall["t2v"]["mean"],
            **{part: ranks[part]["posrank"] if part in ranks else np.nan for part in PARTS}}


def strategy_table(metrics):
    """Tables 4, 7, 8: one row per system and strategy, the mean over seeds -> DataFrame indexed by (system, strategy)
    with the columns of COLUMNS, `seeds`, and, for several seeds, the standard deviation over them in `<column>_sd`. No
    rows for no runs. ValueError where the runs were ranked on different lists."""
    if not metrics:
        index = pd.MultiIndex.from_arrays([[], []], names=["system", "strategy"])
        return pd.DataFrame(columns=[*COLUMNS, "seeds"], index=index, dtype=float)
    rows = pd.DataFrame([{**{k: m[k] for k in ("system", "strategy", "seed")}, **row(m)} for m in one_set(metrics)])
    groups = rows.groupby(["system", "strategy"], sort=False)
    table, seeds = groups[list(COLUMNS)].mean(), groups.size()
    if seeds.max() > 1:
        table = table.join(groups[list(COLUMNS)].std().add_suffix("_sd"))
    return table.assign(seeds=seeds)


def mean_gain(metrics, key="value"):
    """The vision gain of a run, the mean over parts (or its "low", "high"); NaN where it has no blind rows."""
    value = metrics.get("vision_gain", {}).get("mean", {}).get(key)
    return np.nan if value is None else value


def results_table(metrics, counts=True):
    """Tables 4 and 8 as the report and the README show them, as texts: recall with one digit, PoSRank with three, over
    several seeds `mean ± standard deviation`. Below: shuffled video (mean of all runs), the best n-gram model, chance.

    counts: with the columns seeds, videos ("18 of 24" where some are missing) and captions. Empty without runs.
    """
    table, blind, lines = strategy_table(metrics), blind_table(metrics), []
    if table.empty:
        return pd.DataFrame()
    for key in table.index:
        cells = {column: number(table.loc[key, column], column) for column in COLUMNS}
        if "noun_sd" in table:
            spread = {column: number(table.loc[key, f"{column}_sd"], column) for column in COLUMNS}
            cells = {column: f"{cell} ± {spread[column]}" if spread[column] else cell for column, cell in cells.items()}
        lines.append({"system": SYSTEMS[key[0]], "training strategy": STRATEGIES[key[1]], **cells})
        if counts:
            mine = [m for m in metrics if (m["system"], m["strategy"]) == key]
            videos = coverage_note(mine).partition(f" {mine[0].get('split')} ")[0] or _count(mine[0], "videos")
            lines[-1] |= {"seeds": str(len(mine)), "videos": videos, "captions": _count(mine[0], "captions")}
    models = [name for name in ORDERS if name in blind]
    rows = blind.set_index("part")[["shuffled", *models, "chance"]].astype(float).groupby("part").mean()
    below = {"shuffled video (mean of all runs)": rows["shuffled"],
             "best n-gram model, no video": rows[models].max(axis=1), "chance": rows["chance"]}
    for name, values in below.items():
        lines.append({"training strategy": name, **{part: number(values.get(part), part) for part in PARTS}})
    found = pd.DataFrame(lines).fillna("").set_index(["system", "training strategy"])
    return found.rename(columns={"v2t": "V2T", "t2v": "T2V"})


def _count(first, name):
    """Videos or captions that were ranked, as text, in the first of several runs (they are on the same lists)."""
    value = first.get(name, first["posrank"].get("mean", {}).get(name))
    return "" if value is None else f"{value - first.get(f'{name}_missing', 0):.0f}"


def blind_rows(metrics):
    """{name: PoSRank by part} of what needs no video: n-gram models by order, then the controls."""
    blind = metrics.get("blind", {})
    return {name: blind[name] for name in sorted(blind, key=lambda name: ORDERS.get(name, len(ORDERS) + 1))}


def blind_table(metrics):
    """What the runs' sets are worth: per run and part PoSRank with its interval, chance, the zero line (shuffled
    video), the best blind row and the vision gain -> long DataFrame."""
    numbers = ("posrank", "low", "high", "chance", "adjusted", "list_length", "captions", "videos")
    run, rows = ("system", "strategy", "seed"), []
    ends = {"vision_gain": "value", "gain_low": "low", "gain_high": "high"}
    for m in one_set(metrics):
        blind = {name: line for name, line in blind_rows(m).items() if name != "shuffled video"}
        for part in (part for part in PARTS if part in m["posrank"]):
            own, gain = m["posrank"][part], m.get("vision_gain", {}).get(part, {})
            rows.append({**{key: m[key] for key in run}, "part": part, **{name: own[name] for name in numbers},
                         "shuffled": m.get("zero_line", {}).get(part),
                         **{name: line.get(part) for name, line in blind.items()}, "best_blind": gain.get("best_blind"),
                         **{name: gain.get(end) for name, end in ends.items()}})
    columns = None if rows else [*run, "part", *numbers, "shuffled", "best_blind", *ends]
    return pd.DataFrame(rows, columns=columns)


def worth_table(worth):
    """The columns of `blind_table` that fit a page; of several seeds the mean, where an interval is that of the first
    seed's run alone and therefore left out."""
    keys = ["system", "strategy", "part"]
    numbers = ["posrank", "chance", "adjusted", "shuffled", "vision_gain"]
    if worth["seed"].nunique() == 1:
        shown = [*numbers[:1], "low", "high", *numbers[1:4], "best_blind", "vision_gain", "gain_low", "gain_high"]
        return worth.set_index(keys)[shown]
    groups = worth.groupby(keys, sort=False)
    best = groups["best_blind"].agg(lambda names: ", ".join(sorted(set(names.dropna()))))
    return groups[numbers].mean().join([best, groups["gain_low"].min().rename("lowest gain_low of a seed")])


def average_table(metrics):
    """Table 3: mean PoSRank over the five parts of coarse training, per system, beside the paper's VLN-UVO column."""
    paper = paper_table(3).set_index("system")
    rows = []
    for m in one_set(metrics):
        if m["strategy"] == "coarse":
            mean = m["posrank"]["mean"]
            rows.append({"system": SYSTEMS[m["system"]],
                         **{k: mean[k] for k in ("posrank", "low", "high", "chance", "adjusted")},
                         "shuffled": m.get("zero_line", {}).get("mean", np.nan), "vision_gain": mean_gain(m),
                         "gain_low": mean_gain(m, "low"), "gain_high": mean_gain(m, "high")})
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table = table.groupby("system", sort=False).mean()
    table["paper (VLN-UVO)"] = [paper.loc[s, "VLN-UVO"] if s in paper.index else np.nan for s in table.index]
    return table


def beside_paper(metrics, table=8):
    """Ours and the paper's rows of Table 4, 7 or 8 (or of 5, 6: see posrank.figures.sweeps), numbers as they are ->
    DataFrame indexed by (system or dataset, training strategy, from: ours | paper).

    Table 4 is about X-CLIP alone, Table 7 about X-CLIP by dataset. Every row of the paper is there. The worlds differ
    (the paper's Tables 4 and 8 are VLN-UVO with K = 20): compare the order of the strategies and adjusted values.
    """
    first = "dataset" if table == 7 else "system"
    ours = strategy_table([m for m in metrics if table == 8 or m["system"] == "xclip"])
    rows = []
    for system, strategy in ours.index:
        name = (PAPER_DATASETS.get(metrics[0].get("dataset"), metrics[0].get("dataset")) if table == 7
                else SYSTEMS[system])
        rows.append({first: name, "strategy": strategy, "from": "ours", **ours.loc[(system, strategy), list(COLUMNS)]})
    for line in paper_table(table).to_dict("records"):
        rows.append({first: SYSTEMS["xclip"], "from": "paper", **line})
    order = {name: n for n, name in enumerate([*dict.fromkeys(line[first] for line in rows), *STRATEGIES])}
    rows.sort(key=lambda line: (order[line[first]], order[line["strategy"]]))
    found = pd.DataFrame(rows, columns=[first, "strategy", "from", *COLUMNS])
    found["strategy"] = found["strategy"].map(STRATEGIES)
    return found.rename(columns={"strategy": "training strategy"}).set_index([first, "training strategy", "from"])
