"""Word forms and articles."""

import pytest

from posrank.language.inflect import article, inflect, lemmatize, match_case


@pytest.mark.parametrize(("lemma", "tag", "form"), [
    ("run", "VBG", "running"), ("stir", "VBZ", "stirs"), ("cut", "VBD", "cut"), ("lie", "VBG", "lying"),
    ("wear", "VBN", "worn"), ("sing", "VBD", "sang"), ("man", "NNS", "men"), ("person", "NNS", "people"),
    ("knife", "NNS", "knives"), ("baby", "NNS", "babies"), ("big", "JJR", "bigger"), ("fast", "RBR", "faster"),
    ("dog", "NN", "dog"), ("slowly", "RB", "slowly"), ("in", "IN", "in"), ("zoomify", "VBG", "zoomifying"),
])
def test_inflect(lemma, tag, form):
    assert inflect(lemma, tag) == form


def test_inflect_says_none_instead_of_inventing():
    assert inflect("beautiful", "JJR") is None
    assert inflect("quickly", "RBR") is None
    assert inflect("", "NN") is None
    assert inflect("dog", "XYZ") is None


@pytest.mark.parametrize(("text", "upos", "tag", "lemma"), [
    ("Men", "NOUN", "NNS", "man"), ("wearing", "VERB", "VBG", "wear"), ("stirs", "VERB", "VBZ", "stir"),
    ("left", "ADJ", "JJ", "left"), ("left", "VERB", "VBD", "leave"), ("is", "AUX", "VBZ", "be"),
    ("are", "AUX", "VBP", "be"), ("'s", "AUX", "VBZ", "be"), ("ca", "AUX", "MD", "can"), ("n't", "PART", "RB", "not"),
    ("Paris", "PROPN", "NNP", "Paris"), ("The", "DET", "DT", "the"), ("bigger", "ADJ", "JJR", "big"),
    ("boss", "NOUN", "NN", "boss"), ("dress", "NOUN", "NN", "dress"), ("In", "ADP", "IN", "in"),
    ("😀", "NOUN", "NN", "😀"),
])
def test_lemmatize(text, upos, tag, lemma):
    assert lemmatize(text, upos, tag) == lemma


def test_lemma_and_form_undo_each_other():
    for form, upos, tag in (("jumping", "VERB", "VBG"), ("women", "NOUN", "NNS"), ("drives", "VERB", "VBZ"),
                            ("threw", "VERB", "VBD"), ("people", "NOUN", "NNS"), ("smaller", "ADJ", "JJR")):
        assert inflect(lemmatize(form, upos, tag), tag) == form


def test_match_case():
    assert [match_case("cat", model) for model in ("dog", "Dog", "DOG", "A", "")] == ["cat", "Cat", "CAT", "Cat", "cat"]


AN = ("hour honest heir apple umbrella uncle unimportant uninteresting MP3 mp3 FBI suv 8 80 11 18 18th 8-year-old x "
      "F8 xbox x-ray elephant onion usher LED unidentified ostrich honorary "
      "S.O.S old 11-year-old énorme")
A = ("unicorn European euro ewe one once one-legged unit uniform union university useful utensil ukulele ufo USA USB "
     "tv TV u U 7 100 10 1 12 house horse yellow year NASA led mr unique utopia bmx DJ dj cd hotel historic "
     "unanimous HOUSE")


@pytest.mark.parametrize("word", AN.split())
def test_an(word):
    assert article(word) == "an"


@pytest.mark.parametrize("word", A.split())
def test_a(word):
    assert article(word) == "a"


def test_article_of_odd_input():
    assert article("") == "a" and article("!!!") == "a" and article('"apple"') == "an"
