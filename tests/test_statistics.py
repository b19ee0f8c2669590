"""Tables 1 and 2, duplicate curves and nearest captions on captions small enough to count by hand."""

import numpy as np
import pandas as pd
import pytest

from posrank import PARTS, captions, tables
from posrank.captions import statistics
from posrank.captions.duplicates import duplicate_curves
from posrank.captions.nearest import nearest_captions

UPOS = {
    "a": "DET", "A": "DET", "dog": "NOUN", "cat": "NOUN", "house": "NOUN", "runs": "VERB", "fast": "ADV", "big": "ADJ",
    "in": "ADP", "With": "ADP", "inside": "ADP", "up": "ADP", ".": "PUNCT",
}


def world(sentences, split="test", videos=None):
    ids = [f"c{n}" for n in range(len(sentences))]
    table = tables.validate(pd.DataFrame({
        "dataset": "d", "split": split, "video_id": videos or [f"v{n}" for n in range(len(sentences))],
        "caption_id": ids, "caption": sentences,
    }), "captions")
    rows = [
        (name, i, word, " ", word.lower(), UPOS[word], "RP" if word == "up" else "X", -1, "", "gold")
        for name, sentence in zip(ids, sentences) for i, word in enumerate(sentence.split())
    ]
    return table, tables.validate(pd.DataFrame(rows, columns=list(tables.TABLES["tags"])), "tags")


def test_paper_tables_are_all_there():
    assert [len(statistics.paper_table(n)) for n in range(1, 9)] == [7, 4, 4, 4, 5, 5, 12, 16]
    assert statistics.paper_table(2).set_index("dataset").loc["VLN-UVO", "prep_set"] == 4960
    with pytest.raises(ValueError, match="1 to 8"):
        statistics.paper_table(9)


def test_table1_counts_videos_captions_words_and_parts():
    table, tags = world(["a dog runs .", "a big cat", "a cat runs up"], videos=["v", "v", "w"])
    row = statistics.table1(table, tags).iloc[0]
    assert (row["test_videos"], row["test_captions"], row["train_videos"]) == (2, 3, 0)
    assert row["vocabulary"] == 6  # a dog runs big cat up
    assert row["noun"] == 1 and row["verb"] == pytest.approx(2 / 3) and row["adj"] == pytest.approx(1 / 3)
    assert row["prep"] == 0  # "up" is a particle


def test_eligible_by_both_rules():
    _, tags = world(["a dog in a house", "With a dog", "a dog inside"])
    assert statistics.eligible(tags)["prep"].tolist() == [True, True, True]
    assert statistics.eligible(tags, "released")["prep"].tolist() == [False, True, True]
    with pytest.raises(ValueError, match="released"):
        statistics.eligible(tags, "other")


def test_table2_counts_sets_with_and_without_negatives():
    table, tags = world(["a dog runs", "a big cat"])
    row = statistics.table2(table, tags).iloc[0]
    assert row["mean_words"] == 3 and row["noun_set"] == 42 and row["verb_set"] == 21 and row["adv_set"] == 0
    negatives = pd.DataFrame({"caption_id": ["c0", "c0", "c0"], "part": ["noun", "noun", "verb"]})
    row = statistics.table2(table, tags, negatives).iloc[0]
    assert (row["noun_captions"], row["noun_set"], row["verb_set"], row["adj_set"]) == (1, 3, 2, 0)
    assert row["adj_eligible"] == 1


def test_statistics_without_tags_say_so():
    table, tags = world(["a dog runs"])
    with pytest.raises(ValueError, match="tag them first"):
        statistics.table2(table, tags.iloc[:0])


def test_compare_matches_names():
    table, tags = world(["a dog runs"])
    ours = statistics.table2(table.assign(dataset="msrvtt"), tags)
    found = statistics.compare(ours, 2).set_index("column")
    assert found.loc["test_captions", "difference"] == 1 - 20000
    assert statistics.compare(ours.assign(dataset="world"), 2).empty


def test_duplicate_curves_by_hand():
    sentences = ["a dog runs", "a cat runs", "a dog runs fast", "a big cat runs", "A dog runs ."]
    table, tags = world(sentences, videos=["v0", "v1", "v2", "v3", "v0"])
    found = duplicate_curves(table, tags, parts=("noun", "adv", "prep")).set_index(["part", "removed"])
    # "a dog runs" and "A dog runs ." are the same words, of one video
    assert found.loc[("noun", 0), ["identical", "across", "became"]].tolist() == [2, 0, 0]
    # without nouns: "a runs" three times, of two videos
    assert found.loc[("noun", 1), ["identical", "across", "became"]].tolist() == [3, 3, 3]
    assert found.loc[("noun", 1), "proportion"] == pytest.approx(0.6)
    assert found.loc[("adv", 1), ["identical", "across", "became"]].tolist() == [3, 3, 3]
    assert ("prep", 1) not in found.index


def test_duplicate_curves_equal_a_slow_count():
    random = np.random.default_rng(0)
    words = ["dog", "cat", "house", "runs", "big", "in"]
    sentences = [" ".join(random.choice(words, random.integers(1, 6))) for _ in range(300)]
    table, tags = world(sentences)
    for part, upos in (("noun", "NOUN"), ("verb", "VERB")):
        found = duplicate_curves(table, tags, parts=(part,))
        left = [" ".join(word for word in sentence.split() if UPOS[word] != upos) for sentence in sentences]
        original = dict(zip(table["caption_id"], sentences))
        same = pd.Series(left, index=table["caption_id"])
        became = sum(
            any(original[other] != original[name] for other in same.index[same == text]) for name, text in same.items()
        )
        last = found.iloc[-1]
        assert last["identical"] == same.duplicated(keep=False).sum()
        assert last["became"] == became
        assert found.iloc[0]["became"] == 0
        assert last["removed"] == max(sum(UPOS[word] == upos for word in s.split()) for s in sentences)


def test_duplicate_curves_depend_on_the_seed_only():
    random = np.random.default_rng(1)
    table, tags = world([" ".join(random.choice(["dog", "cat", "house", "runs"], 4)) for _ in range(60)])
    one = duplicate_curves(table, tags, seed=1)
    shuffled = tags.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(one, duplicate_curves(table, shuffled, seed=1))
    assert not one.equals(duplicate_curves(table, tags, seed=2))
    assert set(one["part"]) == set(PARTS)


def test_nearest_captions_are_of_other_videos():
    table, _ = world(["a dog runs", "a dog runs fast", "a big cat", "a dog runs"], videos=["v", "w", "x", "v"])
    near = nearest_captions(table, ["c0"], k=5)
    assert near["near_id"].tolist() == ["c1", "c2"] and near["rank"].tolist() == [1, 2]
    vectors = np.array([[1, 0], [0, 1], [1, 0.1], [1, 0]])
    near = nearest_captions(table, ["c0"], k=1, vectors=vectors)
    assert near["near_id"].tolist() == ["c2"] and near["similarity"].iloc[0] == pytest.approx(1 / np.sqrt(1.01))
    with pytest.raises(ValueError, match="not in the captions table"):
        nearest_captions(table, ["zz"])
    with pytest.raises(ValueError, match="one row for each of 4"):
        nearest_captions(table, ["c0"], vectors=vectors[:2])


def test_registry_knows_its_variants():
    assert captions.variants("msrvtt")[0] == "9k"
