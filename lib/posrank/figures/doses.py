"""How much the start weights know of motion, and what training adds: the sweep `dose` (train.backbone) as table and
curve.

Comes in: {point: metrics} of the sweep. Goes out: a DataFrame and a figure. Doses stand in the order of pretraining:
none (pictures alone), weak, strong.
"""

from posrank import PARTS
from posrank.figures.style import COLOURS, COLUMNS, STRATEGIES
from posrank.figures.tables import number_table, numbers

DOSES = {"world_none": "none", "world": "weak", "world_strong": "strong"}
"""Value of train.backbone -> name of the dose."""


def dose_table(trained):
    """Recall and PoSRank of each dose and strategy -> DataFrame by (motion in pretraining, strategy), with the mean
    over verb, adverb and preposition ("motion") and the shuffled-video line of that mean; empty without runs."""
    rows = {}
    for metrics in _ordered(trained):
        mine = numbers(metrics)
        mine["motion"] = sum(mine[part] for part in ("verb", "adv", "prep")) / 3
        line = metrics.get("zero_line", {})
        if {"verb", "adv", "prep"} <= set(line):
            mine["shuffled"] = sum(line[part] for part in ("verb", "adv", "prep")) / 3
        rows[_dose(metrics), STRATEGIES[metrics["strategy"]]] = mine
    return number_table(rows, ["motion in pretraining", "strategy"], [*COLUMNS, "motion", "shuffled"])


def dose_figure(trained):
    """PoSRank against the dose: a panel a part, a line a strategy, dashed its shuffled-video line; None without."""
    import matplotlib.pyplot as plt

    found = _ordered(trained)
    if not found:
        return None
    figure, panels = plt.subplots(1, len(PARTS), figsize=(10.5, 2.6), sharey=True, layout="constrained")
    for axes, part in zip(panels, PARTS):
        for strategy in dict.fromkeys(metrics["strategy"] for metrics in found):
            mine = [metrics for metrics in found if metrics["strategy"] == strategy]
            doses = [_dose(metrics) for metrics in mine]
            axes.plot(doses, [metrics["posrank"][part]["posrank"] for metrics in mine], "o-", ms=4,
                      color=COLOURS[strategy], label=STRATEGIES[strategy])
            axes.plot(doses, [metrics.get("zero_line", {}).get(part) for metrics in mine], "--", lw=1,
                      color=COLOURS[strategy])
        axes.set(title=part, ylim=(0, 1))
    panels[0].set_ylabel("PoSRank")
    figure.supxlabel("motion in pretraining", fontsize="medium")
    panels[-1].plot([], [], "--", lw=1, color="#444444", label="shuffled video")
    figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize="small")
    return figure


def dose_choice(trained):
    """By how much coarse-grained training from each dose misses what the default dose was chosen by -> DataFrame by
    motion in pretraining: verb and adv (PoSRank above the shuffled-video line, allowed .05), noun (below .9), recall
    (the lower of V2T and T2V below 90, as a share), largest; 0 = met. trained: points evaluated on the val split."""
    rows = {}
    for m in _ordered(trained):
        mine, line = numbers(m), m["zero_line"]
        misses = {part: mine[part] - line[part] - 0.05 for part in ("verb", "adv")}
        misses |= {"noun": 0.9 - mine["noun"], "recall": 0.9 - min(mine["v2t"], mine["t2v"]) / 100}
        misses = {name: max(value, 0.0) for name, value in misses.items()}
        rows[(_dose(m),)] = misses | {"largest": max(misses.values())}
    return number_table(rows, ["motion in pretraining"], ["verb", "adv", "noun", "recall", "largest"])


def _dose(metrics):
    return DOSES[metrics["change"]["train"]["backbone"]]


def _ordered(trained):
    doses, strategies = list(DOSES.values()), list(STRATEGIES)
    known = [m for m in trained.values() if m.get("change", {}).get("train", {}).get("backbone") in DOSES]
    return sorted(known, key=lambda m: (doses.index(_dose(m)), strategies.index(m["strategy"])))
