"""Training on one kind of negatives, testing on others, with a share of the words held out from training negatives.

Comes in: the points of the sweeps `rule` and `holdout` of PRESET=generators, as metrics dicts. Goes out: a table and a
figure. Lists whose negatives are words that training put in are `seen`, lists of words that it never put in `held-out`;
a model that has learnt which words negatives are made of is far better on the first than on the second, and needs no
video for it.
"""

import pandas as pd

from posrank import PARTS
from posrank.figures.style import BLIND_COLOUR, CHANCE, COLOURS
from posrank.figures.tables import number_table, numbers
from posrank.scoring.ranks import chance_adjusted

COARSE = "captions alone"
"""What coarse-grained training is called among kinds of negatives."""
SHOWN = ["v2t", "t2v", *PARTS, "mean", "shuffled", "chance", "adjusted", "shuffled_adjusted"]
PANELS = {("paper", "seen"): "rule paper, words that\ntraining put in",
          ("paper", "held-out"): "rule paper, words that\nit never put in",
          ("exchange", "all"): "rule exchange, where text\nalone is at chance"}
LABELS = {COARSE: "trained on captions alone", "paper": "on negatives of rule paper",
          "exchange": "on negatives of rule exchange"}
TONES = {COARSE: COLOURS["coarse"], "paper": COLOURS["word"], "exchange": "#cc78bc"}


def cross_generator(trained):
    """DataFrame by trained on (captions alone = coarse-grained training), tested on, replacements: recall, PoSRank per
    part and mean, the mean with shuffled videos, chance, and both means adjusted for chance; seeds are averaged.

    trained: {point: metrics}. Replacements: all words of the test set; seen: lists of words that the training negatives
    put in; held-out: lists of words that they never did (the same words for all rules). Lists differ in length between
    rows: compare adjusted values.
    """
    rows = {}
    for rule, tested, kind, mine in _results(trained):
        found = numbers(mine) if mine else {}
        if mine and mine.get("zero_line"):
            parts = [part for part in PARTS if part in mine["posrank"]]
            found["shuffled_adjusted"] = sum(chance_adjusted(mine["zero_line"][part], mine["posrank"][part]["chance"])
                                             for part in parts) / len(parts)
        rows.setdefault((rule, tested, kind), []).append(found)
        if not mine:
            print(f"rule {tested}: no list with {kind} replacements")
    means = {key: pd.DataFrame(seeds).mean(numeric_only=True).to_dict() for key, seeds in rows.items()}
    return number_table(means, ["trained on", "tested on", "replacements"], SHOWN)


def generator_figure(trained):
    """PoSRank per part, one panel a kind of lists (`PANELS`), bars by what was trained on; the thick dash is the same
    model with shuffled videos, the dotted line chance. None where no panel has points."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    table = _by_part(trained)
    kinds = [kind for kind in PANELS if len(table) and (table["kind"] == kind).any()]
    if not kinds:
        return None
    figure, panels = plt.subplots(1, len(kinds), figsize=(1.2 + 2.9 * len(kinds), 3.2), squeeze=False, sharey=True)
    for axes, kind in zip(panels[0], kinds):
        mine = table[table["kind"] == kind]
        parts = [part for part in PARTS if part in set(mine["part"])]
        order = [rule for rule in TONES if rule in set(mine["trained on"])]
        sns.barplot(mine, x="part", y="posrank", hue="trained on", order=parts, hue_order=order, palette=TONES,
                    errorbar=None, ax=axes)
        for bars, rule in zip(axes.containers, order):
            own = mine[mine["trained on"] == rule].groupby("part")[["shuffled", "chance"]].mean()
            for bar, part in zip(bars, parts):
                ends = bar.get_x(), bar.get_x() + bar.get_width()
                axes.hlines(own.loc[part, "shuffled"], *ends, color=BLIND_COLOUR, lw=2.2,
                            label="the same model, shuffled videos")
                axes.hlines(own.loc[part, "chance"], *ends, color=CHANCE["color"], lw=CHANCE["lw"], ls=":",
                            label="chance")
        axes.set(title=PANELS[kind], xlabel="", ylabel="PoSRank", ylim=(0, 1))
        axes.get_legend().remove()
    handles = {LABELS.get(label, label): handle for axes in panels[0]
               for handle, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=len(handles), fontsize="small")
    return figure


def _results(trained):
    """(trained on, tested on, replacements, the result or None) of every point and kind of lists."""
    for metrics in trained.values():
        rule = COARSE if metrics["strategy"] == "coarse" else metrics["change"]["train"]["rule"]
        for tested, result in {metrics.get("rule", "paper"): metrics, **metrics.get("rules", {})}.items():
            for kind, mine in {"all": result, **result.get("holdout", {})}.items():
                yield rule, tested, kind, mine


def _by_part(trained):
    rows = [{"trained on": rule, "kind": (tested, kind), "part": part, "posrank": mine["posrank"][part]["posrank"],
             "chance": mine["posrank"][part]["chance"], "shuffled": mine.get("zero_line", {}).get(part)}
            for rule, tested, kind, mine in _results(trained) if mine for part in PARTS if part in mine["posrank"]]
    return pd.DataFrame(rows)
