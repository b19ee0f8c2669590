"""Evaluation of one run (Section 5): PoSRank on its negative sets, coarse recall, controls and blind rows, as one dict.

In: a trained run, the frame store, the captions and negatives of a split (posrank.evaluation.subject). Out: the ranks
table of the run and the metrics that `metrics/<run>.json` holds; the scores behind the ranks where they are asked for.

An evaluation that is killed goes on where it was when it is called again: finished blocks are kept in
`data/state/evaluate-<run>/` until it is done. `processes` of params.yaml share the work; `python -m posrank evaluate
RUN` and `torchrun --nproc-per-node N -m posrank evaluate RUN` evaluate and write without a notebook, to the same
ranks.
"""

import json
import tempfile
from pathlib import Path

import pandas as pd

from posrank import scoring, tables
from posrank.evaluation import origin
from posrank.evaluation.positives import brittleness_entry
from posrank.evaluation.subject import lists_of, open_run, positives_of
from posrank.files import unsafe
from posrank.negatives.exchange_groups import words_alone
from posrank.negatives.held_out_words import split
from posrank.pipeline import params as knobs
from posrank.scoring import sharing
from posrank.scoring.brittleness import MARK, split_ranks, with_positives
from posrank.scoring.controls import views
from posrank.scoring.groups import group_metrics
from posrank.scoring.sinkhorn_recall import sinkhorn_recall
from posrank.scoring.summary import plain, summarize, with_groups, zero_line
from posrank.training.distributed import join_world
from posrank.training.identity import identity
from posrank.training.launch import launch, processes_of, under_torchrun
from posrank.validity.judges import blind_ranks

BATCHES = 16
"""Forward passes in a block, the unit that is scored, kept and dealt out."""
SEEING = ("CLS output", "one frame", "reversed frames", "changed word alone")
"""Rows that see the right video: of prompting, the output that recall uses; less of the video; less of the sentence."""


def check_name(run):
    """ValueError for what cannot be the name of a run: a path, say."""
    if unsafe(run):
        raise ValueError(f"{run!r:.100} is no name of a run, {unsafe(run)}: name one as system-strategy-seed")


def evaluate_run(folder, run, params, scores=None):
    """(metrics, ranks) of a run under `folder`/runs, on `evaluate.split` of the dataset it was trained on.

    metrics: what `posrank.scoring.summary.summarize` returns for the first negative set, with `brittleness`
    (posrank.evaluation.positives) where evaluate.positives asks for it, `holdout` (seen, held-out: the same for lists
    of such words alone) of a run trained with a hold-out, and for rule exchange `groups`, `groups_missing` and
    `group_scores` (posrank.scoring.groups); further sets under "rules"; under "controls" the rows SEEING. `trained_on`
    says so where training did not see the videos: it is evaluated on them. `videos`, `captions`: those of the split, of
    which `videos_missing`, `captions_missing` had no readable video and were left out ("training": the same of the
    training split). `lists` (a digest per rule), `captions_digest`, `inputs` and `code` (posrank.evaluation.origin) say
    what the numbers were made from. Where `processes` of params.yaml asks for several, they are started here; under
    torchrun, all call this function, and all but the first get (None, None). scores: a file for the scores of the run's
    own videos (a scores table, see posrank.tables); None: none is written. ValueError where the split has no captions
    with frames, or a set no negatives.
    """
    check_name(run)
    folder, options = Path(folder), params.evaluate
    processes = processes_of(params.processes)
    if processes > 1 and not under_torchrun():
        return _in_processes(folder, run, params, processes, scores)
    subject = open_run(folder, run, params, join_world())
    recall = coarse_recall(subject.coarse, subject.captions, options.recall, subject.world)
    state, positives = folder / "data" / "state" / f"evaluate-{run}", positives_of(subject)
    frames = subject.data / "frames" / subject.dataset
    kept = dict(chunk=BATCHES * options.batch, state=state, world=subject.world,
                identity=identity(folder / "runs" / run, frames, subject.captions, options.plain()))
    results, ranks, lists = {}, [], {}
    for rule in options.rules:
        found = lists_of(subject, rule)
        lists[rule] = None if found is None else origin.lists_digest(found.lists)
        if found is not None:
            file = state / f"scores-{rule}.parquet" if rule == "exchange" or scores is not None else None
            more = None if rule == "exchange" else positives
            results[rule], rows = _on_lists(subject, found, recall, more, file, kept)
            ranks.append(rows)
    if not subject.world.main:
        return None, None
    if scores is not None:
        pieces = (tables.read_table(state / f"scores-{rule}.parquet", "scores") for rule in results)
        own = (piece[~piece["caption_id"].str.contains(MARK, regex=False)] for piece in pieces)  # no hard positives
        tables.write_pieces(own, scores, "scores")
    scoring.clear_state(state)
    ranks = pd.concat(ranks, ignore_index=True)
    ranks.attrs["lists"] = lists
    first, *others = options.rules
    further = {"rules": {rule: results[rule] for rule in others if rule in results}} if others else {}
    return results[first] | _about(subject) | {"lists": lists} | further, ranks


