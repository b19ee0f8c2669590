"""What an audit found: shares with Wilson's intervals, and how far two labellers agree.

In: labels tables (`posrank.audit.labels`). Out: DataFrames, one row per labeller and part of speech; the paper's own
audit (Section 4: 100 captions, 4 false negatives, 7 grammatical errors) as a row to compare with.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.audit.labels import ANSWERS, KEY, check_labels

LABELS = ("may be true", "ungrammatical")
"""What a reader of whole lists may find wrong (`list_shares`)."""

PAPER = {"looked_at": 100, "ungrammatical": 7, "judged": 100, "cannot_tell": 0, "false_negatives": 4}


def wilson(count, n, confidence=0.95):
    """Low and high end of Wilson's score interval for `count` of `n`; NaN where n is 0.

    >>> [round(float(end), 3) for end in wilson(4, 100)]
    [0.016, 0.098]
    """
    from scipy.stats import binomtest

    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n}: count must be between 0 and n")
    if n == 0:
        return np.nan, np.nan
    low, high = binomtest(int(count), int(n)).proportion_ci(confidence, method="wilson")
    return low, high


def report(labels, paper=True):
    """One row per labeller and part that has labels, and one over all parts; the paper's audit below.

    looked_at      negatives whose grammar was judged, `ungrammatical` of them, their share with a 95 % interval
    judged         negatives that were found true or false of the video, `false_negatives` of them, share and interval;
                   `cannot_tell` are not among the judged

    The row `all` pools the labelled negatives of all parts: a part with more labels weighs more (`sample` gives each
    part the same number, as long as the set has enough of it). Its interval takes the negatives as independent draws;
    several of one video make it somewhat too short.
    """
    labels = check_labels(labels)
    rows = {}
    for labeller, mine in labels.groupby("labeller"):
        for part in (*PARTS, "all"):
            some = mine if part == "all" else mine[mine["part"] == part]
            if len(some):
                rows[labeller, part] = _row(looked_at=(some["grammatical"] != "").sum(),
                                            ungrammatical=(some["grammatical"] == "no").sum(),
                                            judged=some["false_negative"].isin(["yes", "no"]).sum(),
                                            cannot_tell=(some["false_negative"] == "cannot tell").sum(),
                                            false_negatives=(some["false_negative"] == "yes").sum())
    if paper:
        rows["the paper", "all"] = _row(**PAPER)
    index = pd.MultiIndex.from_tuples(list(rows), names=["labeller", "part"])
    return pd.DataFrame(list(rows.values()), index=index, columns=list(_row(**PAPER)))


def list_shares(labels):
    """Lists of one reader's labels by part and over all parts -> DataFrame; index: the parts with labels, then `all`.

    labels: table with caption_id, part, k and label ("fine", "may be true", "ungrammatical"), one row per negative. A list
    counts once, where any of its negatives has the label. Columns: lists; may_be_true, ungrammatical (counts);
    <label>_low, <label>_high, the ends of Wilson's 95 % interval of the share. ValueError names an unknown label.
    """
    unknown = set(labels["label"]) - {"fine", *LABELS}
    if unknown:
        raise ValueError(f"label {sorted(unknown)[0]!r} is none of: fine, {', '.join(LABELS)}")
    found = {}
    for part in (*PARTS, "all"):
        some = labels if part == "all" else labels[labels["part"] == part]
        if len(some):
            row = {"lists": some["caption_id"].nunique()}
            for label in LABELS:
                name, count = label.replace(" ", "_"), some.loc[some["label"] == label, "caption_id"].nunique()
                low, high = wilson(count, row["lists"])
                row |= {name: count, f"{name}_low": low, f"{name}_high": high}
            found[part] = row
    return pd.DataFrame.from_dict(found, orient="index")


def readable(table):
    """A `report` as text to read: "7 of 100" and "7.0 % [3.4, 13.7]" in columns that fit a page."""

    def shares(n, name):
        ends = (100 * table[[f"{name}_{end}" for end in ("share", "low", "high")]]).itertuples(index=False)
        return [f"{share:.1f} % [{low:.1f}, {high:.1f}]" if k else "" for k, (share, low, high) in zip(table[n], ends)]

    def counts(count, n):
        return [f"{a} of {b}" for a, b in zip(table[count], table[n])]

    return pd.DataFrame(
        {"ungrammatical": counts("ungrammatical", "looked_at"), "share [95 %]": shares("looked_at", "ungrammatical"),
         "false negatives": counts("false_negatives", "judged"), "share [95 %] ": shares("judged", "false"),
         "cannot tell": table["cannot_tell"].tolist()}, index=table.index,
    )


def agreement(labels):
    """One row per pair of labellers and question that both answered: items, the share of equal answers, Cohen's kappa.

    kappa is NaN where both gave one and the same answer throughout: chance alone would agree as well.
    """
    labels, rows = check_labels(labels), []
    for one, other in combinations(sorted(labels["labeller"].unique()), 2):
        both = labels[labels["labeller"] == one].merge(labels[labels["labeller"] == other], on=list(KEY))
        for question, answers in ANSWERS.items():
            a, b = both[f"{question}_x"], both[f"{question}_y"]
            a, b = a[(a != "") & (b != "")], b[(a != "") & (b != "")]
            if len(a):
                same = (a == b).mean()
                chance = sum((a == answer).mean() * (b == answer).mean() for answer in answers)
                kappa = (same - chance) / (1 - chance) if chance < 1 else np.nan
                rows.append((one, other, question, len(a), same, kappa))
    return pd.DataFrame(rows, columns=["labeller", "other", "question", "items", "agree", "kappa"])


def _row(looked_at, ungrammatical, judged, cannot_tell, false_negatives):
    ends = wilson(ungrammatical, looked_at), wilson(false_negatives, judged)
    return {"looked_at": int(looked_at), "ungrammatical": int(ungrammatical),
            "ungrammatical_share": ungrammatical / looked_at if looked_at else np.nan, "ungrammatical_low": ends[0][0],
            "ungrammatical_high": ends[0][1], "cannot_tell": int(cannot_tell), "judged": int(judged),
            "false_negatives": int(false_negatives), "false_share": false_negatives / judged if judged else np.nan,
            "false_low": ends[1][0], "false_high": ends[1][1]}
