"""Tables of what stands beside PoSRank: brittleness, training on a constant video, training and testing on different negatives.

Comes in: metrics dicts as `metrics/<run>.json` and `metrics/sweeps/<point>.json` hold
them. Goes out: DataFrames; what is missing is said in a line.
"""

import json

import numpy as np
import pandas as pd

from posrank.figures.style import TABLE_PARTS
from posrank.figures.tables import mean_gain

KINDS = {"synonym": "one word replaced by a synonym", "rephrased": "the same words in another sentence"}


def brittleness_table(metrics):
    """Brittleness per kind of positive, system, strategy and part -> DataFrame; over several seeds the mean. A cell of one seed is
    `value [95 % interval]`, of several the mean alone; `shuffled video` is the same with wrong videos, `captions` the smallest
    number of captions behind a cell. Says in a line why a kind or part has none. Empty where no run has any (evaluate.positives: 0).
    """
    rows, why = [], {}
    for m in metrics:
        for kind, entry in m.get("brittleness", {}).items():
            left = {reason: n for reason, n in entry["left_out"].items() if n}
            why.setdefault(kind, (sorted(set(TABLE_PARTS) - set(entry["parts"])), left))
            for part, values in entry["parts"].items():
                rows.append({"positives": KINDS.get(kind, kind), "system": m["system"], "strategy": m["strategy"], "part": part, **values})
    for kind, (parts, left) in why.items():
        if parts:
            reasons = ", ".join(f"{n} left out: {reason}" for reason, n in left.items()) or "the captions have none"
            print(f"{KINDS.get(kind, kind)}: no hard positives for {', '.join(parts)} ({reasons})")
    if not rows:
        print("no hard positives were scored (evaluate.positives in params.yaml)")
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    keys = ["positives", "system", "strategy"]
    groups = table.groupby([*keys, "part"], sort=False)
    cells = groups.apply(_cell).unstack("part").reindex(columns=[part for part in TABLE_PARTS if part in set(table["part"])])
    together = table.groupby(keys, sort=False)
    order = together.size().index
    if "shuffled" in table:
        cells["shuffled video"] = together["shuffled"].mean()
    cells["captions"] = together["captions"].min()
    return cells.reindex(order)


def _cell(rows):
    if len(rows) > 1 or rows["low"].isna().all():
        return f"{rows['brittleness'].mean():.3f}"
    first = rows.iloc[0]
    return f"{first['brittleness']:.3f} [{first['low']:.3f}, {first['high']:.3f}]"


def points(folder, name):
    """{point: metrics} of a sweep's files <folder>/<name>-<point>.json, sorted by name."""
    return {path.stem.removeprefix(f"{name}-"): json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(folder.glob(f"{name}-*.json"))}


def constant_table(constant, metrics):
    """What the text alone teaches: runs trained on a constant video beside the same runs trained on their videos.

    constant: {run: metrics} of the first kind; metrics: those of the second. -> DataFrame by run, trained on, shown: PoSRank per part
    and mean, and the mean vision gain with its interval; below them coarse training of the same system and seed, and chance.
    """
    full = {f"{m['system']}-{m['strategy']}-{m['seed']}": m for m in metrics}
    rows = []
    for run, mine in constant.items():
        if run in full:
            rows.append({"run": run, "trained on": "own videos", "shown": "own videos", **_parts(full[run])})
        rows.append({"run": run, "trained on": "constant video", "shown": "own videos", **_parts(mine)})
        if "blank video" in mine.get("blind", {}):
            rows.append({"run": run, "trained on": "constant video", "shown": "blank video", **_line(mine["blind"]["blank video"])})
    for mine in {(m["system"], m["seed"]): m for m in constant.values()}.values():
        coarse = f"{mine['system']}-coarse-{mine['seed']}"
        if coarse in full:
            rows.append({"run": coarse, "trained on": "own videos", "shown": "own videos", **_parts(full[coarse])})
    if constant:
        chance = {part: values["chance"] for part, values in next(iter(constant.values()))["posrank"].items()}
        rows.append({"run": "chance", "trained on": "", "shown": "", **_line(chance)})
    return pd.DataFrame(rows).set_index(["run", "trained on", "shown"]) if rows else pd.DataFrame()


def cross_generator(trained):
    """Training on one kind of negatives, testing on others.

    trained: {rule of the training negatives: metrics}. -> DataFrame by trained on, tested on, replacements: PoSRank per part and
    mean, chance, the mean adjusted for chance, and the mean vision gain with its interval. Lists differ in length between rows: compare
    adjusted values. Replacements: all words of the test set; seen: lists of words that the
    run's training negatives put in; held-out: lists of words that they never did (the words are the same for all rules).
    """
    rows = []
    for rule, metrics in trained.items():
        sets = {metrics.get("rule", "paper"): metrics, **metrics.get("rules", {})}
        for tested, result in sets.items():
            lists = {"all": result, **result.get("holdout", {})}
            for kind, mine in lists.items():
                key = {"trained on": rule, "tested on": tested, "replacements": kind}
                rows.append({**key, **(_parts(mine) if mine else {"mean": np.nan})})
                if not mine:
                    print(f"rule {tested}: no list with {kind} replacements")
    return pd.DataFrame(rows).set_index(["trained on", "tested on", "replacements"]) if rows else pd.DataFrame()


def show_cross_generator(work):
    """The cross-generator table of this workspace; where there is none, it says how to make it."""
    table = cross_generator(points(work.folder / "metrics" / "sweeps", "rule"))
    return _shown(work, table, "cross_generator", "make sweep SWEEP=rule PRESET=generators")


def show_constant(work, metrics):
    """The constant-video table of this workspace; where there is none, it says how to make it."""
    table = constant_table(points(work.folder / "metrics" / "sweeps", "constant"), metrics)
    return _shown(work, table, "constant_video", "make sweep SWEEP=constant")


def _shown(work, table, name, command):
    if table.empty:
        print(f"{name.replace('_', ' ')}: not run in this workspace ({command})")
        return table
    return work.save_table(table, name)


def _parts(metrics):
    """PoSRank per part and mean, chance, the mean adjusted for chance (lists differ in length), vision gain."""
    ranks = metrics["posrank"]
    line = _line({part: values["posrank"] for part, values in ranks.items()})
    return {**line, "chance": ranks["mean"]["chance"], "adjusted": ranks["mean"]["adjusted"], "vision_gain": mean_gain(metrics),
            "gain_low": mean_gain(metrics, "low"), "gain_high": mean_gain(metrics, "high")}


def _line(values):
    return {part: values.get(part, np.nan) for part in (*TABLE_PARTS, "mean")}
