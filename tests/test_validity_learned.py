"""The learned judge: it finds a set whose words tell the caption, and is at chance on groups that are exchanged."""

import numpy as np
import pandas as pd
import pytest

from posrank.scoring import chance
from posrank.validity import learned_judge
from posrank.validity.learned_judge_features import Texts, dense, word_hashes, word_vectors

COLUMNS = {"part": "adj", "k": 0, "position": 1, "source": "random", "level": "word"}


def lists(exchanged):
    """40 captions with one negative each: "red" is always true, or each of a pair of videos has the other's word."""
    captions = pd.DataFrame({"caption_id": [f"c{i}" for i in range(40)], "video_id": [f"v{i}" for i in range(40)]})
    words = ["red" if not exchanged or i % 2 else "blue" for i in range(40)]
    captions["caption"] = [f"a {word} ball number {i // 2}" for i, word in enumerate(words)]
    other = {"red": "blue", "blue": "red"}
    negatives = captions[["caption_id"]].assign(**COLUMNS, rule="exchange" if exchanged else "paper", original=words)
    negatives["replacement"] = [other[word] for word in words]
    negatives["sentence"] = [f"a {other[word]} ball number {i // 2}" for i, word in enumerate(words)]
    return (negatives.assign(group=[f"adj-{i // 2}" for i in range(40)]) if exchanged else negatives), captions


def test_words_that_tell_are_learned_and_exchanged_ones_are_not():
    ranks = learned_judge(*lists(exchanged=False), folds=4)
    assert len(ranks) == 40 and ranks["reciprocal_rank"].mean() == 1
    pd.testing.assert_frame_equal(ranks, learned_judge(*lists(exchanged=False), folds=4))
    ranks = learned_judge(*lists(exchanged=True), folds=4)
    assert abs(ranks["reciprocal_rank"].mean() - chance([2])) < 1e-12


def test_what_cannot_be_judged_is_refused():
    negatives, captions = lists(exchanged=False)
    with pytest.raises(ValueError, match="folds"):
        learned_judge(negatives, captions, folds=1)
    with pytest.raises(ValueError, match="not in the captions table"):
        learned_judge(negatives, captions[1:])


def test_features_are_words_near_pairs_and_threes_in_their_order():
    texts = Texts(["a b c d e", "e d c b a", "f"])
    rows, columns = word_hashes(texts)
    found = [set(columns[rows == row]) for row in range(3)]
    # five words; pairs of neighbours, the end among them, and within four words; three words in a row
    assert [len(each) for each in found] == [5 + 5 + (3 + 2 + 1) + 4, 20, 1 + 1]
    words = set(word_hashes(Texts(["a"]))[1]) & found[0]
    assert found[0] & found[1] > words and len(found[0] & found[1]) == 5  # the words alone
    assert not found[2] & found[0]


def test_dense_features_know_what_is_usual():
    training = [f"a {animal} eats {food}" for animal, food in [("cat", "fish"), ("cow", "grass")] * 5]
    sentences = ["a cat eats fish", "a cat eats grass", "a zebu eats grass"]
    numbers = dense(sentences, Texts(sentences), training)
    assert numbers.shape == (3, 4) and np.isfinite(numbers).all()
    assert (numbers[:2, :3] > numbers[2, :3]).all() and numbers[0, 3] > numbers[2, 3]  # the zebu is unknown
    assert (numbers[0, :2] == numbers[1, :2]).all() and numbers[0, 2] > numbers[1, 2]  # three words tell who eats what
    assert not dense(sentences, Texts(sentences), []).any()


def test_word_vectors_are_the_same_from_call_to_call():
    rng = np.random.default_rng(0)
    for size in (6, 30, 90):
        words = [f"w{i}" for i in range(size)]
        training = [" ".join(rng.choice(words, 5)) for _ in range(20 * size)]
        vectors = word_vectors(training, words)
        assert vectors.shape == (size + 1, min(64, size + 1 - 2)) and not vectors[0].any() and vectors[1:].any(1).all()
        assert vectors.tobytes() == word_vectors(training, words).tobytes()
