"""Figures of PoSRank: per part (Fig. 6), against coarse recall (Fig. 5), and against what needs no video."""

import numpy as np

from posrank.figures.style import BLIND_COLOUR, COLOURS, STRATEGIES, SYSTEMS, TABLE_PARTS
from posrank.figures.tables import blind_table, strategy_table


def parts_figure(metrics, title="PoSRank per part of speech"):
    """Fig. 6: bars of PoSRank per part, one colour a strategy (or system), with 95 % intervals; the dashes are the
    shuffled-video line of each bar, the dotted line is chance. None without runs."""
    import matplotlib.pyplot as plt

    if not metrics:
        return None
    table = blind_table(metrics)
    runs = list(dict.fromkeys(zip(table["system"], table["strategy"])))
    figure, axes = plt.subplots(figsize=(1.6 + 1.35 * len(TABLE_PARTS), 3.2))
    width = 0.8 / len(runs)
    several = len({system for system, _ in runs}) > 1
    for i, (system, strategy) in enumerate(runs):
        mine = table[(table["system"] == system) & (table["strategy"] == strategy)].groupby("part")
        means = mine[["posrank", "low", "high", "shuffled", "chance", "vision_gain"]].agg(
            lambda column: column.astype(float).mean()).reindex(TABLE_PARTS)
        x = np.arange(len(TABLE_PARTS)) + (i - (len(runs) - 1) / 2) * width
        error = np.nan_to_num(np.array([means["posrank"] - means["low"], means["high"] - means["posrank"]], dtype=float)).clip(0)
        label = f"{SYSTEMS[system]}, {strategy}" if several else STRATEGIES[strategy]
        axes.bar(x, means["posrank"], width * 0.92, color=COLOURS[strategy], label=label, alpha=1 if system == runs[-1][0] else 0.55,
                 yerr=error, error_kw={"elinewidth": 0.9, "ecolor": "#333333"})
        best = means["posrank"] - means["vision_gain"]
        for values, thick, name in ((best, 2.2, "best without video; above it: vision gain"), (means["shuffled"], 0.9, "shuffled video")):
            axes.hlines(values, x - width * 0.46, x + width * 0.46, color=BLIND_COLOUR, lw=thick, label=name if i == 0 else None)
    for i, part in enumerate(TABLE_PARTS):
        chance = table.loc[table["part"] == part, "chance"].mean()
        axes.hlines(chance, i - 0.45, i + 0.45, color="#444444", lw=1, ls=":", label="chance" if i == 0 else None)
    axes.set_xticks(range(len(TABLE_PARTS)), TABLE_PARTS)
    axes.set(ylim=(0, 1), ylabel="PoSRank", title=title)
    axes.grid(axis="x", visible=False)
    axes.legend(ncols=2, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.1))
    return figure


def correlation_figure(metrics, title="Coarse and fine-grained performance"):
    """Fig. 5: mean recall (over both directions) against mean PoSRank, one point a run; None without runs."""
    import matplotlib.pyplot as plt

    if not metrics:
        return None
    table = strategy_table(metrics)
    figure, axes = plt.subplots(figsize=(4.4, 3.2))
    markers = dict(zip(SYSTEMS, "osD^v"))
    worth = blind_table(metrics)
    gains = worth.assign(vision_gain=worth["vision_gain"].astype(float)).groupby(["system", "strategy"])["vision_gain"].mean()
    for system, strategy in table.index:
        values = table.loc[(system, strategy)]
        x, y = values[["v2t", "t2v"]].mean(), values[list(TABLE_PARTS)].mean()
        if gains[system, strategy] == gains[system, strategy]:  # not NaN: the run has blind rows
            axes.vlines(x, y - gains[system, strategy], y, color=COLOURS[strategy], lw=1.4, alpha=0.7, zorder=2)
        axes.scatter(x, y, s=52, color=COLOURS[strategy], marker=markers[system], edgecolor="white", zorder=3,
                     label=f"{SYSTEMS[system]}, {strategy}")
    axes.set(xlabel="mean recall over both directions (%)", ylabel="mean PoSRank (line: vision gain)", title=title)
    axes.margins(0.18)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure


def controls_figure(metrics, title="What needs no video"):
    """PoSRank of one run beside its blind rows and controls, per part, with the vision gain under each part's name."""
    import matplotlib.pyplot as plt

    rows = {"this run": {part: metrics["posrank"][part]["posrank"] for part in TABLE_PARTS if part in metrics["posrank"]}}
    rows |= metrics.get("controls", {}) | metrics.get("blind", {})
    figure, axes = plt.subplots(figsize=(6.6, 2.9))
    shades = ["#029e73", "#56b4e9", "#0173b2", "#d55e00", "#e8a27c", "#949494", "#c9c9c9", "#ece133"]
    width = 0.84 / len(rows)
    for i, (name, values) in enumerate(rows.items()):
        x = np.arange(len(TABLE_PARTS)) + (i - (len(rows) - 1) / 2) * width
        axes.bar(x, [values.get(part, np.nan) for part in TABLE_PARTS], width * 0.92, color=shades[i % len(shades)], label=name)
    gains = {part: metrics.get("vision_gain", {}).get(part, {}).get("value") for part in TABLE_PARTS}
    names = [part if gains[part] is None else f"{part}\nvision {gains[part]:+.2f}" for part in TABLE_PARTS]
    axes.set_xticks(range(len(TABLE_PARTS)), names)
    axes.set(ylim=(0, 1), ylabel="PoSRank", title=title)
    axes.grid(axis="x", visible=False)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure
