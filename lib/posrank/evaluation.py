"""Evaluation of one run (Section 5): PoSRank on its negative sets, coarse recall, controls and blind rows, as one dict.

Comes in: a trained run, the frame store, the captions and negatives of a split. Goes out: the ranks table of the run and the
metrics that `metrics/<run>.json` holds. Fine-grained scores come from the branch that the strategy trained for them (the
prompts' output for `prompt`), coarse recall always from the CLS branch, as in the paper.
"""

from pathlib import Path

import pandas as pd

from posrank import schema, scoring
from posrank.frames import FrameStore
from posrank.language.ngrams import fit
from posrank.scoring import scorers
from posrank.scoring.sinkhorn_recall import sinkhorn_recall
from posrank.scoring.summary import summarize, write_metrics
from posrank.training.runs import load_run

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "4-gram": 4, "5-gram": 5}
CONTROLS = {
    "shuffled": "shuffled video", "blank": "blank video", "one_frame": "one frame", "reversed": "reversed frames",
}
"""Parameter value -> name of the row. One frame and reversed frames still show the right video: they are controls, not blind."""


def blind_ranks(names, negatives, captions, training):
    """{name: ranks table} of language models fitted on the captions `training`, without the videos that are scored."""
    out = {}
    for name in names:
        model = fit(training, order=ORDERS[name], exclude_videos=captions["video_id"].unique())
        out[name] = scoring.evaluate(scorers.BlindScorer(model), negatives, captions, run=name, progress=False)
    return out


def views(names, scorer, captions, seed=0):
    """{row: scorer} of what a run is shown instead of its videos; `names` of CONTROLS, `scorer` the run's own."""
    changed = {"blank": scorers.blank_frames, "one_frame": scorers.one_frame, "reversed": scorers.reversed_frames}
    out = {}
    for name in names:
        if name == "shuffled":
            view = scorers.ShuffledVideo(scorer, captions["video_id"].unique(), seed)
        else:
            view = scorer.with_frames(changed[name](scorer.frames))
        if name == "blank":  # all blank videos are alike: one is enough
            view = scorers.ConstantVideo(view, captions["video_id"].iloc[0])
        out[CONTROLS[name]] = view
    return out


def coarse_recall(scorer, captions, style="clip4clip"):
    """Recall of both directions over the captions' videos by a SystemScorer (of the CLS branch, as in the paper)."""
    videos = list(dict.fromkeys(captions["video_id"]))
    similarity = scorer.similarity(captions["caption"].tolist(), videos)
    place = {video: i for i, video in enumerate(videos)}
    return scoring.recall(similarity, [place[video] for video in captions["video_id"]], style)


def evaluate_run(folder, run, params):
    """(metrics, ranks) of a run under `folder`/runs, on `evaluate.split` of the dataset it was trained on.

    metrics: what `posrank.scoring.summary.summarize` returns for the first negative set, further sets under "rules".
    ValueError where the split has no captions with frames.
    """
    folder, options = Path(folder), params.evaluate
    system, settings = load_run(folder / "runs" / run)
    dataset = settings["dataset"]
    everything = schema.read_table(folder / "data" / "captions" / f"{dataset}.parquet", "captions")
    store = FrameStore(folder / "data" / "frames" / dataset)
    captions = everything[(everything["split"] == options.split) & everything["video_id"].isin(store.ids)]
    if captions.empty:
        raise ValueError(f"{dataset} has no captions with frames in the split {options.split!r}: change evaluate.split")
    branch = "fine" if settings["strategy"] == "prompt" else "coarse"
    coarse = scorers.SystemScorer(system, store, text_batch=options.batch)
    scorer = coarse if branch == "coarse" else scorers.SystemScorer(system, store, branch, text_batch=options.batch)
    training = everything[everything["split"] == "train"]
    recall = coarse_recall(coarse, captions, options.recall)
    shown = views(options.controls, scorer, captions, options.seed)
    results, tables = {}, []
    for rule in options.rules:
        # ranks of further sets stand under a name of their own
        name = run if rule == options.rules[0] else f"{run}@{rule}"
        sets = schema.read_table(folder / "data" / "negatives" / f"{dataset}-{rule}.parquet", "negatives")
        sets = sets[sets["caption_id"].isin(captions["caption_id"])]
        rows = scoring.evaluate_views({name: scorer, **shown}, sets, captions)
        ranks = rows.pop(name)
        shuffled = rows.pop("shuffled video", None)
        seeing = {name: rows.pop(name) for name in ("one frame", "reversed frames") if name in rows}
        rows |= blind_ranks(options.blind, sets, captions, training)
        controls = {name: mean_by_part(table) for name, table in seeing.items()}
        results[rule] = summarize(ranks, recall, rows, shuffled, b=options.bootstrap, seed=options.seed, rule=rule,
                                  **({"controls": controls} if controls else {}))
        tables.append(ranks)
    first, *others = options.rules
    metrics = {**results[first], **{key: settings[key] for key in ("system", "strategy", "seed", "dataset")},
               "split": options.split, "parameters": sum(p.numel() for p in system.parameters())}
    if options.sinkhorn and settings["system"] == "ucofia":
        seen = training[training["video_id"].isin(store.ids)]
        metrics["recall_sinkhorn"] = sinkhorn_recall(coarse, captions, seen, options.sinkhorn, options.recall)
    if others:
        metrics["rules"] = {rule: results[rule] for rule in others}
    return metrics, pd.concat(tables, ignore_index=True)


def mean_by_part(ranks):
    """{part: PoSRank} of a ranks table, with ties at their expected rank."""
    return {part: float(value) for part, value in ranks.groupby("part")["reciprocal_rank"].mean().items()}


def write(folder, run, metrics, ranks):
    """Write metrics/<run>.json and results/ranks/<run>.parquet."""
    folder = Path(folder)
    schema.write_table(ranks, folder / "results" / "ranks" / f"{run}.parquet", "ranks")
    write_metrics(metrics, folder / "metrics" / f"{run}.json")
