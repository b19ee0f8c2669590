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

PAPER = {"looked_at": 100, "ungrammatical": 7, "cannot_tell": 0, "judged": 100, "false_negatives": 4}


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


def report(labels):
    """One row per labeller and part that has labels, and one over all parts; the paper's audit below.

    looked_at      negatives whose grammar was judged, `ungrammatical` of them, their share with a 95 % interval
    judged         negatives that were found true or false of the video, `false_negatives` of them, share and interval;
                   `cannot_tell` are not among the judged

    The row `all` pools the labelled negatives of all parts: a part with more labels weighs more (`sample` gives each
    part the same number, as long as the set has enough of it). Its interval takes the negatives as independent draws;
    several of one video make it somewhat too short.
    """
    labels = check_labels(labels)
    labels = pd.concat([labels, labels.assign(part="all")], ignore_index=True)
    seen, grammatical = labels["false_negative"], labels["grammatical"]
    counts = pd.DataFrame({"looked_at": grammatical != "", "ungrammatical": grammatical == "no",
                           "judged": seen.isin(["yes", "no"]), "cannot_tell": seen == "cannot tell",
                           "false_negatives": seen == "yes"}).astype(int)
    table = counts.groupby([labels["labeller"], labels["part"]]).sum()
    table = table.sort_index(key=lambda level: level.map((*PARTS, "all").index) if level.name == "part" else level)
    one = pd.MultiIndex.from_tuples([("the paper", "all")], names=table.index.names)
    table = pd.concat([table, pd.DataFrame([PAPER], index=one)])
    columns = {}
    for name, count, n in (("ungrammatical", "ungrammatical", "looked_at"), ("false", "false_negatives", "judged")):
        ends = [wilson(*pair) for pair in zip(table[count], table[n])]
        columns |= {n: table[n], count: table[count], f"{name}_share": table[count] / table[n],
                    f"{name}_low": [low for low, _ in ends], f"{name}_high": [high for _, high in ends]}
    return pd.DataFrame(columns | {"cannot_tell": table["cannot_tell"]})


def list_shares(labels):
    """Lists of one reader's labels by part and over all parts -> DataFrame; index: the parts with labels, then `all`.

    labels: table with caption_id, part, k and label ("fine", "may be true", "ungrammatical"), one row per negative. A
    list counts once, where any of its negatives has the label. Columns: lists; may_be_true, ungrammatical (counts);
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


def list_agreement(one, other):
    """Two readers of one set (tables as in `list_shares`) -> DataFrame; index: "may be true", "ungrammatical".

    Of the lists that both labelled, a list counts as found where any of its negatives has the label. Columns: lists;
    both, first, second, neither (lists that both readers, the first or the second alone, or none of them found);
    agree, the share of equal answers; kappa, Cohen's. ValueError where the readers have no list in common, or not the
    same negatives of one.
    """
    found = {"first": one, "second": other}
    for name, table in found.items():
        list_shares(table)  # checks the labels
        table = table[table["caption_id"].isin(one["caption_id"]) & table["caption_id"].isin(other["caption_id"])]
        found[name] = table.set_index(["caption_id", "part", "k"])["label"].sort_index()
    if not (len(found["first"]) and found["first"].index.equals(found["second"].index)):
        raise ValueError("the readers did not label the same negatives of the same lists")
    rows = {}
    for label in LABELS:
        a, b = ((table == label).groupby(level="caption_id").any() for table in found.values())
        agree, kappa = cohen(a, b)
        rows[label] = {
            "lists": len(a), "both": (a & b).sum(), "first": (a & ~b).sum(), "second": (b & ~a).sum(),
            "neither": (~a & ~b).sum(), "agree": agree, "kappa": kappa,
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")


def cohen(a, b):
    """The share of equal answers of two Series of one length, and Cohen's kappa (Cohen 1960).

    kappa is NaN where both gave one and the same answer throughout: chance alone would agree as well.

    >>> cohen(pd.Series([1, 1, 0, 0]), pd.Series([1, 0, 0, 0]))
    (0.75, 0.5)
    """
    a, b = a.to_numpy(), b.to_numpy()
    same = float((a == b).mean())
    chance = float(sum((a == answer).mean() * (b == answer).mean() for answer in set(a) | set(b)))
    return same, (same - chance) / (1 - chance) if chance < 1 else np.nan


def readable(table):
    """A `report` as text to read: "7 of 100" and "7.0 % [3.4, 13.7]" in columns that fit a page."""
    columns = {}
    for name, count, n, title in (("ungrammatical", "ungrammatical", "looked_at", "ungrammatical"),
                                  ("false", "false_negatives", "judged", "false negatives")):
        ends = (100 * table[[f"{name}_{end}" for end in ("share", "low", "high")]]).itertuples(index=False)
        columns[title] = [f"{a} of {b}" for a, b in zip(table[count], table[n])]
        columns[f"share of {title} [95 %]"] = [
            f"{share:.1f} % [{low:.1f}, {high:.1f}]" if k else "" for k, (share, low, high) in zip(table[n], ends)]
    return pd.DataFrame(columns | {"cannot tell": table["cannot_tell"].tolist()}, index=table.index)


def agreement(labels):
    """One row per pair of labellers and question that both answered: items, the share of equal answers, Cohen's kappa.

    kappa is NaN where both gave one and the same answer throughout (`cohen`).
    """
    labels, rows = check_labels(labels), []
    for one, other in combinations(sorted(labels["labeller"].unique()), 2):
        both = labels[labels["labeller"] == one].merge(labels[labels["labeller"] == other], on=list(KEY))
        for question in ANSWERS:
            a, b = both[f"{question}_x"], both[f"{question}_y"]
            a, b = a[(a != "") & (b != "")], b[(a != "") & (b != "")]
            if len(a):
                rows.append((one, other, question, len(a), *cohen(a, b)))
    return pd.DataFrame(rows, columns=["labeller", "other", "question", "items", "agree", "kappa"])