def _on_lists(subject, found, recall, positives, scores, kept):
    """(metrics, ranks) on the `Lists` of one rule, the whole and, of a run trained with a hold-out, divided."""
    name, options = subject.run, subject.params.evaluate
    name = name if found.rule == options.rules[0] else f"{name}@{found.rule}"  # ranks of further sets have own names
    metrics, ranks = _ranked(subject, name, found.lists, found.texts, recall, positives, scores, kept)
    divided = {}
    if subject.settings.get("holdout") and found.rule != "exchange":
        # lists of the words that this run's training negatives put in, and of those that they never did
        divided = {kind: _ranked(subject, f"{name}@{kind}", some, found.texts, recall, None, None, kept)[0]
                   if len(some) else None for kind, some in split(found.lists, subject.settings["holdout"]).items()}
    if not subject.world.main:
        return None, None
    metrics |= {"rule": found.rule, **({"holdout": divided} if divided else {})}
    if found.rule == "exchange":
        table = tables.read_table(scores, "scores")
        sides = group_metrics(table, found.lists, found.texts, options.bootstrap, options.seed)
        metrics |= {"groups": int(found.texts["group"].nunique()), "groups_missing": found.groups_missing,
                    "group_scores": plain(sides)}
    return metrics, ranks


def _ranked(subject, name, lists, captions, recall, positives, scores, kept):
    """(metrics, ranks) of one set of lists under every view of the videos, beside judges that see none; with hard
    positives, ranked in the same pass, `brittleness` as well. captions: those that the lists belong to; statements are
    also ranked by their words alone."""
    options, world = subject.params.evaluate, subject.world
    asked, texts = with_positives(lists, captions, positives[0]) if positives else (lists, captions)
    videos = pd.concat([subject.captions, captions])["video_id"].unique()
    shown = views(options.controls, subject.scorer, videos, options.seed)
    if subject.coarse is not subject.scorer:
        shown["CLS output"] = subject.coarse
    ranked = scoring.evaluate_views({name: subject.scorer, **shown}, asked, texts, scores=scores, **kept)
    if "word" in captions:
        alone = {"changed word alone": subject.scorer}
        ranked |= scoring.evaluate_views(alone, *reversed(words_alone(captions)), **kept)
    pairs = {row: split_ranks(with_groups(table, captions)) for row, table in ranked.items()}
    rows = {row: own for row, (own, _) in pairs.items()}
    ranks, shuffled = rows.pop(name), rows.pop("shuffled video", None)
    seeing = {row: rows.pop(row) for row in SEEING if row in rows}
    folds = options.learned_judge if world.main else 0
    rows |= blind_ranks(options.blind, lists, captions, subject.training, world, folds, options.pretrained,
                        options.seed)
    if not world.main:
        return None, None
    more = {"controls": {row: zero_line(table) for row, table in seeing.items()}} if seeing else {}
    if positives:
        more["brittleness"] = brittleness_entry(*pairs[name], positives[1], options.bootstrap, options.seed,
                                                pairs.get("shuffled video"))
    return summarize(ranks, recall, rows, shuffled, b=options.bootstrap, seed=options.seed, **more), ranks


def _about(subject):
    """What the metrics say of the run besides its numbers: settings, coverage, digests of what it was made from."""
    settings, options = subject.settings, subject.params.evaluate
    inputs = origin.data_digests(subject.folder, subject.run, settings, options.rules)
    about = {
        **{key: settings[key] for key in ("system", "strategy", "seed", "dataset")}, "split": options.split,
        "parameters": sum(p.numel() for p in subject.system.parameters()), **coverage(subject.asked, subject.store.ids),
        "captions_digest": origin.captions_digest(subject.captions), "code": origin.code_digest(),
        "inputs": {"params": origin.params_digest(subject.params.plain(), settings["system"]), **inputs},
    }
    if settings["strategy"] != "zeroshot":
        about["training"] = coverage(subject.training, subject.store.ids)
    if options.sinkhorn and settings["system"] == "ucofia":
        seen = subject.training[subject.training["video_id"].isin(subject.store.ids)]
        about["recall_sinkhorn"] = sinkhorn_recall(subject.coarse, subject.captions, seen, options.sinkhorn,
                                                   options.recall)
    if settings.get("video", "own") != "own":
        about["trained_on"] = "text alone" if settings["video"] == "text" else f"{settings['video']} video"
    return about


def coarse_recall(scorer, captions, style="clip4clip", world=None):
    """Recall of both directions over the captions' videos by a SystemScorer (of the CLS branch, as in the paper), and
    `v2t_centred`: V2T with each text's mean over all videos taken off its similarities, so without what a text gets
    from any video. None in all processes of `world` but the first."""
    own, videos = pd.factorize(captions["video_id"])
    similarity = sharing.similarity(scorer, captions["caption"].tolist(), videos.tolist(), world)
    if similarity is None:
        return None
    centred = similarity - similarity.mean(1, keepdims=True)
    return {**scoring.recall(similarity, own, style), "v2t_centred": scoring.recall(centred, own, style)["v2t"]}


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
        text = json.dumps(metrics, default=lambda number: number.item())
        (Path(out) / "metrics.json").write_text(text, encoding="utf-8")
