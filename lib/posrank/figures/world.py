"""The embedded world as people see it: a contact sheet, and how the tagger reads its captions."""

import pandas as pd
from IPython.display import Markdown

from posrank import PARTS, schema
from posrank.language.parts import part_of
from posrank.world.sheet import contact_sheet


def world_sheet(work, clips=8, seed=0, split="test"):
    """Clips of the world with one caption each, as one picture; without frames (nothing is trained), words that say so."""
    texts, store = work.captions("world"), work.frames("world")
    if not len(store):
        return Markdown("No frames were read, because nothing is trained on them (`train.systems`, `train.dataset` in params.yaml).")
    test = texts[(texts["split"] == split) & texts["video_id"].isin(store.ids)]
    chosen = test.groupby("video_id").sample(1, random_state=seed).sample(min(clips, test["video_id"].nunique()), random_state=seed)
    return contact_sheet([store[video][0] for video in chosen["video_id"]], chosen["caption"].tolist())


def tagger_agreement(work, captions=1500):
    """Share of the world's words whose part of speech the tagger reads as the grammar meant it, per part.

    Counted on the first `captions` captions of the test split: columns words, agree, and the words most often read
    otherwise.
    """
    from posrank.language.tagger import tag_captions

    texts = work.captions("world")
    texts = texts[texts["split"] == "test"].head(captions)
    gold = schema.read_table(work.folder / "data" / "gold" / "world.parquet", "tags")
    both = gold[gold["caption_id"].isin(texts["caption_id"])].merge(
        tag_captions(texts, progress=False), on=["caption_id", "i"], suffixes=("", "_tagger"))
    parts = [part_of(upos, tag) for upos, tag in zip(both["upos"], both["tag"])]
    found = [part_of(upos, tag) for upos, tag in zip(both["upos_tagger"], both["tag_tagger"])]
    both = both.assign(part=parts, agree=[a == b for a, b in zip(parts, found)])
    rows = []
    for part in PARTS:
        mine = both[both["part"] == part]
        wrong = mine.loc[~mine["agree"], "text"].value_counts()
        rows.append({"part": part, "words": len(mine), "agree": mine["agree"].mean(), "read otherwise": ", ".join(wrong.index[:4])})
    return pd.DataFrame(rows).set_index("part")
