"""Negative sets seen blind: PoSRank of language models per part, with intervals."""

import pandas as pd

from posrank import PARTS
from posrank.figures.style import BESIDE, grouped_bars
from posrank.scoring.summary import part_metrics
from posrank.validity.judges import blind_ranks

COLUMNS = ["posrank", "low", "high", "chance", "captions", "videos"]


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
        return pd.DataFrame(columns=["part", "model", *COLUMNS])
    for model, ranks in blind_ranks(options.blind, negatives, scored, training).items():
        for part in (part for part in PARTS if (ranks["part"] == part).any()):
            rows.append({"part": part, "model": model,
                         **part_metrics(ranks[ranks["part"] == part], options.bootstrap, options.seed)})
    return pd.DataFrame(rows)[["part", "model", *COLUMNS]]


def blind_figure(blind):
    """Bars of the blind models' PoSRank per set and part, with 95 % intervals; dotted: chance. None without rows."""
    import matplotlib.pyplot as plt

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
