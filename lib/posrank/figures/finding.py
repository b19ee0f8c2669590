"""How much of a PoSRank, and of a gain, is vision: PoSRank against the best score without video, per part and strategy.

Comes in: metrics dicts of runs, in groups with a name each (a grammar of the world, a dataset). Goes out: tables and a
figure. Where a group's captions hold a language shortcut, points move to the right along the diagonal: the text alone
explains them. What stands above the diagonal was seen. In a gain over coarse training, the share of vision is what the
same model does not gain when it is shown the wrong videos.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.figures.style import BLIND_COLOUR, COLOURS, STRATEGIES, SYSTEMS
from posrank.figures.tables import blind_table
from posrank.figures.texts import named

MARKERS = dict(zip(PARTS, "osD^v"))


def finding_table(groups):
    """{name of a group: metrics of runs} -> DataFrame by group, system, strategy, part: means over seeds of posrank,
    chance, shuffled (video), best_blind (the best row that needs no video), vision_gain = posrank - best_blind, and the
    number of seeds. No rows for no runs.
    """
    rows, keys = _rows(groups), ["group", "system", "strategy", "part"]
    table = rows.groupby(keys, sort=False)[["posrank", "chance", "shuffled", "best_blind", "vision_gain"]].mean()
    return table.assign(seeds=rows.groupby(keys, sort=False).size())


def _rows(groups):
    tables = [blind_table(metrics).assign(group=name) for name, metrics in groups.items() if metrics]
    rows = pd.concat(tables or [blind_table([]).assign(group=[])], ignore_index=True)
    numbers = ["posrank", "chance", "shuffled", "vision_gain"]
    rows[numbers] = rows[numbers].astype(float)
    # a run's best_blind names its row; its score is what the gain was taken from
    return rows.assign(best_blind=rows["posrank"] - rows["vision_gain"])


def gain_table(groups):
    """What each strategy adds to coarse training, and how much of it is vision -> DataFrame by group, system, strategy,
    part with

    gain       PoSRank minus that of coarse training with the same seed, mean over seeds
    text       the same difference with shuffled videos: what is gained without seeing the right video
    vision     gain - text
    gain_sd, vision_sd   standard deviations over seeds (not for one), seeds: how many
    The part "mean" is the mean over parts. Groups without coarse runs are left out.
    """
    rows, keys = _rows(groups), ["group", "system", "strategy", "part"]
    coarse = rows[rows["strategy"] == "coarse"]
    pairs = rows[rows["strategy"] != "coarse"].merge(coarse, on=["group", "system", "seed", "part"],
                                                     suffixes=("", "_coarse"))
    pairs = pairs.assign(gain=pairs["posrank"] - pairs["posrank_coarse"],
                         text=pairs["shuffled"] - pairs["shuffled_coarse"])
    numbers = ["gain", "text"]
    means = pairs.groupby(["group", "system", "strategy", "seed"], sort=False, as_index=False)[numbers].mean()
    pairs = pd.concat([pairs[[*keys, "seed", *numbers]], means.assign(part="mean")], ignore_index=True)
    pairs["vision"] = pairs["gain"] - pairs["text"]
    groups_of = pairs.groupby(keys, sort=False)
    spread = groups_of[["gain", "vision"]].std().add_suffix("_sd")
    table = groups_of[[*numbers, "vision"]].mean().join(spread.dropna(axis=1, how="all")).assign(seeds=groups_of.size())
    # a strategy's mean stands below its parts
    order = table.index.droplevel("part").unique()
    return table.loc[[key for start in order for key in table.index if key[:-1] == start]] if len(order) else table


def gain_texts(groups):
    """`gain_table` for a page: a row per group, system and strategy, cells `gain (of which vision)` per part and their
    mean. ValueError where there is nothing to compare."""
    table = gain_table(groups)
    if table.empty:
        raise ValueError("no runs of another strategy beside coarse ones with the same seed: nothing to compare")
    cells = (table["gain"].map("{:+.3f}".format) + table["vision"].map(" ({:+.3f})".format)).unstack("part", sort=False)
    cells = cells.reindex(columns=[part for part in (*PARTS, "mean") if part in cells]).fillna("")
    return named(cells.rename_axis(columns=None)).rename_axis(index={"group": "captions"})


def finding_figure(groups, system=None):
    """PoSRank against the best score without video: one panel a group, colours are strategies, shapes parts.

    system: whose runs; None = the first one that every group has, else the first. None without runs.
    """
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    table = finding_table(groups)
    if table.empty:
        return None
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
    parts = [part for part in PARTS if part in table.index.get_level_values("part")]
    handles = [Line2D([], [], ls="", marker="o", color=COLOURS[s], label=STRATEGIES[s]) for s in strategies]
    handles += [Line2D([], [], ls="", marker=MARKERS[part], color="#444444", label=part) for part in parts]
    panels[0][-1].legend(handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure


def shortcut_table(groups):
    """Two groups side by side (balanced captions, then captions with a shortcut): DataFrame by system, strategy and
    part with PoSRank, best_blind and vision_gain of both, and `bought` = the second's PoSRank minus the first's.

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


def unseen_text(groups):
    """For each group a line that names the parts and strategies whose PoSRank is below the best score without video."""
    table, lines = finding_table(groups), []
    for group, mine in table.groupby("group", sort=False):
        below = mine[mine["vision_gain"] < 0]
        cells = [f"{SYSTEMS[s]} {STRATEGIES[t]} {p} ({row['posrank']:.3f} < {row['best_blind']:.3f})"
                 for (_, s, t, p), row in below.iterrows()]
        lines.append(f"* {group}: {'; '.join(cells) or 'none'}.")
    return "\n".join(lines) or "No runs are published here."
