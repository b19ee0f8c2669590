"""Groups that a dataset brings along (posrank.negatives.known_groups): what becomes of them, and which form they need."""

import pytest
from support_negatives import tagged

from posrank import PARTS
from posrank.negatives.known_groups import known_groups
from posrank.negatives.sentences import TaggedCaptions


def known(*sentences, groups="g", videos=None, parts=PARTS):
    captions, tags = tagged(*sentences, videos=videos)
    return known_groups(captions.assign(group=groups), TaggedCaptions(tags), parts)


def test_a_group_is_told_by_word_place_and_part():
    assert known("a/DT Dog/NN runs/VBZ upward/RB", "A/DT dog/NN runs/VBZ down/RB") == [
        ("c0", "a dog runs upward", "caption", "upward", 3, "adv", "adv-g"),
        ("c1", "a dog runs down", "caption", "down", 3, "adv", "adv-g")]


def test_groups_come_by_name_and_captions_of_none_stay_out():
    rows = known("a/DT dog/NN", "a/DT cat/NN", "a/DT pig/NN", "the/DT cow/NN", "the/DT hen/NN", "an/DT owl/NN",
                 groups=["b", "b", None, "a", "a", ""])
    assert [(row[0], row[-1]) for row in rows] == [("c3", "noun-a"), ("c4", "noun-a"), ("c0", "noun-b"), ("c1", "noun-b")]


def test_no_groups_are_no_rows():
    assert known("a/DT dog/NN", groups="") == [] == known("a/DT dog/NN", groups=[float("nan")])


def test_groups_of_other_parts_are_checked_and_left_out():
    assert known("a/DT dog/NN", "a/DT cat/NN", parts=("verb",)) == []
    with pytest.raises(ValueError, match="group 'g'"):
        known("a/DT dog/NN", "the/DT cat/NN", parts=("verb",))


def test_to_counts_as_any_preposition():
    assert [row[3] for row in known("goes/VBZ to/TO/ADP work/NN", "goes/VBZ from/IN work/NN")] == ["to", "from"]


def test_a_word_that_two_of_three_share_is_a_difference_all_the_same():
    with pytest.raises(ValueError, match="group 'g'"):
        known("a/DT dog/NN", "a/DT cat/NN", "a/DT Dog/NN")


@pytest.mark.parametrize(("sentences", "why"), [
    (["a/DT dog/NN"], "one caption alone"),
    (["a/DT dog/NN", "a/DT DOG/NN"], "case is no difference"),
    (["a/DT dog/NN runs/VBZ", "a/DT cat/NN sits/VBZ"], "two places"),
    (["a/DT dog/NN", "a/DT cat/NN sits/VBZ"], "one is longer"),
    (["a/DT dog/NN", "a/DT dog/NN sits/VBZ"], "one goes on"),
    (["a/DT dog/NN", "a/DT dogs/NNS"], "another tag"),
    (["a/DT dog/NN", "a/DT wet/JJ"], "another part"),
    (["a/DT dog/NN", "the/DT dog/NN"], "a word of no part"),
])
def test_captions_that_make_no_group_are_told_by_its_name(sentences, why):
    with pytest.raises(ValueError, match=r"group 'g': its captions must be two or more, .*: correct the column `group`"):
        known(*sentences)


def test_two_captions_of_one_video_make_no_group():
    with pytest.raises(ValueError, match="of different videos"):
        known("a/DT dog/NN", "a/DT cat/NN", "a/DT pig/NN", videos=["v", "w", "v"])
