"""What may be true of a video although it was not said there with these words: the filters of rule `exchange`.

In: the tags of all captions, and which video each describes. Out: for a word, its place in a statement and a video, whether the
statement with another word might be true of that video as well. It might where that word

* was said of the video in any caption, or shares a sense with a word that was, or stands below or above one;
* is related in sense to the word that it would replace, or often describes the same videos;
* is no opposite and of no excluding kind (adjectives, adverbs, prepositions: data/exchange_words.txt).
"""

from collections import defaultdict
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import sparse

from posrank.language.parts import parts_of
from posrank.negatives.exchange_words import word_lists

UP, DOWN = 3, 2
"""Steps above and below a word that count as related in sense."""
SHARE, LIFT, MIN_VIDEOS = 0.04, 2.0, 3
"""Two words go together where that share of one's videos has the other too, that often more than by chance, in so many videos."""


class MayHold:
    """`may_hold(part, own, other, video)`; own and other are (word, lemma) pairs in lower case.

    tags: tags table; video_of: {caption_id: video}; lexicon: see posrank.language.lexicon.
    """

    def __init__(self, tags, video_of, lexicon):
        self.lexicon = lexicon
        table = pd.DataFrame(
            {
                "video": tags["caption_id"].map(video_of),
                "word": tags["text"].str.lower(),
                "lemma": tags["lemma"].str.lower(),
                "part": parts_of(tags),
            }
        ).dropna(subset=["video"])
        self.said = defaultdict(set)
        for video, word, lemma in table[["video", "word", "lemma"]].drop_duplicates().itertuples(index=False):
            self.said[video].update((word, lemma))
        self._relations = self._prepositions(tags, video_of)
        usual = table.assign(part=table["part"].fillna("")).value_counts(["word", "part"])
        share = usual / usual.groupby(level="word").transform("sum")
        self._share = share.to_dict()
        self._frequency_of = table[["video", "word"]].drop_duplicates()["word"].value_counts().to_dict()
        self._together(table.dropna(subset=["part"]))
        self.implied = lru_cache(maxsize=None)(self._implied)
        self.apart = lru_cache(maxsize=None)(self._apart)
        self.related = lru_cache(maxsize=None)(self._related)
        self.above = lru_cache(maxsize=None)(lambda lemma, part: self._steps(lemma, part, lexicon.hypernyms, UP))
        self.up = lru_cache(maxsize=None)(lambda lemma: {lemma, *lexicon.above(lemma, "noun")})
        self.below = lru_cache(maxsize=None)(lambda lemma, part: self._steps(lemma, part, lexicon.hyponyms, DOWN))

    def __call__(self, part, own, other, video, anchor=""):
        """Whether the statement with `other` in the place of `own` may be true of `video`. anchor: lemma that the word belongs to."""
        if own[1] == other[1]:
            return True
        said = self._relations[video] if part == "prep" else self.said[video]
        if ((other[0], anchor) in said) if part == "prep" else not said.isdisjoint(other):
            return True
        return not self.apart(part, own, other) or self._said_related(part, own[1], other[1], video)

    def reliable(self, part, word, lemma):
        """Whether the word is known and mostly of this part: taggers and writers err."""
        known = part in ("prep", "adv") or self.lexicon.known(lemma, part)
        common = self._frequency_of.get(word, 0) >= min(3, 1 + self._videos // 500)
        return known and common and self._share.get((word, part), 0) >= 0.4

    def usual_head(self, frame):
        """Whether the word that a frame's word belongs to is mostly of the part that the tagger gave it here."""
        part = {"adj": "noun", "adv": "verb", "prep": "noun"}.get(frame.part)
        return (
            part is None or self._share.get((frame.anchor, part), self._share.get((frame.anchor + "s", part), 1)) >= 0.4
        )

    def _apart(self, part, own, other):
        """Whether the two words exclude each other, whatever the video."""
        lists = word_lists()
        opposed = lists["opposed"][part]
        if other[0] in opposed.get(own[0], ()) or other[1] in opposed.get(own[1], ()):
            return True
        if part in ("adv", "prep"):
            return False
        if part == "adj":
            return other[0] in lists["kind"]["adj"].get(own[0], ())
        if part in ("noun", "verb") and (own[1] in opposed or other[1] in opposed):
            return False
        if part == "noun" and {"person", "people"} & (self.up(own[1]) | self.up(other[1])):
            return False
        if other[1] in lists["near"][part].get(own[1], ()) or self.related(own[1], other[1], part):
            return False
        return not self.go_together(own[1], other[1], part)

    @staticmethod
    def _prepositions(tags, video_of):
        """{video: {(preposition, lemma of its object)}} that were said there."""
        keys = tags[["caption_id", "i", "text"]]
        objects = tags.loc[tags["dep"] == "pobj", ["caption_id", "head", "lemma"]]
        both = objects.merge(keys, left_on=["caption_id", "head"], right_on=["caption_id", "i"])
        found = defaultdict(set)
        for caption_id, word, lemma in zip(both["caption_id"], both["text"].str.lower(), both["lemma"].str.lower()):
            found[video_of.get(caption_id)].add((word, lemma))
        return found

    def _said_related(self, part, own, other, video):
        """Whether a word said of the video implies `other` (its synonym, or below it), or leaves it open (a noun above it)."""
        if part not in ("noun", "verb", "adj"):
            return False
        if other in self.implied(video, part):
            return True
        return part == "noun" and not self.said[video].isdisjoint(self.up(other) - self.up(own) - {own, other})

    def _implied(self, video, part):
        words = self.said[video]
        return {
            name
            for word in words
            for name in (*self.lexicon.first_synonyms(word, part), *self.lexicon.above(word, part))
        }

    def _related(self, a, b, part):
        near = {a, *self.lexicon.synonyms(a, part)} | self.above(a, part) | self.below(a, part)
        return b in near or b in self.lexicon.synonyms(a, part) or a in self.above(b, part) | self.below(b, part)

    def _steps(self, lemma, part, relation, steps):
        found, edge = set(), {lemma}
        for _ in range(steps):
            edge = {other for word in edge for other in relation(word, part)[:30]} - found
            found |= edge
        return frozenset(found)

    def _together(self, table):
        """Counts of videos by word, and by pair of words of one part."""
        pairs = table[["video", "lemma", "part"]].drop_duplicates()
        self._number, self._both, self._frequency = {}, {}, {}
        self._videos = max(pairs["video"].nunique(), 1)
        for part in ("noun", "verb"):
            own = pairs[pairs["part"] == part]
            video, words = pd.factorize(own["video"])[0], pd.factorize(own["lemma"])
            shape = (self._videos, len(words[1]))
            matrix = sparse.csr_matrix((np.ones(len(own)), (video, words[0])), shape=shape)
            self._number[part] = {word: i for i, word in enumerate(words[1])}
            self._both[part] = (matrix.T @ matrix).tocsr()
            self._frequency[part] = np.asarray(matrix.sum(0)).ravel()

    def go_together(self, a, b, part):
        """Whether two lemmas describe the same videos more often than chance has it."""
        number = self._number[part]
        if a not in number or b not in number:
            return False
        i, j = number[a], number[b]
        both, fa, fb = self._both[part][i, j], self._frequency[part][i], self._frequency[part][j]
        if both < MIN_VIDEOS:
            return False
        return both >= SHARE * min(fa, fb) and both >= LIFT * fa * fb / self._videos
