"""What a table of negatives is like: list lengths, chance, where replacements come from, oddities (validity.md's
table).

In: a negatives table. Out: a DataFrame with one row per part of speech.
"""

import pandas as pd

from posrank import PARTS

SOURCES = ("antonym", "hypernym_antonym", "hyponym_antonym", "random")
COLUMNS = ["part", "captions", "k", "shortest", "chance", *SOURCES, "captions_with_antonym", "capitals"]


def list_statistics(negatives):
    """Per part (no rows for an empty set): captions with a list, its mean length K, chance, the share of negatives from each source, the share of
    captions whose list holds an antonym, and the share of negatives with a capital in the middle of the sentence.

    `chance` is the PoSRank of a random ranker on exactly these lists: the mean of H(K + 1) / (K + 1).
    """
    rows = []
    for part in PARTS:
        mine = negatives[negatives["part"] == part]
        if mine.empty:
            continue
        lengths = mine.groupby("caption_id", sort=False).size()
        shares = mine["source"].value_counts(normalize=True)
        antonyms = mine.loc[mine["source"] == "antonym", "caption_id"].nunique()
        rows.append({
            "part": part, "captions": len(lengths), "k": float(lengths.mean()), "shortest": int(lengths.min()),
            "chance": float(lengths.map(_chance).mean()),
            **{source: float(shares.get(source, 0.0)) for source in SOURCES},
            "captions_with_antonym": antonyms / len(lengths),
            "capitals": float(mine["replacement"].str[:1].str.isupper().mean()),
        })
    return pd.DataFrame(rows, columns=COLUMNS)


def _chance(k):
    return sum(1 / rank for rank in range(1, k + 2)) / (k + 1)
