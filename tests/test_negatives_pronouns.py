"""Negatives that contradict a pronoun (posrank.negatives.lists.breaks_pronoun)."""

import pytest
from support_negatives import tagged

from posrank.negatives.lists import breaks_pronoun
from posrank.negatives.sentences import Slot, TaggedCaptions


def breaks(sentence, position, word):
    """Whether `word` at `position` of a tagged sentence breaks a pronoun."""
    _, tags = tagged(sentence)
    tokens = TaggedCaptions(tags)["c0"]
    return breaks_pronoun(tokens, Slot(tokens, position, "noun", tokens.tag[position]), word)


BRUSHES = "a/DT Man/NN brushes/VBZ His/PRP$ hair/NN"


@pytest.mark.parametrize("word, expected", [("woman", True), ("girl", True), ("boy", False), ("dog", False)])
def test_only_a_word_of_the_other_gender_breaks_a_later_pronoun(word, expected):
    assert breaks(BRUSHES, 1, word) is expected


@pytest.mark.parametrize("sentence, position, word", [
    ("a/DT man/NN brushes/VBZ her/PRP$ hair/NN", 1, "woman"),  # the pronoun fits the new word
    ("a/DT man/NN brushes/VBZ a/DT dog/NN", 1, "woman"),  # no pronoun
    ("his/PRP$ father/NN runs/VBZ", 1, "mother"),  # the pronoun stands before the word: it is not its own
    ("a/DT dog/NN brushes/VBZ his/PRP$ hair/NN", 1, "woman"),  # the old word has no gender
    ("a/DT man/NN brushes/VBZ its/PRP$ hair/NN", 1, "woman"),  # a pronoun without gender
])
def test_what_breaks_nothing(sentence, position, word):
    assert breaks(sentence, position, word) is False


def test_each_pronoun_has_the_gender_of_its_nouns():
    for old, new, pronouns in (("man", "woman", ("he", "him", "his", "himself")), ("woman", "man", ("she", "her", "hers", "herself"))):
        for pronoun in pronouns:
            sentence = f"a/DT {old}/NN sees/VBZ {pronoun}/PRP"
            assert breaks(sentence, 1, new) and not breaks(sentence, 1, old)
