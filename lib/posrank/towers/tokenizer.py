"""Tokenizers: sentences -> [n, L] int64 rows as the CLIP4Clip family builds them.

A row is SOT, at most L - 2 word ids, EOT, zeros. EOT is the largest id of the vocabulary, so that `argmax` finds it;
zero is padding here although CLIP's byte-pair table also uses it for "!" (lengths therefore come from EOT, never from
counting zeros).
"""

import re

import numpy as np
import torch

UNKNOWN = "<unknown>"
_WORD = re.compile(r"\w+|[^\w\s]")


def rows(sequences, length, start, end):
    """Sequences of ids -> [n, length] int64: start, ids cut to length - 2, end, zeros.

    >>> rows([[5, 6], [5, 6, 7, 8]], 5, start=1, end=9).tolist()
    [[1, 5, 6, 9, 0], [1, 5, 6, 7, 9]]
    """
    out = np.zeros((len(sequences), length), dtype=np.int64)
    for row, ids in zip(out, sequences):
        ids = ids[: length - 2]
        row[0], row[1 : 1 + len(ids)], row[1 + len(ids)] = start, ids, end
    return torch.from_numpy(out)


class WordTokenizer:
    """One id per word of a closed vocabulary: 0 padding, 1 SOT, 2 unknown, words from 3 on, EOT last.

    >>> WordTokenizer(["a", "ball"])(["A ball", "a cat"], 5).tolist()
    [[1, 3, 4, 5, 0], [1, 3, 2, 5, 0]]
    """

    def __init__(self, words, context_length=32):
        self.words = sorted(set(words))
        self.context_length = context_length
        self._ids = {word: i + 3 for i, word in enumerate(self.words)}
        self.start, self.unknown, self.end = 1, 2, len(self.words) + 3

    @property
    def vocab_size(self):
        return self.end + 1

    def __call__(self, texts, context_length=None):
        texts = [texts] if isinstance(texts, str) else texts
        look_up = self._ids.get
        ids = [[look_up(word, self.unknown) for word in _WORD.findall(text.lower())] for text in texts]
        return rows(ids, context_length or self.context_length, self.start, self.end)


class ByteTokenizer:
    """CLIP's byte-pair encoding (open_clip's SimpleTokenizer) with a cache per word: the same ids, about 20 times faster."""

    context_length = 77

    def __init__(self):
        from open_clip.tokenizer import SimpleTokenizer

        self._bpe = SimpleTokenizer()
        self._words = {}
        self.start, self.end = self._bpe.sot_token_id, self._bpe.eot_token_id
        self.vocab_size = self.end + 1

    def _encode(self, text):
        ids = []
        for word in self._bpe.pat.findall(self._bpe.clean_fn(text)):
            if word not in self._words:
                raw = "".join(self._bpe.byte_encoder[b] for b in word.encode("utf-8"))
                self._words[word] = [self._bpe.encoder[piece] for piece in self._bpe.bpe(raw).split(" ")]
            ids += self._words[word]
        return ids

    def __call__(self, texts, context_length=None):
        texts = [texts] if isinstance(texts, str) else texts
        return rows([self._encode(text) for text in texts], context_length or self.context_length, self.start, self.end)
