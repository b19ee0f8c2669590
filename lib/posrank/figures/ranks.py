"""Figures of PoSRank: per part (Fig. 6), against coarse recall (Fig. 5), and against what needs no video."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.style import BLIND_COLOUR, COLOURS, STRATEGIES, SYSTEMS
from posrank.figures.tables import blind_rows, blind_table, strategy_table


def parts_figure(metrics, title="PoSRank per part of speech"):
    """Fig. 6: bars of PoSRank per part, one colour a strategy, one panel a system, with 95 % intervals; the dashes are
    the shuffled-video line of each bar and its best row without video, the dotted line is chance. None without runs."""
    if not metrics:
        return None
    table = blind_table(metrics)
    systems = list(dict.fromkeys(table["system"]))
    columns = min(2, len(systems))
    rows = -(-len(systems) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(8.4 if columns == 1 else 11.5, 1 + 2.3 * rows), squeeze=False,
                                  sharex=True, sharey=True)
    for axes, system in zip(panels.flat, systems):
        _bars(axes, table[table["system"] == system])
        axes.set(ylim=(0, 1), title=title if len(systems) == 1 else SYSTEMS[system])
        axes.set_xticks(range(len(PARTS)), PARTS)
        axes.grid(axis="x", visible=False)
    for axes in panels.flat[len(systems) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("PoSRank")
    named = {}  # a strategy may be missing in one system
    for axes in panels.flat:
        named |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels()) if label not in named}
    figure.legend(named.values(), named, ncols=3, fontsize="small", loc="outside lower center")
    if len(systems) > 1:
        figure.suptitle(title, fontweight="bold", fontsize="medium")
    return figure


def _bars(axes, table):
    """The bars of one system's strategies, seeds averaged."""
    strategies = list(dict.fromkeys(table["strategy"]))
    width = 0.8 / len(strategies)
    for i, strategy in enumerate(strategies):
        mine = table[table["strategy"] == strategy].set_index("part")
        shown = mine[["posrank", "low", "high", "shuffled", "vision_gain"]].astype(float)
        means = shown.groupby("part").mean().reindex(PARTS)
        x = np.arange(len(PARTS)) + (i - (len(strategies) - 1) / 2) * width
        error = np.nan_to_num(np.array([means["posrank"] - means["low"], means["high"] - means["posrank"]],
                                       dtype=float)).clip(0)
        axes.bar(x, means["posrank"], width * 0.92, color=COLOURS[strategy], label=STRATEGIES[strategy], yerr=error,
                 error_kw={"elinewidth": 0.9, "ecolor": "#333333"})
        best = means["posrank"] - means["vision_gain"]
        for values, thick, name in ((best, 2.2, "best without video; above it: vision gain"),
                                    (means["shuffled"], 0.9, "shuffled video")):
            axes.hlines(values, x - width * 0.46, x + width * 0.46, color=BLIND_COLOUR, lw=thick,
                        label=name if i == 0 else None)
    for i, part in enumerate(PARTS):
        chance = table.loc[table["part"] == part, "chance"].mean()
        axes.hlines(chance, i - 0.45, i + 0.45, color="#444444", lw=1, ls=":", label="chance" if i == 0 else None)


