"""What kind of place a word stands in, so that only words that stand in such places replace it (rule `fair`).

In: the tokens of a caption, or the tags of the reference captions. Out: context classes, short texts. The classes tell apart
what a tag does not: transitive from intransitive verbs (what follows), count from mass nouns (what determiner stands before),
attributive from predicative adjectives, passive participles from past tense, and which preposition follows.
"""

from collections import Counter, defaultdict

import numpy as np

from posrank.language.parts import fine_tag, part_of
from posrank.negatives.fair_frames import FREE, frame, head_noun

_DEFINITE = frozenset({"the", "this", "that", "his", "her", "its", "their", "my", "your", "our", "each", "every", "'s"})
_OBJECT = frozenset({"DET", "NUM", "PRON", "ADJ", "NOUN", "PROPN"})
_OPENS = frozenset({"DET", "NUM", "ADJ", "PRON", "ADP"})
_PARTICIPLES = frozenset({"VBN", "VBG"})
SIDES = ("left", "right")
LEAST = {"left": 0.02, "right": 0.05}
"""A word fits a context class where it was seen there twice, and in at least this share of its uses."""
TIMES = {("right", "verb"): 5, ("left", "noun", "NN", "a"): 3}
"""How often, where it is not twice."""
BARE = ("left", "noun", "NN", "none")
LEAST_OF = {("right", "verb"): 0.25, BARE: 0.25, ("left", "noun", "NN", "a"): 0.12}
"""The same for what follows a verb (many take some object now and then, few take any), for nouns without determiner
(which count nouns are in headlines only) and with "a" (which mass nouns have where something else is missing)."""

FRAME_SHARE = 0.03
"""Share of its uses in which a verb must have been seen with what follows its object."""


def left_class(tokens, i, part):
    """The class of what stands before token `i`: for others than nouns the word before, for nouns the
    determiner of their phrase (before another noun they have a class of their own: 'a cash register' makes no 'a cash')."""
    if i == 0:
        return "start"
    if part == "noun":
        compound = i + 1 < len(tokens.upos) and tokens.upos[i + 1] in ("NOUN", "PROPN")
        return "compound" if compound else _determiner(tokens, i)
    upos, word = tokens.upos[i - 1], tokens.text[i - 1].lower()
    if part == "verb" and tokens.tag[i] == "VBG":
        return "any" if upos in ("AUX", "NOUN", "PROPN", "PRON", "CCONJ", "ADV") else upos
    if upos in ("AUX", "VERB"):
        return "be" if upos == "AUX" and tokens.lemma[i - 1] == "be" else upos
    if upos in ("DET", "NUM"):
        return "a" if word in ("a", "an") else "DET"
    return upos


def right_class(tokens, i, part):
    """The class of what follows token `i`; prepositions by word after verbs and adjectives."""
    if i + 1 >= len(tokens.text):
        return "end"
    upos, tag = tokens.upos[i + 1], tokens.tag[i + 1]
    if upos in ("PUNCT", "SPACE", "SYM"):
        return "end"
    if upos == "ADP":
        return "P " + tokens.text[i + 1].lower() if part in ("verb", "adj") else "P"
    if upos == "PART":
        return "to" if tokens.text[i + 1].lower() == "to" else "end"
    if part == "adj":
        return upos
    if upos in ("VERB", "AUX"):
        return "doing" if upos == "VERB" and tag in _PARTICIPLES else "verb"
    if part == "noun":
        return "noun" if upos in ("NOUN", "PROPN") else upos
    if tokens.tag[i] in _PARTICIPLES and upos in ("NOUN", "PROPN", "ADJ") and i and tokens.upos[i - 1] in _OPENS:
        return "attributive"
    return "object" if upos in _OBJECT else upos


def _neighbours(tokens, i, word):
    """The word before with `word`, and `word` with the word after, in lower case ("" at the ends)."""
    before = tokens.text[i - 1].lower() if i else ""
    after = tokens.text[i + 1].lower() if i + 1 < len(tokens.text) else ""
    return (before, word, "left"), (word, after, "right")


