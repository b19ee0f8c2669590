"""The verdict over a negative set: what each word means, and what the sentence says."""

import pytest

from posrank.validity.verdict import ABOVE, SMALL, SOLVABLE, WITHIN, decide, part_verdict, verdict


def row(adjusted, wide=0.01, chance=0.174):
    return {
        "excess": adjusted * (1 - chance),
        "adjusted": adjusted,
        "adjusted_low": adjusted - wide,
        "adjusted_high": adjusted + wide,
    }


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
    assert part_verdict({"4-gram": within, "-4-gram": row(0.055)}) == ABOVE
    assert part_verdict({"4-gram": within, "bigram": row(0.0, wide=0.1)}) == SMALL
    assert (
        part_verdict({"4-gram": within | {"videos": 29}}) == SMALL
        and part_verdict({"4-gram": within | {"videos": 30}}) == WITHIN
    )


def test_sentences_of_a_set_say_what_text_alone_scores():
    text = verdict(
        {
            "noun": part(bigram=row(0.3)),
            "adv": part(captions=62, bigram=row(0.05, wide=0.06)),
            "verb": part(bigram=row(0.0)),
            "prep": part(captions=1236, bigram=row(0.5), learned=row(0.722)),
        }
    )
    assert text == (
        "A model that reads only text scores .25 above chance on nouns (bigram, 30 % of the range) and .60 above "
        "chance on prepositions (learned, 72 % of the range): these parts measure vision only above that. On verbs, no "
        "text-only judge is more than 5 % of the range above chance. Too small to tell: adverbs (62 captions)."
    )


@pytest.mark.parametrize(
    "parts, start",
    [
        ({}, "Empty: no caption has a list."),
        ({"adj": part(captions=40, bigram=row(0.05, wide=0.05))}, "Too small to tell: adjectives (40 captions)."),
        (
            {"adv": part(captions=1, bigram=row(0) | {"adjusted_low": None, "adjusted_high": None})},
            "Too small to tell: adverbs (1 caption).",
        ),
        ({"noun": part(bigram=row(0.01)), "verb": part(bigram=row(0))}, "On nouns and verbs, no text-only judge is"),
        (
            {"adj": part(not_bigram=row(0.055))},
            "A model that reads only text scores .05 above chance on adjectives (bigram reversed, 6 % of",
        ),
        (
            {"adj": part(bigram=row(0.3))},
            "A model that reads only text scores .25 above chance on adjectives (bigram, 30 % of the range): this part",
        ),
    ],
)
def test_other_sentences(parts, start):
    assert verdict(parts).startswith(start), verdict(parts)
