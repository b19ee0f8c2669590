"""The embedded world as people see it: clips, the words of each part of speech, and how the tagger reads it."""

import pandas as pd
from IPython.display import Markdown

from posrank import PARTS, tables
from posrank.figures.neighbours import some, tested
from posrank.figures.strips import lines_html, strip_html
from posrank.language.parts import parts_of
from posrank.world.sheet import contact_sheet


def world_sheet(work, clips=8, seed=0):
    """Clips of the world's tested videos with a caption each, as one picture; a line that says so without frames."""
    texts, store = work.captions("world"), work.frames("world")
    if not len(store):
        return Markdown("No frames were read, because nothing is trained on them (`train.systems` in params.yaml).")
    test = tested(texts[texts["video_id"].isin(store.ids)])
    chosen = some(test.groupby("video_id").sample(1, random_state=seed), clips, seed)
    return _sheet(store, chosen)


def group_sheet(work, slot="adv", seed=0):
    """One group of clips that share all but one slot (noun1, adj1, verb, adv, prep, noun2, adj2), each with its
    caption, as one picture; a line that says so where the world has no such group or no frames."""
    texts, store = work.captions("world"), work.frames("world")
    names = texts.get("group", pd.Series(index=texts.index, dtype="str")).fillna("")
    some_of = texts[names.str.startswith(f"{slot}-") & texts["video_id"].isin(store.ids)]
    if some_of.empty:
        return Markdown(f"There is no group of clips that differ in {slot} (`world.groups` in params.yaml).")
    chosen = some_of[some_of["group"] == some(some_of.drop_duplicates("group"), 1, seed)["group"].iloc[0]]
    return _sheet(store, chosen)


def _sheet(store, chosen):
    """The clips of the rows `chosen` as rows of frames, about 800 pixels wide, so that captions fit."""
    clips = [store[video][0] for video in chosen["video_id"]]
    return contact_sheet(clips, chosen["caption"].tolist(), zoom=780 / (len(clips[0]) * clips[0].shape[2]))


def world_words(tags):
    """What a part of speech has to choose from -> DataFrame by part: words, most_frequent (its share), guessed (how
    often the likeliest word given the caption's first noun is right; of nouns: given its first verb), which.

    Where slots are drawn independently `guessed` is hardly above `most_frequent`; a language shortcut lifts it.
    """
    words = tags.assign(part=parts_of(tags), lemma=tags["lemma"].str.lower()).dropna(subset="part")
    first = words.drop_duplicates(["caption_id", "part"]).pivot(index="caption_id", columns="part", values="lemma")
    rows = []
    for part in (part for part in PARTS if part in first):
        counts = words.loc[words["part"] == part, "lemma"].value_counts()
        cue = "verb" if part == "noun" else "noun"
        pairs = pd.crosstab(first[cue], first[part]) if cue in first else pd.DataFrame()
        guessed = pairs.max(axis=1).sum() / pairs.to_numpy().sum() if pairs.size else None
        rows.append((part, len(counts), counts.iloc[0] / counts.sum(), guessed, ", ".join(sorted(counts.index))))
    return pd.DataFrame(rows, columns=["part", "words", "most_frequent", "guessed", "which"]).set_index("part")


def world_parts_html(work, seed=0):
    """One clip for each part of speech, as HTML: its frames in order, the caption, in bold the word that a negative
    would change."""
    texts, store, words = work.captions("world"), work.frames("world"), work.tags("world")
    test = tested(texts[texts["video_id"].isin(store.ids)]).set_index("caption_id")
    words, lines = words[words["caption_id"].isin(test.index)], []
    for part in PARTS:
        for token in some(words[parts_of(words) == part], 1, seed).itertuples():
            caption = "".join(f"{f'<b>{word.text}</b>' if word.i == token.i else word.text}{word.whitespace}"
                              for word in words[words["caption_id"] == token.caption_id].itertuples())
            lines += [(part, strip_html(store[test.loc[token.caption_id, "video_id"]])), ("", caption)]
    return lines_html(lines)


def tagger_agreement(work, captions=1500):
    """Share of the world's words whose part of speech the default tagger reads as the grammar meant it, per part.

    Counted on the first `captions` tested captions: columns words, agree, and the words most often read otherwise.
    """
    from posrank.language.tagger import tag_captions

    read = tag_captions(tested(work.captions("world")).head(captions), progress=False)
    gold = tables.read_table(work.folder / "data" / "gold" / "world.parquet", "tags")
    both = gold.merge(read, on=["caption_id", "i"], suffixes=("", "_tagger"))  # of these captions alone
    found = parts_of(both[["upos_tagger", "tag_tagger"]].set_axis(["upos", "tag"], axis=1))
    both = both.assign(part=parts_of(both), agree=parts_of(both) == found)
    wrong = both[~both["agree"]].groupby("part")["text"].agg(lambda texts: ", ".join(texts.value_counts().index[:4]))
    table = both.groupby("part")["agree"].agg(words="size", agree="mean").reindex(PARTS)
    return table.assign(**{"read otherwise": wrong})
