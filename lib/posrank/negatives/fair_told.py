"""Which adjectives may be true of a thing although its caption does not say so (rule `fair`).

In: which adjectives the reference captions have with which nouns, a lexicon. Out: bool arrays over adjectives. What was said of a
noun, or of several of its class (persons, animals, vehicles, ...), may be true of it. So may every adjective that tells of a colour,
an origin or the like (`fair_words.adjective_kind`) where any of these was said, or too little to know.
"""

from collections import Counter, defaultdict
from functools import lru_cache

import numpy as np

from posrank.negatives.fair_words import adjective_kind

ENOUGH_SAID = 3
"""Adjectives seen with a noun from which on those that were not seen tell something."""

CLASSES = ("person", "animal", "vehicle", "clothing", "food", "building", "device", "container", "furniture")
TIMES_OF_CLASS = 2
"""Uses with nouns of a class from which on an adjective may be true of all of them."""


class Told:
    """`of(noun, words, kinds)`; said: {noun lemma: Counter of adjectives}; lexicon: see posrank.language.lexicon."""

    def __init__(self, said, lexicon):
        self._said, self._lexicon = said, lexicon
        self.noun_class = lru_cache(maxsize=None)(self._noun_class)
        pooled = defaultdict(Counter)
        for noun, words in said.items():
            if self.noun_class(noun):
                pooled[self.noun_class(noun)].update(words)
        self._of_class = {name: {word for word, n in words.items() if n >= TIMES_OF_CLASS} for name, words in pooled.items()}

    def of(self, noun, words, kinds):
        """bool array over adjectives: those that may be true of such a thing. noun "" (which thing it is cannot be told): those of
        a kind."""
        said = self._said.get(noun, {}) if noun else {}
        known = self._of_class.get(self.noun_class(noun), set()) | set(said)
        plain = sum(said.values()) >= ENOUGH_SAID and not any(adjective_kind(word) for word in known)
        return np.array([word in known or (kind != "" and not plain) for word, kind in zip(words, kinds)], bool)

    def _noun_class(self, noun):
        """The class nearest above a noun in its first sense, "" where none is."""
        return next((name for name in (noun, *self._lexicon.above(noun, "noun")) if name in CLASSES), "")
