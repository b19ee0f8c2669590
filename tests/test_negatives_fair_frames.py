"""Rule `fair`: what stays, what a verb takes, which adjectives, adverbs and prepositions exclude each other."""

from collections import Counter

import pytest
from support_negatives import made_tokens, tagged

from posrank.language.lexicon import load
from posrank.negatives.corpus import gather
from posrank.negatives.fair import FairSource
from posrank.negatives.fair_contexts import Contexts
from posrank.negatives.fair_frames import FREE, before_verb, doubtful, frame, head_noun, several
from posrank.negatives.fair_told import Told
from posrank.negatives.fair_words import adjective_kind, opposed_prepositions, word_lists


@pytest.mark.parametrize(("sentence", "at", "part", "stays"), [
    ("he/PRP is/AUX in/IN inside/IN the/DT house/NN", 2, "prep", True),
    ("he/PRP is/AUX in/IN inside/IN the/DT house/NN", 3, "prep", True),
    ("he/PRP is/AUX in/IN the/DT house/NN", 2, "prep", False),
    ("they/PRP talk/VBP to/IN each/DT other/JJ", 2, "prep", True),
    ("he/PRP falls/VBZ after/IN his/PRP$ throw/NN misses/VBZ it/PRP", 2, "prep", True),
    ("he/PRP falls/VBZ after/IN his/PRP$ throw/NN", 2, "prep", False),
    ("he/PRP mixes/VBZ it/PRP in/RB to/IN a/DT bowl/NN", 4, "prep", True),
    ("a/DT room/NN he/PRP sits/VBZ in/IN", 4, "prep", True),
    ("two/DT donkeys/NNS meeting/NN", 2, "noun", True),
    ("a/DT wedding/NN", 1, "noun", False),
    ("a/DT cat/NN nurses/NNS from/IN a/DT bottle/NN", 2, "noun", True),
    ("he/PRP jumps/VBZ up/RP and/CC ducks/NNS through/IN pipes/NNS", 4, "noun", True),
    ("he/PRP sees/VBZ geese/NNS and/CC ducks/NNS", 4, "noun", False),
    ("he/PRP is/AUX in/IN black/JJ rides/VBZ a/DT horse/NN", 3, "adj", True),
    ("he/PRP watches/VBZ car/NN races/NNS", 3, "noun", False),
    ("girls/NNS sing/VBG a/DT song/NN", 1, "verb", True),
    ("girls/NNS singing/VBG a/DT song/NN", 1, "verb", False),
    ("it/PRP looks/VBZ refreshing/VBG", 2, "verb", True),
    ("he/PRP is/AUX about/RB to/IN dip/NN it/PRP", 4, "noun", True),
    ("he/PRP eats/VBZ healthy/JJ", 2, "adj", True),
    ("he/PRP looks/VBZ healthy/JJ", 2, "adj", False),
    ("she/PRP gets/VBZ a/DT present/JJ from/IN him/PRP", 3, "adj", True),
    ("a/DT man/NN in/IN black/JJ", 3, "adj", True),
    ("a/DT brown/JJ colored/JJ pipe/NN", 1, "adj", True),
    ("a/DT food/NN commercial/JJ", 2, "adj", True),
    ("a/DT brown/JJ pipe/NN", 1, "adj", False),
    ("he/PRP walks/VBZ down/RB the/DT road/NN", 2, "adv", True),
    ("he/PRP does/VBZ a/DT backwards/RB roll/NN", 3, "adv", True),
    ("he/PRP walks/VBZ slowly/RB", 2, "adv", False),
])
def test_words_whose_part_is_in_doubt_stay(sentence, at, part, stays):
    assert doubtful(made_tokens(sentence)[0], at, part) is stays


@pytest.mark.parametrize(("sentence", "at", "name"), [
    ("he/PRP feeds/VBZ some/DT milk/NN to/IN a/DT cat/NN", 1, "P to"),
    ("he/PRP feeds/VBZ a/DT cat/NN in/IN a/DT house/NN", 1, FREE),
    ("he/PRP asks/VBZ a/DT girl/NN to/TO/PART dance/VB", 1, "to"),
    ("he/PRP tells/VBZ the/DT kids/NNS what/PRP happens/VBZ", 1, "clause"),
    ("he/PRP walks/VBZ around/RB", 1, "P around"),
    ("he/PRP pretends/VBZ he/PRP is/AUX a/DT cat/NN", 1, "clause"),
    ("he/PRP looks/VBZ at/IN it/PRP", 1, FREE),
    ("he/PRP cuts/VBZ bread/NN and/CC throws/VBZ it/PRP into/IN a/DT bin/NN", 1, FREE),
])
def test_frames_name_what_only_some_verbs_take(sentence, at, name):
    assert frame(made_tokens(sentence)[0], at) == name


def test_a_verb_fits_a_frame_it_was_seen_in():
    rows = made_tokens(*["he/PRP feeds/VBZ milk/NN to/IN a/DT cat/NN"] * 3, *["he/PRP cooks/VBZ milk/NN in/IN a/DT pot/NN"] * 3)
    contexts = Contexts(rows)
    assert contexts.taking("P to", ("cook", "feed")).tolist() == [False, True]
    assert contexts.taking(FREE, ("cook", "feed")).tolist() == [True, True]


def test_an_adjective_seen_with_the_noun_may_be_true_of_it_and_so_may_its_kind():
    cars = [f"a/DT {word}/JJ car/NN" for word in ("red", "fast", "new")]
    rows = made_tokens(*cars, *["a/DT loud/JJ song/NN", "a/DT sad/JJ tune/NN"] * 3)
    told, words = Told(Contexts(rows).said, load()), ("blue", "fast", "loud", "sharp")
    kinds = [adjective_kind(word) for word in words]
    assert told.of("car", words, kinds).tolist() == [True, True, False, False], "a car may be blue as well"
    assert told.of("song", words, kinds).tolist() == [False, False, True, False], "no song is of a colour"
    assert told.of("tune", words, kinds).tolist() == [True, False, False, False], "a tune may be sad, of a kind as blue is"
    assert told.of("", words, kinds).tolist() == [True, False, False, False], "not known of what"


def test_what_is_said_of_persons_may_be_true_of_another():
    said = {"singer": Counter(silent=1, dead=1), "woman": Counter(silent=1), "speaker": Counter(quick=3), "song": Counter(dead=3)}
    told = Told(said, load())
    assert {told.noun_class(noun) for noun in ("singer", "woman", "speaker")} == {"person"} and told.noun_class("song") == ""
    assert told.of("speaker", ("silent", "dead", "quick"), ("", "", "")).tolist() == [True, False, True]


def test_the_head_of_a_phrase_and_several_things():
    row = made_tokens("between/IN two/DT old/JJ sports/NNS cars/NNS and/CC a/DT wall/NN")[0]
    assert head_noun(row, 2) == "car" and several(row, 0)
    assert not several(made_tokens("between/IN a/DT wall/NN")[0], 0)
    assert several(made_tokens("between/IN wall/NN and/CC door/NN")[0], 0)
    assert head_noun(made_tokens("it/PRP is/AUX red/JJ")[0], 2) == ""


def test_adverbs_that_stand_before_a_verb():
    rows = made_tokens("slowly/RB walking/VBG", "he/PRP walks/VBZ slowly/RB")
    assert before_verb(rows[0], 0) and not before_verb(rows[1], 2)


def test_the_word_lists_hold_together():
    lists, opposed = word_lists(), opposed_prepositions()
    against = lists["against"]
    assert "slowly" in against["fast"] and "fast" in against["slowly"] and "fast" not in against["quickly"]
    assert all(word not in others and all(word in against[other] for other in others) for word, others in against.items())
    assert all(word not in others for word, others in [*opposed.items(), *lists["near"].items()])
    assert "whisk" in lists["near"]["blend"] and "throw" not in lists["near"]["blend"]
    assert "outside" in opposed["in"] and not {"near", "into", "within"} & opposed["in"]
    assert {adjective_kind(word) for word in ("red", "wooden", "japanese", "dead")} == {"colour", "material", "origin", ""}


def candidates(part, places, sentence):
    """The words that may replace the word of `part` in `sentence`, where `places` is what the reference captions hold."""
    base = [each for each in places for _ in range(8)]
    captions, tags = tagged(sentence, *base, videos=[f"v{n}" for n in range(len(base) + 1)], splits=["test"] + ["train"] * len(base))
    source = FairSource(gather(captions[:1], tags, captions[1:]))
    found, _ = source.pools.of(source.corpus.tokens("c0"), "v0", (part,))
    return {each.pool.words[n] for each in found for n in each.index}


def test_prepositions_are_replaced_by_opposed_ones_only():
    places = [f"a/DT man/NN sits/VBZ {word}/IN a/DT house/NN" for word in ("in", "near", "outside", "by", "without")]
    assert candidates("prep", places, "a/DT man/NN sits/VBZ in/IN a/DT house/NN") == {"outside", "without"}


def test_adverbs_are_replaced_by_opposed_ones_only():
    places = [f"a/DT man/NN walks/VBZ {word}/RB" for word in ("slowly", "quickly", "happily", "outside", "calmly")]
    assert candidates("adv", places, "a/DT man/NN walks/VBZ slowly/RB") == {"quickly"}


def test_verbs_that_hold_together_and_verbs_without_the_frame_are_left_out():
    places = [f"a/DT man/NN {word}/VBZ milk/NN into/IN a/DT pan/NN" for word in ("stirs", "pours", "spills")]
    places += ["a/DT man/NN drinks/VBZ milk/NN in/IN a/DT pan/NN"]
    assert candidates("verb", places, "a/DT man/NN stirs/VBZ milk/NN into/IN a/DT pan/NN") == {"spills"}
    assert "drinks" in candidates("verb", places, "a/DT man/NN stirs/VBZ milk/NN in/IN a/DT pan/NN")


def test_an_adjective_said_of_the_noun_is_left_out_and_colours_exclude_each_other():
    places = [f"a/DT {word}/JJ box/NN falls/VBZ" for word in ("red", "blue", "empty")]
    places += ["a/DT frozen/JJ lake/NN shines/VBZ", "a/DT wooden/JJ door/NN shuts/VBZ"]
    assert candidates("adj", places, "a/DT red/JJ box/NN falls/VBZ") == {"blue", "frozen"}
