"""Figures of PoSRank: per part (Fig. 6), against coarse recall (Fig. 5), and what is scored without video."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from posrank import PARTS
from posrank.captions.statistics import paper_table
from posrank.figures.style import BESIDE, BLIND_COLOUR, CHANCE, COLOURS, MARKERS, STRATEGIES, SYSTEMS, grouped_bars
from posrank.figures.tables import blind_rows, blind_table, run_rows
from posrank.scoring.summary import part_metrics
from posrank.validity.judges import blind_ranks

BLIND_COLUMNS = ["posrank", "low", "high", "chance", "captions", "videos"]


def parts_figure(metrics, title="PoSRank per part of speech"):
    """Fig. 6: bars of PoSRank per part, one colour a strategy, one panel a system, with 95 % intervals; the dashes are
    the shuffled-video line of each bar and its best row without video, the dotted line is chance. None without runs."""
    if not metrics:
        return None
    systems = blind_table(metrics).groupby("system", sort=False)
    columns, rows = min(2, len(systems)), -(-len(systems) // 2)
    figure, panels = plt.subplots(rows, columns, figsize=(8.4 if columns == 1 else 11.5, 1 + 2.3 * rows), squeeze=False,
                                  sharex=True, sharey=True)
    for axes, (system, table) in zip(panels.flat, systems):
        _bars(axes, table)
        axes.set(title=title if len(systems) == 1 else SYSTEMS[system])
    for axes in panels.flat[len(systems):]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel("PoSRank")
    handles = {}  # a strategy may be missing in one system
    for axes in panels.flat:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels())))
    order = [name for name in (*STRATEGIES.values(), *handles) if name in handles]
    figure.legend([handles[name] for name in dict.fromkeys(order)], dict.fromkeys(order), ncols=3, fontsize="small",
                  loc="outside lower center")
    if len(systems) > 1:
        figure.suptitle(title, fontweight="bold", fontsize="medium")
    return figure


def _bars(axes, table):
    """The bars of one system's strategies, seeds averaged."""
    columns = ["posrank", "low", "high", "shuffled", "vision_gain"]
    wide = table.astype(dict.fromkeys(columns, float)).pivot_table(
        index="part", columns="strategy", values=columns, sort=False, dropna=False).reindex(PARTS)
    strategies = table["strategy"].unique()
    posrank, low, high, shuffled, gain = (wide[column].reindex(columns=strategies) for column in columns)
    grouped_bars(axes, *(each.rename(columns=STRATEGIES) for each in (posrank, low, high)),
                 table.groupby("part")["chance"].mean(), color=[COLOURS[strategy] for strategy in strategies])
    width = 0.8 / len(strategies)
    x = np.arange(len(PARTS))[:, None] + (np.arange(len(strategies)) - len(strategies) / 2) * width
    for values, thick, name in ((posrank - gain, 2.2, "best without video; above it: vision gain"),
                                (shuffled, 0.9, "shuffled video")):
        axes.hlines(values.to_numpy().ravel(), x.ravel(), x.ravel() + width, color=BLIND_COLOUR, lw=thick, label=name)


def correlation_figure(metrics):
    """Fig. 5: mean recall (over both directions) against mean PoSRank. Left, all there is to see: 0 to 100 % and 0 to
    1, the paper's rows of Table 8 as hollow points, chance as a line. Right, ours alone and near by, with 95 %
    intervals of PoSRank; one point a system (shape) and strategy (colour), seeds averaged. None without runs."""
    if not metrics:
        return None
    rows, paper = run_rows(metrics), paper_table(8)
    paper["system"] = paper["system"].map({name: key for key, name in SYSTEMS.items()})
    ours = rows.groupby(["system", "strategy"], sort=False, as_index=False).mean(numeric_only=True)
    ours, paper = (table.assign(x=table[["v2t", "t2v"]].mean(axis=1), y=table[list(PARTS)].mean(axis=1))
                   for table in (ours, paper))
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 3.4))
    look = {"x": "x", "y": "y", "hue": "strategy", "palette": COLOURS, "style": "system", "legend": False,
            "markers": dict(zip(SYSTEMS, MARKERS))}
    sns.scatterplot(paper, ax=panels[0], s=30, linewidth=1.1, **look)
    hollow = panels[0].collections[0]
    hollow.set(edgecolor=hollow.get_facecolor(), facecolor="white")
    for axes in panels:
        sns.scatterplot(ours, ax=axes, s=46, zorder=4, **look)
        axes.set(xlabel="mean recall over both directions (%)", ylabel="")
    panels[1].vlines(ours["x"], ours["low"], ours["high"], color=ours["strategy"].map(COLOURS), lw=1)
    panels[0].axhline(rows["chance"].mean(), **CHANCE)
    panels[0].set(xlim=(0, 100), ylim=(0, 1), ylabel="mean PoSRank", title="ours and the paper's (VLN-UVO)")
    panels[1].set(title="ours alone, with 95 % intervals")
    panels[1].margins(0.2)
    # a difference of a tenth of a point is not to look like a wide gap
    for low, high, least, put in ((*panels[1].get_xlim(), 4, panels[1].set_xlim),
                                  (*panels[1].get_ylim(), 0.1, panels[1].set_ylim)):
        put((low + high - max(high - low, least)) / 2, (low + high + max(high - low, least)) / 2)
    both = pd.concat([ours, paper])
    handles = [Line2D([], [], ls="", marker="o", color=COLOURS[key], label=name) for key, name in STRATEGIES.items()
               if key in set(both["strategy"])]
    handles += [Line2D([], [], ls="", marker=look["markers"][key], color="#444444", label=name)
                for key, name in SYSTEMS.items() if key in set(both["system"])]
    handles += [Line2D([], [], ls="", marker="o", mfc="white", color="#444444", label="hollow: the paper's"),
                Line2D([], [], **CHANCE, label="chance (ours)")]
    panels[1].legend(handles=handles, **BESIDE)
    return figure


