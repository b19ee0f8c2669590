"""Groups of rule exchange: who is put together, and trees of heads that are no trees."""

from types import SimpleNamespace

import pytest

from posrank.negatives.constituents import Tree
from posrank.negatives.matching import LARGEST, Candidate, group_videos
from posrank.negatives.statements import Frame


def candidate(video, key, word, order=None):
    frame = Frame((key,), "noun", "NN", 0, 0, 1, 0, word, word, "", word)
    return Candidate(video, order or f"{video} {key}", f"{video}#{key}", frame)


def never(*_):
    return False


def groups(candidates, may_hold=never, **options):
    return [sorted(row.video for row in group) for group in group_videos(candidates, may_hold, "noun", **options)]


def test_videos_with_few_partners_are_paired_first():
    # z - b - c - d in a row: were b paired with c, which comes first by order, z and d would be left over
    rows = [candidate("z", "one", "dog"), candidate("b", "one", "cat", "9"), candidate("b", "two", "dog", "0"),
            candidate("c", "two", "cat"), candidate("c", "three", "dog"), candidate("d", "three", "cat")]
    assert sorted(groups(rows)) == [["b", "z"], ["c", "d"]]
    assert sorted(groups(rows[::-1])) == [["b", "z"], ["c", "d"]]


def test_a_group_holds_different_words_of_different_videos_up_to_the_largest_size():
    rows = [candidate(f"v{i}", "one", f"word{i}") for i in range(LARGEST + 2)]
    sizes = sorted(map(len, groups(rows)))
    assert sizes == [2, LARGEST] and sum(sizes) == len(rows)
    assert sorted(map(len, groups(rows, largest=4))) == [4, 4]
    assert sorted(map(len, groups(rows[:3], largest=2))) == [2]
    assert groups([candidate("a", "one", "dog"), candidate("b", "one", "dog")]) == []
    assert groups([candidate("a", "one", "dog", "1"), candidate("a", "one", "cat", "2")]) == []


@pytest.mark.parametrize("video", ["a", "b"])
def test_no_statement_of_a_group_may_hold_of_the_other_video(video):
    rows = [candidate("a", "one", "dog"), candidate("b", "one", "cat")]
    asked = []

    def may_hold(part, own, other, of, anchor):
        asked.append((of, own[0], other[0]))
        return of == video

    assert groups(rows) == [["a", "b"]] and groups(rows, may_hold) == []
    assert set(asked) <= {("a", "dog", "cat"), ("b", "cat", "dog")}


@pytest.mark.parametrize(("heads", "first", "last"), [
    ([1, 1, 1], [0, 0, 2], [0, 2, 2]),           # "a dog runs" with its noun as root
    ([1, 2, 2], [0, 0, 0], [0, 1, 2]),           # a chain
    ([1, 2, 3, 4, 4], [0] * 5, [0, 1, 2, 3, 4]),
    ([-1, 7, 2], [0, 1, 2], [0, 1, 2]),          # heads outside of the sentence are roots
    ([1, 0, 1], [0, 0, 2], [2, 2, 2]),           # a circle ends
])
def test_a_tree_knows_the_ends_of_each_subtree(heads, first, last):
    tree = Tree(SimpleNamespace(text=["x"] * len(heads), head=heads))
    assert (tree.first, tree.last) == (first, last)
