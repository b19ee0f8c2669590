"""Which words stand opposite, above, below or beside a word: the lexicon behind Section 4's negatives.

In: a lemma and one of the five parts. Out: tuples of lemmas, lower case, one alphabetic word each, best first, without
the lemma itself. Nouns, verbs, adjectives and adverbs come from WordNet 3.0, either the committed table ("builtin") or
nltk's corpus ("nltk"), with equal answers; prepositions from a small hand-made table, ``data/prepositions.csv``.

Two lists, also data files, take words out of every answer: ``stop_antonyms.csv`` (pairs that WordNet holds to be
antonyms and that mislead in captions, each with its reason) and ``blocked_words.txt`` (offensive words).

A word is looked up under its part only ("in" as a preposition is not indium) and under its lower-case spelling first
("turkey" is the bird, not the country); capitalised spellings answer only where no other does ("tv", "american"), and
never for words of the closed classes ("us", "it", "who": ``function_words.txt``).
"""

import csv
import hashlib
from functools import lru_cache
from pathlib import Path

from posrank import PARTS
from posrank.language.wordnet import POS, NltkGraph, TableGraph
from posrank.messages import unknown

DATA = Path(__file__).parent / "data"
TABLE = DATA / "wordnet" / "relations.tsv.gz"
LEXICONS = ("builtin", "nltk")

# Antonyms that are not the word's own are taken from this many senses only: in rarer ones "wear" meets "refresh".
_FREQUENT = 2


@lru_cache(maxsize=4)
def load(name="builtin", filtered=True):
    """The lexicon by name: "builtin" (the committed WordNet table) or "nltk" (nltk's corpus).

    filtered: False leaves the stop list and the block list out of use. Raises ValueError for another name, and for
    "nltk" without its corpus (saying what to install); there is no silent fallback. Loaded once per process.

    >>> load().antonyms("black", "adj")[0], load().antonyms("inside", "prep")[0]
    ('white', 'outside')
    """
    if name not in LEXICONS:
        raise ValueError(unknown("lexicon", name, LEXICONS))
    graph = TableGraph(TABLE) if name == "builtin" else NltkGraph()
    return Lexicon(graph, stops=_stops(), blocked=blocked_words()) if filtered else Lexicon(graph)