def controls_figure(metrics, title="What needs no video"):
    """PoSRank of one run beside its blind rows and controls, per part, the vision gain under the part's name."""
    rows = {"this run": {part: values["posrank"] for part, values in metrics["posrank"].items()}}
    figure, axes = plt.subplots(figsize=(6.6, 2.9))
    shades = ["#029e73", "#56b4e9", "#0173b2", "#d55e00", "#e8a27c", "#949494", "#c9c9c9", "#ece133"]
    grouped_bars(axes, pd.DataFrame(rows | metrics.get("controls", {}) | blind_rows(metrics)), color=shades)
    gains = {part: metrics.get("vision_gain", {}).get(part, {}).get("value") for part in PARTS}
    names = [part if gain is None else f"{part}\ngain {gain:+.2f}" for part, gain in gains.items()]
    axes.set_xticks(range(len(PARTS)), names)
    axes.set(ylabel="PoSRank", title=title)
    axes.legend(**BESIDE)
    return figure


def blind_sets(work, dataset, negatives):
    """PoSRank of the models of `evaluate.blind` on a dataset's negatives -> DataFrame part, model, posrank, low, high,
    chance, captions, videos. Training text: the training captions without any video that is scored; without a training
    split all captions of other videos. No rows, and a printed line that says why, where there are none."""
    texts, options, rows = work.captions(dataset), work.params.evaluate, []
    scored = texts[texts["caption_id"].isin(negatives["caption_id"])]
    training = texts[texts["split"] == "train"]
    if training.empty:
        training = texts[~texts["video_id"].isin(scored["video_id"])]
    if training.empty or negatives.empty:
        why = "the set has no negatives" if negatives.empty else "no other captions are left to fit a language model on"
        print(f"{dataset}: {why}; its blind rows are not available")
        return pd.DataFrame(columns=["part", "model", *BLIND_COLUMNS])
    for model, ranks in blind_ranks(options.blind, negatives, scored, training).items():
        for part in (part for part in PARTS if (ranks["part"] == part).any()):
            rows.append({"part": part, "model": model,
                         **part_metrics(ranks[ranks["part"] == part], options.bootstrap, options.seed)})
    return pd.DataFrame(rows)[["part", "model", *BLIND_COLUMNS]]


def blind_figure(blind):
    """Bars of the blind models' PoSRank per set and part, with 95 % intervals; dotted: chance. None without rows."""
    if blind.empty:
        return None
    sets = blind.groupby(["dataset", "rule"], sort=False)
    figure, panels = plt.subplots(1, len(sets), figsize=(1.0 + 3.7 * len(sets), 2.8), squeeze=False, sharey=True)
    for axes, ((dataset, rule), mine) in zip(panels[0], sets):
        wide = mine.pivot(index="part", columns="model")[["posrank", "low", "high"]].astype(float)
        wide = wide.reindex(columns=blind["model"].unique(), level="model")
        grouped_bars(axes, wide["posrank"], wide["low"], wide["high"], mine.groupby("part")["chance"].mean())
        axes.set(title=f"{dataset}, rule {rule}")
    panels[0][0].set_ylabel("PoSRank without video")
    panels[0][-1].legend(**BESIDE)
    return figure
