"""The validity table: each column on negatives made for it."""

import numpy as np
import pandas as pd
import pytest

from posrank.tables import validate
from posrank.validity.counts import sentence_counts, ties

TEXTS = pd.DataFrame({
    "dataset": "d", "split": "test", "video_id": ["v1", "v1", "v2"], "caption_id": ["a", "b", "c"],
    "caption": ["a dog runs to a dog", "a cat runs to a dog", "it eats an apple slowly"], "file": "",
})
SENTENCES = {
    "a": ["a cat runs to a dog",      # another caption of the video
          "a cat runs to a cat",      # two words
          "a Cat runs to a dog",      # capital; the same as the first but for case
          "A Dog runs to a dog"],     # equals the caption but for case
    "c": ["it eats a pear slowly",    # an article goes along; a word that no caption has
          "it eats an slowly slowly"],  # another part takes its place
}


def table(level="word"):
    rows = [(name, "noun", k, text) for name, texts in SENTENCES.items() for k, text in enumerate(texts)]
    made = pd.DataFrame(rows, columns=["caption_id", "part", "k", "sentence"]).assign(
        position=1, original="x", replacement="y", source="random", rule="released", level=level)
    return validate(made, "negatives")


def words(texts, length):
    ids = {}
    rows = np.zeros((len(texts), length), dtype=int)
    for row, text in zip(rows, texts):
        for i, word in enumerate(text.lower().split()[: length]):
            row[i] = ids.setdefault(word, len(ids) + 1)
    return rows


def test_counts():
    row = sentence_counts(table(), TEXTS).set_index("part").loc["noun"]
    assert (row["captions"], row["videos"], row["k"], row["shortest"]) == (2, 2, 3, 2)
    assert row["several_words"] == pytest.approx(2 / 6)  # "a cat ... a cat", "A Dog"
    assert row["capitals"] == pytest.approx(1 / 6)  # the capital at the start does not count
    assert row["unknown_words"] == pytest.approx(1 / 6) and row["equal_caption"] == pytest.approx(1 / 6)
    assert row["duplicates"] == pytest.approx(1 / 6) and row["same_video"] == pytest.approx(2 / 6)
    phrase = sentence_counts(table("phrase"), TEXTS).set_index("part").loc["noun"]
    assert phrase["several_words"] == 0
    assert "tied_32" not in row and "original_other_part" not in row


def test_parts_by_tags_and_tagger():
    upos = {"a": ["DET", "NOUN", "VERB", "ADP", "DET", "NOUN"], "c": ["PRON", "VERB", "DET", "ADJ", "ADV"]}
    rows = [(name, i, word, " ", word, tag, "X", "gold") for name, tags in upos.items()
            for i, (word, tag) in enumerate(zip(TEXTS.set_index("caption_id")["caption"][name].split(), tags))]
    tags = pd.DataFrame(rows, columns=["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "tagger"])
    row = sentence_counts(table(), TEXTS, tags=tags, tagger="en_core_web_sm").set_index("part").loc["noun"]
    # c: the word that changes is tagged as an adjective; a, number 3: the article changes
    assert row["original_other_part"] == pytest.approx(3 / 6)
    assert 0 < row["replacement_other_part"] < 1
    few = [
        sentence_counts(table(), TEXTS, tagger="en_core_web_sm", sample=2)["replacement_other_part"].tolist()
        for _ in range(2)
    ]
    assert few[0] == few[1]


def test_ties():
    found = sentence_counts(table(), TEXTS, tokenize=words, contexts=(1, 3, 9)).set_index("part").loc["noun"]
    assert found["tied_1"] == 1 and found["lost_1"] == 1
    assert found["tied_3"] == pytest.approx(2 / 6) and found["lost_3"] == 0  # "A Dog runs", "it eats an"
    assert found["tied_9"] == pytest.approx(1 / 6)
    some = table().merge(TEXTS[["caption_id", "caption"]], on="caption_id")
    assert ties(some, words, 3).loc["noun"].tolist() == [pytest.approx(2 / 6), 0]


def test_lists_are_drawn_and_unknown_captions_named():
    one = [sentence_counts(table(), TEXTS, lists=1, seed=seed).set_index("part").loc["noun"] for seed in (0, 0)]
    assert one[0].equals(one[1]) and one[0]["captions"] == 2 and one[0]["videos"] == 2
    with pytest.raises(ValueError, match="caption 'c' of the negatives is not in the captions table"):
        sentence_counts(table(), TEXTS[:2])
