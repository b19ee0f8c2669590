"""Evaluation of one run (Section 5): PoSRank on its negative sets, coarse recall, controls and blind rows, as one dict.

Comes in: a trained run, the frame store, the captions and negatives of a split. Goes out: the ranks table of the run and the
metrics that `metrics/<run>.json` holds; the scores behind the ranks where they are asked for. Fine-grained scores come
from the branch that the strategy trained for them (the prompts' output for `prompt`), coarse recall always from the CLS
branch, as in the paper.

An evaluation that is killed goes on where it was when it is called again: finished blocks are kept in
`data/state/evaluate-<run>/` until it is done. `processes` of params.yaml share the work; `python -m posrank evaluate
RUN` and `torchrun --nproc-per-node N -m posrank.evaluation RUN` evaluate and write without a notebook, to the same
ranks.
"""

import json
import tempfile
from pathlib import Path

import pandas as pd

from posrank import scoring, tables
from posrank.evaluation import origin
from posrank.evaluation.positives import brittleness_entry, hard_positives
from posrank.negatives.exchange_groups import whole_groups
from posrank.negatives.held_out_words import split
from posrank.pipeline import params as knobs
from posrank.scoring import scorers, sharing
from posrank.scoring.brittleness import MARK, apart, with_positives
from posrank.scoring.controls import views
from posrank.scoring.sinkhorn_recall import sinkhorn_recall
from posrank.scoring.summary import summarize
from posrank.training.distributed import join_world
from posrank.training.identity import identity
from posrank.training.launch import launch, processes_of, under_torchrun
from posrank.training.runs import load_run
from posrank.validity.judges import blind_ranks
from posrank.video.store import FrameStore

NEGATIVES = ("caption_id", "part", "k", "sentence", "rule", "level")
"""Columns of the negatives that scores need: a large set is read without the others."""
COUNTED = ("text", "lemma", "upos", "tag", "tagger")
"""Columns of the training captions' tags that the vocabulary of hard positives needs."""
BATCHES = 16
"""Forward passes in a block, the unit that is scored, kept and dealt out."""


def coarse_recall(scorer, captions, style="clip4clip", world=None):
    """Recall of both directions over the captions' videos by a SystemScorer (of the CLS branch, as in the paper); None
    in all processes of `world` but the first."""
    videos = list(dict.fromkeys(captions["video_id"]))
    similarity = sharing.similarity(scorer, captions["caption"].tolist(), videos, world)
    if similarity is None:
        return None
    place = {video: i for i, video in enumerate(videos)}
    return scoring.recall(similarity, [place[video] for video in captions["video_id"]], style)


