"""Properties of every negatives table, on captions made at random: what changes, what stays, and what it depends on."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from support_negatives import Opposites, tagged

from posrank.negatives import generate

_WORDS = {
    "NN": ["man", "owl", "hour", "dog", "unicorn"],
    "NNS": ["men", "owls"],
    "JJ": ["old", "red", "open"],
    "RB": ["slowly", "often"],
    "VBG": ["eating", "opening"],
    "VBZ": ["eats", "opens"],
    "IN": ["in", "under", "at"],
    "DT": ["a", "an", "the", "A"],
    "CC": ["and"],
    "AUX": ["is"],
    "PRP": ["he"],
    "_SP": ["__"],
}
_TOKEN = st.sampled_from(sorted(_WORDS)).flatmap(
    lambda tag: st.sampled_from(_WORDS[tag]).map(lambda word: f"{word}/{tag}")
)
_CASED = st.tuples(_TOKEN, st.booleans()).map(lambda x: x[0][0].upper() + x[0][1:] if x[1] else x[0])
_CAPTION = st.tuples(_TOKEN.filter(lambda t: "_SP" not in t), st.lists(_CASED, min_size=1, max_size=7)).map(
    lambda x: " ".join([x[0], *x[1], "he/PRP"])
)
_LEXICON = Opposites({("open", "verb"): (("eat",), (), ()), ("man", "noun"): ((), ("owl",), ("dog",))})


@st.composite
def tables(draw):
    captions = draw(st.lists(_CAPTION, min_size=2, max_size=5))
    videos = draw(st.lists(st.sampled_from("uvw"), min_size=len(captions), max_size=len(captions)))
    return tagged(*captions, videos=videos, tagger="gold")


def make(captions, tags, level, reference, k=6):
    return generate(captions, tags=tags, level=level, k=k, reference=reference, lexicon=_LEXICON, progress=False)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["word", "phrase"]), st.integers(1, 30))
def test_what_a_table_of_negatives_is(data, level, k):
    captions, tags = data
    table = make(captions, tags, level, tags, k)
    texts = dict(zip(captions["caption_id"], captions["caption"]))
    videos = dict(zip(captions["caption_id"], captions["video_id"]))
    tokens = {name: rows for name, rows in tags.groupby("caption_id")}
    parts = {"NOUN": "noun", "VERB": "verb", "ADJ": "adj", "ADV": "adv", "ADP": "prep"}
    tag_of = {word: tag for tag, words in _WORDS.items() for word in words}
    for row in table.itertuples():
        own = tokens[row.caption_id]
        old, space = own["text"].tolist(), own["whitespace"].tolist()
        changes = {row.position: row.replacement}
        assert old[row.position] == row.original and parts[own["upos"].iloc[row.position]] == row.part
        if level == "phrase":
            assert row.position2 != row.position and old[row.position2] == row.original2
            changes[int(row.position2)] = row.replacement2
        # rebuilt from the tags: only the drawn tokens differ, and articles right before one of them
        new = list(old)
        for position, word in changes.items():
            assert word != old[position].lower() and tag_of[word] == own["tag"].iloc[position]
            new[position] = word.capitalize() if old[position][0].isupper() else word
            before = position - 1
            if before >= 0 and old[before].lower() in ("a", "an") and space[before]:
                article = (
                    "an"
                    if word
                    in (
                        "owl",
                        "hour",
                        "owls",
                        "old",
                        "open",
                        "often",
                        "eating",
                        "opening",
                        "eats",
                        "opens",
                        "in",
                        "under",
                        "at",
                    )
                    else "a"
                )
                new[before] = article.capitalize() if old[before][0].isupper() else article
        assert row.sentence == "".join(text + gap for text, gap in zip(new, space)).strip()
        same_video = {" ".join(texts[name].lower().split()) for name in texts if videos[name] == videos[row.caption_id]}
        assert " ".join(row.sentence.lower().split()) not in same_video
    lists = table.groupby(["caption_id", "part"])
    assert (lists.size() <= k).all() and (lists["sentence"].nunique() == lists.size()).all()
    for part in ("noun", "verb", "adj", "adv", "prep"):
        dropped = sum(table.attrs["dropped"][part].values())
        assert dropped + table.loc[table["part"] == part, "caption_id"].nunique() == len(captions)


@settings(max_examples=25, deadline=None)
@given(tables(), st.sampled_from(["word", "phrase"]), st.randoms(use_true_random=False))
def test_row_order_and_other_videos_do_not_matter(data, level, rng):
    captions, tags = data
    table = make(captions, tags, level, tags)
    order = list(range(len(captions)))
    rng.shuffle(order)
    mixed = make(captions.iloc[order], tags.sample(frac=1, random_state=rng.randrange(100)), level, tags)
    key = ["caption_id", "part", "k"]
    pd.testing.assert_frame_equal(
        table.sort_values(key, ignore_index=True), mixed.sort_values(key, ignore_index=True), check_dtype=True
    )
    assert {name: table.attrs[name] for name in ("dropped", "short", "same_video")} == {
        name: mixed.attrs[name] for name in ("dropped", "short", "same_video")
    }
    some = captions[captions["video_id"] == captions["video_id"].iloc[0]]
    few = make(some, tags, level, tags)
    pd.testing.assert_frame_equal(few, table[table["caption_id"].isin(some["caption_id"])].reset_index(drop=True))
