"""Brittleness: does a model tell a caption from its synonym by more than from a sentence that is false?

In: a scorer, hard positives (posrank.negatives.positives), negatives, captions. Out: per (caption, part) the share of triples
(caption, positive, negative) in which the negative's score lies strictly between the caption's and the positive's. 0 for a model
that knows what is said; about 1/3 where the three scores fall in any order.
"""

import numpy as np
import pandas as pd

from posrank import PARTS

KEY = ["caption_id", "part"]


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


def _numbers(values):
    from posrank.scoring.ranks import as_array

    return as_array(values, "scores")
