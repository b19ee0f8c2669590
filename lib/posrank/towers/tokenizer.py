"""Tokenizers: sentences -> [n, L] int64 rows as the CLIP4Clip family builds them.

A row is SOT, at most L - 2 word ids, EOT, zeros. EOT is the largest id of the vocabulary, so that `argmax` finds it;
lengths come from EOT, never from counting zeros, since zero is also a token ("!") of CLIP's byte pairs. Both split a
text at white space and look every piece up in a cache: a piece has the same ids wherever it stands.
"""

import re
from functools import lru_cache
from itertools import chain

import numpy as np
import torch

from posrank.messages import short

WORDS = 2**17
"""Pieces of text that a cache holds at most (about 40 MB)."""
LONG = 64
"""Longer pieces are not kept."""
_WORD = re.compile(r"\w+|[^\w\s]")


def rows(sequences, length, start, end):
    """Sequences of ids -> [n, length] int64: start, ids cut to length - 2, end, zeros.

    >>> rows([[5, 6], [5, 6, 7, 8]], 5, start=1, end=9).tolist()
    [[1, 5, 6, 9, 0], [1, 5, 6, 7, 9]]
    """
    out = np.zeros((len(sequences), length), dtype=np.int64)
    counts = np.fromiter(map(len, sequences), np.int64, len(sequences))
    ids = np.fromiter(chain.from_iterable(sequences), np.int64, int(counts.sum()))
    first = np.repeat(np.cumsum(counts) - counts, counts)
    row, column = np.repeat(np.arange(len(out)), counts), np.arange(len(ids)) - first
    if len(counts) and counts.max() > length - 2:
        kept = column < length - 2
        ids, row, column = ids[kept], row[kept], column[kept]
    out[row, column + 1] = ids
    out[:, 0] = start
    out[np.arange(len(out)), np.minimum(counts, length - 2) + 1] = end
    return torch.from_numpy(out)


def sentences(texts):
    """One sentence or several as a list of str; ValueError names the first item that is no text."""
    texts = [texts] if isinstance(texts, str) or not hasattr(texts, "__iter__") else list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"texts[{i}] is {short(text)} ({type(text).__name__}), no text: give sentences (str)")
    return texts


class Tokenizer:
    """What both share: ids of pieces of text from a cache, joined to rows. Subclasses have `context_length`, `start`
    and `end` (ids of SOT and EOT), `_split(text)` -> pieces, and `_encode(piece)` -> ids."""

    def __init__(self):
        self._cached = lru_cache(WORDS)(self._encode)

    def _ids(self, text):
        ids = []
        for piece in self._split(text):
            ids += self._cached(piece) if len(piece) <= LONG else self._encode(piece)
        return ids

    def __call__(self, texts, context_length=None):
        """One sentence or several -> [n, context_length] int64. ValueError where one is no text."""
        ids = [self._ids(text) for text in sentences(texts)]
        return rows(ids, context_length or self.context_length, self.start, self.end)


class WordTokenizer(Tokenizer):
    """One id per word of a closed vocabulary: 0 padding, 1 SOT, 2 unknown, words from 3 on, EOT last.

    >>> WordTokenizer(["a", "ball"])(["A ball", "a cat"], 5).tolist()
    [[1, 3, 4, 5, 0], [1, 3, 2, 5, 0]]
    """

    def __init__(self, words, context_length=32):
        super().__init__()
        self.words = sorted(set(words))
        self.context_length = context_length
        self._numbers = {word: i + 3 for i, word in enumerate(self.words)}
        self.start, self.unknown, self.end = 1, 2, len(self.words) + 3
        self.vocab_size = self.end + 1

    def _split(self, text):
        return text.lower().split()

    def _encode(self, piece):
        return [self._numbers.get(word, self.unknown) for word in _WORD.findall(piece)]


class ByteTokenizer(Tokenizer):
    """CLIP's byte-pair encoding (open_clip's SimpleTokenizer) with a cache per word: the same ids, many times faster.
    open_clip's repairs (mojibake, HTML entities, control characters) are left out for texts that they do not change:
    printable ASCII without "&"."""

    context_length = 77

    def __init__(self):
        from open_clip.tokenizer import SimpleTokenizer

        super().__init__()
        self._bpe = SimpleTokenizer()
        self._special = dict(self._bpe.cache)
        self.start, self.end = self._bpe.sot_token_id, self._bpe.eot_token_id
        self.vocab_size = self.end + 1

    def _split(self, text):
        plain = text.isascii() and text.isprintable() and "&" not in text
        return (text.lower() if plain else self._bpe.clean_fn(text)).split()

    def _encode(self, piece):
        ids = []
        for word in self._bpe.pat.findall(piece):
            raw = "".join(self._bpe.byte_encoder[b] for b in word.encode("utf-8"))
            ids += [self._bpe.encoder[part] for part in self._bpe.bpe(raw).split(" ")]
        self._bpe.cache = dict(self._special)  # its own memory would grow without end
        return ids
