"""Brittleness: does a model tell a caption from its synonym by more than from a sentence that is false?

In: hard positives (posrank.negatives.positives), negatives, captions, ranks. Out: per (caption, part) the share of
triples (caption, positive, negative) in which the negative's score lies strictly between the other two: 0 for a model
that knows what is said, about 1/3 for scores in any order. `with_positives` ranks each positive, beside its caption,
among the same negatives, and `from_ranks` reads the share off the two ranks. A tie counts half.
"""

import numpy as np
import pandas as pd

from posrank.scoring.summary import KEY

MARK = "\x1f"  # between a caption's id and the number of its positive


def with_positives(negatives, captions, positives):
    """(negatives, captions) in which every positive follows its caption as a caption of its own, with that caption's
    negatives. positives: caption_id, part, sentence, kind (any text); those of lists without negatives, and those among
    their list's negatives, are left out. For posrank.evaluate; then `split_ranks` divides the ranks again."""
    shared = positives.merge(negatives[KEY].drop_duplicates(), on=KEY)
    taken = pd.MultiIndex.from_frame(negatives[[*KEY, "sentence"]])
    shared = shared[~pd.MultiIndex.from_frame(shared[[*KEY, "sentence"]]).isin(taken)].reset_index(drop=True)
    if shared.empty:
        return negatives, captions
    names = shared["caption_id"] + MARK + shared["kind"] + MARK + shared.index.astype(str)
    more = shared.assign(name=names)[[*KEY, "name"]].merge(negatives, on=KEY)
    more = more.drop(columns="caption_id").rename(columns={"name": "caption_id"})
    place = pd.Series(np.arange(len(captions)), index=captions["caption_id"])
    owner = place.reindex(shared["caption_id"]).to_numpy(float)
    if np.isnan(owner).any():
        raise ValueError(f"positives: caption {shared['caption_id'][int(np.isnan(owner).argmax())]!r} is not among the "
                         "captions")
    theirs = pd.DataFrame({"caption_id": names, "video_id": captions["video_id"].to_numpy()[owner.astype(int)],
                           "caption": shared["sentence"].to_numpy()})
    both = pd.concat([captions[["caption_id", "video_id", "caption"]], theirs], ignore_index=True)
    order = np.argsort(np.concatenate([np.arange(len(captions)), owner]), kind="stable")  # each beside its caption
    return pd.concat([negatives, more[negatives.columns]], ignore_index=True), both.iloc[order].reset_index(drop=True)


def split_ranks(ranks):
    """Ranks of captions `with_positives` -> (those of the captions, those of the positives with caption_id and
    kind)."""
    pieces = ranks["caption_id"].str.split(MARK, n=2, expand=True).reindex(columns=range(2))
    positive = pieces[1].notna().to_numpy()
    theirs = ranks[positive].assign(caption_id=pieces.loc[positive, 0], kind=pieces.loc[positive, 1])
    return ranks[~positive].reset_index(drop=True), theirs.reset_index(drop=True)


def from_ranks(ranks, positives):
    """The share of negatives between caption and positive, from their ranks (see `split_ranks`) -> DataFrame kind,
    caption_id, video_id, part, triples, brittleness: a row per list, the mean over its positives."""
    both = positives.merge(ranks[[*KEY, "better", "equal"]], on=KEY, suffixes=("", "_caption"), validate="many_to_one")
    middle, own = both["better"] + both["equal"] / 2, both["better_caption"] + both["equal_caption"] / 2
    both = both.assign(brittleness=(middle - own).abs() / both["negatives"])
    groups = both.groupby(["kind", "caption_id", "video_id", "part"], sort=False, as_index=False)
    return groups.agg(triples=("negatives", "sum"), brittleness=("brittleness", "mean"))
