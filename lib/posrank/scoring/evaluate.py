"""From a scorer and a table of negatives to a ranks table (Section 4, "Evaluation Criteria").

A pair's score never depends on what else is in its list: the scorer sees pairs, in chunks that cut across lists, video
by video and texts in the order of their hashes, so that one that returns its place in the call gains nothing. A pair
that occurs twice (the caption in its five lists) is scored once, so such a tie is exact. Memory is bounded by the
chunk. Work goes block by block (posrank.scoring.blocks): finished blocks can be kept on the disk, and dealt to several
processes, without any change of the result.
"""

import os
import shutil

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from posrank.messages import short
from posrank.scoring.blocks import Kept, Plan
from posrank.scoring.ranks import as_array
from posrank.scoring.scorers import SystemScorer, unwrap
from posrank.tables import write_pieces


def evaluate(scorer, negatives, captions, run="name", chunk=4096, progress=True, *, scores=None, state=None,
             identity="", world=None):
    """Rank every caption among its negatives -> the ranks table (see posrank.tables); ``scores=True``: (ranks, scores).

    scorer(video_ids, texts): lists of at most ``chunk`` strings -> that many numbers, higher = better match. negatives:
    columns caption_id, part, sentence; of one rule and one level. captions: caption_id, video_id, caption; those
    without negatives are skipped. Rows come out in the order of ``captions``, parts in the order of the paper.

    scores: True: the scores are returned too, as a table (run, caption_id, part, k, score; k = -1 is the caption
    itself, else the k of the negative, or its place in the list where ``negatives`` has no k); a path: that table is
    written there as parquet, block after block. Until then each score takes 8 bytes of memory.

    state: a folder where finished blocks are kept, so that an evaluation that was killed scores nothing twice. A block
    is known by ``identity`` (any text that changes with the scorer, such as a hash of its weights), run, chunk,
    captions and negatives. When the ranks are safe, call ``clear_state(state)``. world: processes that share the work
    (`join_world` of posrank.training.distributed): block i goes to process i modulo their number, each returns the
    whole.

    Raises ValueError: no negatives, an unknown or ambiguous caption_id, a part that does not exist, a missing text,
    several rules or levels at once, a ``k`` that does not number a list (where scores are kept); and, naming run and
    chunk, where the scorer returns NaN or a wrong number of scores.

    >>> import pandas as pd
    >>> captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a red ball"]})
    >>> negatives = pd.DataFrame({"caption_id": "c", "part": "adj", "sentence": ["a blue ball", "a crimson ball"]})
    >>> longest = lambda video_ids, texts: [len(text) for text in texts]
    >>> ranks = evaluate(longest, negatives, captions, run="longest", progress=False)
    >>> ranks[["part", "better", "equal", "negatives"]].to_dict("records")
    [{'part': 'adj', 'better': 2, 'equal': 0, 'negatives': 2}]
    >>> _, scores = evaluate(longest, negatives, captions, run="longest", progress=False, scores=True)
    >>> scores[["k", "score"]].to_dict("list")
    {'k': [-1, 0, 1], 'score': [10.0, 11.0, 14.0]}
    """
    if not callable(scorer):
        raise ValueError(f"scorer: expected a function of two lists (video ids, texts), got {type(scorer).__name__}")

    def one_view(videos, texts):
        return as_array(scorer(videos, texts), "scores").astype(np.float64)[..., None]

    tables, table = _evaluate(one_view, negatives, captions, [run], chunk, progress, scores, state, identity, world)
    return (tables[0], table) if scores is True else tables[0]


def evaluate_views(views, negatives, captions, chunk=4096, progress=True, *, scores=None, state=None, identity="",
                   world=None):
    """Several views of one system's videos, every sentence encoded once -> {run: ranks table}, equal to those of
    ``evaluate``. views: {run: SystemScorer, or ShuffledVideo / ConstantVideo around one}, all of one system; scores:
    those of the first view. ValueError for no views, a scorer of another kind or of another system."""
    base = [unwrap(view, [])[0] for view in views.values()]
    for run, scorer in zip(views, base):
        if not isinstance(scorer, SystemScorer) or scorer.system is not base[0].system:
            raise ValueError(f"view {run!r}: every view needs a SystemScorer of the same system; use evaluate for "
                             "others")
    if not base:
        raise ValueError("views: give at least one")
    runs = list(views)

    def all_views(videos, texts):
        return base[0].score_views(list(views.values()), videos, texts).astype(np.float64)

    tables, table = _evaluate(all_views, negatives, captions, runs, chunk, progress, scores, state, identity, world)
    return (dict(zip(runs, tables)), table) if scores is True else dict(zip(runs, tables))


def clear_state(state):
    """Remove what an evaluation kept in the folder ``state`` (nothing, where there is none)."""
    shutil.rmtree(state, ignore_errors=True)


def _evaluate(score, negatives, captions, runs, chunk, progress, scores, state, identity, world):
    """``score(videos, texts)`` -> [n, runs]; a ranks table for each run, and the first run's scores or None."""
    _check(runs, scores)
    plan, keep = Plan(negatives, captions, chunk), scores is not None
    if keep:
        plan.check_k()
    kept = Kept(state, len(runs), keep)
    rank, size = (world.rank, world.size) if world else (0, 1)
    mine, calls = {}, 0
    total = sum(stop - start for start, stop in plan.blocks[rank::size])
    with tqdm(total=total, desc=f"score {runs[0]}", unit="caption", disable=not progress or rank > 0) as bar:
        for number in range(rank, len(plan.blocks), size):
            start, stop = plan.blocks[number]
            block = plan.block(start, stop)
            mark = block.mark(identity, *runs, plan.chunk) if state is not None else ""
            found = kept.read(mark, block)
            if found is None:
                values, calls = _scores(score, block, plan.chunk, runs, calls)
                found = block.counts(values), block.list_scores(values[:, 0]) if keep else None
                kept.write(mark, *found)
            mine[number] = found
            bar.update(stop - start)
    if size > 1:
        mine = {number: found for part in world.collect(mine) for number, found in part.items()}
    done = [mine[number] for number in range(len(plan.blocks))]
    better, equal = np.concatenate([counts for counts, _ in done], axis=2)
    table = _keep(plan, runs[0], [values for _, values in done], scores, rank) if keep else None
    return [plan.table(run, better[i], equal[i]) for i, run in enumerate(runs)], table


def _check(runs, scores):
    """ValueError for what would else show when all is scored: names that are no text, scores that have no place."""
    for run in runs:
        if not isinstance(run, str) or not run:
            raise ValueError(f"run: expected the run's name as text, got {short(run)}")
    place = isinstance(scores, (str, os.PathLike)) and os.fspath(scores) and not os.path.isdir(scores)
    if not (scores is None or scores is True or place):
        raise ValueError(f"scores: expected None, True or the path of a file, got {short(scores)}")


def _keep(plan, run, values, scores, rank):
    """The scores [lists + negatives] of every block as a table, or, where `scores` is a path, in that file."""
    if scores is True:
        return pd.concat([plan.scores(run, *cut, some) for cut, some in zip(plan.blocks, values)], ignore_index=True)
    if rank == 0:
        write_pieces((plan.scores(run, *cut, some) for cut, some in zip(plan.blocks, values)), scores, "scores")
    return None


def _scores(score, block, chunk, runs, calls):
    done = []
    for start in range(0, len(block.texts), chunk):
        videos, texts = block.videos[start : start + chunk], block.texts[start : start + chunk]
        where = f"run {runs[0]!r}, chunk {calls} (video {videos[0]!r} to {videos[-1]!r})"
        try:
            scores = score(videos, texts)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        if scores.shape != (len(texts), len(runs)):
            shape = list(scores.shape[:-1])
            raise ValueError(f"{where}: the scorer returned shape {shape} for {len(texts)} pairs, not one number each")
        if np.isnan(scores).any():
            bad = int(np.argmax(np.isnan(scores).any(axis=1)))
            raise ValueError(f"{where}: the scorer returned NaN for video {videos[bad]!r} and text {texts[bad]!r}")
        done.append(scores)
        calls += 1
    return np.concatenate(done), calls
