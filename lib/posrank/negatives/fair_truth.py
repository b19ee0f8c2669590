"""What may be true of a video although its caption does not say it: words that rule `fair` never puts in.

In: lexicon, the captions of each video, the reference captions. Out: sets of lemmas, or bool arrays over a pool. A word may
be true of the video where it

* shares a sense with the replaced word, or stands above or below it ("man" and "guy", "person", "fireman");
* occurs in another caption of the video, or shares a sense with such a word or stands above it;
* describes the same videos as a word of the caption more often than chance has it ("singing" and "microphone"), where the
  reference has several captions a video.
"""

from collections import defaultdict
from functools import lru_cache

import numpy as np

from posrank.language.parts import part_of
from posrank.negatives.frozen import read_list

UP, DOWN = 3, 2
"""Steps above and below a word that count as related."""

TOGETHER = {"own": (0.04, 2.0), "other": (0.25, 2.0)}
"""Smallest P(word | other word) over videos, and lift, at which two words are taken to go together: for the replaced word and
for the other words of the caption."""
MIN_VIDEOS = 3


@lru_cache(maxsize=1)
def compatible_prepositions():
    """{preposition: frozenset of those that never replace it}, symmetric, from data/compatible_prepositions.txt."""
    found = defaultdict(set)
    for line in read_list("compatible_prepositions.txt"):
        word, _, others = line.partition(":")
        for other in others.split():
            found[word.strip()].add(other)
            found[other].add(word.strip())
    return {word: frozenset(others) for word, others in found.items()}


class Relatives:
    """Synonyms, hypernyms and hyponyms of lemmas, cached. lexicon: see posrank.language.lexicon."""

    def __init__(self, lexicon):
        self._lexicon = lexicon
        self.close = lru_cache(maxsize=None)(self._close)
        self.above = lru_cache(maxsize=None)(self._above)

    def _close(self, lemma, part):
        """All lemmas that share a sense with `lemma`, or stand up to three steps above or two below it."""
        if part == "prep":
            return compatible_prepositions().get(lemma, frozenset()) | set(self._lexicon.synonyms(lemma, part))
        found = {lemma, *self._lexicon.synonyms(lemma, part)}
        antonyms = set(self._lexicon.antonyms(lemma, part))
        for relation, steps in ((self._lexicon.hypernyms, UP), (self._lexicon.hyponyms, DOWN)):
            edge = {lemma}
            for _ in range(steps):
                edge = {other for word in edge for other in relation(word, part)[:30]} - found
                found |= edge
        if part in ("adj", "adv"):
            found |= {other for word in list(found) for other in self._lexicon.synonyms(word, part)}
        return frozenset(found - antonyms)

    def _above(self, lemma, part):
        """`lemma`, its synonyms and the lemmas one step above: what is also said where `lemma` is said."""
        if part == "prep":
            return frozenset({lemma})
        return frozenset({lemma, *self._lexicon.synonyms(lemma, part), *self._lexicon.hypernyms(lemma, part)})


class Together:
    """Which lemmas describe the same videos: counts of videos in the reference captions.

    videos: sequence of video labels, lemmas: of the same length, sets of (lemma, part) of one caption each. Where no video has
    two captions nothing is known and `with_word` is always empty.
    """

    def __init__(self, videos, lemmas):
        number, rows, columns, video_number = {}, [], [], {}
        for video, words in zip(videos, lemmas):
            row = video_number.setdefault(video, len(video_number))
            for word in words:
                rows.append(row)
                columns.append(number.setdefault(word, len(number)))
        self.several = len(video_number) < len(videos)
        pairs = np.unique(np.array(rows, np.int64) * max(len(number), 1) + np.array(columns, np.int64))
        rows, columns = np.divmod(pairs, max(len(number), 1))
        self._number, self._videos = number, max(len(video_number), 1)
        self._frequency = np.bincount(columns, minlength=len(number))
        order = np.argsort(columns, kind="stable")
        self._rows, self._ends = rows[order], np.cumsum(self._frequency)
        self._columns, self._starts = columns, np.searchsorted(rows, np.arange(len(video_number) + 1))
        self._cache = {}

    def with_word(self, word, lemmas, how="own"):
        """bool array over `lemmas` (ids from `ids`): those that go together with `word` = (lemma, part)."""
        if not self.several or word not in self._number:
            return np.zeros(len(lemmas), bool)
        if (word, how) not in self._cache:
            least, lift = TOGETHER[how]
            n = self._number[word]
            mine = self._rows[self._ends[n] - self._frequency[n] : self._ends[n]]
            counts = np.zeros(len(self._number), np.int64)
            for row in mine:
                counts[self._columns[self._starts[row] : self._starts[row + 1]]] += 1
            expected = self._frequency * (len(mine) / self._videos)
            self._cache[word, how] = np.append(
                (counts >= MIN_VIDEOS) & (counts >= least * len(mine)) & (counts >= lift * expected), False
            )
        return self._cache[word, how][lemmas]

    def ids(self, lemmas):
        """Ids of (lemma, part) pairs for `with_word`; unknown ones share the last id."""
        return np.array([self._number.get(lemma, len(self._number)) for lemma in lemmas], np.int64)


def content_lemmas(tokens):
    """The (lemma, part) pairs of a caption's tokens: a set."""
    found = set()
    for lemma, upos, tag in zip(tokens.lemma, tokens.upos, tokens.tag):
        part = part_of(upos, tag)
        if part:
            found.add((lemma.lower(), part))
    return found
