"""The verdict over a negative set: what each word means, and what the sentence says."""

import pytest

from posrank.validity.verdict import ABOVE, SMALL, SOLVABLE, WITHIN, decide, part_verdict, verdict


def row(excess, wide=0.01, chance=0.174, first=0.1):
    value = chance + excess
    return {"posrank": value, "posrank_low": value - wide, "posrank_high": value + wide, "chance": chance, "excess": excess,
            "low": excess - wide, "high": excess + wide, "first": first}


def part(captions=1000, **judges):
    return {"captions": captions, "judges": {name.replace("not_", "-"): each for name, each in judges.items()}}


@pytest.mark.parametrize("excess, wide, word", [
    (0.00, 0.01, WITHIN), (-0.20, 0.15, WITHIN), (0.039, 0.02, WITHIN), (0.041, 0.02, ABOVE), (0.06, 0.01, SOLVABLE),
    (0.03, 0.06, SMALL), (0.09, 0.06, SMALL), (0.60, 0.10, SOLVABLE),
])
def test_decide(excess, wide, word):
    assert decide(excess, excess - wide, excess + wide, 0.04) == word


def test_without_an_interval_nothing_is_known():
    assert decide(0.5, None, None, 0.04) == SMALL and part_verdict({}) == SMALL


def test_the_worst_judge_counts():
    within = row(0.0)
    assert part_verdict({"unigram": within, "4-gram": row(0.03)}) == WITHIN
    assert part_verdict({"unigram": row(0.065), "4-gram": within}) == SOLVABLE
    assert part_verdict({"4-gram": within, "-4-gram": row(0.045)}) == ABOVE
    assert part_verdict({"4-gram": within, "bigram": row(0.0, wide=0.1)}) == SMALL
    assert part_verdict({"4-gram": within | {"videos": 29}}) == SMALL and part_verdict({"4-gram": within | {"videos": 30}}) == WITHIN


def test_sentence_of_a_solvable_set_names_the_clearest_part():
    sentence = verdict({
        "noun": part(bigram=row(0.3, first=0.4)), "adv": part(captions=62, bigram=row(0.05, wide=0.06)), "verb": part(bigram=row(0.0)),
        "prep": part(captions=1236, bigram=row(0.596, first=0.684)),
    })
    assert sentence == (
        "Can be solved without the video: in prep, a bigram model ranks the caption first in 68 % of 1,236 lists "
        "(PoSRank .770 [.760, .780], chance .174); also noun; too small to tell: adv (62 captions, a bigram model "
        "+.05 [-.01, +.11] above chance); within the limit: verb, no n-gram model is further than +.04 above chance."
    )


@pytest.mark.parametrize("parts, start", [
    ({}, "Empty: no caption has a list."),
    ({"adj": part(captions=40, bigram=row(0.05, wide=0.05))}, "Too small to tell: adj (40 captions, a bigram model"),
    ({"adv": part(captions=1, bigram=row(0) | {"low": None, "high": None})}, "Too small to tell: adv (1 caption)."),
    ({"noun": part(bigram=row(0.01)), "verb": part(bigram=row(0))}, "Within the limit: noun and verb, no n-gram model is"),
    ({"adj": part(not_bigram=row(0.045))}, "Above the limit: adj, preferring what a bigram model finds unlikely is +.0"),
])
def test_other_sentences(parts, start):
    assert verdict(parts).startswith(start), verdict(parts)
