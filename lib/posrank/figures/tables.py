"""Report tables: runs as rows, the paper's columns (V2T, T2V, PoSRank per part), their worth, the paper's beside.

Comes in: metrics dicts as `metrics/<run>.json` holds them, all on the same lists (posrank.figures.runs.one_set). Goes
out: DataFrames. Nothing here is typed in: every number is a run's or the paper's.
"""

import pandas as pd

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.runs import one_set
from posrank.figures.style import COLUMNS, RECALL, STRATEGIES, SYSTEMS, cell
from posrank.language.ngrams import ORDERS

PAPER_DATASETS = {"msrvtt": "MSR-VTT", "vatex": "VATEX", "vln_uvo": "VLN-UVO", "vln_oops": "VLN-OOPS"}
"""Our datasets -> the names in the paper's tables of results."""

ENDS = {"vision_gain": "value", "gain_low": "low", "gain_high": "high"}
RUN = ["system", "strategy", "seed"]


def numbers(result):
    """One result as a flat dict: mean recall in percent (v2t, t2v), PoSRank per part and mean; of the mean its interval
    (low, high), chance, the value adjusted for chance, shuffled (video), vision_gain, gain_low, gain_high. What it does
    not have is None."""
    ranks, recall = result["posrank"], result.get("recall") or {}
    mean, gain = ranks.get("mean", {}), result.get("vision_gain", {}).get("mean", {})
    return {**{way: recall.get(way, {}).get("mean") for way in RECALL},
            **{part: ranks.get(part, {}).get("posrank") for part in (*PARTS, "mean")},
            **{key: mean.get(key) for key in ("low", "high", "chance", "adjusted")},
            "shuffled": result.get("zero_line", {}).get("mean"), **{key: gain.get(end) for key, end in ENDS.items()}}


def number_table(rows, names, columns):
    """{key (a tuple): numbers by name} -> DataFrame of `columns`, index levels called `names`; empty without rows."""
    table = pd.DataFrame(list(rows.values()), columns=columns).astype(float)
    return table.set_index(pd.MultiIndex.from_tuples(list(rows), names=names)) if rows else pd.DataFrame()


def run_rows(metrics):
    """A row per run: system, strategy, seed and the `numbers`. ValueError where runs were ranked on different lists."""
    rows = [{key: m[key] for key in RUN} | numbers(m) for m in one_set(metrics)]
    table = pd.DataFrame(rows, columns=[*RUN, *numbers({"posrank": {}})])
    return table.astype(dict.fromkeys(table.columns[len(RUN):], float))


def strategy_table(metrics):
    """Tables 4, 7, 8: one row per system and strategy, the mean over seeds -> DataFrame indexed by (system, strategy)
    with the columns of COLUMNS, `seeds`, and, for several seeds, the standard deviation over them in `<column>_sd`. No
    rows for no runs. ValueError where the runs were ranked on different lists."""
    groups = run_rows(metrics).groupby(RUN[:2], sort=False)
    table, seeds = groups[list(COLUMNS)].mean(), groups.size()
    if seeds.max() > 1:
        table = table.join(groups[list(COLUMNS)].std().add_suffix("_sd"))
    return table.assign(seeds=seeds)


def results_table(metrics):
    """Tables 4 and 8 as the report and the README show them, as texts: recall with one digit, PoSRank with three, over
    several seeds `mean ± standard deviation`. Below: `cls_rows`, shuffled video (mean of all runs), the best n-gram
    model, chance. Empty without runs.
    """
    table, blind, lines = strategy_table(metrics), blind_table(metrics), []
    for (system, strategy), values in table.iterrows():
        line = {"system": SYSTEMS[system], "training strategy": STRATEGIES[strategy]}
        for column in COLUMNS:
            spread = cell(values.get(f"{column}_sd"), column)
            line[column] = cell(values[column], column) + (f" ± {spread}" if spread else "")
        lines.append(line)
    if not lines:
        return pd.DataFrame()
    models = [name for name in ORDERS if name in blind]
    rows = blind.set_index("part")[["shuffled", *models, "chance"]].astype(float).groupby("part").mean()
    below = cls_rows(metrics) | {"shuffled video (mean of all runs)": rows["shuffled"],
                                 "best n-gram model, no video": rows[models].max(axis=1), "chance": rows["chance"]}
    lines += [{"training strategy": name, **{part: cell(values.get(part)) for part in PARTS}}
              for name, values in below.items()]
    return pd.DataFrame(lines).fillna("").set_index(["system", "training strategy"]).rename(columns=RECALL)


