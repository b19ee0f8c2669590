"""Features of sentences for the learned judge: what a text tower could read, without any video.

In: lists of sentences. Out: hashed words, pairs of words near each other and three words in a row, and a few dense
numbers (how usual its words and pairs are, how well its words go together) from training captions.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from posrank.language.ngrams import fit, tokenize

BITS, WINDOW, RANK = 18, 4, 64
"""Hashed columns (2 ** BITS), how far apart the words of a pair stand, and the length of word vectors."""


class Texts:
    """Token ids of distinct sentences, padded: ids int64 [n, L], 0 where a sentence has ended."""

    def __init__(self, sentences):
        tokens = [tokenize(text) for text in sentences]
        number = {}
        for words in tokens:
            for word in words:
                number.setdefault(word, len(number) + 1)
        self.words = list(number)
        self.ids = np.zeros((len(tokens), max(map(len, tokens), default=0) + 1), np.int64)
        for row, words in enumerate(tokens):
            self.ids[row, : len(words)] = [number[word] for word in words]


def word_hashes(texts):
    """(row, column) int64 arrays of the hashed features of every sentence: words, pairs within WINDOW, threes."""
    ids, there = texts.ids, texts.ids > 0
    rows, columns = [], []

    def add(keys, mask):
        row, at = np.nonzero(mask)
        rows.append(row)
        columns.append(_mix(keys[row, at]))

    add(ids * 4, there)
    for step in range(1, min(WINDOW + 1, ids.shape[1])):
        left, right = ids[:, :-step], ids[:, step:]
        add((left * 1_000_003 + right) * 8 + step, there[:, :-step] & (there[:, step:] | (step == 1)))
        if step == 2:
            middle = ids[:, 1:-1]
            add(((left * 1_000_003 + middle) * 1_000_003 + right) * 8 + 7, there[:, :-2] & there[:, 1:-1])
    return np.concatenate(rows), np.concatenate(columns)


def _mix(keys):
    """Integers spread over 2 ** BITS columns."""
    keys = keys.astype(np.uint64)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((keys ^ (keys >> np.uint64(31))) >> np.uint64(64 - BITS)).astype(np.int64)


def dense(sentences, texts, training):
    """float64 [n, 4]: log-probability under a unigram, a bigram and a trigram model, and how well the words go
    together: the summed products of the vectors of words within WINDOW. Zeros without training captions."""
    if not len(training):
        return np.zeros((len(sentences), 4))
    likely = [np.asarray(fit(training, order=order).score(sentences), np.float64) for order in (1, 2, 3)]
    vectors = word_vectors(training, texts.words)
    together = np.zeros(len(sentences))
    for step in range(1, min(WINDOW + 1, texts.ids.shape[1])):
        left, right = texts.ids[:, :-step], texts.ids[:, step:]
        for at in range(left.shape[1]):
            together += (vectors[left[:, at]] * vectors[right[:, at]]).sum(1)
    return np.column_stack([*likely, together.round(9)])


def word_vectors(training, words, rank=RANK):
    """float64 [1 + words, rank]: singular vectors of the positive pointwise mutual information of words within WINDOW
    of each other in the texts `training`; row 0 and unknown words are zeros."""
    from scipy.sparse.linalg import aslinearoperator, eigsh

    seen = Texts(training)
    counts = sparse.csr_matrix((len(seen.words) + 1,) * 2)
    for step in range(1, min(WINDOW + 1, seen.ids.shape[1])):
        left, right = seen.ids[:, :-step].ravel(), seen.ids[:, step:].ravel()
        both = (left > 0) & (right > 0)
        pairs = sparse.csr_matrix((np.ones(both.sum()), (left[both], right[both])), shape=counts.shape)
        counts = counts + pairs + pairs.T
    counts = counts.tocoo()
    total, margin = counts.data.sum(), np.asarray(counts.sum(1)).ravel()
    information = np.log(np.maximum(counts.data * total / (margin[counts.row] * margin[counts.col]), 1))
    matrix = sparse.csr_matrix((information, (counts.row, counts.col)), shape=counts.shape)
    rank = min(rank, min(matrix.shape) - 2)
    out = np.zeros((len(words) + 1, max(rank, 1)))
    if rank < 1 or not matrix.nnz:
        return out
    # scipy's svds draws numbers that no seed reaches
    both = aslinearoperator(matrix)
    _, basis = eigsh(both.H @ both, k=rank, v0=np.ones(matrix.shape[1]), rng=0)
    left, values, _ = np.linalg.svd(matrix @ np.linalg.qr(basis)[0], full_matrices=False)
    vectors = left * np.sqrt(values)
    place = pd.Index(seen.words).get_indexer(words)
    out[1:][place >= 0] = vectors[1:][place[place >= 0]]
    return out
