"""How likely a sentence becomes when one of its words is exchanged, for millions of exchanges at once.

In: an NgramModel and places in sentences, each with the words before and after it. Out: for every (place, word) pair the
log-probability of all tokens that the word touches, so that differences between two words of one place equal the
differences between the scores of the two whole sentences. Only the n-grams around the word are looked up, and those
without the word only once a place. Equal to `NgramModel.score` up to rounding.
"""

from typing import NamedTuple

import numpy as np

from posrank.language.ngrams import END, START, UNKNOWN, tokenize

REACH = 4
"""Tokens kept on either side: enough for models of order 2 to 5 (one more on the left, the article before the word)."""


class Places(NamedTuple):
    """before, after: lists of token lists, the tokens of the sentence before and after the place (all, or the nearest REACH + 1
    and REACH), as posrank.language.ngrams.tokenize writes them; a sentence that ends earlier has fewer."""

    before: list
    after: list


def place(before, after):
    """The tokens around a place from the texts before and after it.

    >>> place("A man plays the ", " in a band.")
    (['a', 'man', 'plays', 'the'], ['in', 'a', 'band', '.'])
    """
    return tokenize(before)[-REACH - 1 :], tokenize(after)[: REACH + 1]


def exchange_scores(model, places, owner, words):
    """Log-probability around each exchanged word under an NgramModel -> float64 [n].

    places: Places; owner: int [n], index of the place of each pair; words: sequence of n words, or pieces of several words.
    Values of one place differ exactly as the whole sentences do; values of different places are not comparable.

    >>> from posrank.language.ngrams import NgramModel
    >>> model = NgramModel(order=2).fit(["a red ball", "a blue ball", "a red box"])
    >>> values = exchange_scores(model, Places([["a"]], [["ball"]]), [0, 0], ["red", "blue"])
    >>> whole = model.score(["a red ball", "a blue ball"])
    >>> bool(np.isclose(values[0] - values[1], whole[0] - whole[1]))
    True
    """
    owner = np.asarray(owner, np.int64)
    words = list(words)
    number = {word: n for n, word in enumerate(dict.fromkeys(words))}
    which = np.fromiter((number[word] for word in words), np.int64, len(words))
    tokens = [[model._number.get(token, UNKNOWN) for token in tokenize(word)] for word in number]
    length = np.array([len(each) for each in tokens], np.int64)
    sides, result = _numbered(model, places), np.zeros(len(words))
    for size in np.unique(length):
        of = np.flatnonzero(length == size)
        rows = np.zeros(len(tokens), np.int64)
        rows[of] = np.arange(len(of))
        mine = np.flatnonzero(length[which] == size)
        numbers = np.array([tokens[n] for n in of], np.int64).reshape(len(of), size)
        result[mine] = exchange_numbers(model, sides, owner[mine], numbers[rows[which[mine]]])
    return result


def _numbered(model, places):
    """-> left [places, order], right [places, order - 1] of word numbers; -1 after the end mark."""
    order, get = model.order, model._number.get
    left = np.full((len(places.before), order), START, np.int64)
    right = np.full((len(places.after), max(order - 1, 1)), -1, np.int64)
    for row, tokens in enumerate(places.before):
        tokens = tokens[-order:]
        if tokens:
            left[row, order - len(tokens) :] = [get(word, UNKNOWN) for word in tokens]
    for row, tokens in enumerate(places.after):
        tokens = [*[get(word, UNKNOWN) for word in tokens], END][: right.shape[1]]
        right[row, : len(tokens)] = tokens
    return left, right


def exchange_numbers(model, sides, owner, numbers):
    """As `exchange_scores`, with what `_numbered` returns for the places and word numbers [n, tokens of a piece]."""
    left, right = sides
    order, levels = model.order, model._levels
    total = np.zeros(len(numbers))
    # the token before the word belongs to it too: "a" becomes "an"
    known = left[:, -1] != START
    nodes, values = _chain(model, left)
    total += np.where(known, values, 0.0)[owner]
    nodes = [node[owner] for node in nodes]  # by order of the n-gram that ends here
    for column in numbers.T:
        value, nodes = _step(levels, nodes, column, model._size)
        total += value
    for j in range(order - 1):
        word = right[:, j]
        # n-grams of up to j + 1 words that end here do not hold the exchanged one: once a place
        fresh, _ = _chain(model, right[:, : j + 1], keep=j + 1)
        value, nodes = _step(levels, nodes, word[owner], model._size, [node[owner] for node in fresh])
        total += np.where(word[owner] >= 0, value, 0.0)
    return total


def _chain(model, words, keep=None):
    """Nodes (by order) of the n-grams that end with the last column, and the log-probability of its word."""
    levels, size = model._levels, model._size
    nodes = [np.where(words[:, 0] >= 0, words[:, 0], 0)]
    value = levels[0][1][nodes[0]]
    for j in range(1, words.shape[1]):
        value, nodes = _step(levels, nodes, words[:, j], size)
    return nodes if keep is None else nodes[:keep], value


def _step(levels, nodes, word, size, known=()):
    """One word on: nodes[m] is the node of the (m+1)-gram ending before (-1 = never seen). -> value, the new nodes.

    known: nodes of the shortest n-grams where they are at hand.
    """
    word = np.where(word >= 0, word, 0)
    new, value = [word], levels[0][1][word]
    for m, (key, probability, spread) in enumerate(levels[1:], start=1):
        if m > len(nodes):
            break
        context = nodes[m - 1]
        seen = context >= 0
        weight = np.where(seen, spread[np.maximum(context, 0)], 0.0)
        node = known[m] if m < len(known) else _find(key, context, word, seen, size)
        value = np.where(node >= 0, probability[np.maximum(node, 0)], value + weight)
        new.append(node)
    return value, new


def _find(key, context, word, seen, size):
    node = np.full(len(word), -1)
    at = np.flatnonzero(seen)
    if len(key) and len(at):
        wanted = context[at] * size + word[at]
        index = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        node[at] = np.where(key[index] == wanted, index, -1)
    return node
