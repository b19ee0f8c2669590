"""Text, video and group score of statements that are exchanged between videos (as in Winoground, arXiv 2204.03162).

In: the scores S [m, m] of a group: statement i (true of video i alone) with video j. Out: three numbers.
* text score: each video ranks the m statements, the mean reciprocal rank of its own (PoSRank of the group's lists);
* video score: each statement ranks the m videos, likewise: one caption, m clips that differ in one slot;
* group score: 1 where all 2 m first places are right.
A scorer that reads the text alone is exactly at chance in the text score, one that sees the video alone in the video
score. Ties count as expected over a random order of equal scores, so a constant scorer is at chance in all three.
"""

from functools import cache, reduce
from operator import or_

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.bootstrap import bootstrap
from posrank.scoring.ranks import as_array, chance, reciprocal_ranks

SIDES = ("text", "video", "group")


def group_scores(scores):
    """{"text", "video", "group"} of the scores [m statements, m videos] of one group, true pairs on the diagonal.
    ValueError for NaN and another shape; m is at least 2. Time doubles with each diagonal score that is tied.

    Both videos fit their statement best, but statement 0 fits both videos alike:

    >>> group_scores([[.8, .8], [.1, .9]])
    {'text': 1.0, 'video': 0.875, 'group': 0.5}
    """
    scores = as_array(scores)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"scores: expected shape [m, m] with m >= 2 statements and videos, got {list(scores.shape)}")
    own, others = np.diag(scores)[:, None], ~np.eye(len(scores), dtype=bool)
    sides = {}
    for side, rows in (("text", scores.T), ("video", scores)):
        lists = np.concatenate([own, rows[others].reshape(len(scores), -1)], axis=1)
        sides[side] = float(reciprocal_ranks(lists).mean())
    return sides | {"group": _all_first(scores)}


def group_chance(m):
    """The same numbers of random scores: H(m) / m on both sides, and (m - 1)! / (2 m - 1)! for the group.

    >>> {side: round(value, 4) for side, value in group_chance(2).items()}
    {'text': 0.75, 'video': 0.75, 'group': 0.1667}
    """
    return {"text": chance(m), "video": chance(m), "group": float(1 / np.prod(np.arange(m, 2.0 * m)))}


def _all_first(scores):
    """The probability that each diagonal score is the highest of its row and column, equal ones in a random order.

    A tie of an off-diagonal score constrains one or two diagonal scores: it must come below both. The chance of this is
    the integral of a product of minima of uniform numbers, summed over which diagonal score is the lowest, and so on.
    """
    own = np.diag(scores)
    off = ~np.eye(len(scores), dtype=bool)
    if ((scores > np.minimum(own[:, None], own)) & off).any():
        return 0.0
    in_row, in_column = (scores == own[:, None]) & off, (scores == own) & off
    # one bit set for each tied score: the diagonal scores that it must come below
    masks = [(bool(in_row[i, j]) << i) | (bool(in_column[i, j]) << j)
             for i, j in np.argwhere(in_row | in_column).tolist()]

    @cache
    def below(chosen):
        """Of the diagonal scores in the bit set `chosen`, as the lowest ones in any order."""
        if not chosen:
            return 1.0
        members = [i for i in range(len(scores)) if chosen >> i & 1]
        cells = len(members) + sum(bool(mask & chosen) for mask in masks)
        return sum(below(chosen & ~(1 << i)) for i in members) / cells

    return below(reduce(or_, masks, 0))


def group_matrices(scores, negatives, statements):
    """(part, group, S [m, m]) of each group. scores: a scores table of one run (posrank.tables), on the lists
    `negatives` of rule exchange and its `statements`. ValueError where a group lacks a score."""
    known = statements[["caption_id", "caption", "group"]]
    lists = negatives[["caption_id", "part", "k", "sentence"]].merge(known, on="caption_id")
    own = lists.drop_duplicates("caption_id").assign(k=-1, sentence=lambda table: table["caption"])
    names = known.rename(columns={"caption_id": "statement", "caption": "sentence"})
    cells = pd.concat([lists, own]).drop(columns="caption").merge(names, on=["group", "sentence"])
    cells = cells.merge(scores[["caption_id", "part", "k", "score"]], on=["caption_id", "part", "k"])
    for (part, group), rows in cells.groupby(["part", "group"], sort=False):
        matrix = rows.pivot(index="statement", columns="caption_id", values="score")
        if matrix.shape[0] != matrix.shape[1] or matrix.isna().any(axis=None):
            raise ValueError(f"group {group!r}: its videos were not scored with all of its statements")
        yield part, group, matrix.loc[matrix.columns].to_numpy()


def group_metrics(scores, negatives, statements, b=10000, seed=0):
    """{part: {"text", "video", "group": {"value", "low", "high", "chance"}, "groups"}} of a run on rule exchange, as
    JSON holds it. text and video are means over lists (text is PoSRank), group is the share of groups; intervals are 95
    %, by group, None for a single one. Arguments as in `group_matrices`."""
    rows = {part: [] for part in PARTS}
    for part, name, matrix in group_matrices(scores, negatives, statements):
        by_chance = {f"{side} chance": value for side, value in group_chance(len(matrix)).items()}
        rows[part].append({"name": name, "m": len(matrix), **group_scores(matrix), **by_chance})
    found = {}
    for part, groups in ((part, pd.DataFrame(own)) for part, own in rows.items() if own):
        found[part] = {"groups": len(groups)}
        for side in SIDES:
            each = groups if side == "group" else groups.loc[groups.index.repeat(groups["m"])]
            low, high = bootstrap(each[side], each["name"], b, seed) if len(groups) > 1 else (None, None)
            found[part][side] = {"value": float(each[side].mean()), "low": low, "high": high,
                                 "chance": float(each[f"{side} chance"].mean())}
    return found