def cls_rows(metrics):
    """{name: PoSRank by part} of prompting where its lists are ranked by the CLS output, which recall uses, instead of
    the prompts': a row a system, the mean over seeds."""
    lines = [{"system": m["system"], **m["controls"]["CLS output"]} for m in metrics
             if "CLS output" in m.get("controls", {})]
    means = pd.DataFrame(lines, columns=["system", *PARTS]).groupby("system", sort=False).mean()
    return {f"{STRATEGIES['prompt']}, ranked by the CLS output ({SYSTEMS[system]})": line
            for system, line in means.iterrows()}


def blind_rows(metrics):
    """{name: PoSRank by part} of what needs no video: n-gram models by order, then the controls."""
    blind = metrics.get("blind", {})
    return {name: blind[name] for name in sorted(blind, key=lambda name: ORDERS.get(name, len(ORDERS) + 1))}


def blind_table(metrics):
    """What the runs' sets are worth: per run and part PoSRank with its interval, chance, the zero line (shuffled
    video), the best blind row and the vision gain -> long DataFrame."""
    own = ("posrank", "low", "high", "chance", "adjusted", "list_length", "captions", "videos")
    rows = []
    for m in one_set(metrics):
        blind = {name: line for name, line in blind_rows(m).items() if name != "shuffled video"}
        for part in (part for part in PARTS if part in m["posrank"]):
            gain = m.get("vision_gain", {}).get(part, {})
            rows.append({**{key: m[key] for key in RUN}, "part": part, **{key: m["posrank"][part][key] for key in own},
                         "shuffled": m.get("zero_line", {}).get(part),
                         **{name: line.get(part) for name, line in blind.items()}, "best_blind": gain.get("best_blind"),
                         **{key: gain.get(end) for key, end in ENDS.items()}})
    return pd.DataFrame(rows, columns=None if rows else [*RUN, "part", *own, "shuffled", "best_blind", *ENDS])


def worth_table(worth):
    """The columns of `blind_table` that fit a page; of several seeds the mean, where an interval is that of the first
    seed's run alone and therefore left out."""
    if worth["seed"].nunique() == 1:
        return worth.set_index(["system", "strategy", "part"])[[
            "posrank", "low", "high", "chance", "adjusted", "shuffled", "best_blind", *ENDS]]
    groups = worth.groupby(["system", "strategy", "part"], sort=False)
    means = groups[["posrank", "chance", "adjusted", "shuffled", "vision_gain"]].mean()
    best = groups["best_blind"].agg(lambda names: ", ".join(sorted(set(names.dropna()))))
    return means.join([best, groups["gain_low"].min().rename("lowest gain_low of any seed")])


def average_table(metrics):
    """Table 3: mean PoSRank over the five parts of coarse training, per system, beside the paper's VLN-UVO column."""
    rows = run_rows([m for m in metrics if m["strategy"] == "coarse"]).rename(columns={"mean": "posrank"})
    columns = ["posrank", "low", "high", "chance", "adjusted", "shuffled", *ENDS]
    table = rows.assign(system=rows["system"].map(SYSTEMS)).groupby("system", sort=False)[columns].mean()
    paper = paper_table(3).set_index("system")["VLN-UVO"]
    return table.assign(**{"paper (VLN-UVO)": paper.reindex(table.index)})


def beside_paper(metrics, table=8, others=None):
    """Ours and the paper's rows of Table 4, 7 or 8 (or of 5, 6: see posrank.figures.sweeps), numbers as they are ->
    DataFrame indexed by (system or dataset, training strategy, from: ours | paper).

    Table 4 is about X-CLIP alone, Table 7 about X-CLIP by dataset: `metrics` and `others`, {name of a dataset: metrics
    of runs on it}. Every row of the paper is there. The worlds differ (the paper's Tables 4 and 8 are VLN-UVO with K =
    20): compare the order of the strategies and adjusted values.
    """
    first = "dataset" if table == 7 else "system"
    name = metrics[0].get("dataset") if metrics else ""
    sets = {PAPER_DATASETS.get(name, name): metrics, **(others or {})}
    ours, paper = [], paper_table(table).assign(**{"from": "paper"})
    for name, runs in sets.items():
        rows = strategy_table([m for m in runs if table == 8 or m["system"] == "xclip"]).reset_index()
        ours.append(rows.assign(**{"from": "ours", "dataset": name, "system": rows["system"].map(SYSTEMS)}))
    if table == 4:
        paper["system"] = SYSTEMS["xclip"]
    both = pd.concat([rows for rows in (*ours, paper) if len(rows)])
    order = {name: n for n, name in enumerate([*both[first].unique(), *STRATEGIES])}
    both = both.sort_values([first, "strategy"], key=lambda column: column.map(order), kind="stable")
    both["training strategy"] = both["strategy"].map(STRATEGIES)
    return both.set_index([first, "training strategy", "from"])[list(COLUMNS)]
