"""Negative sets under text-only judges: PoSRank of language models as distance from chance.

In: a negatives table, its captions, and language models (n-gram models of posrank.language.ngrams, a
posrank.scoring.CausalScorer or any scorer). Out: one row per part and model, with 95 % intervals clustered by video. The
strongest n-gram model is also judged with the opposite sign: a model trained on the set could learn to prefer the unlikely
sentence just as well.
"""

import pandas as pd

from posrank.language.ngrams import ORDERS, fit
from posrank.scoring.evaluate import evaluate
from posrank.scoring.ranks import reciprocal_from_counts
from posrank.scoring.scorers import BlindScorer
from posrank.scoring.summary import part_metrics
from posrank.validity.learned import learned_judge

NEGATED = ("4-gram",)
"""Models that are judged with both signs; the row of the opposite sign has a minus before the name."""


def blind_models(training, models=("unigram", "bigram", "trigram", "4-gram"), exclude_videos=(), smoothing=None):
    """{name: n-gram model fitted on the captions table `training`}, without the captions of `exclude_videos`.

    smoothing: as in posrank.language.ngrams; None = absolute discounting for the 4-gram, Kneser-Ney for the others.
    ValueError where no caption remains.
    """
    usual = {"4-gram": "absolute"}
    return {
        name: fit(training, exclude_videos, order=ORDERS[name], smoothing=smoothing or usual.get(name, "kneser_ney"))
        for name in models
    }


def blind_ranks(names, negatives, captions, training, world=None):
    """{name: ranks table} of language models (`names` of ORDERS) fitted on the captions `training`, without the videos
    that are scored. world: processes that share the work (posrank.training.distributed)."""
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
        ranks = with_groups(evaluate(scorer, negatives, captions, run=name, progress=False), captions)
        views = {name: ranks} | ({f"-{name}": negated(ranks)} if name in NEGATED else {})
        for judge, view in views.items():
            rows += [{"part": part, "judge": judge, **_row(mine, b, seed)} for part, mine in view.groupby("part", sort=False)]
    return pd.DataFrame(rows)


def with_groups(ranks, captions):
    """The ranks with the group of each statement, where `captions` are those of rule exchange."""
    return ranks.assign(group=ranks["caption_id"].map(captions.set_index("caption_id")["group"])) if "group" in captions else ranks


def learned_rows(negatives, captions, training, folds, b=10000, seed=0):
    """The rows of the learned judge, as `judged` has them. training: captions that its word counts and vectors come from."""
    texts = captions if training is None else pd.concat([captions, training]).drop_duplicates("caption_id")
    ranks = with_groups(learned_judge(negatives, texts, folds=folds, seed=seed), captions)
    return pd.DataFrame([{"part": part, "judge": "learned", **_row(own, b, seed)} for part, own in ranks.groupby("part", sort=False)])


def negated(ranks):
    """The ranks of the same scores with the opposite sign."""
    better = ranks["negatives"] - ranks["better"] - ranks["equal"]
    return ranks.assign(better=better, reciprocal_rank=reciprocal_from_counts(better.to_numpy(), ranks["equal"].to_numpy()))


def _row(ranks, b, seed):
    values = part_metrics(ranks, b, seed)
    low, high, expected = values["low"], values["high"], values["chance"]
    return {
        "posrank": values["posrank"], "posrank_low": low, "posrank_high": high, "chance": expected,
        "excess": values["posrank"] - expected, "adjusted": values["adjusted"], "low": None if low is None else low - expected,
        "high": None if high is None else high - expected,
        "first": float(((ranks["better"] == 0) / (1 + ranks["equal"])).mean()),
        "captions": values["captions"], "videos": values["videos"],
    }
