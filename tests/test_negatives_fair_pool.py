"""Pools of rule `fair`: why a word stays, and what may not replace it."""

from support_negatives import tagged

from posrank.negatives import fair_pool
from posrank.negatives.corpus import gather
from posrank.negatives.fair import FairSource
from posrank.negatives.holdout import held_out

ANIMALS = ("lion", "horse", "goat", "bird", "snake", "monkey")


def pools(*test):
    """FairPools and the Tokens of the test captions, all of video v0; the reference captions have animals that sleep in a house."""
    base = [f"a/DT {animal}/NN sleeps/VBZ in/IN a/DT house/NN" for animal in ANIMALS for _ in range(8)]
    videos = ["v0"] * len(test) + [f"v{n + 1}" for n in range(len(base))]
    captions, tags = tagged(*test, *base, videos=videos, splits=["test"] * len(test) + ["train"] * len(base))
    source = FairSource(gather(captions[: len(test)], tags, captions[len(test) :]))
    return source.pools, [source.corpus.tokens(f"c{n}") for n in range(len(test))]


def nouns(found):
    return {each.slot.tokens.text[each.slot.position]: {each.pool.words[n] for n in each.index} for each in found}


def test_words_of_the_other_captions_and_held_out_words_replace_nothing():
    made, (tokens, _) = pools("a/DT lion/NN sleeps/VBZ in/IN a/DT house/NN", "a/DT goat/NN sleeps/VBZ")
    found = nouns(made.of(tokens, "v0", ("noun",))[0])
    assert found["lion"] == {"horse", "bird", "snake", "monkey"} - {"lion", "goat"}
    made.holdout = 0.5
    assert nouns(made.of(tokens, "v0", ("noun",))[0])["lion"] == {word for word in found["lion"] if not held_out(word, "noun", 0.5)}


def test_why_words_stay_is_said():
    made, rows = pools(
        "a/DT zebra/NN sleeps/VBZ", "a/DT lion's/NN tail/NN", "a/DT video/NN", "in/IN front/NN of/IN it/PRP", "it/PRP sleeps/VBZ"
    )
    said = [made.of(tokens, "v0", ("noun", "verb"))[1] for tokens in rows]
    assert said[0]["noun"] == fair_pool.RARE
    assert fair_pool.STAYS in said[2]["noun"] and fair_pool.FIXED in said[3]["noun"]
    assert said[4] == {"verb": fair_pool.FEW}, "no other verb in the vocabulary"
