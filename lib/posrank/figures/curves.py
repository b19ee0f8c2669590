"""Curves: duplicate captions (Fig. 3), a run's losses, sweeps (Tables 5 and 6)."""

import matplotlib.pyplot as plt

from posrank import PARTS
from posrank.figures.style import BESIDE, BLIND_COLOUR, PART_COLOURS


def duplicate_figure(curves):
    """Fig. 3: share of captions (percent) that become identical to another one when so many words of a part are
    removed, one panel a dataset, four panels a row. curves: of posrank.captions.duplicates.duplicate_curves."""
    sets = curves.groupby("dataset", sort=False)
    wide, high = min(len(sets), 4), -(-len(sets) // 4)
    figure, panels = plt.subplots(high, wide, figsize=(1.0 + 3.6 * wide, 3.0 * high), squeeze=False,
                                  layout="constrained")
    for axes in panels.flat[len(sets):]:
        axes.remove()
    for axes, (name, mine) in zip(panels.flat, sets):
        for part, line in mine.groupby("part", sort=False):
            axes.plot(line["removed"], 100 * line["proportion"], "o-", ms=3.5, color=PART_COLOURS[part], label=part)
        axes.set(xlabel="words of the part removed", ylabel="become a duplicate (%)", title=name, ylim=(0, None))
        axes.xaxis.get_major_locator().set_params(integer=True)
    panels[0, -1].legend(**BESIDE)
    return figure


def history_figure(history, title="Training"):
    """Losses of a run over its steps: thin as they were, thick as a running mean."""
    figure, axes = plt.subplots(figsize=(5.2, 2.7))
    for name, colour in (("coarse", "#0173b2"), ("fine", "#de8f05")):
        values = history[name]
        if values.notna().any():
            axes.plot(history["step"], values, color=colour, lw=0.5, alpha=0.35)
            axes.plot(history["step"], values.rolling(max(1, len(values) // 20), min_periods=1).mean(), color=colour,
                      label=f"{name} loss")
    axes.set(xlabel="step", ylabel="loss", title=title, ylim=(0, None))
    axes.legend(fontsize="small")
    return figure


def sweep_figure(table, column, label, paper=None):
    """Tables 5 and 6 as curves: PoSRank per part, mean vision gain and mean recall (percent / 100) against one
    parameter. paper: the paper's table of the same parameter, drawn pale (its first column is the parameter)."""
    figure, axes = plt.subplots(figsize=(6.4, 3.0))
    pale = {"marker": "o", "ms": 2.5, "lw": 0.8, "mfc": "white", "alpha": 0.5}
    for part in PARTS:
        axes.plot(table[column], table[part], "o-", ms=3.5, color=PART_COLOURS[part], label=part)
        if paper is not None:
            axes.plot(paper.iloc[:, 0], paper[part], color=PART_COLOURS[part], **pale)
    if paper is not None:
        axes.plot([], [], color="#777777", label="the paper's, VLN-UVO", **pale)
    if "vision_gain" in table:
        axes.plot(table[column], table["vision_gain"], "o-", ms=3, lw=2.4, color=BLIND_COLOUR,
                  label="vision gain (mean)")
    for name, style in (("v2t", "--"), ("t2v", ":")):
        axes.plot(table[column], table[name] / 100, style, color="#444444", label=f"{name.upper()} / 100")
    axes.set(xlabel=label, ylabel="PoSRank", ylim=(0, 1))
    axes.legend(**BESIDE)
    return figure
