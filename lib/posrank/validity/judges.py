"""Negative sets under text-only judges: what a model that sees no video scores on them.

In: a negatives table, its captions, and judges: n-gram models (posrank.language.ngrams), the learned judge
(posrank.validity.learned), a pretrained language model (posrank.scoring.CausalScorer) or any scorer. Out: their ranks
tables, or one row per part and judge with 95 % intervals clustered by video (by group for rule exchange). The strongest
n-gram model is also judged with the opposite sign: a model trained on the set could learn to prefer the unlikely.
"""

import pandas as pd

from posrank.language.ngrams import ORDERS, fit
from posrank.scoring.evaluate import evaluate
from posrank.scoring.neural import CausalScorer
from posrank.scoring.ranks import reciprocal_from_counts
from posrank.scoring.scorers import BlindScorer
from posrank.scoring.summary import part_metrics, with_groups
from posrank.validity.learned import learned_judge

NEGATED = ("4-gram",)
"""Models that are judged with both signs; the row of the opposite sign has a minus before the name."""


def blind_models(training, names=("unigram", "bigram", "trigram", "4-gram"), exclude_videos=(), smoothing=None):
    """{name: n-gram model fitted on the captions table `training`}, without the captions of `exclude_videos`.

    names: of posrank.language.ngrams.ORDERS. smoothing: as there; None = absolute discounting for the 4-gram,
    Kneser-Ney for the others. ValueError where no caption remains.
    """
    usual = {"4-gram": "absolute"}
    return {name: fit(training, exclude_videos, order=ORDERS[name],
                      smoothing=smoothing or usual.get(name, "kneser_ney")) for name in names}


def blind_ranks(names, negatives, captions, training, world=None, folds=0, pretrained=None, seed=0):
    """{name: ranks table} of text-only judges on all lists.

    names: n-gram models, fitted on the captions `training` without the videos that are scored. folds: of the judge
    `learned` (0 = without it; left out, with a printed line, where there are too few videos). pretrained: name or
    folder of the judge `pretrained` (see CausalScorer; None = without it). world: processes that share the work.
    """
    models = blind_models(training, names, captions["video_id"].unique(), "kneser_ney")
    models |= {"pretrained": CausalScorer(pretrained)} if pretrained else {}
    ranks = {name: model_ranks(name, model, negatives, captions, world) for name, model in models.items()}
    if folds:
        try:
            ranks["learned"] = learned_ranks(negatives, captions, training, folds, seed)
        except ValueError as problem:
            print(f"the learned judge is left out: {problem}")
    return ranks


def learned_ranks(negatives, captions, training, folds, seed=0):
    """Ranks of the learned judge. training: captions that its word counts and vectors come from (None: `captions`)."""
    texts = captions if training is None else pd.concat([captions, training]).drop_duplicates("caption_id")
    return with_groups(learned_judge(with_groups(negatives, captions), texts, folds=folds, seed=seed), captions)


def judge_models(negatives, captions, models, b=10000, seed=0):
    """The rows of a set (see `judge_rows`) under models: {name: language model with `score(texts)`, or a scorer}."""
    return judge_rows({name: model_ranks(name, model, negatives, captions) for name, model in models.items()}, b, seed)


def judge_rows(ranks, b=10000, seed=0):
    """{judge: ranks table} -> DataFrame by part and judge, with the columns

    posrank, posrank_low, posrank_high, chance, captions, videos
    excess, low, high   PoSRank and its interval, minus chance
    adjusted, adjusted_low, adjusted_high   the same divided by 1 - chance: 0 = chance, 1 = perfect
    first   share of lists in which the caption is ranked first
    b: bootstrap resamples.
    """
    views = {}
    for name, table in ranks.items():
        views |= {name: table} | ({f"-{name}": negation(table)} if name in NEGATED else {})
    rows = [{"part": part, "judge": name, **_row(own, b, seed)} for name, table in views.items()
            for part, own in table.groupby("part", sort=False)]
    return pd.DataFrame(rows, columns=None if rows else ["part", "judge"])


def negation(ranks):
    """The ranks of the same scores with the opposite sign."""
    better = ranks["negatives"] - ranks["better"] - ranks["equal"]
    values = reciprocal_from_counts(better.to_numpy(), ranks["equal"].to_numpy())
    return ranks.assign(better=better, reciprocal_rank=values)


def model_ranks(name, model, negatives, captions, world=None):
    """Ranks of one model (`score(texts)`, or a scorer), with the group of each statement of rule exchange."""
    scorer = BlindScorer(model) if hasattr(model, "score") else model
    return with_groups(evaluate(scorer, negatives, captions, run=name, progress=False, world=world), captions)


def _row(ranks, b, seed):
    values = part_metrics(ranks, b, seed)
    expected, ends = values["chance"], {"low": values["low"], "high": values["high"]}
    return {
        "posrank": values["posrank"], **{f"posrank_{end}": value for end, value in ends.items()}, "chance": expected,
        "excess": values["posrank"] - expected,
        **{end: None if value is None else value - expected for end, value in ends.items()},
        **{f"adjusted{end}": values[f"adjusted{end}"] for end in ("", "_low", "_high")},
        "first": float(((ranks["better"] == 0) / (1 + ranks["equal"])).mean()),
        "captions": values["captions"], "videos": values["videos"],
    }