def _determiner(tokens, i):
    """a | the | number | none: what opens the phrase of the noun at `i`, adjectives and nouns in between passed over."""
    for j in range(i - 1, max(i - 6, -1), -1):
        upos, word = tokens.upos[j], tokens.text[j].lower()
        if upos in ("ADJ", "NOUN", "PROPN", "ADV") or (tokens.tag[j] in _PARTICIPLES and upos == "ADJ"):
            continue
        if upos == "NUM":
            return "number" if tokens.tag[i] == "NNS" else "the"
        if word in ("a", "an"):
            return "a"
        return "the" if word in _DEFINITE or upos == "DET" else "none"
    return "none"


class Contexts:
    """Which words of a pool fit which context classes, from the tokens of the reference captions.

    tokens: iterable of posrank.negatives.sentences.Tokens. said: {noun lemma: Counter of the adjectives seen with it}.
    """

    def __init__(self, tokens):
        self._seen = {side: defaultdict(Counter) for side in SIDES}
        self._uses, self._pairs = Counter(), set()
        self._frames, self._verbs, self.said = Counter(), Counter(), defaultdict(Counter)
        for sentence in tokens:
            for i, (upos, tag) in enumerate(zip(sentence.upos, sentence.tag)):
                part = part_of(upos, tag)
                if part is None:
                    continue
                key = part, fine_tag(part, tag)
                word = sentence.text[i].lower()
                if part in ("adv", "prep"):
                    self._pairs.update(_neighbours(sentence, i, word))
                elif part == "verb":
                    lemma = sentence.lemma[i].lower()
                    self._verbs[lemma] += 1
                    self._frames[lemma, frame(sentence, i)] += 1
                elif part == "adj":
                    self.said[head_noun(sentence, i)][word] += 1
                self._uses[key, word] += 1
                self._seen["left"][key, left_class(sentence, i, part)][word] += 1
                self._seen["right"][key, right_class(sentence, i, part)][word] += 1
        self._cache = {}

    def fitting(self, part, tag, left, right, pool):
        """bool array over `pool` (words of this part and tag): those that were seen after `left` and before `right`."""
        return self._side("left", part, tag, left, pool) & self._side("right", part, tag, right, pool)

    def bare(self, word, tag):
        """Whether a noun often stands without determiner in the middle of a sentence, as mass nouns do."""
        uses = self._uses.get((("noun", tag), word), 0)
        seen = self._seen["left"].get((("noun", tag), "none"), {}).get(word, 0)
        return tag == "NN" and uses > 0 and seen >= LEAST_OF[BARE] * uses

    def beside(self, tokens, i, part, pool):
        """bool array over `pool`: adverbs that were seen next to a neighbour of token `i` (the word before, where that is an
        adverb or where the sentence ends after `i`), prepositions that were seen next to both. All for other parts."""
        if part not in ("adv", "prep"):
            return np.ones(len(pool), bool)
        pairs = [_neighbours(tokens, i, word) for word in pool]
        known = np.array([[pair in self._pairs for pair in each] for each in pairs], bool).reshape(len(pool), 2)
        if part == "prep":
            return known.all(1)
        ends = i + 1 >= len(tokens.text) or tokens.upos[i + 1] == "PUNCT"
        if i and (ends or tokens.upos[i - 1] == "ADV"):
            return known[:, 0]
        return known[:, 1] if not i else known.any(1)

    def taking(self, name, lemmas):
        """bool array over the lemmas of verbs: those that were seen in a frame (`fair_frames.frame`). All for the free one."""
        if name == FREE:
            return np.ones(len(lemmas), bool)
        if name not in self._cache:
            self._cache[name] = {}
        known = self._cache[name]
        for lemma in set(lemmas) - set(known):
            known[lemma] = self._frames[lemma, name] >= max(2, FRAME_SHARE * self._verbs[lemma])
        return np.array([known[lemma] for lemma in lemmas], bool)

    def _side(self, side, part, tag, name, pool):
        key = side, part, tag, name
        if key not in self._cache:
            seen = self._seen[side].get(((part, tag), name), {})
            counts = np.array([seen.get(word, 0) for word in pool])
            uses = np.array([self._uses.get(((part, tag), word), 0) for word in pool])
            least = LEAST_OF.get((side, part), LEAST_OF.get((side, part, tag, name), LEAST[side]))
            self._cache[key] = (counts >= TIMES.get((side, part), 2)) & (counts >= least * uses)
        return self._cache[key]
