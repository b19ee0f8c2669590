"""The learned judge: it finds a set whose words tell the caption, and is at chance on groups that are exchanged."""

import pandas as pd
import pytest

from posrank.scoring import chance
from posrank.validity import learned_judge

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
