"""From a scorer and a table of negatives to a ranks table (Section 4, "Evaluation Criteria").

In: a scorer, a function of two equally long lists (video ids, texts) that returns one number each, higher = better
match; the negatives (of one rule and level: generated or released, word or phrase); the captions they belong to. Out:
the ranks table, one row per (caption, part), with the counts behind each rank, from which every PoSRank variant can be
computed.

A pair's score never depends on what else is in its list: the scorer sees pairs, in chunks that cut across lists. A pair
that occurs twice (the caption in its five lists, a negative that equals the caption) is scored once, so such a tie is
exact. Memory is bounded by the chunk, not by the number of negatives.
"""

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from posrank import PARTS
from posrank.schema import validate
from posrank.scoring.ranks import as_array, reciprocal_from_counts
from posrank.scoring.scorers import SystemScorer, unwrap


def evaluate(scorer, negatives, captions, run="name", chunk=4096, progress=True):
    """Rank every caption among its negatives -> the ranks table (see posrank.schema).

    scorer(video_ids, texts): lists of at most ``chunk`` strings -> that many numbers (list, array or tensor).
    negatives: columns caption_id, part, sentence; of one rule and one level. captions: caption_id, video_id, caption;
    captions without negatives are skipped, so the whole captions table may be given. Rows come out in the order of
    ``captions``, parts in the order of the paper. ``progress`` shows a bar.

    Raises ValueError: no negatives, an unknown or ambiguous caption_id, a part that does not exist, a missing text,
    several rules or levels at once; and, naming run and chunk, where the scorer returns the wrong number of scores, or
    NaN.

    >>> captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a red ball"]})
    >>> negatives = pd.DataFrame({"caption_id": "c", "part": "adj", "sentence": ["a blue ball", "a crimson ball"]})
    >>> longest = lambda video_ids, texts: [len(text) for text in texts]
    >>> ranks = evaluate(longest, negatives, captions, run="longest", progress=False)
    >>> ranks[["part", "better", "equal", "negatives"]].to_dict("records")
    [{'part': 'adj', 'better': 2, 'equal': 0, 'negatives': 2}]
    """
    def one_view(videos, texts):
        return as_array(scorer(videos, texts), "scores").astype(np.float64)[..., None]

    return _evaluate(one_view, negatives, captions, [run], chunk, progress)[0]


def evaluate_views(views, negatives, captions, chunk=4096, progress=True):
    """Several views of one system's videos, every sentence encoded once -> {run: ranks table}.

    views: {run: SystemScorer, or ShuffledVideo / ConstantVideo around one}, all of the same system; the tables equal
    those of ``evaluate`` for each alone. ValueError for no views, a scorer of another kind or of another system.
    """
    base = [unwrap(view, [])[0] for view in views.values()]
    for run, scorer in zip(views, base):
        if not isinstance(scorer, SystemScorer) or scorer.system is not base[0].system:
            raise ValueError(f"view {run!r}: every view needs a SystemScorer of the same system; use evaluate for others")
    if not base:
        raise ValueError("views: give at least one")
    runs = list(views)

    def all_views(videos, texts):
        return base[0].score_views(list(views.values()), videos, texts).astype(np.float64)

    return dict(zip(runs, _evaluate(all_views, negatives, captions, runs, chunk, progress)))


def _evaluate(score, negatives, captions, runs, chunk, progress):
    """``score(videos, texts)`` -> [n, runs]; one ranks table for each run."""
    chunk = _whole(chunk)
    rows, codes, order, first = _aligned(negatives, captions)
    sentences, tables = negatives["sentence"].array, [[] for _ in runs]
    with tqdm(total=len(rows), desc=f"score {runs[0]}", unit="caption", disable=not progress) as bar:
        calls = 0
        for start, stop in _blocks(first, chunk):
            mine = slice(first[start], first[stop])
            texts = np.asarray(sentences.take(order[mine]), dtype=object).tolist()
            block = _Block(rows[start:stop], codes[mine], texts)
            scores, calls = _scores(score, block, chunk, runs, calls)
            for run, column, parts in zip(runs, scores.T, tables):
                parts.append(block.ranks(column, run))
            bar.update(stop - start)
    return [validate(pd.concat(parts, ignore_index=True), "ranks") for parts in tables]


class _Block:
    """Some captions with all their negatives: the distinct (video, text) pairs, and who needs which."""

    def __init__(self, rows, codes, texts):
        self.rows, self.codes = rows, codes
        pairs = {}
        videos, captions = rows["video_id"].tolist(), rows["caption"].tolist()
        self.caption_pair = np.array([pairs.setdefault(pair, len(pairs)) for pair in zip(videos, captions)])
        self.owner = codes[:, 0] - codes[0, 0]
        index = [pairs.setdefault((videos[o], text), len(pairs)) for o, text in zip(self.owner.tolist(), texts)]
        self.negative_pair = np.array(index)
        self.videos, self.texts = [list(column) for column in zip(*pairs)]

    def ranks(self, scores, run):
        lists, list_of = np.unique(self.owner * len(PARTS) + self.codes[:, 1], return_inverse=True)
        owner, part = lists // len(PARTS), lists % len(PARTS)
        negative, caption = scores[self.negative_pair], scores[self.caption_pair][self.owner]
        better = np.bincount(list_of, negative > caption).astype(np.int64)
        equal = np.bincount(list_of, negative == caption).astype(np.int64)
        return pd.DataFrame({
            "run": run,
            "caption_id": self.rows["caption_id"].to_numpy()[owner],
            "video_id": self.rows["video_id"].to_numpy()[owner],
            "part": np.array(PARTS, dtype=object)[part],
            "better": better,
            "equal": equal,
            "negatives": np.bincount(list_of).astype(np.int64),
            "reciprocal_rank": reciprocal_from_counts(better, equal),
        })


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


def _aligned(negatives, captions):
    """Captions that have negatives, in their order; their negatives' (caption, part) codes, order, offsets."""
    _need(negatives, ("caption_id", "part", "sentence"), "negatives")
    _need(captions, ("caption_id", "video_id", "caption"), "captions")
    if len(negatives) == 0:
        raise ValueError("negatives: the table is empty, there is nothing to rank")
    for column in ("rule", "level"):
        if column in negatives and negatives[column].nunique() > 1:
            found = ", ".join(sorted(negatives[column].dropna().unique()))
            raise ValueError(f"negatives: several values of {column} ({found}) would mix in one list; pick one of them")
    part = pd.Index(PARTS).get_indexer(negatives["part"])
    if (part < 0).any():
        name = negatives["part"].iloc[int(np.argmin(part))]
        raise ValueError(f"negatives: unknown part {name!r}; the parts are {', '.join(PARTS)}")
    wanted = pd.Index(negatives["caption_id"].unique())  # (isin is slow on two million text ids)
    used = captions[wanted.get_indexer(captions["caption_id"]) >= 0]
    used = used[["caption_id", "video_id", "caption"]].reset_index(drop=True)
    twice = used["caption_id"].duplicated()
    if twice.any():
        name = used["caption_id"][twice].iloc[0]
        raise ValueError(f"captions: caption_id {name!r} occurs more than once; give the captions of one dataset only")
    caption = pd.Index(used["caption_id"]).get_indexer(negatives["caption_id"])
    if (caption < 0).any():
        name = negatives["caption_id"].iloc[int(np.argmin(caption))]
        more = negatives["caption_id"][caption < 0].nunique() - 1
        raise ValueError(f"negatives: caption_id {name!r} (and {more} others) is not in the captions table")
    order = np.lexsort((part, caption))
    codes = np.stack([caption, part], axis=1)[order]
    first = np.searchsorted(codes[:, 0], np.arange(len(used) + 1))
    return used, codes, order, first


def _blocks(first, chunk):
    """Runs of captions with about ``chunk`` pairs: (start, stop) positions; one caption's lists stay together."""
    ends, start = first[1:] + np.arange(1, len(first)), 0  # pairs up to and with each caption, itself counted
    while start < len(ends):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + chunk, side="right")))
        yield start, stop
        start = stop


def _need(table, columns, name):
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name}: expected a DataFrame, got {type(table).__name__}")
    for column in columns:
        if column not in table:
            raise ValueError(f"{name}: no column {column!r}; the table needs {', '.join(columns)}")
        if len(table) and table[column].isna().any():
            raise ValueError(f"{name}: {column} is missing in row {int(np.argmax(table[column].isna()))}")


def _whole(chunk):
    if isinstance(chunk, bool) or int(chunk) != chunk or chunk < 1:
        raise ValueError(f"chunk: expected a whole number of pairs of at least 1, got {chunk!r}")
    return int(chunk)
