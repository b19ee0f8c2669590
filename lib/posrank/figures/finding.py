"""How much of a PoSRank, and of a gain, is vision: PoSRank against the best score without video, per part and strategy.

Comes in: metrics dicts of runs, in groups with a name each (a grammar of the world, a dataset). Goes out: tables and a
figure. Where a group's captions hold a language shortcut, points move to the right along the diagonal: the text alone
explains them. What stands above the diagonal was seen. In a gain over coarse training, the share of vision is what the
same model does not gain when it is shown the wrong videos.
"""

import pandas as pd

from posrank import PARTS
from posrank.figures.style import BESIDE, BLIND_COLOUR, COLOURS, MARKERS, STRATEGIES, SYSTEMS, named
from posrank.figures.tables import blind_table

KEYS = ["group", "system", "strategy", "part"]
WAYS = {"t2v": "T2V", "v2t": "V2T", "v2t_centred": "V2T centred"}


def finding_table(groups):
    """{name of a group: metrics of runs} -> DataFrame by group, system, strategy, part: means over seeds of posrank,
    chance, shuffled (video), best_blind (the best row that needs no video), vision_gain = posrank - best_blind, and the
    number of seeds. No rows for no runs.
    """
    rows = _rows(groups).groupby(KEYS, sort=False)
    means = rows[["posrank", "chance", "shuffled", "best_blind", "vision_gain"]].mean()
    return means.assign(seeds=rows.size())


def _rows(groups):
    tables = [blind_table(metrics).assign(group=name) for name, metrics in groups.items() if metrics]
    rows = pd.concat(tables or [blind_table([]).assign(group=[])], ignore_index=True)
    rows = rows.astype(dict.fromkeys(["posrank", "chance", "shuffled", "vision_gain"], float))
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
    rows, run = _rows(groups), ["group", "system", "strategy", "seed"]
    is_coarse = rows["strategy"] == "coarse"
    pairs = rows[~is_coarse].merge(rows[is_coarse], on=["group", "system", "seed", "part"], suffixes=("", "_coarse"))
    pairs = pairs.assign(gain=pairs["posrank"] - pairs["posrank_coarse"],
                         text=pairs["shuffled"] - pairs["shuffled_coarse"])[[*run, "part", "gain", "text"]]
    means = pairs.groupby(run, sort=False, as_index=False)[["gain", "text"]].mean().assign(part="mean")
    pairs = pd.concat([pairs, means], ignore_index=True)
    # a strategy's mean stands below its parts
    pairs = pairs.assign(vision=pairs["gain"] - pairs["text"], run=pairs.groupby(run[:3], sort=False).ngroup())
    cells = pairs.sort_values("run", kind="stable").groupby(KEYS, sort=False)
    spread = cells[["gain", "vision"]].std().add_suffix("_sd").dropna(axis=1, how="all")
    return cells[["gain", "text", "vision"]].mean().join(spread).assign(seeds=cells.size())


def gain_texts(groups):
    """`gain_table` for a page: a row per group, system and strategy, cells `gain (of which vision)` per part and their
    mean. ValueError where there is nothing to compare."""
    table = gain_table(groups)
    if table.empty:
        raise ValueError("no runs of another strategy beside coarse ones with the same seed: nothing to compare")
    cells = (table["gain"].map("{:+.3f}".format) + table["vision"].map(" ({:+.3f})".format)).unstack("part", sort=False)
    cells = cells.reindex(columns=[part for part in (*PARTS, "mean") if part in cells]).fillna("")
    cells = cells.rename_axis(columns=None)
    return named(cells.droplevel("group") if len(groups) == 1 else cells.rename_axis(index={"group": "captions"}))


def recall_table(groups):
    """{name of a group: metrics of runs} -> DataFrame by group, system, strategy: mean recall in percent, over seeds,
    as T2V, V2T, and "V2T centred" (each text's mean score over all videos taken off)."""
    rows = [{"group": name, "system": m["system"], "strategy": m["strategy"],
             **{label: m["recall"][way]["mean"] if way in m["recall"] else None for way, label in WAYS.items()}}
            for name, metrics in groups.items() for m in metrics if m.get("recall")]
    table = pd.DataFrame(rows, columns=[*KEYS[:3], *WAYS.values()])
    return table.astype(dict.fromkeys(WAYS.values(), float)).groupby(KEYS[:3], sort=False).mean()


def shown_table(groups):
    """What each run scores with less than its videos -> DataFrame by group, system, strategy, shown (the video, one
    frame, frames in reversed order, a shuffled video; of prompting also the CLS output): PoSRank per part and mean,
    over seeds. No rows for no runs."""
    rows = []
    for name, metrics in groups.items():
        for m in metrics:
            own = {part: values["posrank"] for part, values in m["posrank"].items()}
            lines = {"video": own, **m.get("controls", {}), "shuffled video": m.get("zero_line")}
            rows += [{"group": name, "system": m["system"], "strategy": m["strategy"], "shown": shown, **line}
                     for shown, line in lines.items() if line]
    table = pd.DataFrame(rows, columns=[*KEYS[:3], "shown", *PARTS, "mean"])
    return table.groupby([*KEYS[:3], "shown"], sort=False).mean()


def finding_figure(groups):
    """PoSRank against the best score without video: one panel a group, colours are strategies, shapes parts; of the
    first system among those that most groups have. None without runs."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    table = finding_table(groups).reset_index()
    if table.empty:
        return None
    system = table.groupby("system", sort=False)["group"].nunique().idxmax()
    table = table[table["system"] == system].replace({"strategy": STRATEGIES})
    panels_of = table.groupby("group", sort=False)
    looks = dict(palette={STRATEGIES[key]: colour for key, colour in COLOURS.items()}, s=46, zorder=3,
                 markers=dict(zip(PARTS, MARKERS)), style_order=PARTS, hue_order=table["strategy"].unique())
    size = (1.9 + 3.1 * len(panels_of), 3.5)
    figure, panels = plt.subplots(1, len(panels_of), figsize=size, squeeze=False, sharey=True)
    for axes, (name, mine) in zip(panels[0], panels_of):
        axes.plot([0, 1], [0, 1], color=BLIND_COLOUR, lw=1.2, zorder=1)
        sns.scatterplot(mine, x="best_blind", y="posrank", hue="strategy", style="part", ax=axes, **looks)
        axes.text(0.97, 0.9, "no vision", color=BLIND_COLOUR, ha="right", va="top", rotation=45, fontsize="small",
                  rotation_mode="anchor", transform_rotates_text=True)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=name, xlabel="best score without video",
                 ylabel=f"PoSRank of {SYSTEMS[system]}")
        axes.get_legend().remove()
    panels[0][-1].legend(**BESIDE)
    return figure


def shortcut_table(groups):
    """Two groups side by side (balanced captions, then captions with a shortcut): DataFrame by system, strategy and
    part with PoSRank, best_blind and vision_gain of both, and `bought` = the second's PoSRank minus the first's.

    ValueError unless there are exactly two groups.
    """
    if len(groups) != 2:
        raise ValueError(f"groups: a table of two, got {len(groups)}")
    table, (one, two) = finding_table(groups)[["posrank", "best_blind", "vision_gain"]], groups
    both = table.xs(one).join(table.xs(two), how="inner", lsuffix=f" {one}", rsuffix=f" {two}")
    return both.assign(bought=(both[f"posrank {two}"] - both[f"posrank {one}"]).round(12))
