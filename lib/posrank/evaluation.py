"""Evaluation of one run (Section 5): PoSRank on its negative sets, coarse recall, controls and blind rows, as one dict.

Comes in: a trained run, the frame store, the captions and negatives of a split. Goes out: the ranks table of the run and the
metrics that `metrics/<run>.json` holds; the scores behind the ranks where they are asked for. Fine-grained scores come
from the branch that the strategy trained for them (the prompts' output for `prompt`), coarse recall always from the CLS
branch, as in the paper.

An evaluation that is killed goes on where it was when it is called again: finished blocks are kept in
`data/state/evaluate-<run>/` until it is done. `processes` of params.yaml share the work; `python -m posrank.evaluation
RUN` and `torchrun --nproc-per-node N -m posrank.evaluation RUN` evaluate and write without a notebook, to the same
ranks.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

from posrank import origin, paths, schema, scoring
from posrank import params as knobs
from posrank.identity import identity
from posrank.negatives.exchange_groups import whole_groups
from posrank.negatives.held_out_words import split
from posrank.probes import brittleness_entry, hard_positives
from posrank.scoring import scorers, sharing
from posrank.scoring.brittleness import MARK, apart, with_positives
from posrank.scoring.controls import views
from posrank.scoring.sinkhorn_recall import sinkhorn_recall
from posrank.scoring.summary import plain, summarize, write_metrics
from posrank.training.distributed import join_world
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
    (posrank.probes) where evaluate.positives asks for it, and `holdout` (seen, held-out: the same for lists of such
    words alone) of a run trained with a hold-out; further sets under "rules". `trained_on` says so where training did
    not see the videos: it is evaluated on them. `videos`, `captions`: those of the split, of which `videos_missing`,
    `captions_missing` had no readable video and were left out ("training": the same of the training split). `lists` (a
    digest per rule), `captions_digest`, `inputs` and `code` (posrank.origin) say what the numbers were made from. Where
    `processes` of params.yaml asks for several, they are started here; under torchrun, all call this function, and all
    but the first get (None, None). scores: a file for the scores of the run's own videos (a scores table, see
    posrank.schema); None: none is written. ValueError where the split has no captions with frames.
    """
    folder, options = Path(folder), params.evaluate
    processes = processes_of(params.processes)
    if processes > 1 and not under_torchrun():
        return _in_processes(folder, run, params, processes, scores)
    world = join_world()
    system, settings = load_run(folder / "runs" / run)
    dataset = settings["dataset"]
    captions_file = folder / "data" / "captions" / f"{dataset}.parquet"
    everything = schema.read_table(captions_file, "captions")
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
        tags = schema.read_table(file, "tags", where=("caption_id", captions["caption_id"]))
        seen = schema.read_table(file, "tags", COUNTED, ("caption_id", training["caption_id"]))
        positives = hard_positives(captions, tags, seen, system, options.positives, options.seed, params.language.lexicon)
        del tags, seen

    def on_set(name, sets, positives=None, scores=None, captions=captions):
        """(metrics, ranks) of one negative set; with hard positives, ranked in the same pass, `brittleness` as well.
        captions: those that the lists belong to; for rule exchange the statements, whose group stands in the ranks."""
        lists, texts = with_positives(sets, captions, positives[0]) if positives else (sets, captions)
        tables = scoring.evaluate_views({name: scorer, **shown}, lists, texts, scores=scores, **kept)
        if "group" in captions:
            groups = captions.set_index("caption_id")["group"]
            tables = {row: table.assign(group=table["caption_id"].map(groups)) for row, table in tables.items()}
        pairs = {row: apart(table) for row, table in tables.items()}
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

    results, tables, lists, files = {}, [], {}, []
    for rule in options.rules:
        # ranks of further sets stand under a name of their own
        name = run if rule == options.rules[0] else f"{run}@{rule}"
        columns = (*NEGATIVES, "replacement") if settings.get("holdout") else NEGATIVES
        sets_file = folder / "data" / "negatives" / f"{dataset}-{rule}.parquet"
        texts, broken = captions, 0
        if rule == "exchange":
            texts = schema.read_table(folder / "data" / "statements" / f"{dataset}.parquet", "captions")
            texts, broken = whole_groups(texts[texts["split"] == options.split], store.ids)
        sets = schema.read_table(sets_file, "negatives", columns)
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
        files.append(None if scores is None else state / f"scores-{rule}.parquet")
        result, ranks = on_set(name, sets, positives if texts is captions else None, files[-1], texts)
        # lists of the words that this run's training negatives put in, and of those that they never did
        parts = split(sets, settings["holdout"]) if settings.get("holdout") and rule != "exchange" else {}
        divided = {kind: on_set(f"{name}@{kind}", some)[0] if len(some) else None for kind, some in parts.items()}
        if world.main:
            told = {"groups": int(texts["group"].nunique()), "groups_missing": broken} if rule == "exchange" else {}
            results[rule] = {**result, **told, "rule": rule, **({"holdout": divided} if divided else {})}
            tables.append(ranks)
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
        metrics["trained_on"] = f"{settings['video']} video"
    if others:
        metrics["rules"] = {rule: results[rule] for rule in others if rule in results}
    if scores is not None:
        pieces = (schema.read_table(file, "scores") for file in files)
        own = (piece[~piece["caption_id"].str.contains(MARK, regex=False)] for piece in pieces)  # no hard positives
        schema.write_pieces(own, scores, "scores")
    scoring.clear_state(state)
    ranks = pd.concat(tables, ignore_index=True)
    ranks.attrs["lists"] = lists
    ranks.attrs["made_of"] = made_of(folder, run, params)
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
        launch("posrank.evaluation:_work", arguments, processes)
        metrics = json.loads((Path(out) / "metrics.json").read_text(encoding="utf-8"))
        return metrics, schema.read_table(Path(out) / "ranks.parquet", "ranks")


