"""Rule `fair`: lists cut to one word a caption, list lengths, the balanced set, and draws in training."""

import numpy as np
import pytest
from support_negatives import world

from posrank.negatives import corpus
from posrank.negatives.fair import LADDER, SHORT, FairSource
from posrank.negatives.fair_lists import balance, collect, draw, longest, named, one_each, scored, split_sides
from posrank.negatives.fair_training import FairDraws


class Named:
    """What of an Item these functions read."""

    def __init__(self, caption_id):
        self.caption_id = caption_id


def sentences(rows):
    """The sentences of a list, without the slots they were made from."""
    return [sentence for sentence, _ in rows]


@pytest.fixture(scope="module")
def source():
    captions, tags = world(40)
    return FairSource(corpus.gather(captions, tags, captions[captions["split"] == "train"]))


def test_of_a_captions_words_the_first_with_most_above_is_kept():
    items = [Named(name) for name in ("c0", "c1", "c0", "c0")]
    above = [np.arange(n) for n in (1, 0, 3, 3)]
    kept, high, low, places = one_each(items, above, list("abcd"), [10, 11, 12, 13])
    assert kept == [items[2], items[1]] and [len(each) for each in high] == [3, 0] and (low, places) == (["c", "b"], [12, 11])


@pytest.mark.parametrize("part, k, given, first", [("noun", 20, False, 20), ("adv", 20, False, SHORT["adv"]), ("adv", 20, True, 20),
                                                   ("prep", 3, False, 3), ("noun", 1, False, 1), ("noun", 12, True, 12)])
def test_lengths_go_down_the_ladder_from_k(part, k, given, first):
    lengths = longest(part, k, given)
    assert lengths[0] == first and lengths[1:] == [n for n in LADDER if n < first] and lengths == sorted(set(lengths), reverse=True)


def test_sides_of_each_item_are_counted_from_its_first_candidate():
    scores, starts = np.array([[0, 1.0, -1.0, 0, 0.5, 1, -3]]), np.array([0, 3, 7])
    above, below = split_sides(scores, starts, (0.4, 0.0))
    assert [each.tolist() for each in above] == [[0], [0, 1]] and [each.tolist() for each in below] == [[1], [2]]
    # margin None: the mean of two models that disagree decides
    above, below = split_sides(np.array([[0, 3.0], [0, -1.0]]), np.array([0, 2]), (None, 0.0))
    assert above[0].tolist() == [0] and not len(below[0])
    assert named((None, 0.3)) == "mean of the family, handicap 0.3" and named((0.4, 0.7)) == [0.4, 0.7]


def test_a_set_has_the_first_length_at_which_enough_remain():
    items = [Named(f"c{n}") for n in range(6)]
    above, below = [np.arange(2)] * 6, [np.arange(2)] * 6
    k, ranks, sizes = balance("noun", items, above, below, [2, 1], 0, need=6)
    assert k == 2 and sizes == {2: 6, 1: 6} and np.bincount(ranks).tolist() == [0, 2, 2, 2]
    poor = [np.arange(int(n > 1)) for n in range(6)]  # few above: rank 3 of lists of two is closed to all
    k, ranks, sizes = balance("noun", items, poor, below, [2, 1], 0, need=4)
    assert sizes[2] == 0 and k == 1 and (ranks == 2).sum() == (ranks == 1).sum() == sizes[1] / 2


def test_a_drawn_set_is_balanced_repeatable_and_counts_what_it_leaves_out(source):
    parts, counts = ("noun", "adj"), {"noun": 3, "adj": 3}
    lists, report, dropped = draw(source, parts, "word", counts, False, 0)
    again, _, _ = draw(source, parts, "word", counts, False, 0)
    assert lists and {key: sentences(rows) for key, rows in lists.items()} == {key: sentences(rows) for key, rows in again.items()}
    for part in parts:
        mine = {name: rows for (name, of), rows in lists.items() if of == part}
        assert len(mine) == report[part]["captions"] and {len(rows) for rows in mine.values()} == {report[part]["k"]}
        assert report[part]["captions"] % (report[part]["k"] + 1) == 0, "every rank is taken equally often"
        assert report[part]["captions"] + dropped[part].total() == len(source.in_order()), "every caption is in the set or counted"
        assert all(sentence != source.corpus.captions[name] for name, rows in mine.items() for sentence, _ in rows)


def test_scores_are_relative_to_the_caption(source):
    items, _ = collect(source, ("noun",), "word", 0)
    scores, starts = scored(source, items["noun"])
    assert scores.dtype == np.float32 and starts[0] == 0 and starts[-1] == scores.shape[1] and len(starts) == len(items["noun"]) + 1
    assert not scores[:, starts[:-1]].any()


def test_draws_in_training_are_repeatable_change_with_the_epoch_and_have_one_length(source):
    draws = FairDraws(source, ("noun", "adj"), "word", 3, "part", 0)
    again = FairDraws(source, ("noun", "adj"), "word", 3, "part", 0)
    assert set(draws.lengths) <= {"noun", "adj"} and draws.lengths and all(1 <= n <= 3 for n in draws.lengths.values())
    names, drawn = source.in_order(), []
    for epoch in range(3):
        drawn.append([[(part, sentences(rows)) for part, rows in draws.draw(name, epoch)] for name in names])
        other = [[(part, sentences(rows)) for part, rows in again.draw(name, epoch)] for name in reversed(names)]
        assert drawn[-1] == other[::-1], "the order of the captions changes nothing"
        assert all(len(rows) == draws.lengths[part] for found in drawn[-1] for part, rows in found)
    assert any(drawn[0]) and drawn[0] != drawn[1]


def test_one_list_a_caption_where_n_counts_by_caption(source):
    draws = FairDraws(source, ("noun", "adj"), "word", 3, "caption", 0)
    drawn = [draws.draw(name, epoch) for name in source.in_order() for epoch in range(4)]
    assert max(map(len, drawn)) == 1 and {found[0][0] for found in drawn if found} == set(draws.lengths)