def evaluate_run(folder, run, params, scores=None):
    """(metrics, ranks) of a run under `folder`/runs, on `evaluate.split` of the dataset it was trained on.

    metrics: what `posrank.scoring.summary.summarize` returns for the first negative set, with `brittleness`
    (posrank.evaluation.positives) where evaluate.positives asks for it, and `holdout` (seen, held-out: the same for lists of such
    words alone) of a run trained with a hold-out; further sets under "rules". `trained_on` says so where training did
    not see the videos: it is evaluated on them. `videos`, `captions`: those of the split, of which `videos_missing`,
    `captions_missing` had no readable video and were left out ("training": the same of the training split). `lists` (a
    digest per rule), `captions_digest`, `inputs` and `code` (posrank.evaluation.origin) say what the numbers were made from. Where
    `processes` of params.yaml asks for several, they are started here; under torchrun, all call this function, and all
    but the first get (None, None). scores: a file for the scores of the run's own videos (a scores table, see
    posrank.tables); None: none is written. ValueError where the split has no captions with frames.
    """
    folder, options = Path(folder), params.evaluate
    processes = processes_of(params.processes)
    if processes > 1 and not under_torchrun():
        return _in_processes(folder, run, params, processes, scores)
    world = join_world()
    system, settings = load_run(folder / "runs" / run)
    dataset = settings["dataset"]
    captions_file = folder / "data" / "captions" / f"{dataset}.parquet"
    everything = tables.read_table(captions_file, "captions")
    store = FrameStore(folder / "data" / "frames" / dataset)
    asked = everything[everything["split"] == options.split]
    captions = asked[asked["video_id"].isin(store.ids)]
    if captions.empty:
        splits = ", ".join(sorted(everything.loc[everything["video_id"].isin(store.ids), "split"].unique())) or "none"
        raise ValueError(
            f"{dataset} has no captions with frames in the split {options.split!r} of {captions_file} (splits with frames: {splits}): "
            "change evaluate.split in params.yaml, or give the dataset captions of that split"
        )
    branch = "fine" if settings["strategy"] == "prompt" else "coarse"
    videos = list(dict.fromkeys(captions["video_id"]))
    size = dict(text_batch=options.batch, keep=max(4096, min(len(videos), 16384)))
    coarse = scorers.SystemScorer(system, store, **size).together(videos)
    scorer = coarse if branch == "coarse" else scorers.SystemScorer(system, store, branch, **size).together(videos)
    for each in dict.fromkeys((coarse, scorer)):
        sharing.share_videos(each, world)
    training = everything[everything["split"] == "train"]
    recall = coarse_recall(coarse, captions, options.recall, world)
    state = folder / "data" / "state" / f"evaluate-{run}"
    told = identity(folder / "runs" / run, folder / "data" / "frames" / dataset, captions, options.plain())
    kept = dict(chunk=BATCHES * options.batch, state=state, world=world, identity=told)
    shown = views(options.controls, scorer, captions, options.seed)
    positives = None
    if options.positives:
        # of the training captions' tags a vocabulary is made, column by column; only the evaluated captions' tags are kept whole
        file = folder / "data" / "tags" / f"{dataset}.parquet"
        tags = tables.read_table(file, "tags", where=("caption_id", captions["caption_id"]))
        seen = tables.read_table(file, "tags", COUNTED, ("caption_id", training["caption_id"]))
        positives = hard_positives(captions, tags, seen, system, options.positives, options.seed, params.language.lexicon)
        del tags, seen

    def on_set(name, sets, positives=None, scores=None, captions=captions):
        """(metrics, ranks) of one negative set; with hard positives, ranked in the same pass, `brittleness` as well.
        captions: those that the lists belong to; for rule exchange the statements, whose group stands in the ranks."""
        lists, texts = with_positives(sets, captions, positives[0]) if positives else (sets, captions)
        ranked = scoring.evaluate_views({name: scorer, **shown}, lists, texts, scores=scores, **kept)
        if "group" in captions:
            groups = captions.set_index("caption_id")["group"]
            ranked = {row: table.assign(group=table["caption_id"].map(groups)) for row, table in ranked.items()}
        pairs = {row: apart(table) for row, table in ranked.items()}
        rows = {row: pair[0] for row, pair in pairs.items()}
        ranks = rows.pop(name)
        shuffled = rows.pop("shuffled video", None)
        seeing = {row: mean_by_part(rows.pop(row)) for row in ("one frame", "reversed frames") if row in rows}
        rows |= blind_ranks(options.blind, sets, captions, training, world)
        if not world.main:
            return None, None
        more = {"controls": seeing} if seeing else {}
        if positives:
            zero = pairs.get("shuffled video")
            more["brittleness"] = brittleness_entry(*pairs[name], positives[1], options.bootstrap, options.seed, zero)
        return summarize(ranks, recall, rows, shuffled, b=options.bootstrap, seed=options.seed, **more), ranks

    results, made, lists, scored = {}, [], {}, []
    for rule in options.rules:
        # ranks of further sets stand under a name of their own
        name = run if rule == options.rules[0] else f"{run}@{rule}"
        columns = (*NEGATIVES, "replacement") if settings.get("holdout") else NEGATIVES
        sets_file = folder / "data" / "negatives" / f"{dataset}-{rule}.parquet"
        texts, broken = captions, 0
        if rule == "exchange":
            texts = tables.read_table(folder / "data" / "statements" / f"{dataset}.parquet", "captions")
            texts, broken = whole_groups(texts[texts["split"] == options.split], store.ids)
        sets = tables.read_table(sets_file, "negatives", columns)
        sets = sets[sets["caption_id"].isin(texts["caption_id"])]
        if sets.empty and rule == "exchange" and rule != options.rules[0]:
            print(f"{name}: no group of statements in the split {options.split}, so rule exchange is left out")
            lists[rule] = None
            continue
        if sets.empty:
            raise ValueError(
                f"{dataset}: {sets_file} holds no negatives of the split {options.split!r}: name that split in negatives.splits of "
                "params.yaml, change evaluate.split, or leave the rule out of evaluate.rules where its set is empty"
            )
        lists[rule] = origin.lists_digest(sets)
        scored.append(None if scores is None else state / f"scores-{rule}.parquet")
        result, ranks = on_set(name, sets, positives if texts is captions else None, scored[-1], texts)
        # lists of the words that this run's training negatives put in, and of those that they never did
        parts = split(sets, settings["holdout"]) if settings.get("holdout") and rule != "exchange" else {}
        divided = {kind: on_set(f"{name}@{kind}", some)[0] if len(some) else None for kind, some in parts.items()}
        if world.main:
            told = {"groups": int(texts["group"].nunique()), "groups_missing": broken} if rule == "exchange" else {}
            results[rule] = {**result, **told, "rule": rule, **({"holdout": divided} if divided else {})}
            made.append(ranks)
    if not world.main:
        return None, None
    first, *others = options.rules
    metrics = {**results[first], **{key: settings[key] for key in ("system", "strategy", "seed", "dataset")},
               "split": options.split, "parameters": sum(p.numel() for p in system.parameters()), **coverage(asked, store.ids),
               "lists": lists, "captions_digest": origin.captions_digest(captions), "code": origin.code_digest(),
               "inputs": {"params": origin.params_digest(params.plain(), settings["system"]),
                          **origin.data_digests(folder, run, settings, options.rules)}}
    if settings["strategy"] != "zeroshot":
        metrics["training"] = coverage(training, store.ids)
    if options.sinkhorn and settings["system"] == "ucofia":
        seen = training[training["video_id"].isin(store.ids)]
        metrics["recall_sinkhorn"] = sinkhorn_recall(coarse, captions, seen, options.sinkhorn, options.recall)
    if settings.get("video", "own") != "own":
        metrics["trained_on"] = "text alone" if settings["video"] == "text" else f"{settings['video']} video"
    if others:
        metrics["rules"] = {rule: results[rule] for rule in others if rule in results}
    if scores is not None:
        pieces = (tables.read_table(file, "scores") for file in scored)
        own = (piece[~piece["caption_id"].str.contains(MARK, regex=False)] for piece in pieces)  # no hard positives
        tables.write_pieces(own, scores, "scores")
    scoring.clear_state(state)
    ranks = pd.concat(made, ignore_index=True)
    ranks.attrs["lists"] = lists
    return metrics, ranks


