"""A warning about scoring lists as lists: the caption is the middle of its own negatives.

In: negatives and captions. Out: PoSRank of a reader who looks at nothing but the list and takes the sentence that differs least from
all others. Where a list changes one word or another of several, only the caption differs from every other sentence by one word; the
reader needs no language model and no video. This is no row of a table, for every scorer here sees one sentence at a time; it says
why a scorer has to.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.ranks import chance, posrank


def medoid_warning(negatives, captions):
    """-> DataFrame part, medoid (PoSRank of the list's medoid, ties expected), chance, lists.

    negatives: caption_id, part, sentence; captions: caption_id, caption. Sentences are compared word by word, place by place (of
    different lengths: every place beyond the shorter one differs). ValueError where a caption is absent.

    >>> captions = pd.DataFrame({"caption_id": ["c"], "caption": ["a red ball"]})
    >>> negatives = pd.DataFrame({"caption_id": "c", "part": "noun", "sentence": ["a red cup", "a blue ball"]})
    >>> medoid_warning(negatives, captions)["medoid"].tolist()
    [1.0]
    """
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    values, lengths = {}, {}
    for (caption_id, part), mine in negatives.groupby(["caption_id", "part"], sort=False):
        if caption_id not in texts:
            raise ValueError(f"medoid: caption {caption_id!r} is not in the captions table")
        rows = [text.lower().split() for text in (texts[caption_id], *mine["sentence"])]
        width = max(map(len, rows))
        grid = np.array([row + [None] * (width - len(row)) for row in rows], dtype=object)
        apart = (grid[:, None] != grid[None]).sum(2).sum(1)
        values.setdefault(part, []).append(posrank(-apart[None].astype(float)))
        lengths.setdefault(part, []).append(len(rows))
    return pd.DataFrame([{"part": part, "medoid": float(np.mean(values[part])), "chance": chance(lengths[part]),
                          "lists": len(values[part])} for part in PARTS if part in values])
