"""Held-out replacement words: has a model learnt what is true of the video, or which words negatives are made of?

In: a share. Out: for every word of a part whether training negatives may put it in. The choice is a hash of the part
and the word's lemma: it is the same for every dataset, rule and run, and all forms of a word go together. Captions keep
their words: only replacements are held out. Word level (two changed words belong to two parts).
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np

from posrank.language.inflect import lemmatize
from posrank.language.parts import PART_UPOS, check_part

SEED = 2
"""With it, and a share of 0.2, each part of the world's small vocabulary has a word or several that are held out."""


@lru_cache(maxsize=200_000)
def held_out(word, part, share):
    """Whether the word is among the `share` of its part that training never puts in; ValueError for a share not in 0 to
    1.

    >>> [word for word in ("ball", "lemon", "fridge", "fridges", "moon") if held_out(word, "noun", 0.2)]
    ['lemon', 'fridge', 'fridges']
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share!r}: a share of the words, from 0 to 1")
    lemma = lemmatize(word.lower(), PART_UPOS[check_part(part)], "")
    digest = blake2b(f"held out\x1f{SEED}\x1f{part}\x1f{lemma}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def split(negatives, share):
    """A negatives table -> {"seen": ..., "held-out": ...}: its rows whose replacement training with this hold-out may
    see, and those whose replacement it never sees; lists become shorter.

    ValueError for level phrase, or a table without the columns part and replacement.
    """
    for column in ("part", "replacement"):
        if column not in negatives:
            raise ValueError(f"negatives: no column {column!r}; give a table as posrank.negatives.generate makes it")
    if "level" in negatives and (negatives["level"] == "phrase").any():
        raise ValueError("held-out words need level word: two changed words may be one of each; use level: word")
    pairs = zip(negatives["replacement"], negatives["part"])
    mask = np.array([held_out(word, part, share) for word, part in pairs], dtype=bool)
    return {"seen": negatives[~mask].reset_index(drop=True), "held-out": negatives[mask].reset_index(drop=True)}
