"""Pieces of the report that need more than metrics: paired differences, sweeps, attention maps, and what it all says."""

import itertools

import numpy as np
import pandas as pd

from posrank.captions.statistics import paper_table
from posrank.figures.attention import attention_figure
from posrank.figures.curves import sweep_figure
from posrank.figures.probes import points
from posrank.figures.style import SYSTEMS, TABLE_PARTS
from posrank.figures.tables import blind_table, differences, mean_gain, row, strategy_table


def seed_ranks(work, metrics):
    """{(system, strategy): ranks table averaged over seeds}; runs without ranks in this workspace are left out."""
    found = {}
    for m in metrics:
        ranks = work.ranks(f"{m['system']}-{m['strategy']}-{m['seed']}")
        if ranks is not None:
            found.setdefault((m["system"], m["strategy"]), []).append(ranks[ranks["run"] == ranks["run"].iloc[0]])
    merged = {}
    for key, tables in found.items():
        together = pd.concat(tables)
        averages = together.groupby(["caption_id", "video_id", "part"], sort=False, as_index=False).agg(
            better=("better", "first"), equal=("equal", "first"), negatives=("negatives", "first"),
            reciprocal_rank=("reciprocal_rank", "mean"))
        merged[key] = averages.assign(run="-".join(key))
    return merged


def marked_table(work, metrics):
    """Tables 4 and 8 with intervals and marks -> (wide table of texts, long table of `posrank.scoring.marks.marked`).

    A cell is PoSRank [95 % interval], then c where chance is not excluded, then + or - where it differs from the strategy above
    it (Holm over the parts, paired, videos and seeds resampled), = where it does not. Below each system: the line of shuffled
    video (mean of its runs), and chance. Two empty tables where this workspace holds no ranks.
    """
    from posrank.scoring.marks import marked

    runs = {}
    for m in metrics:
        ranks = work.ranks(f"{m['system']}-{m['strategy']}-{m['seed']}")
        if ranks is not None:
            rows = runs.setdefault(m["system"], {}).setdefault(m["strategy"], [])
            rows.append(ranks[ranks["run"] == ranks["run"].iloc[0]])
    options = work.params.evaluate
    tables = [marked(rows, options.bootstrap, options.seed).assign(system=system) for system, rows in runs.items()]
    if not tables:
        print("no ranks in this workspace (make repro writes them): no marks")
        return pd.DataFrame(), pd.DataFrame()
    long = pd.concat(tables, ignore_index=True).rename(columns={"row": "strategy"})
    long["text"] = [_marked_cell(line) for line in long.to_dict("records")]
    wide = long.pivot_table(index=["system", "strategy"], columns="part", values="text", aggfunc="first", sort=False)
    wide = pd.concat([block for system in runs for block in (wide.loc[[system]], _lines(system, metrics, wide.columns))])
    return wide[[part for part in TABLE_PARTS if part in wide]], long.set_index(["system", "strategy", "part"]).drop(columns="text")


def _lines(system, metrics, parts):
    """Two rows under a system's: shuffled video and chance, per part."""
    mine = [m for m in metrics if m["system"] == system]
    shuffled = {part: [m["zero_line"][part] for m in mine if part in m.get("zero_line", {})] for part in parts}
    chance = {part: [m["posrank"][part]["chance"] for m in mine if part in m["posrank"]] for part in parts}
    rows = [{part: f"{np.mean(values):.3f}" if values else "" for part, values in row.items()} for row in (shuffled, chance)]
    return pd.DataFrame(rows, index=pd.MultiIndex.from_product([[system], ["shuffled video", "chance"]], names=["system", "strategy"]))


def _marked_cell(line):
    interval = "" if np.isnan(line["low"]) else f" [{line['low']:.3f}, {line['high']:.3f}]"
    chance = " c" if line["above_chance"] != "yes" else ""
    against = {"above": " +", "same": " =", "below": " -"}.get(line["from_previous"], "")
    return f"{line['posrank']:.3f}{interval}{chance}{against}"


def strategy_differences(work, metrics):
    """Paired differences of PoSRank between any two strategies of a system, seeds averaged, with 95 % intervals and Holm's
    correction; an empty table where this workspace holds no ranks."""
    ranks = {"-".join(key): table for key, table in seed_ranks(work, metrics).items()}
    pairs = []
    for system in dict.fromkeys(m["system"] for m in metrics):
        mine = [name for name in ranks if name.startswith(f"{system}-")]
        pairs += [(b, a) for a, b in itertools.combinations(mine, 2)]
    table = differences(ranks, pairs, work.params.evaluate.bootstrap, work.params.evaluate.seed)
    if table.empty:
        print("no ranks in this workspace (make repro writes them): no paired differences")
        return table
    return table.set_index(["run", "against", "part"])


def average_table(metrics):
    """Table 3: mean PoSRank over the five parts of coarse training, per system, with the paper's VLN-UVO column beside it."""
    paper = paper_table(3).set_index("system")
    rows = []
    for m in metrics:
        if m["strategy"] == "coarse":
            mean = m["posrank"]["mean"]
            rows.append({"system": SYSTEMS[m["system"]], **{k: mean[k] for k in ("posrank", "low", "high", "chance", "adjusted")},
                         "shuffled": m.get("zero_line", {}).get("mean", np.nan), "vision_gain": mean_gain(m),
                         "gain_low": mean_gain(m, "low"), "gain_high": mean_gain(m, "high")})
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table = table.groupby("system", sort=False).mean()
    table["paper (VLN-UVO)"] = [paper.loc[s, "VLN-UVO"] if s in paper.index else np.nan for s in table.index]
    return table


def sweep_table(folder, name):
    """One of the sweeps ("lambda", "n") as a table of the paper's columns, sorted by value; empty where it has not run.

    folder: where its files <name>-<value>.json are (`sweeps/metrics` of a workspace, `metrics/sweeps` where they were published).
    """
    found = points(folder, name).items()
    rows = [{name: float(value), **row(metrics), "vision_gain": mean_gain(metrics)} for value, metrics in found]
    return pd.DataFrame(rows).sort_values(name, ignore_index=True) if rows else pd.DataFrame()


def show_sweeps(work):
    """Display Tables 5 and 6 with their figures and the paper's tables below; says so where a sweep has not run."""
    from IPython.display import display

    for number, name, label in ((5, "lambda", "lambda"), (6, "n", "N, negatives per part of speech")):
        table = sweep_table(work.folder / "sweeps" / "metrics", name)
        if table.empty:
            print(f"Table {number}: this sweep has not run in this workspace (make sweep)")
            continue
        work.save(sweep_figure(table, name, label), f"table{number}_{name}")
        display(work.save_table(table.set_index(name), f"table{number}"), paper_table(number))


def attention_of_runs(work, metrics, index=0):
    """Fig. 8: attention maps of one test clip for each strategy of the first system with weights here, or None."""
    from posrank.towers.attention import attention_maps
    from posrank.training.runs import load_run

    maps, shown = {}, None
    for m in metrics:
        run = f"{m['system']}-{m['strategy']}-{m['seed']}"
        if m["system"] != metrics[0]["system"] or m["seed"] != metrics[0]["seed"]:
            continue
        if not (work.folder / "runs" / run / "weights.safetensors").exists():
            continue
        if shown is None:
            texts, store = work.captions(m["dataset"]), work.frames(m["dataset"])
            caption = texts[(texts["split"] == m["split"]) & texts["video_id"].isin(store.ids)].iloc[index]
            stored = store[caption["video_id"]][0]
        system, _ = load_run(work.folder / "runs" / run)
        video, _ = system.prepare(stored[None])  # a system may look at fewer frames than are stored
        shown = (video[0].movedim(1, -1) * system.image_std + system.image_mean).clamp(0, 1).cpu().numpy()
        for token, values in attention_maps(system, video).items():
            maps[f"{m['strategy']}\n{token}"] = values[0]
    if shown is None:
        print("no trained weights in this workspace (make repro trains them): no attention maps")
        return None
    return attention_figure(np.asarray(shown), maps, caption["caption"], steps=6)


def verdict(metrics):
    """A few sentences that the numbers of these runs support, as Markdown; everything in them is computed here."""
    if not metrics:
        return "No runs: nothing was trained or evaluated here (`train.systems: []`, or `make repro` has not come that far)."
    table, worth = strategy_table(metrics), blind_table(metrics)
    lines = []
    for system in dict.fromkeys(name for name, _ in table.index):
        mine = table.loc[system]
        seeds = int(mine["seeds"].max())
        means = mine[list(TABLE_PARTS)].mean(axis=1).sort_values(ascending=False)
        order = " > ".join(f"{name} ({value:.3f})" for name, value in means.items())
        recall = mine[["v2t", "t2v"]].mean(axis=1)
        lines.append(f"* **{SYSTEMS[system]}** ({seeds} seed{'s' if seeds > 1 else ''}): mean PoSRank {order}.")
        if "coarse" in recall.index:
            change = ", ".join(f"{name} {recall[name] - recall['coarse']:+.1f}" for name in mine.index if name != "coarse")
            lines.append(f"  Mean recall {recall['coarse']:.1f} with coarse training; change in points: {change or 'none trained'}.")
    blind = worth[worth["gain_low"].notna() & (worth["gain_low"] <= 0)]
    cells = ", ".join(f"{r.system} {r.strategy} {r.part}" for r in blind.itertuples())
    lines.append(f"* Vision gain not distinguishable from 0 (95 %): {cells or 'nowhere'}.")
    if table["seeds"].max() < 3:
        lines.append("* Fewer than three seeds: the order of the strategies is what this run gave, not a claim about the method.")
    return "\n".join(lines)

