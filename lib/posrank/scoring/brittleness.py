"""Brittleness: does a model tell a caption from its synonym by more than from a sentence that is false?

In: a scorer, hard positives (posrank.negatives.positives), negatives, captions. Out: per (caption, part) the share of triples
(caption, positive, negative) in which the negative's score lies strictly between the caption's and the positive's. 0 for a model
that knows what is said; about 1/3 where the three scores fall in any order.

Two ways lead there. `brittleness` scores a table of its own. Where the captions are ranked anyway, `with_positives` puts each
positive beside its caption, as one more sentence ranked among the same negatives, and `from_ranks` reads the share off the two
ranks: negatives are scored once, a positive costs one sentence.
"""

import numpy as np
import pandas as pd

from posrank import PARTS

KEY = ["caption_id", "part"]
MARK = "\x1f"  # between a caption's id and the number of its positive


def between(caption, positives, negatives):
    """Share of (positive, negative) pairs with the negative strictly between caption and positive; a tie with either counts half.

    caption: a number; positives [p], negatives [n], p and n at least 1. ValueError otherwise and for NaN.

    >>> between(1.0, [0.2], [0.5, 0.9, 0.1, 1.5])
    0.5
    """
    positives, negatives = np.asarray(positives, np.float64)[:, None], np.asarray(negatives, np.float64)[None]
    if positives.size == 0 or negatives.size == 0:
        raise ValueError("between: at least one positive and one negative are needed")
    if np.isnan(positives).any() or np.isnan(negatives).any() or np.isnan(caption):
        raise ValueError("between: NaN among the scores")
    low, high = np.minimum(positives, caption), np.maximum(positives, caption)
    inside, edge = (negatives > low) & (negatives < high), (low < high) & ((negatives == low) | (negatives == high))
    return float((inside + 0.5 * edge).mean())


def brittleness(scorer, positives, negatives, captions, chunk=4096):
    """-> DataFrame caption_id, video_id, part, triples, brittleness: lists that have both positives and negatives.

    scorer: as for posrank.evaluate; positives, negatives: tables with caption_id, part, sentence; captions: caption_id, video_id,
    caption. For an interval: ``posrank.scoring.bootstrap(table["brittleness"], table["video_id"])`` per part. ValueError where no
    list has both, or a caption is absent.
    """
    own = captions.drop_duplicates("caption_id").set_index("caption_id")
    shared = positives[KEY].drop_duplicates().merge(negatives[KEY].drop_duplicates(), on=KEY)
    if shared.empty:
        raise ValueError("brittleness: no caption has both positives and negatives of one part")
    absent = shared.loc[~shared["caption_id"].isin(own.index), "caption_id"]
    if len(absent):
        raise ValueError(f"brittleness: caption {absent.iloc[0]!r} is not in the captions table")
    rows = pd.concat([
        shared.assign(sentence=own["caption"].reindex(shared["caption_id"]).to_numpy(), kind="caption"),
        positives.merge(shared, on=KEY)[[*KEY, "sentence"]].assign(kind="positive"),
        negatives.merge(shared, on=KEY)[[*KEY, "sentence"]].assign(kind="negative"),
    ], ignore_index=True)
    rows["video_id"] = own["video_id"].reindex(rows["caption_id"]).to_numpy()
    pairs = rows[["video_id", "sentence"]].drop_duplicates(ignore_index=True)
    scores = [np.asarray(_numbers(scorer(part["video_id"].tolist(), part["sentence"].tolist())), np.float64)
              for part in (pairs[start : start + chunk] for start in range(0, len(pairs), chunk))]
    rows = rows.merge(pairs.assign(score=np.concatenate(scores)), on=["video_id", "sentence"], validate="many_to_one")
    result = []
    for (caption_id, part), mine in rows.groupby(KEY, sort=False):
        by = {kind: values.to_numpy() for kind, values in mine.groupby("kind")["score"]}
        result.append((caption_id, mine["video_id"].iloc[0], part, len(by["positive"]) * len(by["negative"]),
                       between(by["caption"][0], by["positive"], by["negative"])))
    table = pd.DataFrame(result, columns=["caption_id", "video_id", "part", "triples", "brittleness"])
    order = {part: n for n, part in enumerate(PARTS)}
    return table.sort_values("part", key=lambda column: column.map(order), kind="stable", ignore_index=True)


def with_positives(negatives, captions, positives):
    """(negatives, captions) in which every positive follows its caption as a caption of its own, with that caption's negatives.

    positives: caption_id, part, sentence, kind (any text). Positives of lists without negatives, and those that are among their
    list's negatives, are left out. For posrank.evaluate; then `apart` divides the ranks again.
    """
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
        raise ValueError(f"positives: caption {shared['caption_id'][int(np.isnan(owner).argmax())]!r} is not among the captions")
    theirs = pd.DataFrame({"caption_id": names, "video_id": captions["video_id"].to_numpy()[owner.astype(int)],
                           "caption": shared["sentence"].to_numpy()})
    both = pd.concat([captions[["caption_id", "video_id", "caption"]], theirs], ignore_index=True)
    order = np.argsort(np.concatenate([np.arange(len(captions)), owner]), kind="stable")  # each beside its caption: in one block
    return pd.concat([negatives, more[negatives.columns]], ignore_index=True), both.iloc[order].reset_index(drop=True)


def apart(ranks):
    """Ranks of captions `with_positives` -> (ranks of the captions, ranks of the positives, with their caption_id and a column kind)."""
    pieces = ranks["caption_id"].str.split(MARK, n=2, expand=True).reindex(columns=range(2))
    positive = pieces[1].notna().to_numpy()
    theirs = ranks[positive].assign(caption_id=pieces.loc[positive, 0], kind=pieces.loc[positive, 1])
    return ranks[~positive].reset_index(drop=True), theirs.reset_index(drop=True)


def from_ranks(ranks, positives):
    """The share of negatives between caption and positive, from their ranks among the same negatives (see `apart`) -> DataFrame
    kind, caption_id, video_id, part, triples, brittleness: a row per list, the mean over its positives."""
    both = positives.merge(ranks[[*KEY, "better", "equal"]], on=KEY, suffixes=("", "_caption"), validate="many_to_one")
    middle, own = both["better"] + both["equal"] / 2, both["better_caption"] + both["equal_caption"] / 2
    both = both.assign(brittleness=(middle - own).abs() / both["negatives"])
    groups = both.groupby(["kind", "caption_id", "video_id", "part"], sort=False, as_index=False)
    return groups.agg(triples=("negatives", "sum"), brittleness=("brittleness", "mean"))


def _numbers(values):
    from posrank.scoring.ranks import as_array

    return as_array(values, "scores")
