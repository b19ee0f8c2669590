"""The embedded world as people see it: clips, the words of each part of speech, and how the tagger reads it."""

import pandas as pd
from IPython.display import Markdown

from posrank import PARTS, tables
from posrank.figures.neighbours import some, tested
from posrank.figures.strips import strip
from posrank.language.parts import part_of, parts_of
from posrank.world.sheet import contact_sheet


def world_sheet(work, clips=8, seed=0):
    """Clips of the world's tested videos with a caption each, as one picture; a line that says so without frames."""
    texts, store = work.captions("world"), work.frames("world")
    if not len(store):
        return Markdown("No frames were read, because nothing is trained on them (`train.systems` in params.yaml).")
    test = tested(texts[texts["video_id"].isin(store.ids)])
    chosen = some(test.groupby("video_id").sample(1, random_state=seed), clips, seed)
    return contact_sheet([store[video][0] for video in chosen["video_id"]], chosen["caption"].tolist())


def world_words(tags):
    """What a part of speech has to choose from -> DataFrame by part: words, most_frequent (its share), guessed (how
    often the likeliest word given the caption's first noun is right; of nouns: given its first verb), which.

    Where slots are drawn independently `guessed` is hardly above `most_frequent`; a language shortcut lifts it.
    """
    told = tags.assign(part=parts_of(tags), lemma=tags["lemma"].str.lower()).dropna(subset="part")
    first = told.drop_duplicates(["caption_id", "part"]).pivot(index="caption_id", columns="part", values="lemma")
    rows = []
    for part in (part for part in PARTS if part in first):
        counts = told.loc[told["part"] == part, "lemma"].value_counts()
        cue = "verb" if part == "noun" else "noun"
        pairs = pd.crosstab(first[cue], first[part]) if cue in first else pd.DataFrame()
        guessed = pairs.max(axis=1).sum() / pairs.to_numpy().sum() if pairs.size else None
        rows.append((part, len(counts), counts.iloc[0] / counts.sum(), guessed, ", ".join(sorted(counts.index))))
    return pd.DataFrame(rows, columns=["part", "words", "most_frequent", "guessed", "which"]).set_index("part")


def world_parts_figure(work, seed=0):
    """One clip for each part of speech: its frames in order, the word that a negative would change, and the caption."""
    import matplotlib.pyplot as plt

    texts, store = work.captions("world"), work.frames("world")
    test = tested(texts[texts["video_id"].isin(store.ids)])
    words = work.tags("world")
    words = words[words["caption_id"].isin(test["caption_id"])].assign(part=lambda table: parts_of(table))
    figure, rows = plt.subplots(len(PARTS), 1, figsize=(8, 1.32 * len(PARTS)), layout="constrained")
    for axes, part in zip(rows, PARTS):
        axes.axis("off")
        token = some(words[words["part"] == part], 1, seed)
        if token.empty:
            continue
        caption = test.set_index("caption_id").loc[token["caption_id"].iloc[0]]
        axes.imshow(strip(*store[caption["video_id"]], width=1600))
        axes.set_title(f"{part}: {token['text'].iloc[0]}", loc="left")
        axes.set_title(caption["caption"], loc="right", fontweight="normal", fontsize="small")
    return figure


def tagger_agreement(work, captions=1500):
    """Share of the world's words whose part of speech the default tagger reads as the grammar meant it, per part.

    Counted on the first `captions` tested captions: columns words, agree, and the words most often read otherwise.
    """
    from posrank.language.tagger import tag_captions

    texts = tested(work.captions("world")).head(captions)
    gold = tables.read_table(work.folder / "data" / "gold" / "world.parquet", "tags")
    read = tag_captions(texts, progress=False)
    both = gold.merge(read, on=["caption_id", "i"], suffixes=("", "_tagger"))  # of these captions alone
    meant, found = ([*map(part_of, both[f"upos{end}"], both[f"tag{end}"])] for end in ("", "_tagger"))
    both = both.assign(part=meant, agree=[a == b for a, b in zip(meant, found)])
    rows = []
    for part in PARTS:
        mine = both[both["part"] == part]
        wrong = mine.loc[~mine["agree"], "text"].value_counts()
        rows.append({"part": part, "words": len(mine), "agree": mine["agree"].mean(),
                     "read otherwise": ", ".join(wrong.index[:4])})
    return pd.DataFrame(rows).set_index("part")