def correlation_figure(metrics):
    """Fig. 5: mean recall (over both directions) against mean PoSRank. Left, all there is to see: 0 to 100 % and 0 to
    1, the paper's rows of Table 8 as hollow points, chance as a line. Right, ours alone and near by, with 95 %
    intervals of PoSRank; one point a system (shape) and strategy (colour), seeds averaged. None without runs."""
    if not metrics:
        return None
    ours, paper = (strategy_table(metrics),
                   paper_table(8).assign(system=lambda table: table["system"].map({v: k for k, v in SYSTEMS.items()})))
    means = [m["posrank"]["mean"] for m in metrics]
    bounds = (
        pd.DataFrame(
            [
                {**{k: m[k] for k in ("system", "strategy")}, **{k: mean.get(k) for k in ("low", "high")}}
                for m, mean in zip(metrics, means)
            ]
        )
        .groupby(["system", "strategy"])[["low", "high"]]
        .mean()
    )
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 3.4))
    markers = dict(zip(SYSTEMS, "osD^v"))
    for (system, strategy), values in paper.set_index(["system", "strategy"]).iterrows():
        panels[0].scatter(values[["v2t", "t2v"]].mean(), values[list(PARTS)].mean(), s=30, marker=markers[system],
                          facecolor="white", edgecolor=COLOURS[strategy], linewidth=1.1, zorder=2)
    for system, strategy in ours.index:
        values = ours.loc[(system, strategy)]
        x, y = values[["v2t", "t2v"]].mean(), values[list(PARTS)].mean()
        for axes in panels:
            axes.scatter(x, y, s=46, color=COLOURS[strategy], marker=markers[system], edgecolor="white", linewidth=0.6,
                         zorder=4)
        panels[1].vlines(x, *bounds.loc[(system, strategy)].astype(float), color=COLOURS[strategy], lw=1, zorder=3)
    panels[0].axhline(np.mean([mean["chance"] for mean in means]), color="#444444", lw=1, ls=":")
    panels[0].set(xlim=(0, 100), ylim=(0, 1), ylabel="mean PoSRank", title="ours and the paper's (VLN-UVO)")
    panels[1].set(title="ours alone, with 95 % intervals")
    panels[1].margins(0.2)
    # a difference of a tenth of a point is not to look like a wide gap
    for low, high, least, put in ((*panels[1].get_xlim(), 4, panels[1].set_xlim),
                                  (*panels[1].get_ylim(), 0.1, panels[1].set_ylim)):
        put((low + high - max(high - low, least)) / 2, (low + high + max(high - low, least)) / 2)
    for axes in panels:
        axes.set_xlabel("mean recall over both directions (%)")
    systems, strategies = (ours.index.unique("system"),
                           [s for s in STRATEGIES if s in {*ours.index.unique("strategy"), *paper["strategy"]}])
    handles = [Line2D([], [], ls="", marker="o", color=COLOURS[s], label=STRATEGIES[s]) for s in strategies]
    handles += [Line2D([], [], ls="", marker=markers[s], color="#444444", label=SYSTEMS[s])
                for s in dict.fromkeys([*systems, *paper["system"]])]
    handles += [Line2D([], [], ls="", marker="o", mfc="white", color="#444444", label="hollow: the paper's"),
                Line2D([], [], ls=":", lw=1, color="#444444", label="chance (ours)")]
    panels[1].legend(handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure


def controls_figure(metrics, title="What needs no video"):
    """PoSRank of one run beside its blind rows and controls, per part, the vision gain under the part's name."""
    rows = {"this run": {part: metrics["posrank"][part]["posrank"] for part in PARTS if part in metrics["posrank"]}}
    rows |= metrics.get("controls", {}) | blind_rows(metrics)
    figure, axes = plt.subplots(figsize=(6.6, 2.9))
    shades = ["#029e73", "#56b4e9", "#0173b2", "#d55e00", "#e8a27c", "#949494", "#c9c9c9", "#ece133"]
    width = 0.84 / len(rows)
    for i, (name, values) in enumerate(rows.items()):
        x = np.arange(len(PARTS)) + (i - (len(rows) - 1) / 2) * width
        axes.bar(x, [values.get(part, np.nan) for part in PARTS], width * 0.92, color=shades[i % len(shades)],
                 label=name)
    gains = {part: metrics.get("vision_gain", {}).get(part, {}).get("value") for part in PARTS}
    names = [part if gains[part] is None else f"{part}\ngain {gains[part]:+.2f}" for part in PARTS]
    axes.set_xticks(range(len(PARTS)), names)
    axes.set(ylim=(0, 1), ylabel="PoSRank", title=title)
    axes.grid(axis="x", visible=False)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure
