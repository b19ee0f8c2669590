"""The forty things of the world: no two look alike in colour and outline, and every mark can be drawn."""

from posrank import PARTS
from posrank.language.inflect import inflect
from posrank.world.things import OUTLINES, PALETTE, THINGS
from posrank.world.words import NOUNS, SLOTS, VERBS, WORDS, participle


def test_each_thing_has_a_colour_and_an_outline_of_its_own():
    assert tuple(THINGS) == NOUNS and len(NOUNS) == 40
    looks = [(colour, outline) for colour, outline, _ in THINGS.values()]
    assert len(set(looks)) == len(looks)
    assert len(set(PALETTE.values())) == len(PALETTE)


def test_marks_are_of_known_kinds_in_known_colours_on_or_near_the_thing():
    assert all(outline in OUTLINES and colour in PALETTE for colour, outline, _ in THINGS.values())
    marks = [mark for *_, some in THINGS.values() for mark in some]
    assert all(marks) and {kind for kind, *_ in marks} == {"disc", "line", "poly"}
    for kind, geometry, colour in marks:
        numbers = [number for point in geometry for number in point] if kind == "poly" else geometry
        assert colour in PALETTE and max(map(abs, numbers)) <= 1.4
        assert kind == "poly" or len(geometry) == {"disc": 3, "line": 5}[kind]


def test_each_verb_has_the_participle_that_a_dictionary_gives():
    assert [participle(verb) for verb in VERBS] == [inflect(verb, "VBG") for verb in VERBS]


def test_words_of_a_part_exclude_one_another_and_every_slot_has_a_part():
    assert tuple(WORDS) == PARTS and set(SLOTS.values()) == set(PARTS)
    for words in WORDS.values():
        assert len(set(words)) == len(words) and all(word.isalpha() and word.islower() for word in words)
