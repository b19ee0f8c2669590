"""Tables of sweeps: Tables 5 and 6 (lambda, N), training on a constant video, or on other negatives than tested.

Comes in: metrics dicts as `metrics/sweeps/<name>-<point>.json` hold them, beside
those of the runs. Goes out: DataFrames; what is missing is said in a line.
"""

import json

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.runs import lists_of, name_of, one_set, published
from posrank.figures.tables import mean_gain, row
from posrank.figures.texts import COLUMNS

SWEEPS = {"lambda": (5, "lambda", "make sweep SWEEP=lambda"), "n": (6, "negatives", "make sweep SWEEP=n"),
          "constant": (None, None, "make sweep SWEEP=constant"),
          "rule": (None, None, "make sweep SWEEP=rule PRESET=generators")}
"""Name of a sweep -> its table in the paper, that table's column of values, and the command that makes it."""


def sweep_folder(work):
    """Where the points of a workspace's sweeps are."""
    return work.folder / "metrics" / "sweeps"


def points(folder, name, like=None):
    """{point: metrics} of a sweep's files <folder>/<name>-<point>.json, sorted by name. like: metrics of the runs
    beside which they are shown; points on other lists are left out, and named."""
    found = {path.stem.removeprefix(f"{name}-"): json.loads(path.read_text(encoding="utf-8"))
             for path in sorted(folder.glob(f"{name}-*.json"))}
    other = [point for point, metrics in found.items() if like and lists_of(metrics) != lists_of(like[0])]
    if other:
        print(f"{name}: left out, as they were ranked on other lists than the runs: {', '.join(other)}")
    return {point: metrics for point, metrics in found.items() if point not in other}


def published_sweep(preset, name):
    """The points of a sweep that was published under a preset."""
    return points(published(preset) / "sweeps", name)


def sweep_table(folder, name, like=None):
    """A sweep over numbers ("lambda", "n"): the paper's columns, sorted by value; empty where it has not run.

    folder, like: as in `points`.
    """
    found = points(folder, name, like)
    one_set(list(found.values()))
    rows = [{name: float(value), **row(metrics), "vision_gain": mean_gain(metrics)} for value, metrics in found.items()]
    return pd.DataFrame(rows).sort_values(name, ignore_index=True) if rows else pd.DataFrame()


def sweep_beside_paper(table, name):
    """Table 5 or 6: the rows of `sweep_table` and the paper's, by value -> DataFrame by (value, from: ours | paper)."""
    theirs, column, _ = SWEEPS[name]
    paper = paper_table(theirs).rename(columns={column: name}).assign(**{"from": "paper"})
    both = pd.concat([table.assign(**{"from": "ours"}), paper] if len(table) else [paper], ignore_index=True)
    both = both.sort_values([name, "from"], kind="stable")
    values = both[name].map("{:g}".format)
    columns = [*COLUMNS, *(["vision_gain"] if "vision_gain" in both else [])]
    return both.assign(**{name: values}).set_index([name, "from"])[columns]


def constant_table(constant, metrics):
    """What the text alone teaches: runs trained on a constant video beside the same runs trained on their videos.

    constant: {run: metrics} of the first kind; metrics: those of the second. -> DataFrame by run, trained on, shown:
    PoSRank per part and mean, and the mean vision gain with its interval; below them coarse training, and chance.
    """
    one_set([*constant.values(), *metrics])
    full, rows = {name_of(m): m for m in metrics}, []

    def add(run, trained, shown, values):
        rows.append({"run": run, "trained on": trained, "shown": shown, **values})

    for run, mine in constant.items():
        if run in full:
            add(run, "own videos", "own videos", _parts(full[run]))
        add(run, "constant video", "own videos", _parts(mine))
        if "blank video" in mine.get("blind", {}):
            add(run, "constant video", "blank video", _line(mine["blind"]["blank video"]))
    for system, seed in dict.fromkeys((m["system"], m["seed"]) for m in constant.values()):
        if f"{system}-coarse-{seed}" in full:
            add(f"{system}-coarse-{seed}", "own videos", "own videos", _parts(full[f"{system}-coarse-{seed}"]))
    if constant:
        add("chance", "", "",
            _line({part: values["chance"] for part, values in next(iter(constant.values()))["posrank"].items()}))
    return pd.DataFrame(rows).set_index(["run", "trained on", "shown"]) if rows else pd.DataFrame()


def cross_generator(trained):
    """Training on one kind of negatives, testing on others.

    trained: {rule of the training negatives: metrics}. -> DataFrame by trained on, tested on, replacements: PoSRank per
    part and mean, chance, the mean adjusted for chance, and the mean vision gain with its interval. Lists differ in
    length between rows: compare adjusted values. Replacements: all words of the test set; seen: lists of words that the
    run's training negatives put in; held-out: lists of words that they never did (the same words for all rules).
    """
    rows = []
    for rule, metrics in trained.items():
        for tested, result in {metrics.get("rule", "paper"): metrics, **metrics.get("rules", {})}.items():
            for kind, mine in {"all": result, **result.get("holdout", {})}.items():
                key = {"trained on": rule, "tested on": tested, "replacements": kind}
                rows.append({**key, **(_parts(mine) if mine else {"mean": np.nan})})
                if not mine:
                    print(f"rule {tested}: no list with {kind} replacements")
    return pd.DataFrame(rows).set_index(["trained on", "tested on", "replacements"]) if rows else pd.DataFrame()


def show_constant(work, metrics):
    """The constant-video table of this workspace; where there is none, it says how to make it."""
    table = constant_table(points(sweep_folder(work), "constant", metrics), metrics)
    return _shown(work, table, "constant_video", "constant")


def show_cross_generator(work):
    """The cross-generator table of this workspace; where there is none, it says how to make it."""
    return _shown(work, cross_generator(points(sweep_folder(work), "rule")), "cross_generator", "rule")


def _shown(work, table, name, sweep):
    if table.empty:
        print(f"{name.replace('_', ' ')}: not run in this workspace ({SWEEPS[sweep][2]})")
        return table
    return work.save_table(table, name)


def _parts(metrics):
    """PoSRank per part and mean, chance, the mean adjusted for chance (lists differ in length), vision gain."""
    ranks = metrics["posrank"]
    return {**_line({part: values["posrank"] for part, values in ranks.items()}), "chance": ranks["mean"]["chance"],
            "adjusted": ranks["mean"]["adjusted"], "vision_gain": mean_gain(metrics),
            "gain_low": mean_gain(metrics, "low"), "gain_high": mean_gain(metrics, "high")}


def _line(values):
    return {part: values.get(part, np.nan) for part in (*PARTS, "mean")}


def constant_text(constant):
    """A line for each run trained on a constant video: mean PoSRank on a blank one, chance, best language model."""
    lines = []
    for run, m in constant.items():
        blind = {name: np.mean([row[p] for p in PARTS if p in row]) for name, row in m["blind"].items()}
        language = {name: value for name, value in blind.items() if not name.endswith("video")}
        best = max(language, key=language.get, default=None)
        told = f", a {best} model {language[best]:.3f}" if best else ""
        if "blank video" in blind:
            lines.append(f"* {run}: shown a blank video {blind['blank video']:.3f}; "
                         f"chance is {m['posrank']['mean']['chance']:.3f}{told}.")
    return "\n".join(lines) or "No such runs are published here."
