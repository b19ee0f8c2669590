"""The family of blind models that rule `fair` balances against: who has seen what."""

import numpy as np
import pytest

from posrank.negatives.fair_family import Family

WORDS = ["red", "blue", "small", "old", "wet"]
THINGS = ["car", "dog", "ball", "boat", "door"]
TEXTS = [f"a {WORDS[n % 5]} {THINGS[n * 2 % 5]} stands near the {WORDS[(n + n // 5) % 5]} wall" for n in range(40)]
VIDEOS = [f"v{n // 2}" for n in range(40)]
STRETCH = ("a", "car stands near the wall", ["red", "blue", "wet"])


def changed(texts, videos, where):
    """The reference captions with those of the videos `where` rewritten."""
    return [f"a wet wet boat {text}" if video in where else text for text, video in zip(texts, videos)]


def test_a_caption_is_scored_without_its_video_and_all_of_its_part():
    family = Family(TEXTS, VIDEOS)
    mine = {video for video in VIDEOS if family.fold(video) == family.fold("v3")}
    assert {"v3"} < mine < set(VIDEOS), "a part holds some videos and not all"
    scores, starts = family.scores([STRETCH], ["v3"])
    again, _ = Family(changed(TEXTS, VIDEOS, mine), VIDEOS).scores([STRETCH], ["v3"])
    np.testing.assert_array_equal(again, scores)
    assert starts.tolist() == [0, 3]
    others, _ = Family(changed(TEXTS, VIDEOS, set(VIDEOS) - mine), VIDEOS).scores([STRETCH], ["v3"])
    assert (others != scores).any(axis=1).all(), "every model that scores it has read the other part"


def test_an_unknown_video_is_scored_by_all_models():
    family = Family(TEXTS, VIDEOS)
    assert family.fold("elsewhere") is None
    scores, _ = family.scores([STRETCH], ["elsewhere"])
    assert scores.shape == (6, 3) and len(np.unique(scores, axis=0)) == 6
    known, _ = family.scores([STRETCH], ["v3"])
    # one model of a part has seen the video: the last row repeats the first; of two parts, the other's trigram is the strong one
    assert len(np.unique(known, axis=0)) == 4 and (known[-1] == known[0]).all() and (known[-2] == known[1]).all()


def test_scores_of_several_captions_stand_in_their_order():
    family = Family(TEXTS, VIDEOS, folds=3)
    stretches = [STRETCH, ("an", "dog runs", ["old"]), ("a small", "stands near the red wall", ["ball", "boat"])]
    videos = ["v3", "elsewhere", "v4"]
    together, starts = family.scores(stretches, videos)
    assert starts.tolist() == [0, 3, 4, 6] and together.shape == (7, 6)
    for n, (stretch, video) in enumerate(zip(stretches, videos)):
        alone, _ = family.scores([stretch], [video])
        np.testing.assert_allclose(together[:, starts[n] : starts[n + 1]], alone)


@pytest.mark.parametrize("texts", [[], ["one caption"]])
def test_few_captions_are_enough(texts):
    scores, starts = Family(texts).scores([STRETCH], ["v"])
    assert np.isfinite(scores).all() and starts.tolist() == [0, 3]
    empty, starts = Family(texts).scores([], [])
    assert empty.shape[1] == 0 and starts.tolist() == [0]


def test_the_name_says_what_it_consists_of():
    assert Family(TEXTS, VIDEOS).name == "Kneser-Ney 4-gram, 3-gram, 2-gram, 1-gram on 40 captions; 3-gram on each of 2 parts"
