"""Which verbs may tell one act, which are cut short without their particle, and which words are misspelt."""

import pandas as pd
import pytest

from posrank.language.lexicon import load
from posrank.negatives.acts import MISSPELT, Acts, misspelt


def acts(*clauses, lexicon=None):
    """Acts of clauses (video, verb, object, particle): "blow tyre up"."""
    rows = []
    for n, (video, verb, thing, particle) in enumerate(clauses):
        words = [(verb, "VERB", "ROOT"), (thing, "NOUN", "dobj"), *([(particle, "ADP", "prt")] if particle else [])]
        rows += [(f"{video}#{n}", i, *word, 0) for i, word in enumerate(words)]
    tags = pd.DataFrame(rows, columns=["caption_id", "i", "text", "upos", "dep", "head"])
    video_of = {name: name.split("#")[0] for name in tags["caption_id"]}
    return Acts(tags.assign(lemma=tags["text"]), video_of, lexicon or object())


def test_verbs_said_of_one_thing_in_one_video_may_be_one_act():
    both = acts(("a", "blow", "tyre", ""), ("a", "fill", "tyre", ""), ("b", "kick", "tyre", ""), ("a", "see", "man", ""))
    assert both.one_act("blow", "fill") and both.one_act("fill", "blow")
    assert not both.one_act("blow", "kick"), "in another video"
    assert not both.one_act("blow", "see"), "of another thing"


def test_verbs_beside_each_other_in_wordnet_may_be_one_act():
    words = acts(("a", "chop", "onion", ""), lexicon=load())
    assert words.one_act("chop", "dice") and words.one_act("shave", "shear")
    assert not words.one_act("ride", "brush")


@pytest.mark.parametrize(("plain", "cut"), [(1, True), (3, False)])
def test_a_verb_that_mostly_has_a_particle_is_cut_short_without(plain, cut):
    clauses = [("a", "knock", "vase", "over"), *[("a", "knock", "door", "")] * plain]
    assert acts(*clauses).cut_short("knock") is cut


def test_tags_without_heads_tell_nothing_of_acts():
    tags = pd.DataFrame({"caption_id": ["a"], "i": [0], "text": ["run"], "lemma": ["run"], "upos": ["VERB"]})
    assert not Acts(tags, {"a": "a"}, object()).one_act("run", "walk")


def test_a_letter_too_many_or_too_few_is_a_misspelling_where_the_other_spelling_is_far_more_frequent():
    seen = {"ridding": 1, "riding": MISSPELT, "hopping": 2, "hoping": 5, "singing": 30, "signing": 3}
    assert misspelt("signing", seen, verb=True) and not misspelt("signing", seen) and misspelt("rding", seen, verb=True)
    assert misspelt("ridding", seen) and not misspelt("riding", seen)
    assert not misspelt("hopping", seen) and not misspelt("hoping", seen), "two words"
