"""Negative sets seen blind: PoSRank of language models per part, with intervals."""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.summary import part_metrics
from posrank.validity.judges import blind_ranks


def blind_sets(work, dataset, negatives):
    """PoSRank of the models of `evaluate.blind` on a dataset's negatives -> DataFrame part, model, posrank, low, high,
    chance, captions, videos. Training text: the training captions without any video that is scored; without a training
    split all captions of other videos. No rows, and a printed line that says why, where there are none."""
    texts = work.captions(dataset)
    scored = texts[texts["caption_id"].isin(negatives["caption_id"])]
    training = texts[texts["split"] == "train"]
    if training.empty:
        training = texts[~texts["video_id"].isin(scored["video_id"])]
    if training.empty or negatives.empty:
        why = "the set has no negatives" if negatives.empty else "no other captions are left to fit a language model on"
        print(f"{dataset}: {why}; its blind rows are not available")
        return pd.DataFrame(columns=["part", "model", "posrank", "low", "high", "chance", "captions", "videos"])
    options, rows = work.params.evaluate, []
    for model, ranks in blind_ranks(options.blind, negatives, scored, training).items():
        for part in PARTS:
            mine = ranks[ranks["part"] == part]
            if len(mine):
                values = part_metrics(mine, options.bootstrap, options.seed)
                rows.append({"part": part, "model": model,
                             **{k: values[k] for k in ("posrank", "low", "high", "chance", "captions", "videos")}})
    return pd.DataFrame(rows)


def blind_figure(blind):
    """Bars of the blind models' PoSRank per set and part, with 95 % intervals; dotted: chance. None without rows."""
    import matplotlib.pyplot as plt

    if blind.empty:
        return None
    table = blind.reset_index()
    sets = list(dict.fromkeys(zip(table["dataset"], table["rule"])))
    models = list(dict.fromkeys(table["model"]))
    figure, panels = plt.subplots(1, len(sets), figsize=(1.0 + 3.7 * len(sets), 2.8), squeeze=False, sharey=True)
    width = 0.8 / len(models)
    for axes, (dataset, rule) in zip(panels[0], sets):
        mine = table[(table["dataset"] == dataset) & (table["rule"] == rule)]
        for i, model in enumerate(models):
            values = mine[mine["model"] == model].set_index("part").reindex(PARTS)
            x = np.arange(len(PARTS)) + (i - (len(models) - 1) / 2) * width
            error = np.nan_to_num(np.array([values["posrank"] - values["low"], values["high"] - values["posrank"]],
                                           dtype=float)).clip(0)
            axes.bar(x, values["posrank"], width * 0.92, yerr=error, error_kw={"elinewidth": 0.9}, label=model)
        for i, part in enumerate(PARTS):
            level = mine.loc[mine["part"] == part, "chance"].mean()
            axes.hlines(level, i - 0.45, i + 0.45, color="#444444", ls=":", lw=1, label="chance" if i == 0 else None)
        axes.set_xticks(range(len(PARTS)), PARTS)
        axes.set(title=f"{dataset}, rule {rule}", ylim=(0, 1))
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("PoSRank without video")
    panels[0][-1].legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.02))
    return figure