def _work(folder, run, params, out, scores=None):
    metrics, ranks = evaluate_run(folder, run, knobs.Params(params), scores)
    if metrics is not None:
        schema.write_table(ranks, Path(out) / "ranks.parquet", "ranks")
        (Path(out) / "metrics.json").write_text(json.dumps(metrics, default=lambda number: number.item()), encoding="utf-8")


def mean_by_part(ranks):
    """{part: PoSRank} of a ranks table, with ties at their expected rank."""
    return {part: float(value) for part, value in ranks.groupby("part")["reciprocal_rank"].mean().items()}


def made_of(folder, run, params):
    """A fingerprint of what the results of a run come from: its weights and settings, captions, tags, frames, negatives, options."""
    folder, run = Path(folder), Path(folder) / "runs" / run
    dataset, options = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))["dataset"], params.evaluate.plain()
    data = [folder / "data" / kind / f"{dataset}.parquet" for kind in ("captions", "tags")]
    data += [folder / "data" / "negatives" / f"{dataset}-{rule}.parquet" for rule in options["rules"]]
    digest = hashlib.blake2b(json.dumps(options, sort_keys=True).encode(), digest_size=16)
    for path in (run / "config.yaml", run / "weights.safetensors", folder / "data" / "frames" / dataset / "videos.parquet", *data):
        if path.exists():
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def results(folder, run, params, again=False):
    """(metrics, ranks, scores) of a run under `folder`, read where they were written and `made_of` is still the same.

    Else, and with `again`, the run is evaluated; only `again` writes metrics/<run>.json, results/ranks/<run>.parquet and
    results/scores/<run>.parquet. Under torchrun all but the first process get (None, None, None).
    """
    folder = Path(folder)
    numbers, ranked, scored = folder / "metrics" / f"{run}.json", _table(folder, "ranks", run), _table(folder, "scores", run)
    if not again and all(path.is_file() for path in (numbers, ranked, scored)):
        ranks, metrics = schema.read_table(ranked, "ranks"), json.loads(numbers.read_text(encoding="utf-8"))
        # a stop between the two files leaves new ranks beside old metrics
        if (ranks.attrs.get("made_of"), ranks.attrs.get("metrics")) == (made_of(folder, run, params), _digest(metrics)):
            return metrics, ranks, schema.read_table(scored, "scores")
    with tempfile.TemporaryDirectory(prefix="posrank-") as out:
        file = scored if again else Path(out) / "scores.parquet"
        metrics, ranks = evaluate_run(folder, run, params, file)
        if metrics is None:
            return None, None, None
        if again:
            write(folder, run, metrics, ranks)
        return metrics, ranks, schema.read_table(file, "scores")


def _table(folder, name, run):
    return folder / "results" / name / f"{run}.parquet"


def _digest(metrics):
    return hashlib.md5(json.dumps(metrics, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def write(folder, run, metrics, ranks):
    """Write metrics/<run>.json and results/ranks/<run>.parquet."""
    folder = Path(folder)
    # the report depends on ranks: with this digest, whatever changes in the metrics changes them too
    metrics = plain(metrics)
    ranks.attrs["metrics"] = _digest(metrics)
    schema.write_table(ranks, _table(folder, "ranks", run), "ranks")
    write_metrics(metrics, folder / "metrics" / f"{run}.json")


def main(argv=None):
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m posrank.evaluation", description="Evaluate a trained run of params.yaml.")
    parser.add_argument("run", help="system-strategy-seed, as in xclip-word-0")
    run = parser.parse_args(argv).run
    folder = paths.workspace()
    try:
        metrics, _, _ = results(folder, run, knobs.load(folder / "params.yaml"), again=True)
        if metrics is not None:
            print(folder / "metrics" / f"{run}.json")
    except (ValueError, OSError, RuntimeError) as problem:
        print(f"ERROR: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
