"""Words that are never replaced (posrank.negatives.never_replaced): which, for what reason, and where the rule ends."""

import pytest
from support_negatives import made_tokens

from posrank.negatives.never_replaced import AUXILIARY, INFINITIVE, PARTICLE, PIECE, kept_words


def kept(sentence):
    """{word: reason} of a sentence as support_negatives.tagged reads it."""
    (tokens,) = made_tokens(sentence)
    return {tokens.text[position]: reason for position, reason in kept_words(tokens).items()}


@pytest.mark.parametrize("sentence, words", [
    ("he/PRP is/VBZ here/RB", ["is"]),
    ("the/DT dogs/NNS were/VBD wet/JJ", ["were"]),
    ("he/PRP has/VBZ eaten/VBN", ["has"]),
    ("he/PRP HAS/VBZ eaten/VBN", ["HAS"]),
    ("he/PRP has/VBZ never/RB slowly/RB eaten/VBN", ["has"]),
    ("he/PRP does/VBZ not/XX/PART eat/VB", ["does"]),
])
def test_a_verb_that_helps_another_stays_with_adverbs_between_them(sentence, words):
    assert kept(sentence) == dict.fromkeys(words, AUXILIARY)


@pytest.mark.parametrize("sentence", [
    "he/PRP has/VBZ a/DT dog/NN",
    "he/PRP has/VBZ eat/VB",  # "have" goes with a participle
    "he/PRP does/VBZ eaten/VBN",  # "do" goes with a bare verb
    "he/PRP does/VBZ it/PRP",
    "he/PRP has/VBZ a/DT broken/VBN leg/NN",
    "they/PRP have/VBP",
    "he/PRP sees/VBZ eaten/VBN",
    "he/PRP is/AUX here/RB",  # no verb to begin with: a tagger's AUX has no part
])
def test_a_verb_that_helps_none_may_be_replaced(sentence):
    assert kept(sentence) == {}


def test_to_stays_in_front_of_a_bare_verb_alone():
    assert kept("he/PRP goes/VBZ to/IN swim/VB") == {"to": INFINITIVE}
    assert kept("he/PRP goes/VBZ to/IN slowly/RB swim/VB") == {"to": INFINITIVE}
    assert kept("he/PRP goes/VBZ To/IN swim/VB") == {"To": INFINITIVE}
    for sentence in ("he/PRP goes/VBZ to/IN swimming/VBG", "he/PRP goes/VBZ to/IN a/DT pool/NN", "he/PRP goes/VBZ to/IN",
                     "he/PRP goes/VBZ by/IN swim/VB", "he/PRP goes/VBZ to/TO swim/VB"):
        assert kept(sentence) == {}, sentence


@pytest.mark.parametrize("sentence", [
    "she/PRP puts/VBZ on/IN a/DT hat/NN", "she/PRP puts/VBZ it/PRP on/IN", "she/PRP puts/VBZ Something/NN/PRON on/IN",
    "a/DT hat/NN put/VBN/AUX on/IN",
])
def test_a_particle_stays_beside_its_verb_or_behind_a_short_object(sentence):
    assert kept(sentence) == {"on": PARTICLE}


@pytest.mark.parametrize("sentence", [
    "she/PRP sits/VBZ on/IN a/DT hat/NN",  # no pair of the list
    "she/PRP puts/VBZ under/IN a/DT hat/NN",
    "she/PRP puts/VBZ a/DT hat/NN on/IN",  # a longer object may have a preposition of its own
    "she/PRP puts/VBZ it/PRP there/RB on/IN",
    "the/DT put/NN on/IN",  # no verb
    "on/IN it/PRP she/PRP puts/VBZ",  # nothing in front, and no look around to the end
])
def test_a_preposition_away_from_its_verb_is_no_particle(sentence):
    assert kept(sentence) == {}


@pytest.mark.parametrize("sentence, words", [
    ("a/DT t/NN_ -/HYPH_ shirt/NN", ["t", "shirt"]),
    ("a/DT black/JJ_ –/HYPH_ white/JJ dog/NN", ["black", "white"]),
    ("the/DT man/NN isn/VBZ t/NN here/RB", ["isn", "t"]),
    ("the/DT man/NN LL/VBZ run/VB", ["LL"]),
    ("2/NN dogs/NNS", ["2"]),
    ("he/PRP won/VBD t/NN swim/VB", ["won", "t"]),
    ("don/VBP t/NN swim/VB", ["don", "t"]),
])
def test_a_piece_of_a_word_stays(sentence, words):
    assert kept(sentence) == dict.fromkeys(words, PIECE)


def test_words_that_only_look_like_pieces_may_be_replaced():
    for sentence in ("he/PRP won/VBD the/DT race/NN", "he/PRP won/VBD", "don/NN talks/VBZ", "he/PRP won/VBD tea/NN",
                     "a/DT 3d/NN film/NN"):
        assert kept(sentence) == {}, sentence


def test_a_hyphen_with_white_space_around_it_makes_no_piece():
    assert kept("a/DT dog/NN -/HYPH a/DT cat/NN") == {}
    assert kept("a/DT dog/NN -/HYPH_ cat/NN") == {"cat": PIECE}
    assert kept("a/DT dog/NN_ -/HYPH cat/NN") == {"dog": PIECE}
    assert kept("a/DT dog/NN_ ,/. cat/NN") == {}, "a comma is no hyphen"


def test_a_piece_is_the_reason_where_two_hold():
    assert kept("he/PRP isn/VBZ/VERB t/NN") == {"isn": PIECE, "t": PIECE}
    assert kept("he/PRP re/VBP_ -/HYPH_ is/VBZ") == {"re": PIECE, "is": PIECE}


def test_words_of_no_part_are_not_named():
    assert kept("a/DT_ -/HYPH_ the/DT t/PRP") == {}
