"""Rule `fair`, first half: the words that may replace a word of a caption, a large pool of them.

In: a vocabulary, a lexicon, the captions of the same videos, the reference captions. Out: for each caption the words that may
be replaced, and for each of these a bool array over its pool. What is filtered out would read wrong (other part, other form,
other context class, piece of a fixed expression) or might be true (posrank.negatives.fair_truth). Which of the remaining
words become negatives is decided for the whole set at once: posrank.negatives.fair_balance.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from posrank import PARTS
from posrank.language.inflect import inflect, lemmatize
from posrank.language.parts import PART_UPOS, fine_tag, part_of
from posrank.negatives.fair_contexts import left_class, right_class
from posrank.negatives.fair_frames import PLURAL, before_verb, doubtful, frame, head_noun, several
from posrank.negatives.fair_told import Told
from posrank.negatives.fair_truth import Relatives, compatible_prepositions, content_lemmas
from posrank.negatives.fair_words import adjective_kind, adverb_class, fixed, opposed_prepositions, word_lists
from posrank.negatives.frozen import frozen
from posrank.negatives.holdout import held_out
from posrank.negatives.paper import ANTONYM, RANDOM, index_of
from posrank.negatives.sentences import Slot

FIXED, STAYS, RARE, FEW = "part of a fixed expression", "word that stays", "word outside of the vocabulary", "too few candidates"
_SEPARATE = frozenset(" .,;:!?\t\n")


class Pool(NamedTuple):
    """The words of one part and fine tag, sorted, with their lemmas, and what the word lists say: bool arrays; kind: class of
    each adverb, kind of each adjective ("" for other parts)."""

    words: tuple
    lemmas: tuple
    barred: np.ndarray
    vague: np.ndarray
    kind: np.ndarray


class Candidates(NamedTuple):
    """A word of a caption with its replacements: indices into pool.words, and which of them are antonyms."""

    slot: Slot
    pool: Pool
    index: np.ndarray
    antonym: np.ndarray

    def word(self, n):
        """(replacement, its source) of the n-th candidate."""
        return self.pool.words[self.index[n]], ANTONYM if self.antonym[n] else RANDOM


class FairPools:
    """`of(tokens, video)`: the replaceable words of a caption with their candidates.

    vocabulary, lexicon: as for every rule. contexts, together: what the reference captions show (fair_contexts, fair_truth).
    videos: function, video -> list of the Tokens of its captions. A vocabulary of gold tags is closed and clean: word
    lists and context classes are not asked there. `holdout` (an attribute, 0): share of the words that are no candidates, see
    posrank.negatives.holdout.
    """

    def __init__(self, vocabulary, lexicon, contexts, together, videos):
        self.vocabulary, self.lexicon, self.contexts, self.together = vocabulary, lexicon, contexts, together
        self._relatives, self._videos, self._gold = Relatives(lexicon), videos, vocabulary.gold
        self._told = Told(contexts.said, lexicon)
        self.holdout = 0.0
        self._pool = lru_cache(maxsize=None)(self._make_pool)
        self._far = lru_cache(maxsize=None)(self._make_far)
        self._ids = lru_cache(maxsize=None)(self._make_ids)
        self._of_video = lru_cache(maxsize=64)(self._make_of_video)

    def of(self, tokens, video, parts=PARTS):
        """-> ([Candidates, ...] of the words that may be replaced, in order, {part: why others stay})."""
        words = [text.lower() for text in tokens.text]
        stays, bound = frozen(tokens), set() if self._gold else fixed(words)
        lists, found, kept = word_lists()["stays"], [], {}
        content = content_lemmas(tokens)
        for i, (upos, tag) in enumerate(zip(tokens.upos, tokens.tag)):
            part = part_of(upos, tag)
            if part not in parts:
                continue
            lemma = tokens.lemma[i].lower()
            if i in stays or i in bound:
                kept[part] = f"only words that stay ({stays.get(i, FIXED)})"
            elif not self._gold and (lemma in lists.get(part, ()) or words[i] in lists.get(part, ())):
                kept[part] = f"only words that stay ({STAYS})"
            elif not self._gold and doubtful(tokens, i, part):
                kept[part] = f"only words that stay ({FIXED})"
            elif _glued(tokens, i):
                kept[part] = "only words that stay (piece of a word)"
            else:
                tag = fine_tag(part, tag)
                pool = self._pool(part, tag)
                if index_of(pool.words, words[i]) is None:
                    kept[part] = RARE
                    continue
                allowed = self._allowed(tokens, i, part, tag, words[i], lemma, video, content, pool)
                index = np.flatnonzero(allowed)
                if not len(index):
                    kept[part] = FEW
                    continue
                antonym = self._far(words[i], lemma, part, tag)[1][index]
                found.append(Candidates(Slot(tokens, i, part, tag), pool, index, antonym))
        return found, kept

    def _allowed(self, tokens, i, part, tag, word, lemma, video, content, pool):
        far, antonym = self._far(word, lemma, part, tag)
        allowed = far.copy()
        if self.holdout:
            allowed &= np.array([not held_out(other, part, self.holdout) for other in pool.words], bool)
        if not self._gold:
            allowed &= ~pool.barred & (~pool.vague | antonym)
            left = left_class(tokens, i, part)
            if part == "noun" and left == "start" and self.contexts.bare(word, tag):
                left = "none"  # no headline: a mass noun opens the sentence
            fits = self.contexts.fitting(part, tag, left, right_class(tokens, i, part), pool.words)
            fits &= self.contexts.beside(tokens, i, part, pool.words)
            if part == "verb":
                fits &= self.contexts.taking(frame(tokens, i), pool.lemmas)
            elif part == "adj":
                same = (pool.kind == adjective_kind(word)) & (pool.kind != "")
                fits &= ~self._told.of(head_noun(tokens, i), pool.words, pool.kind) | same | antonym
            elif part == "adv":
                fits &= antonym
                if tokens.upos[i + 1 : i + 2] != ["ADJ"]:
                    fits |= (pool.kind == adverb_class(word)) & antonym  # opposites of one class stand in the same places
                if word.endswith("ly") and before_verb(tokens, i):
                    fits &= np.array([other.endswith("ly") for other in pool.words], bool)
            elif part == "prep":
                opposed = opposed_prepositions().get(word, frozenset())
                plural = several(tokens, i)
                fits &= np.array([other in opposed and (plural or other not in PLURAL) for other in pool.words], bool)
            allowed &= fits
        said, objects = self._of_video(video, part, tag)
        if part == "prep":
            thing = _object(tokens, i)
            allowed &= np.array([(other, thing) not in objects for other in pool.words], bool)
        else:
            allowed &= ~said
        ids = self._ids(part, tag)
        own = (lemma, part)
        if part != "prep":
            allowed &= ~self.together.with_word(own, ids, "own") | antonym
            for other in content - {own}:
                if other[1] != "prep":
                    allowed &= ~self.together.with_word(other, ids, "other")
        return allowed

    def _make_pool(self, part, tag):
        words = self.vocabulary.pool(part, tag)
        lists = word_lists()
        lemmas = tuple(lemmatize(word, PART_UPOS[part], tag).lower() for word in words)
        listed = {kind: np.array([word in lists[kind].get(part, ()) or lemma in lists[kind].get(part, ())
                                  for word, lemma in zip(words, lemmas)], bool) for kind in ("stays", "vague")}
        kind_of = {"adv": adverb_class, "adj": adjective_kind}.get(part, lambda word: "")
        kind = np.array([kind_of(word) for word in words], dtype=object)
        if part == "adv":
            listed["stays"] |= kind == ""
            listed["vague"] |= kind == "manner"
        if part == "prep":
            listed["stays"] |= np.array([word not in compatible_prepositions() for word in words], bool)
        return Pool(words, lemmas, listed["stays"], listed["vague"], kind)

    def _make_far(self, word, lemma, part, tag):
        """Over the pool: neither the word nor a relative of it; and its antonyms."""
        pool = self._pool(part, tag)
        close = self._relatives.close(lemma, part)
        far = np.array([other != word and form != lemma and form not in close and other not in close
                        for other, form in zip(pool.words, pool.lemmas)], bool)
        if part == "verb" and not self._gold:
            near = word_lists()["near"].get(lemma, frozenset())
            far &= np.array([form not in near for form in pool.lemmas], bool)
        forms = {inflect(other, tag) for other in self.lexicon.antonyms(lemma, part)}
        if part == "adv" and not self._gold:
            forms |= word_lists()["against"].get(word, frozenset())
        antonym = np.array([other in forms for other in pool.words], bool)
        return far | antonym, antonym

    def _make_ids(self, part, tag):
        return self.together.ids([(lemma, part) for lemma in self._pool(part, tag).lemmas])

    def _make_of_video(self, video, part, tag):
        """Over the pool: words said of the video, and words that hold where such a word does; for prepositions the pairs
        (preposition, object) that occur."""
        pool, said, objects = self._pool(part, tag), set(), set()
        for tokens in self._videos(video):
            if part == "prep":
                objects |= {(text.lower(), _object(tokens, i)) for i, (text, upos) in enumerate(zip(tokens.text, tokens.upos))
                            if upos == "ADP"}
                continue
            said.update(text.lower() for text in tokens.text)
            said.update(lemma.lower() for lemma in tokens.lemma)
            for lemma, other in content_lemmas(tokens):
                if other == part:
                    said |= self._relatives.above(lemma, part)
        return np.array([w in said or m in said for w, m in zip(pool.words, pool.lemmas)], bool), objects


def _object(tokens, i):
    """The lemma of the first noun after a preposition (within six tokens), "" where none comes."""
    for upos, lemma in list(zip(tokens.upos, tokens.lemma))[i + 1 : i + 7]:
        if upos in ("NOUN", "PROPN"):
            return lemma.lower()
        if upos in ("VERB", "AUX", "ADP"):
            break
    return ""


def _glued(tokens, i):
    """Whether something that is no sign stands right at the word, or an apostrophe does."""
    after = tokens.text[i + 1][:1] if i + 1 < len(tokens.text) and not tokens.whitespace[i] else " "
    before = tokens.text[i - 1][-1:] if i and not tokens.whitespace[i - 1] else " "
    return (after not in _SEPARATE and after not in ")\"") or (before not in _SEPARATE and before not in "(\"")
