"""posrank.negatives.rules: parts, names and numbers that a user gives, as they are used or with what to correct."""

import numpy as np
import pytest

from posrank import PARTS
from posrank.negatives.paper import PaperRule
from posrank.negatives.released import ReleasedRule
from posrank.negatives.rules import RULES, check_choice, check_parts, counts_by_part, make_rule, several
from posrank.negatives.vocabulary import Vocabulary
from posrank.tables import empty


def test_parts_come_in_their_order_once_each():
    assert check_parts(("prep", "noun")) == ("noun", "prep") and check_parts("verb") == ("verb",)
    assert check_parts(iter(PARTS[::-1])) == PARTS


@pytest.mark.parametrize(("parts", "message"), [
    (["nuon"], "unknown part of speech 'nuon' .did you mean 'noun'.*; known are noun, verb, adj, adv, prep"),
    (["noun", "noun"], r"parts is \('noun', 'noun'\): name each part once, at least one of noun, verb, adj, adv, prep"),
    ([], r"parts is \(\): name each part once"),
    (None, "parts: expected a name or several, got None"),
    (3, "parts: expected a name or several, got 3"),
])
def test_parts_that_are_none_are_told(parts, message):
    with pytest.raises(ValueError, match=message):
        check_parts(parts)


def test_one_name_or_several():
    assert several("x", "test") == ("test",) and several("x", ("a", "b")) == ("a", "b") and several("x", {"a": 1}) == ("a",)
    with pytest.raises(ValueError, match=r"splits: expected a name or several, got 1\.5"):
        several("splits", 1.5)


def test_a_choice_is_one_of_those_allowed():
    assert check_choice("level", "word", ("word", "phrase")) == "word"
    with pytest.raises(ValueError, match=r"unknown level 'phrse' \(did you mean 'phrase'\?\); known are word, phrase"):
        check_choice("level", "phrse", ("word", "phrase"))


@pytest.mark.parametrize(("k", "expected"), [
    (3, {"noun": 3, "adv": 3}), (np.int64(3), {"noun": 3, "adv": 3}), ({"noun": 3, "adv": 4, "verb": 0}, {"noun": 3, "adv": 4}),
    ([3, 4], {"noun": 3, "adv": 4}), ((1, 2, 3, 4, 5), {"noun": 1, "adv": 4}), (np.array([3, 4]), {"noun": 3, "adv": 4}),
])
def test_numbers_by_part_are_one_for_all_or_one_for_each(k, expected):
    found = counts_by_part(k, ("noun", "adv"))
    assert found == expected and all(type(number) is int for number in found.values())


@pytest.mark.parametrize(("k", "message"), [
    (0, "k for noun is 0; it is a whole number of negatives, 1 or more"), (True, "k for noun is True"),
    (2.0, r"k for noun is 2\.0"), ("3", "k for noun is '3'"), (None, "k for noun is None"),
    ([3, 0], "k for adv is 0"), ({"noun": 3, "adv": -1}, "k for adv is -1"),
    ([1, 2, 3], "k has 3 numbers; give one, or one for each of noun, verb, adj, adv, prep"),
    ({"noun": 3}, "k has no number for adv; give one for each part asked for"),
    ({}, "k has no number for noun, adv"),
    ({"noun": 3, "adv": 3, "advb": 3}, "unknown part of speech 'advb'"),
])
def test_numbers_that_cannot_be_are_told(k, message):
    with pytest.raises(ValueError, match=message):
        counts_by_part(k, ("noun", "adv"))


def test_each_rule_has_its_class():
    nothing = Vocabulary(empty("tags"), None)
    made = [make_rule(rule, nothing, None) for rule in RULES]
    assert [type(rule) for rule in made] == [PaperRule, ReleasedRule] and [rule.name for rule in made] == list(RULES)