class Lexicon:
    """Answers of one WordNet graph and the hand-made tables; ``name`` says which, with content hashes.

    Every method takes a lemma (any letter case) and a part of `posrank.PARTS`, caches, and raises ValueError for
    another part. An unknown lemma has empty answers.
    """

    def __init__(self, graph, stops=frozenset(), blocked=frozenset()):
        self._graph, self._stops, self._blocked = graph, stops, blocked
        self._prepositions = _prepositions()
        content = repr((sorted(stops), sorted(blocked), sorted(self._prepositions.items())))
        self.name = f"{graph.name} lists sha256:{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        for method in ("antonyms", "direct_antonyms", "hypernym_antonyms", "hyponym_antonyms", "synonyms", "hypernyms",
                       "hyponyms", "known"):
            setattr(self, method, lru_cache(maxsize=50_000)(getattr(self, method)))

    def known(self, lemma, part):
        """True where the lexicon has this lemma under this part."""
        return lemma.lower() in self._prepositions if part == "prep" else bool(self._senses(lemma, part))

    def direct_antonyms(self, lemma, part):
        """Antonyms that WordNet gives this very word, by sense order: what a reader would call its opposites."""
        if part == "prep":
            return self._prepositions.get(lemma.lower(), ((), ()))[0]
        return self._clean(lemma, part, self._own(self._senses(lemma, part)))

    def antonyms(self, lemma, part):
        """The word's own antonyms by sense order, then those of the other words of its two most frequent senses.

        Where an adjective has neither, those of the head of its first sense's cluster ("huge" is near "large", whose
        opposite is "small"). Prepositions: the hand-made table.

        >>> load().antonyms("huge", "adj"), load().antonyms("expand", "verb")[0]
        (('small', 'little'), 'contract')
        """
        if part == "prep":
            return self.direct_antonyms(lemma, part)
        senses = self._senses(lemma, part)
        found = self._clean(lemma, part, [*self._own(senses), *self._others(senses[:_FREQUENT])])
        return found or self._clean(lemma, part, self._related_antonyms(senses[:1], self._graph.heads))

    def hypernym_antonyms(self, lemma, part):
        """Antonyms of the words one step above (two most frequent senses), synonyms left out.

        Empty for adjectives, adverbs and prepositions, which have no such relation.
        """
        return self._step_antonyms(lemma, part, self._graph.hypernyms)

    def hyponym_antonyms(self, lemma, part):
        """Antonyms of the words one step below; otherwise as `hypernym_antonyms`."""
        return self._step_antonyms(lemma, part, self._graph.hyponyms)

    def synonyms(self, lemma, part):
        """Words that share a sense with this one, by sense order."""
        if part == "prep":
            return self._prepositions.get(lemma.lower(), ((), ()))[1]
        return self._clean(lemma, part, [n for s, _ in self._senses(lemma, part) for n in self._graph.names(s)])

    def first_synonyms(self, lemma, part):
        """Words that share its first sense and have it as their own first or second: what may stand for it unseen.

        Prepositions: the hand-made table holds near synonyms only, so there are none here.

        >>> "couch" in load().first_synonyms("sofa", "noun"), load().first_synonyms("in", "prep")
        (True, ())
        """
        first = self._senses(lemma, part)[:1]
        return tuple(
            name for sense, _ in first for name in self._clean(lemma, part, self._graph.names(sense))
            if sense in [other for other, _ in self._senses(name, part)[:_FREQUENT]]
        )

    def hypernyms(self, lemma, part):
        """Words one step above, by sense order."""
        return self._step(lemma, part, self._graph.hypernyms)

    def above(self, lemma, part):
        """All words above the first sense, nearest first (`hypernyms` of hypernyms would leave that sense), up to a
        step that has no name of one word.

        >>> "animal" in load().above("lion", "noun"), "person" in load().above("lion", "noun")
        (True, False)
        """
        edge, names = [synset for synset, _ in self._senses(lemma, part)[:1]], []
        while edge:
            edge = [other for synset in edge for other in self._graph.hypernyms(synset) if self._graph.names(other)]
            names += [name for synset in edge for name in self._graph.names(synset)]
        return self._clean(lemma, part, names)

    def beside(self, lemma, part, senses, broad):
        """Words that share a word above with this one, or are that word, by the first `senses` senses of both; words
        with more than `broad` kinds below them ("move") do not count.

        >>> "dice" in load().beside("chop", "verb", 3, 30), "push" in load().beside("drive", "verb", 3, 30)
        (True, False)
        """
        above = [a for s, _ in self._senses(lemma, part)[:senses] for a in (s, *self._graph.hypernyms(s))]
        narrow = [a for a in dict.fromkeys(above) if len(self._graph.hyponyms(a)) <= broad]
        found = {s: names for a in narrow for s in (a, *self._graph.hyponyms(a)) for names in [self._graph.names(s)]}
        near = self._clean(lemma, part, [name for names in found.values() for name in names])
        first = {name: {s for s, _ in self._senses(name, part)[:senses]} for name in near}
        return tuple(name for name in near if not first[name].isdisjoint(found))

    def hyponyms(self, lemma, part):
        """Words one step below, by sense order."""
        return self._step(lemma, part, self._graph.hyponyms)

    def _senses(self, lemma, part):
        """((synset, name), ...) by frequency; prepositions are not in WordNet and have none."""
        if part == "prep":
            return ()
        if part not in POS:
            raise ValueError(unknown("part", part, PARTS))
        spellings = self._graph.spellings(lemma, part)
        lower = tuple((s, name) for s, name in spellings if name.islower())
        return lower or (() if lemma.lower() in _word_list("function_words.txt") else spellings)

    def _own(self, senses):
        return [a for s, name in senses for a in self._graph.antonyms(s, name)]

    def _others(self, senses):
        return [a for s, name in senses for n in self._graph.names(s) if n != name for a in self._graph.antonyms(s, n)]

    def _related_antonyms(self, senses, relation):
        graph = self._graph
        return [a for s, _ in senses for t in relation(s) for n in graph.names(t) for a in graph.antonyms(t, n)]

    def _step_antonyms(self, lemma, part, relation):
        found = self._clean(lemma, part, self._related_antonyms(self._senses(lemma, part)[:_FREQUENT], relation))
        return tuple(word for word in found if word not in self.synonyms(lemma, part))

    def _step(self, lemma, part, relation):
        senses = self._senses(lemma, part)
        return self._clean(lemma, part, [n for s, _ in senses for t in relation(s) for n in self._graph.names(t)])

    def _clean(self, lemma, part, names):
        lemma = lemma.lower()
        return tuple(
            name for name in dict.fromkeys(names)
            if name.isascii() and name.isalpha() and name.islower() and name != lemma and name not in self._blocked
            and (lemma, part, name) not in self._stops and ("*", part, name) not in self._stops
        )


def blocked_words():
    """Offensive words that no negative should bring in, lower case (``data/blocked_words.txt``)."""
    return _word_list("blocked_words.txt")


@lru_cache(maxsize=2)
def _word_list(name):
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@lru_cache(maxsize=1)
def _stops():
    with open(DATA / "stop_antonyms.csv", encoding="utf-8", newline="") as file:
        return frozenset((row["lemma"], row["part"], row["antonym"]) for row in csv.DictReader(file))


@lru_cache(maxsize=1)
def _prepositions():
    with open(DATA / "prepositions.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["word"]: (tuple(row["antonyms"].split()), tuple(row["synonyms"].split())) for row in rows}
