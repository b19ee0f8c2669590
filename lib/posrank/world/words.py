"""The words of the world and what each shows. Values of a slot exclude one another: a clip shows exactly one verb, one
adverb, one preposition, and each object has one adjective.

Nouns decide, as in real benchmarks: 40 things make 1,560 pairs, so a batch of 64 clips rarely holds two of one pair,
and nothing coarse needs the other slots.
"""

from posrank.world.things import THINGS

NOUNS = tuple(THINGS)
ADJECTIVES = ("tall", "wide", "striped", "spotted", "hollow", "shiny", "crowned", "winged")
VERBS = ("spin", "bounce", "shake", "blink", "expand", "contract", "glow", "smoke", "drip", "sparkle")
ADVERBS = ("upward", "downward", "leftward", "rightward", "early", "late")
PREPOSITIONS = ("above", "below", "beside", "behind", "inside", "around", "through", "toward")
WORDS = {"noun": NOUNS, "verb": VERBS, "adj": ADJECTIVES, "adv": ADVERBS, "prep": PREPOSITIONS}
SLOTS = {"noun1": "noun", "adj1": "adj", "verb": "verb", "adv": "adv", "prep": "prep", "noun2": "noun", "adj2": "adj"}
"""Slot of a scene -> part of speech. 1 = the actor, 2 = the landmark."""


def participle(verb):
    """The -ing form of a verb of the world.

    >>> [participle(verb) for verb in ("spin", "shake", "drip")]
    ['spinning', 'shaking', 'dripping']
    """
    stem = verb + "p" * (verb == "drip") + "n" * (verb == "spin")
    stem = stem.removesuffix("e")
    return stem + "ing"
