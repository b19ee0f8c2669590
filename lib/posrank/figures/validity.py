"""What a negative set is worth, in one table: what can be counted in its sentences, and what blind language models score.

Comes in: negatives, captions and tags tables. Goes out: the table of `posrank.negatives.validity.validity` with columns for
language models that never see a video; the same for every set, ours and the authors'.
"""

import pandas as pd

from posrank import scoring
from posrank.language.ngrams import fit
from posrank.negatives.validity import drawn, validity
from posrank.scoring.scorers import BlindScorer
from posrank.scoring.summary import part_metrics

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "4-gram": 4, "5-gram": 5}


def validity_table(
    negatives, captions, tags=None, training=None, models=("unigram", "bigram", "trigram"), smoothing="absolute", tagger="builtin",
    clip_tokens=True, lists=None, sample=1000, b=10000, seed=0,
):
    """One row per part: the columns of `validity`, and for each of `models` its PoSRank <model>, <model>_low, <model>_high.

    captions   the dataset's captions table, all splits
    training   captions that the models are fitted on; None = all of `captions`. Videos of scored captions are left out
    smoothing  of the models, as in posrank.language.ngrams
    clip_tokens  count the ties under CLIP's tokenizer (False: leave those columns out)
    lists      look at, and score, so many lists a part only (None = all)
    Intervals are 95 %, clustered by video, of `b` resamples. Texts are lower-cased for the models, punctuation is kept.
    """
    tokenize = None
    if clip_tokens:
        from posrank.towers.tokenizer import ByteTokenizer

        tokenize = ByteTokenizer()
    table = validity(negatives, captions, tags, tagger, tokenize, lists=lists, sample=sample, seed=seed)
    negatives = drawn(negatives, lists, seed)
    rows = []
    for part, own in negatives.groupby("part", sort=False):
        scored = captions[captions["caption_id"].isin(own["caption_id"])]
        row = {"part": part}
        for name in models:
            texts = captions if training is None else training
            model = fit(texts, exclude_videos=scored["video_id"].unique(), order=ORDERS[name], smoothing=smoothing)
            ranks = scoring.evaluate(BlindScorer(model), own, scored, run=name, progress=False)
            values = part_metrics(ranks, b, seed)
            row |= {name: values["posrank"], f"{name}_low": values["low"], f"{name}_high": values["high"]}
        rows.append(row)
    return table.merge(pd.DataFrame(rows), on="part", how="left") if models else table

