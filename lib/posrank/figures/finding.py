"""How much of a PoSRank, and of a gain, is vision: PoSRank against the best score without video, per part and strategy.

Comes in: metrics dicts of runs, in groups with a name each (a grammar of the world, a dataset). Goes out: tables and a figure.
Where a group's captions hold a language shortcut, points move to the right along the diagonal: the text alone explains them. What
stands above the diagonal was seen. In a gain over coarse training, the share of vision is what the same model does not gain when
it is shown the wrong videos.
"""

import numpy as np
import pandas as pd

from posrank.figures.style import BLIND_COLOUR, COLOURS, STRATEGIES, SYSTEMS, TABLE_PARTS
from posrank.figures.tables import blind_table

MARKERS = dict(zip(TABLE_PARTS, "osD^v"))


def finding_table(groups):
    """{name of a group: metrics of runs} -> DataFrame by group, system, strategy, part: means over seeds of posrank, chance,
    shuffled (video), best_blind (the best row that needs no video), vision_gain = posrank - best_blind, and the number of seeds.

    ValueError where no group has a run.
    """
    tables = [blind_table(metrics).assign(group=name) for name, metrics in groups.items() if metrics]
    if not tables:
        raise ValueError("no metrics of any run in any group: run `make repro` first")
    rows = pd.concat(tables, ignore_index=True)
    # best_blind of a run names its row; its score is what the gain was taken from
    rows["best_blind"] = rows["posrank"] - rows["vision_gain"].astype(float)
    keys = ["group", "system", "strategy", "part"]
    columns = ["posrank", "chance", "shuffled", "best_blind", "vision_gain"]
    table = rows.groupby(keys, sort=False)[columns].mean()
    return table.assign(seeds=rows.groupby(keys, sort=False).size())


def gain_table(groups):
    """What each strategy adds to coarse training, and how much of it is vision -> DataFrame as of `finding_table` with

    gain       PoSRank minus that of coarse training
    text       the same difference with shuffled videos: what is gained without seeing the right video
    vision     gain - text
    and, of part "mean", the means over the parts that coarse training has as well. Groups without coarse runs are left out.
    """
    table = finding_table(groups)
    rows = []
    for (group, system), mine in table.groupby(["group", "system"], sort=False):
        strategies = mine.index.get_level_values("strategy").unique()
        if "coarse" not in strategies:
            continue
        base = mine.loc[(group, system, "coarse")]
        for strategy in strategies.drop("coarse"):
            own = mine.loc[(group, system, strategy)]
            gain = (own["posrank"] - base["posrank"]).dropna()
            text = (own["shuffled"].astype(float) - base["shuffled"].astype(float)).reindex(gain.index)
            for part in [*gain.index, "mean"]:
                a, b = (gain.mean(), text.mean()) if part == "mean" else (gain[part], text[part])
                rows.append(dict(group=group, system=system, strategy=strategy, part=part, gain=a, text=b, vision=a - b))
    columns = ["group", "system", "strategy", "part", "gain", "text", "vision"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:4])


def finding_figure(groups, system=None):
    """PoSRank against the best score without video: one panel a group, colours are strategies, shapes are parts of speech.

    system: whose runs; None = the first one that every group has, else the first. On the diagonal, nothing was seen.
    """
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    table = finding_table(groups)
    known = table.index.get_level_values("system")
    if system is None:
        every = [set(mine.index.get_level_values("system")) for _, mine in table.groupby("group", sort=False)]
        system = next((name for name in known.unique() if all(name in has for has in every)), known[0])
    table = table[known == system]
    names = table.index.get_level_values("group").unique()
    figure, panels = plt.subplots(1, len(names), figsize=(1.9 + 3.1 * len(names), 3.5), squeeze=False, sharey=True)
    for axes, name in zip(panels[0], names):
        axes.plot([0, 1], [0, 1], color=BLIND_COLOUR, lw=1.2, zorder=1)
        for (_, _, strategy, part), values in table.loc[[name]].iterrows():
            axes.scatter(values["best_blind"], values["posrank"], s=46, marker=MARKERS[part], color=COLOURS[strategy],
                         edgecolor="white", linewidth=0.6, zorder=3)
        axes.text(0.97, 0.9, "no vision", color=BLIND_COLOUR, ha="right", va="top", rotation=45, fontsize="small",
                  rotation_mode="anchor", transform_rotates_text=True)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=name, xlabel="best score without video")
    panels[0][0].set_ylabel(f"PoSRank of {SYSTEMS[system]}")
    strategies = table.index.get_level_values("strategy").unique()
    parts = [part for part in TABLE_PARTS if part in table.index.get_level_values("part")]
    handles = [Line2D([], [], ls="", marker="o", color=COLOURS[s], label=STRATEGIES[s]) for s in strategies]
    handles += [Line2D([], [], ls="", marker=MARKERS[part], color="#444444", label=part) for part in parts]
    panels[0][-1].legend(handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure


def shortcut_table(groups):
    """Two groups side by side (balanced captions, then captions with a shortcut): DataFrame by system, strategy and part with
    PoSRank, best_blind and vision_gain of both, and `bought` = the second's PoSRank minus the first's.

    ValueError unless there are exactly two groups.
    """
    if len(groups) != 2:
        raise ValueError(f"groups: a table of two, got {len(groups)}")
    table = finding_table(groups)
    names = [*groups]
    first, second = (table.xs(name) for name in names)
    columns = ["posrank", "best_blind", "vision_gain"]
    both = first[columns].join(second[columns], how="inner", lsuffix=f" {names[0]}", rsuffix=f" {names[1]}")
    return both.assign(bought=np.round(second["posrank"] - first["posrank"], 12).reindex(both.index))
