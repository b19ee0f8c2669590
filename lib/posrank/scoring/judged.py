"""Negative sets under blind judges: PoSRank of language models, each also turned around, as distance from chance.

In: a negatives table, its captions, and language models (posrank.language.judges has the two judges, posrank.language.ngrams the
others; a posrank.scoring.CausalScorer does as well). Out: one row per part and model, with 95 % intervals clustered by video. A
negated model prefers the unlikely sentence: a model trained on the set could learn that just as well.
"""

import pandas as pd

from posrank.language.judges import judge_a, judge_b
from posrank.language.ngrams import fit
from posrank.scoring.evaluate import evaluate
from posrank.scoring.ranks import reciprocal_from_counts
from posrank.scoring.scorers import BlindScorer
from posrank.scoring.summary import part_metrics

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "4-gram": 4, "5-gram": 5}
TURNED = ("A", "B")
"""Models that are judged both ways round; the row of the other way has a minus sign before the name."""


def blind_models(training, fresh=None, models=("unigram", "bigram", "trigram"), exclude_videos=(), smoothing="kneser_ney"):
    """{name: fitted model}: those of `models`, then "A", and "B" where there is text for it.

    training: captions that the builder of the set may have learned from; fresh: captions that it has not seen, for judge B
    (None: without it). The captions of `exclude_videos` are left out of both. ValueError where nothing remains.
    """
    found = {name: fit(training, exclude_videos, order=ORDERS[name], smoothing=smoothing) for name in models}
    found["A"] = judge_a(training, exclude_videos)
    if fresh is not None:
        found["B"] = judge_b(fresh, exclude_videos)
    return found


def blind_ranks(names, negatives, captions, training, world=None):
    """{name: ranks table} of language models (`names` of ORDERS) fitted on the captions `training`, without the videos that are
    scored. world: processes that share the work (posrank.training.distributed)."""
    out = {}
    for name in names:
        model = fit(training, order=ORDERS[name], exclude_videos=captions["video_id"].unique())
        out[name] = evaluate(BlindScorer(model), negatives, captions, run=name, progress=False, world=world)
    return out


def judged(negatives, captions, models, b=10000, seed=0):
    """The rows of a set: DataFrame with part, judge, posrank, posrank_low, posrank_high, chance, excess, low, high (posrank and
    its interval, less chance), first (share of lists in which the caption is ranked first), captions, videos.

    models: {name: language model with `score(texts)`, or a scorer}; b: bootstrap resamples.
    """
    rows = []
    for name, model in models.items():
        scorer = BlindScorer(model) if hasattr(model, "score") else model
        ranks = evaluate(scorer, negatives, captions, run=name, progress=False)
        views = {name: ranks} | ({f"-{name}": turned(ranks)} if name in TURNED else {})
        for judge, view in views.items():
            rows += [{"part": part, "judge": judge, **_row(mine, b, seed)} for part, mine in view.groupby("part", sort=False)]
    return pd.DataFrame(rows)


def turned(ranks):
    """The ranks of the same scores with the opposite sign."""
    better = ranks["negatives"] - ranks["better"] - ranks["equal"]
    return ranks.assign(better=better, reciprocal_rank=reciprocal_from_counts(better.to_numpy(), ranks["equal"].to_numpy()))


def _row(ranks, b, seed):
    values = part_metrics(ranks, b, seed)
    low, high, expected = values["low"], values["high"], values["chance"]
    return {
        "posrank": values["posrank"], "posrank_low": low, "posrank_high": high, "chance": expected,
        "excess": values["posrank"] - expected, "low": None if low is None else low - expected,
        "high": None if high is None else high - expected,
        "first": float(((ranks["better"] == 0) / (1 + ranks["equal"])).mean()),
        "captions": values["captions"], "videos": values["videos"],
    }
