"""Held-out replacement words: has a model learnt what is true of the video, or which words negatives are made of?

In: a share. Out: for every word of a part whether training negatives may put it in. The choice is a hash of the part and the word's
lemma, so it is the same for every dataset, rule and run, and all forms of a word go together. `TrainingNegatives` with a hold-out
draws from `Seen` vocabularies; `split` divides a test set into lists with the other words and lists with held-out words alone.
Captions keep their words: only replacements are held out. Word level (two changed words belong to two parts).
"""

from functools import lru_cache
from hashlib import blake2b

import pandas as pd

from posrank.language.inflect import lemmatize
from posrank.language.parts import PART_UPOS, check_part

SEED = 0
"""With it, and a share of 0.2, each part of the world's small vocabulary has one or two words that are held out."""


@lru_cache(maxsize=200_000)
def held_out(word, part, share):
    """Is this word among the `share` (0 to 1) of its part that training negatives never put in? ValueError for other shares.

    >>> [word for word in ("ball", "box", "star", "ring", "rings", "moon") if held_out(word, "noun", 0.2)]
    ['ring', 'rings']
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share!r}: a share of the words, from 0 to 1")
    lemma = lemmatize(word.lower(), PART_UPOS[check_part(part)], "")
    digest = blake2b(f"held out\x1f{SEED}\x1f{part}\x1f{lemma}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def split(negatives, share):
    """A negatives table -> {"seen": ..., "held-out": ...}: its rows whose replacement training with this hold-out may see, and those
    whose replacement it never sees; lists become shorter, captions without a row of one kind are absent there.

    ValueError for level phrase, or a table without the columns part and replacement.
    """
    for column in ("part", "replacement"):
        if column not in negatives:
            raise ValueError(f"negatives: no column {column!r}; expected a negatives table as posrank.negatives.generate makes it")
    if "level" in negatives and (negatives["level"] == "phrase").any():
        raise ValueError("held-out words are told apart at level word: two changed words may be one of each; use negatives.level: word")
    pairs = negatives[["part", "replacement"]].drop_duplicates()
    kept_away = [held_out(word, part, share) for part, word in zip(pairs["part"], pairs["replacement"])]
    away = pd.Series(kept_away, index=pd.MultiIndex.from_frame(pairs), dtype=bool)
    mask = away.reindex(pd.MultiIndex.from_frame(negatives[["part", "replacement"]])).to_numpy(dtype=bool)
    return {"seen": negatives[~mask].reset_index(drop=True), "held-out": negatives[mask].reset_index(drop=True)}


class Seen:
    """A Vocabulary whose words of replacement are those that are not held out; everything else is the vocabulary's own."""

    def __init__(self, vocabulary, share):
        self._vocabulary, self._share, self._kept = vocabulary, share, {}

    def __getattr__(self, name):
        return getattr(self._vocabulary, name)

    def _without(self, key, words):
        """`words` (a tuple or frozenset) without those that are held out; the part is the second entry of `key`."""
        if key not in self._kept:
            self._kept[key] = type(words)(word for word in words if not held_out(word, key[1], self._share))
        return self._kept[key]

    def pool(self, part, tag):
        return self._without(("pool", part, tag), self._vocabulary.pool(part, tag))

    def seen(self, part, tag):
        return self._without(("seen", part, tag), self._vocabulary.seen(part, tag))

    def surface(self, part):
        return self._without(("surface", part), self._vocabulary.surface(part))

    def form(self, lemma, part, tag):
        form = self._vocabulary.form(lemma, part, tag)
        return None if form is not None and held_out(form, part, self._share) else form
