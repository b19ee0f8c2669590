"""Hard positives and brittleness."""

import numpy as np
import pandas as pd
import pytest
from support_negatives import tagged, world

import posrank
from posrank.evaluation.positives import hard_positives
from posrank.negatives.positives import generate_positives, rephrased
from posrank.scoring.brittleness import from_ranks, split_ranks, with_positives
from posrank.towers.tokenizer import WordTokenizer


def test_positives_say_the_same_in_the_same_form():
    captions, tags = tagged("a/DT man/NN is/AUX talking/VBG near/IN an/DT old/JJ sofa/NN", "a/DT couch/NN", "a/DT couch/NN")
    table = generate_positives(captions, tags=tags, k=1)
    mine = table[table["caption_id"] == "c0"].set_index("part")["sentence"]
    assert mine["verb"] == "a man is speaking near an old sofa"
    assert mine["prep"] == "a man is talking close to an old sofa"
    assert mine["noun"] in ("a guy is talking near an old sofa", "a man is talking near an old couch")
    assert set(table["rule"]) == {"positive"} and set(table["source"]) == {"paraphrase"}
    assert table.attrs["captions"]["noun"] == 3


def test_words_of_fixed_expressions_stay():
    captions, tags = tagged("a/DT cat/NN stands/VBZ near/IN to/IN in/IN front/NN of/IN it/PRP")
    assert generate_positives(captions, tags=tags, parts="noun")["sentence"].tolist() == []


def test_rephrasings_are_captions_of_the_video_with_the_same_words():
    captions, tags = tagged(
        "the/DT red/JJ box/NN", "a/DT box/NN that/WDT/PRON is/AUX red/JJ", "a/DT blue/JJ box/NN", "The/DT red/JJ box/NN")
    captions["video_id"] = ["v", "v", "v", "v"]
    table = rephrased(captions, tags)
    mine = table[table["caption_id"] == "c0"]
    assert set(mine["part"]) == {"noun", "adj"} and set(mine["sentence"]) == {"a box that is red"}
    assert "c2" not in set(table["caption_id"])
    captions["video_id"] = ["v", "w", "v", "w"]
    assert set(rephrased(captions, tags)["caption_id"]) == {"c1", "c3"}


def share_between(caption, positives, negatives):
    """The definition: the share of pairs with the negative strictly between caption and positive; a tie with either counts half."""
    inside = [0.5 * ((n > min(p, caption)) & (n < max(p, caption))) + 0.5 * (p != caption) * (min(p, caption) <= n <= max(p, caption))
              for p in positives for n in negatives]
    return np.mean(inside)


def test_brittleness_from_ranks_is_its_definition():
    rng = np.random.default_rng(0)
    captions = pd.DataFrame({"caption_id": [f"c{n}" for n in range(6)], "video_id": [f"v{n // 2}" for n in range(6)],
                             "caption": [f"caption {n}" for n in range(6)]})
    negatives = pd.DataFrame([(f"c{n}", part, f"{part} negative {n} {i}") for n in range(6) for part in ("noun", "prep") for i in range(7)],
                             columns=["caption_id", "part", "sentence"])
    rows = [(f"c{n}", part, f"positive {part if n % 2 else ''} {n} {i}")
            for n in (0, 1, 4) for part in ("noun", "prep", "adv") for i in range(2)]
    positives = pd.DataFrame(rows, columns=["caption_id", "part", "sentence"])
    drawn = {}

    def scorer(videos, texts):  # coarse scores: ties of all kinds
        return [drawn.setdefault((v, t), float(rng.integers(5))) for v, t in zip(videos, texts)]

    lists, texts = with_positives(negatives, captions, positives.assign(kind="synonym"))
    ranks, theirs = split_ranks(posrank.evaluate(scorer, lists, texts, run="r"))
    pd.testing.assert_frame_equal(ranks, posrank.evaluate(scorer, negatives, captions, run="r"))
    found = from_ranks(ranks, theirs)
    assert len(found) == 6 and set(found["kind"]) == {"synonym"} and set(found["triples"]) == {14}
    for row in found.itertuples():
        own = [[drawn[row.video_id, text] for text in table.loc[(table["caption_id"] == row.caption_id) & (table["part"] == row.part),
                                                                  "sentence"]] for table in (positives, negatives)]
        caption = drawn[row.video_id, captions.set_index("caption_id").loc[row.caption_id, "caption"]]
        assert row.brittleness == pytest.approx(share_between(caption, *own))


def test_a_positive_that_is_a_negative_of_its_list_is_left_out():
    captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a big box"]})
    negatives = pd.DataFrame({"caption_id": ["c"], "part": ["adj"], "sentence": ["a large box"]})
    positives = pd.DataFrame({"caption_id": ["c"], "part": ["adj"], "sentence": ["a large box"], "kind": ["synonym"]})
    lists, texts = with_positives(negatives, captions, positives)
    assert len(lists) == 1 and len(texts) == 1


def test_positives_that_the_text_tower_cannot_read_are_left_out_and_counted():
    captions, tags = tagged("a/DT big/JJ box/NN", "a/DT big/JJ sofa/NN", "the/DT big/JJ sofa/NN")
    captions["video_id"] = ["v", "w", "w"]
    words = ["a", "the", "big", "little", "box", "sofa", "couch"]

    class System:
        tokenizer = WordTokenizer(words)

        def tokenize(self, texts):
            return self.tokenizer(texts, 8)

    table, left = hard_positives(captions, tags, captions, System())
    assert left["synonym"]["words unknown to the text tower"] == 3  # a large box, a large sofa, the large sofa
    assert "a big couch" in set(table["sentence"]) and not table["sentence"].str.contains("large").any()
    assert set(table.loc[table["kind"] == "rephrased", "caption_id"]) == {"c1", "c2"}


def test_positives_are_the_same_from_the_training_captions_and_from_their_tags():
    captions, tags = world(30)
    test, train = (captions[captions["split"] == split] for split in ("test", "train"))

    class System:
        tokenizer = WordTokenizer(sorted({word for text in captions["caption"] for word in text.split()}))

        def tokenize(self, texts):
            return self.tokenizer(texts, 40)

    counted = tags.loc[tags["caption_id"].isin(train["caption_id"]), ["text", "lemma", "upos", "tag", "tagger"]]
    mine = tags[tags["caption_id"].isin(test["caption_id"])]
    table, left = hard_positives(test, tags, train, System())
    again, left_again = hard_positives(test, mine, counted, System())
    pd.testing.assert_frame_equal(again, table)
    assert left_again == left and set(table["kind"]) and sum(left["synonym"].values()) > 0
