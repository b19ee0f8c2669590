"""posrank.negatives.generate: the table, defaults, errors, the paper's order of sources, closed vocabularies."""

import numpy as np
import pandas as pd
import pytest
from support_negatives import Opposites, tagged, world

import posrank
from posrank.negatives import generate
from posrank.tables import TABLES, validate
from posrank.world.words import WORDS


def make(captions, tags, **options):
    return generate(captions, tags=tags, progress=False, **options)


def test_every_other_word_of_every_slot_is_there_on_the_world():
    captions, tags = world(300)
    table = make(captions, tags, k=100)
    for part, words in WORDS.items():
        slots = tags[
            tags["upos"].map({"NOUN": "noun", "VERB": "verb", "ADJ": "adj", "ADV": "adv", "ADP": "prep"}) == part
        ]
        slots = slots.groupby("caption_id").size()
        lengths = table[table["part"] == part].groupby("caption_id").size()
        assert (lengths == slots * (len(words) - 1)).all(), part
        assert lengths.index.equals(slots.index)
    assert table.attrs["vocabulary"] == {part: len(words) for part, words in WORDS.items()}
    assert table.attrs["short"]["adv"] == {5: int((tags["upos"] == "ADV").sum())}


def test_a_tiny_gold_vocabulary_passes_whole_although_words_occur_once():
    captions, tags = world(3)
    table = make(captions, tags, reference=captions)
    assert table.attrs["vocabulary"]["adv"] == tags.loc[tags["upos"] == "ADV", "text"].nunique()


def test_columns_types_and_positions():
    captions, tags = world(10)
    table = make(captions, tags, level="phrase")
    assert list(table.columns)[: len(TABLES["negatives"])] == list(TABLES["negatives"])
    validate(table, "negatives")
    texts = tags.set_index(["caption_id", "i"])["text"]
    for row in table.sample(50, random_state=0).itertuples():
        assert texts[row.caption_id, row.position] == row.original
        assert texts[row.caption_id, row.position2] == row.original2
        assert (
            row.part
            == {"NOUN": "noun", "VERB": "verb", "ADJ": "adj", "ADV": "adv", "ADP": "prep"}[
                tags.set_index(["caption_id", "i"])["upos"][row.caption_id, row.position]
            ]
        )
    word = make(captions, tags)
    assert word["position2"].isna().all() and word["original2"].isna().all() and (word["level"] == "word").all()
    assert (word.groupby(["caption_id", "part"])["k"].apply(lambda k: list(k) == list(range(len(k))))).all()


def test_antonym_then_hypernyms_then_hyponyms_then_random():
    captions, tags = tagged("a/DT man/NN walks/VBZ", *["a/DT man/NN dog/NN woman/NN child/NN adult/NN tree/NN"] * 2)
    lexicon = Opposites({("man", "noun"): (("woman",), ("child", "nowhere"), ("adult", "woman"))})
    table = make(captions[:1], tags, reference=tags, lexicon=lexicon, parts="noun")
    assert table["replacement"].tolist()[:3] == ["woman", "child", "adult"]
    assert table["source"].tolist() == ["antonym", "hypernym_antonym", "hyponym_antonym", "random", "random"]
    assert set(table["replacement"][3:]) == {"dog", "tree"}


def test_the_word_is_drawn_first_and_uniformly():
    captions, tags = world(150)
    table = make(captions, tags, k=1, parts=["noun"])
    two = table["caption_id"].isin(
        tags[tags["upos"] == "NOUN"].groupby("caption_id").size().loc[lambda n: n == 2].index
    )
    first = tags[tags["upos"] == "NOUN"].groupby("caption_id")["i"].min()
    share = np.mean(table["position"][two].to_numpy() == first[table["caption_id"][two]].to_numpy())
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(two.sum())


def test_a_smaller_k_is_the_beginning_of_a_larger_one():
    captions, tags = world(12)
    for level in posrank.negatives.LEVELS:
        large, small = make(captions, tags, k=9, level=level), make(captions, tags, k=4, level=level)
        pd.testing.assert_frame_equal(large[large["k"] < 4].reset_index(drop=True), small)


def test_k_per_part_as_mapping_or_sequence():
    captions, tags = world(40)
    by_name = make(captions, tags, k={"noun": 3, "verb": 1, "adj": 2, "adv": 4, "prep": 5})
    assert by_name.groupby(["part", "caption_id"]).size().groupby("part").max().to_dict() == {
        "noun": 3,
        "verb": 1,
        "adj": 2,
        "adv": 4,
        "prep": 5,
    }
    pd.testing.assert_frame_equal(by_name, make(captions, tags, k=(3, 1, 2, 4, 5)))


def test_parts_do_not_change_each_other():
    captions, tags = world(8)
    for level in posrank.negatives.LEVELS:
        everything, one = make(captions, tags, level=level), make(captions, tags, parts=("adv",), level=level)
        pd.testing.assert_frame_equal(everything[everything["part"] == "adv"].reset_index(drop=True), one)


def test_reference_defaults_to_the_training_split_and_says_so():
    captions, tags = tagged("a/DT dog/NN", "a/DT cat/NN cow/NN", splits=["test", "train"], tagger="gold")
    table = make(captions, tags)
    assert set(table["replacement"]) == {"cat", "cow"}
    assert table.attrs["reference"] == "training split (1 captions)"
    alone = make(captions[:1], tags[:2])
    assert len(alone) == 0 and alone.attrs["reference"] == "all 1 captions (the table has no training split)"
    assert alone.attrs["dropped"]["noun"] == {"no other word with its tag in the vocabulary (NN)": 1}
    validate(alone, "negatives")


