"""Choices and the drawing from them: each replacement once, ranked ones first, fewer only where no more exist."""

from collections import Counter
from random import Random
from types import SimpleNamespace

import pytest

from posrank.negatives.draw import Queue, item_random, phrases, words
from posrank.negatives.paper import ANTONYM, HYPONYM, RANDOM, Choices, indices_of

POOL = ("a", "b", "c", "d", "e", "f")


def choices(ranked=(), pool=POOL, skip=()):
    return Choices(tuple((word, ANTONYM) for word in ranked), pool, skip)


def slot(name, part="noun"):
    return SimpleNamespace(name=name, part=part)


def drain(queue, rng):
    return [queue.take(rng.random) for _ in range(queue.left)]


def test_indices_are_those_of_the_wanted_words_that_are_there():
    assert indices_of(POOL, ["e", "a", "zz", "", "bb"]) == [0, 4] and indices_of((), ["a"]) == []


def test_the_total_counts_what_is_ranked_and_what_is_left_of_the_pool():
    assert choices(["x", "b"], skip=(0, 1)).total == 6 and choices(pool=(), skip=()).total == 0


def test_words_are_taken_out_of_both_kinds_and_skipped_ones_stay_skipped():
    fewer = Choices((("x", ANTONYM), ("b", HYPONYM)), POOL, (1, 5)).without({"b", "d", "unheard"})
    assert fewer == Choices((("x", ANTONYM),), POOL, (1, 3, 5)) and fewer.total == 4
    assert choices(["c"]).without(()).skip == (2,), "a ranked word does not come from the pool as well"


def test_one_item_draws_the_same_whatever_else_is_drawn_and_others_draw_differently():
    assert item_random(0, "v#1", "noun").random() == item_random(0, "v#1", "noun").random()
    keys = [(0, "v#1", "noun"), (1, "v#1", "noun"), (0, "v#2", "noun"), (0, "v#1", "verb"), (0, "v#1noun"),
            (0, "v", "#1", "noun")]
    assert len({item_random(*key).random() for key in keys}) == len(keys)


@pytest.mark.parametrize("skip", [(), (0,), (2, 3), (0, 1, 5), (5,), (0, 1, 2, 3, 4)])
def test_a_queue_gives_each_replacement_once(skip):
    kept = [word for n, word in enumerate(POOL) if n not in skip]
    queue = Queue(choices(["x"], skip=skip))
    found = drain(queue, Random(3))
    assert found[0] == ("x", ANTONYM) and sorted(found[1:]) == [(word, RANDOM) for word in kept] and queue.left == 0
    with pytest.raises(IndexError, match="no replacement is left"):
        queue.take(Random(3).random)
    assert queue.left == 0


def test_the_pool_comes_in_every_order_alike():
    rng = Random(0)
    orders = Counter(tuple(word for word, _ in drain(Queue(choices(pool=("a", "b", "c", "d"), skip=(1,))), rng))
                     for _ in range(3000))
    assert len(orders) == 6 and all(400 < count < 600 for count in orders.values())


def test_ranked_ones_come_in_their_order_and_at_times_later_where_they_are_less_preferred():
    ranked = ["z", "y", "x"]
    found = [word for word, _ in drain(Queue(choices(ranked)), Random(0))]
    assert found[:3] == ranked
    firsts = Counter()
    for seed in range(400):
        found = [word for word, _ in drain(Queue(choices(ranked), prefer=0.25), Random(seed))]
        assert [word for word in found if word in ranked] == ranked and len(set(found)) == 9
        firsts[found[0] == "z"] += 1
    assert 60 < firsts[True] < 140
    assert [word for word, _ in drain(Queue(choices(ranked, pool=()), prefer=0.0), Random(0))] == ranked


def test_words_are_drawn_until_there_are_enough_or_no_more():
    slots = [(slot("one"), choices(pool=("a", "b"))), (slot("two"), choices(["x"], pool=()))]
    for k, expected in ((0, 0), (2, 2), (3, 3), (9, 3)):
        drawn = words(slots, k, Random(1))
        assert len(drawn) == expected == len({(which.name, word) for which, word, _ in drawn})
    assert {(which.name, word, source) for which, word, source in words(slots, 9, Random(1))} == {
        ("one", "a", RANDOM), ("one", "b", RANDOM), ("two", "x", ANTONYM)}
    assert words([], 3, Random(0)) == []


def test_a_shorter_list_is_the_beginning_of_a_longer_one():
    slots = [(slot("one"), choices(["x"])), (slot("two"), choices(["y"], skip=(0,)))]
    long = words(slots, 9, Random(5))
    assert all(words(slots, k, Random(5)) == long[:k] for k in range(9))


def test_each_word_is_the_one_to_be_replaced_as_often_however_many_choices_it_has():
    slots = [(slot("few"), choices(pool=("a", "b"))), (slot("many"), choices(pool=tuple(map(str, range(10, 99)))))]
    first = Counter(words(slots, 1, Random(seed))[0][0].name for seed in range(400))
    assert 150 < first["few"] < 250


def pairs_of(slots, parts=("noun",), seed=0, prefer=1.0):
    return [((one.name, word), (two.name, word2))
            for (one, word, _), (two, word2, _) in phrases(slots, Random(seed), parts, prefer)]


def test_phrases_are_all_pairs_of_neighbours_each_once_the_word_of_the_part_first():
    slots = [(slot("adj", "adj"), choices(pool=("r", "s"))), (slot("noun"), choices(pool=("d", "e", "f"))),
             (slot("verb", "verb"), choices(pool=("v",)))]
    found = pairs_of(slots)
    assert sorted(found) == sorted([*((("noun", n), ("adj", a)) for n in "def" for a in "rs"),
                                    *((("noun", n), ("verb", "v")) for n in "def")])
    assert {one for (one, _), _ in pairs_of(slots, ("adj",))} == {"adj"}
    assert {two for _, (two, _) in pairs_of(slots, ("adj",))} == {"noun"}
    assert pairs_of(slots, ("adv",)) == [] and pairs_of(slots[1:2]) == [] and pairs_of([]) == []


def test_a_pair_of_two_words_of_the_part_is_drawn_from_either_side_but_once():
    slots = [(slot("one"), choices(pool=("a", "b"))), (slot("two"), choices(pool=("c", "d")))]
    drawn = [pairs_of(slots, seed=seed) for seed in range(20)]
    assert all(len({frozenset(pair) for pair in found}) == len(found) == 4 for found in drawn)
    assert {found[0][0][0] for found in drawn} == {"one", "two"}


def test_the_best_of_both_words_come_together_first():
    slots = [(slot("one"), choices(["x", "y"], pool=())), (slot("two"), choices(["u", "v"], pool=()))]
    found = [{word for _, word in pair} for pair in pairs_of(slots)]
    assert found[:2] == [{"x", "u"}, {"y", "v"}] and len(found) == 4


@pytest.mark.parametrize("sizes", [(2, 2), (2, 4), (3, 5), (4, 6), (1, 5)])
def test_all_combinations_of_two_words_come_whatever_their_numbers(sizes):
    one, two = (choices(pool=tuple(f"{side}{n}" for n in range(size))) for side, size in zip("ab", sizes))
    found = pairs_of([(slot("one"), one), (slot("two"), two)])
    assert len({frozenset(pair) for pair in found}) == len(found) == sizes[0] * sizes[1]
