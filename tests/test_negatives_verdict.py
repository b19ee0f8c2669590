"""The verdict over a negative set: what each word means, and what the sentence says."""

import pytest

from posrank.negatives.verdict import ALMOST, FAIR, SMALL, SOLVABLE, decide, part_verdict, verdict


def row(excess, wide=0.01, chance=0.174, first=0.1):
    value = chance + excess
    return {"posrank": value, "posrank_low": value - wide, "posrank_high": value + wide, "chance": chance, "excess": excess,
            "low": excess - wide, "high": excess + wide, "first": first}


def part(captions=1000, **judges):
    return {"captions": captions, "judges": {name.replace("not_", "-"): each for name, each in judges.items()}}


@pytest.mark.parametrize("excess, wide, word", [
    (0.00, 0.01, FAIR), (-0.20, 0.15, FAIR), (0.039, 0.02, FAIR), (0.041, 0.02, ALMOST), (0.06, 0.01, SOLVABLE),
    (0.03, 0.06, SMALL), (0.09, 0.06, SMALL), (0.60, 0.10, SOLVABLE),
])
def test_decide(excess, wide, word):
    assert decide(excess, excess - wide, excess + wide, 0.04) == word


def test_without_an_interval_nothing_is_known():
    assert decide(0.5, None, None, 0.04) == SMALL and part_verdict({}) == SMALL


def test_the_worst_judge_counts_and_each_has_its_limit():
    fair = row(0.0)
    assert part_verdict({"A": fair, "B": row(0.065)}) == FAIR
    assert part_verdict({"A": row(0.065), "B": fair}) == SOLVABLE
    assert part_verdict({"A": fair, "-A": row(0.2), "B": fair}) == SOLVABLE
    assert part_verdict({"A": fair, "-B": row(0.085)}) == ALMOST
    assert part_verdict({"A": fair, "unigram": row(0.15)}) == SOLVABLE
    assert part_verdict({"A": fair, "B": row(0.0, wide=0.1)}) == SMALL
    assert part_verdict({"A": fair | {"videos": 29}}) == SMALL and part_verdict({"A": fair | {"videos": 30}}) == FAIR


def test_sentence_of_a_solvable_set_names_the_clearest_part():
    sentence = verdict({
        "noun": part(A=row(0.3, first=0.4)), "adv": part(captions=62, A=row(0.05, wide=0.06)), "verb": part(A=row(0.0)),
        "prep": part(captions=1236, A=row(0.596, first=0.684)),
    })
    assert sentence == (
        "Can be solved without the video: in prep, a blind 4-gram (judge A) ranks the caption first in 68 % of 1,236 lists "
        "(PoSRank .770 [.760, .780], chance .174); also noun; too small to tell: adv (62 captions, a blind 4-gram (judge A) "
        "+.05 [-.01, +.11] above chance); fair: verb."
    )


def test_sentence_of_a_fair_set():
    both = {name: row(0.01) for name in ("A", "not_A", "B", "not_B")}
    sentence = verdict({"noun": part(**both), "verb": part(**both), "adv": part(captions=1, A=row(0) | {"low": None, "high": None})})
    assert sentence == (
        "Fair: in noun and verb, no blind model, nor preferring what it finds unlikely, is further than +.04 (+.08 with captions "
        "that the builder has not seen) above chance; too small to tell: adv (1 caption)."
    )
    alone = verdict({"noun": part(A=row(0.01))})
    assert alone.startswith("Fair as far as judge A can tell: in noun, no blind model") and "+.08" not in alone


def test_sentences_in_between():
    assert verdict({}) == "Empty: no caption has a list."
    assert verdict({"adj": part(captions=40, B=row(0.05, wide=0.05))}).startswith("Too small to tell: adj (40 captions, a blind trigram")
    almost = verdict({"adj": part(B=row(0.087)), "noun": part(A=row(0), B=row(0))})
    assert almost == (
        "Not quite fair: adj, a blind trigram on captions that took no part in building (judge B) is +.09 [+.08, +.10] above "
        "chance; fair: noun."
    )