def coverage(captions, videos):
    """How many `videos` and `captions` a split has, and how many of each are missing among the videos that could be
    read (their ids)."""
    there = captions["video_id"].isin(videos)
    return {"videos": captions["video_id"].nunique(), "videos_missing": captions.loc[~there, "video_id"].nunique(),
            "captions": len(captions), "captions_missing": int((~there).sum())}


def _in_processes(folder, run, params, processes, scores):
    """`evaluate_run` in workers of their own; their result comes back through files."""
    with tempfile.TemporaryDirectory(prefix="posrank-") as out:
        arguments = dict(folder=str(folder.resolve()), run=run, params=params.plain(), out=out)
        arguments |= {} if scores is None else {"scores": str(Path(scores).resolve())}
        launch("posrank.evaluation.run:_work", arguments, processes)
        metrics = json.loads((Path(out) / "metrics.json").read_text(encoding="utf-8"))
        return metrics, tables.read_table(Path(out) / "ranks.parquet", "ranks")


def _work(folder, run, params, out, scores=None):
    metrics, ranks = evaluate_run(folder, run, knobs.Params(params), scores)
    if metrics is not None:
        tables.write_table(ranks, Path(out) / "ranks.parquet", "ranks")
        (Path(out) / "metrics.json").write_text(json.dumps(metrics, default=lambda number: number.item()), encoding="utf-8")


def mean_by_part(ranks):
    """{part: PoSRank} of a ranks table, with ties at their expected rank."""
    return {part: float(value) for part, value in ranks.groupby("part")["reciprocal_rank"].mean().items()}