def test_reference_may_be_captions_or_tags():
    captions, tags = world(20)
    train = captions[captions["split"] == "train"]
    a = make(captions, tags)
    b = make(captions, tags, reference=train)
    c = make(captions, tags, reference=tags[tags["caption_id"].isin(train["caption_id"])])
    pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(a, c)


def test_dropped_counts_by_part_and_reason():
    captions, tags = tagged("a/DT dog/NN is/AUX running/VBG", "he/PRP is/AUX running/VBG", tagger="gold")
    captions.loc[2] = ["made", "test", "v9", "c9", "  "]
    table = make(captions, tags)
    assert table.attrs["dropped"]["adv"] == {"no text": 1, "no word of this part": 2}
    assert table.attrs["dropped"]["noun"] == {
        "no other word with its tag in the vocabulary (NN)": 1,
        "no text": 1,
        "no word of this part": 1,
    }
    assert table.attrs["dropped"]["verb"]["no other word with its tag in the vocabulary (VBG)"] == 2


def test_phrase_without_neighbour_is_dropped_with_that_reason():
    captions, tags = tagged("a/DT dog/NN", "a/DT cat/NN", tagger="gold")
    table = make(captions, tags, level="phrase")
    assert len(table) == 0 and table.attrs["dropped"]["noun"] == {"no neighbour to change along": 2}


def test_phrase_pairs_neighbours_in_the_sequence_of_words_across_an_article():
    captions, tags = tagged(
        "a/DT boy/NN wearing/VBG a/DT black/JJ shirt/NN",
        "a/DT girl/NN removing/VBG a/DT white/JJ coat/NN",
        tagger="gold",
    )
    table = make(captions[:1], tags, level="phrase", reference=tags, parts="adj", k=2)
    removing, coat = sorted(table["sentence"])
    assert removing == "a boy removing a white shirt"
    assert coat in {f"a boy wearing a white {noun}" for noun in ("boy", "girl", "coat")}
    assert set(table["original2"]) == {"wearing", "shirt"}


def test_phrase_takes_the_neighbour_before_or_after_half_the_time():
    captions, tags = world(150)
    table = make(captions, tags, level="phrase", parts="adv", k=1)
    middle = table[
        table["position"].to_numpy()
        < tags[tags["upos"] == "ADP"]
        .groupby("caption_id")["i"]
        .max()
        .reindex(table["caption_id"])
        .fillna(-1)
        .to_numpy()
    ]
    before = np.mean(middle["position2"].to_numpy(dtype=int) < middle["position"].to_numpy())
    assert abs(before - 0.5) < 4 * 0.5 / np.sqrt(len(middle))


def test_phrase_uses_a_closed_vocabulary_to_the_end():
    captions, tags = tagged("red/JJ box/NN", "blue/JJ ball/NN", "green/JJ star/NN", "big/JJ moon/NN", tagger="gold")
    table = make(captions, tags, level="phrase", parts="adj", k=50)
    assert (table.groupby("caption_id").size() == 9).all() and table["sentence"].groupby(
        table["caption_id"]
    ).nunique().eq(9).all()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"rule": "papper"}, "did you mean 'paper'"),
        ({"level": "phrases"}, "did you mean 'phrase'"),
        ({"parts": ["nouns"]}, "did you mean 'noun'"),
        ({"k": 0}, "1 or more"),
        ({"k": {"noun": 3}}, "no number for verb"),
        ({"k": [1, 2]}, "2 numbers"),
        ({"k": 2.5}, "whole"),
        ({"parts": []}, "at least one"),
        ({"parts": ["noun", "noun"]}, "once"),
        ({"lexicon": "wordnett"}, "wordnett"),
    ],
)
def test_wrong_options_name_what_is_valid(options, message):
    captions, tags = world(2)
    with pytest.raises(ValueError, match=message):
        make(captions, tags, **options)


def test_wrong_tables_name_the_row_and_the_remedy():
    captions, tags = world(2)
    with pytest.raises(ValueError, match="'video_id' is missing"):
        make(captions.drop(columns="video_id"), tags)
    with pytest.raises(ValueError, match=r"v0#0.* occurs twice"):
        make(pd.concat([captions, captions[:1]]), tags)
    with pytest.raises(ValueError, match=r"have none, the first is 'v0#0'"):
        make(captions, tags[tags["caption_id"] != "v0#0"])
    with pytest.raises(ValueError, match=r"not numbered 0, 1, 2"):
        make(captions, tags[tags["i"] != 1])
    with pytest.raises(ValueError, match=r"'v0#0' spell"):
        make(captions.assign(caption=captions["caption"].where(captions["caption_id"] != "v0#0", "another text")), tags)
    with pytest.raises(ValueError, match="one tagger"):
        make(captions, tags, reference=tags.assign(tagger="other"))
    with pytest.raises(ValueError, match="more than one tagger"):
        make(captions, tags.assign(tagger=["x"] + ["y"] * (len(tags) - 1)))
    with pytest.raises(ValueError, match="DataFrame"):
        make("captions.parquet", tags)


def test_no_negative_equals_another_caption_of_the_video():
    captions, tags = tagged(
        "a/DT red/JJ ball/NN",
        "A/DT Blue/JJ ball/NN",
        "a/DT red/JJ box/NN",
        "a/DT green/JJ box/NN",
        videos=["v", "v", "w", "x"],
        tagger="gold",
    )
    table = make(captions, tags)
    assert sorted(table.loc[table["caption_id"] == "c0", "sentence"]) == ["a green ball", "a red box"]
    assert table.attrs["same_video"] == {"noun": 0, "verb": 0, "adj": 2, "adv": 0, "prep": 0}
    phrase = make(captions.assign(video_id="v"), tags, level="phrase", parts="noun")
    assert not set(phrase["sentence"].str.lower()) & set(captions["caption"].str.lower())
    assert phrase.attrs["same_video"]["noun"] > 0
