"""Synthetic captions for the tagger (module caption_templates): what the labels promise."""

from collections import Counter
from itertools import pairwise

from posrank.language.caption_templates import sentences
from posrank.language.parts import part_of

DRAWN = sentences(400, seed=1)


def test_the_same_seed_gives_the_same_captions_and_another_one_others():
    assert sentences(20, seed=1) == DRAWN[:20] != sentences(20, seed=2)


def test_be_is_an_auxiliary_and_never_a_verb():
    tags = {upos for sentence in DRAWN for word, _, upos in sentence if word in ("is", "are", "was", "being")}
    assert tags == {"AUX"}


def test_every_part_is_drawn_often():
    found = Counter(part_of(upos, tag) for sentence in DRAWN for _, tag, upos in sentence)
    assert all(found[part] > 100 for part in ("noun", "verb", "adj", "adv", "prep")), found


def test_articles_fit_the_next_word():
    pairs = [(a[0], b[0]) for sentence in DRAWN for a, b in pairwise(sentence)]
    before_vowel = {a for a, b in pairs if a in ("a", "an") and b[0] in "aei"}
    assert before_vowel == {"an"}


def test_nouns_of_a_treebank_are_used():
    words = {word for sentence in sentences(300, seed=1, treebank={"NN": ["zebu"], "NNS": ["zebus"]}) for word, *_ in sentence}
    assert {"zebu", "zebus"} <= words and not {"zebu", "zebus"} & {word for sentence in DRAWN for word, *_ in sentence}
