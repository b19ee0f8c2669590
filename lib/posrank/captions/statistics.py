"""Statistics of captions: the rows of the paper's Tables 1 and 2, and its values to put beside them.

DataFrames with the column names of `paper_table`. A caption has a part of speech where one of its tokens has. Figures 2
and 3 are in `posrank.captions.nearest` and `posrank.captions.duplicates`.
"""

from importlib.resources import files

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.language.parts import parts_of
from posrank.language.stopwords import content_words
from posrank.messages import unknown


def paper_table(n):
    """Table n (1 to 8) of the paper as a DataFrame; numbers as printed ("13.8K" is 13800), columns in lower case."""
    folder = files("posrank") / "data" / "paper"
    found = [file for file in folder.iterdir() if file.name.startswith(f"table{n}_")]
    if not found:
        raise ValueError(f"the paper has no table {n!r}: give a number from 1 to 8")
    with found[0].open(encoding="utf-8") as file:
        return pd.read_csv(file)


def vocabulary(tags):
    """Number of word types: distinct lower-cased tokens that are alphabetic.

    >>> vocabulary(pd.DataFrame({"text": ["A", "a", "dog", "2", "."]}))
    2
    """
    types = pd.Series(tags["text"].unique(), dtype="str").str.lower().unique()
    return sum(word.isalpha() for word in types)


def has_part(tags):
    """DataFrame caption_id x PARTS of booleans: whether the caption has a token of the part."""
    codes, ids = pd.factorize(tags["caption_id"])
    parts = parts_of(tags).to_numpy()
    return pd.DataFrame(
        {part: np.bincount(codes[parts == part], minlength=len(ids)) > 0 for part in PARTS},
        index=pd.Index(ids, name="caption_id"),
    )


def proportions(tags):
    """Series PARTS: the share of tagged captions with at least one token of the part."""
    return has_part(tags).mean()


def eligible(tags, rule="paper"):
    """DataFrame caption_id x PARTS of booleans: whether the caption can get a set of negatives for the part.

    paper     it has a token of the part
    released  it has a token of the part's universal tag that is no stop word (`posrank.language.stopwords`): this
              reproduces the sizes of the authors' sets
    """
    if rule not in ("paper", "released"):
        raise ValueError(unknown("rule", rule, ("paper", "released")))
    found = has_part(tags)
    if rule == "paper":
        return found
    return pd.DataFrame(
        {part: found.index.isin(tags.loc[content_words(tags, part), "caption_id"]) for part in PARTS}, index=found.index
    )


def table1(captions, tags=None):
    """Table 1: one row per dataset, columns as `paper_table(1)` where they can be counted, and more.

    train_videos, train_captions, val_videos, val_captions, test_videos, test_captions; with `tags` also
    tagged_captions, vocabulary and the proportion of tagged captions with each part. The paper's split definitions
    are mixed: its "train" of YouCook2, VATEX, MSVD and TGIF is train + val, DiDeMo's is all captions there are.
    """
    rows = []
    for dataset, table in captions.groupby("dataset", sort=False):
        row = {"dataset": dataset}
        for split in ("train", "val", "test"):
            part = table[table["split"] == split]
            row |= {f"{split}_videos": part["video_id"].nunique(), f"{split}_captions": len(part)}
        rows.append(row | (_language(tags, table, dataset) if tags is not None else {}))
    return pd.DataFrame(rows)


def table2(captions, tags, negatives=None, k=20, rule="paper", split="test"):
    """Table 2: one row per dataset, columns as `paper_table(2)`, and more.

    train_captions, test_captions, mean_words (words = what white space separates), the proportions of the test captions
    with each part; for each part <part>_eligible (captions that can get a set under `rule`), <part>_captions
    (captions that have one in `negatives`) and <part>_set = sentences of the set, captions included. Without
    `negatives` a set is counted as the paper's are: eligible captions x (k + 1).
    """
    rows = []
    for dataset, table in captions.groupby("dataset", sort=False):
        test = table[table["split"] == split]
        if test.empty:
            continue
        row = {
            "dataset": dataset, "train_captions": int((table["split"] == "train").sum()), "test_captions": len(test),
            "mean_words": test["caption"].str.split().str.len().mean(), **_language(tags, test, dataset),
        }
        counts = eligible(tags[tags["caption_id"].isin(test["caption_id"])], rule).sum()
        for part in PARTS:
            row[f"{part}_eligible"] = int(counts[part])
            if negatives is None:
                row[f"{part}_set"] = int(counts[part]) * (k + 1)
            else:
                found = negatives[(negatives["part"] == part) & negatives["caption_id"].isin(test["caption_id"])]
                row[f"{part}_captions"] = found["caption_id"].nunique()
                row[f"{part}_set"] = row[f"{part}_captions"] + len(found)
        rows.append(row)
    return pd.DataFrame(rows)


def compare(ours, n):
    """Long table dataset, column, paper, ours, difference for the cells that `ours` and the paper's table n both have.

    Datasets are matched without case, hyphens and underscores ("msrvtt" is "MSR-VTT").
    """
    paper = paper_table(n)
    shared = [name for name in ours.columns if name in paper.columns and pd.api.types.is_numeric_dtype(paper[name])]
    there = paper.assign(key=paper["dataset"].map(_plain)).drop_duplicates("key").set_index("key")
    rows = [
        (there.loc[key, "dataset"], column, float(there.loc[key, column]), float(row[column]))
        for _, row in ours.iterrows() if (key := _plain(row["dataset"])) in there.index for column in shared
    ]
    table = pd.DataFrame(rows, columns=["dataset", "column", "paper", "ours"])
    return table.assign(difference=table["ours"] - table["paper"])


def _plain(name):
    return "".join(letter for letter in str(name).lower() if letter.isalnum())


def _language(tags, captions, dataset):
    tags = tags[tags["caption_id"].isin(captions["caption_id"])]
    if tags.empty:
        raise ValueError(f"dataset {dataset!r}: none of its captions is in the tags table: tag them first")
    found = has_part(tags)
    return {"tagged_captions": len(found), "vocabulary": vocabulary(tags), **found.mean().to_dict()}
