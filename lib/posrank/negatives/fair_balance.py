"""Rule `fair`, second half: lists in which the caption's blind rank is uniform over the set.

In: for every caption the scores of itself and its candidates under a family of blind models. Out: which captions are kept, the
rank each gets, and its candidates. Pure functions on arrays.

A candidate is *above* its caption where all models of the family call it likelier by more than a margin, *below* where all call
it less likely by more than the margin; the others, on which chance decides, are not used. The caption's own score gets a
handicap first: its words were written once more than the counts of the training captions tell, namely in this caption, so
captions that no builder saw hold them more often than a candidate that is as likely by the counts. A caption with `a` candidates above
and `b` below can stand at rank r of a list with K negatives where r - 1 <= a and K + 1 - r <= b: an interval of ranks. `assign`
finds the largest set in which each rank 1..K+1 is taken equally often, every caption inside of its interval.
"""

import heapq

import numpy as np


def sides(scores, starts, margin=0.0, handicap=0.0):
    """Which candidates stand above and below their caption: two bool arrays [n].

    scores [models, n]: log-probabilities; the entries of caption i are starts[i] : starts[i + 1], the caption itself first.
    margin, handicap: in nats. The caption's own entries are False in both.

    >>> above, below = sides(np.array([[0, 2, -1, 1.0], [0, 1, -3, -1]]), [0, 4])
    >>> above.tolist(), below.tolist()
    ([False, True, False, False], [False, False, True, False])
    """
    scores, starts = np.atleast_2d(scores), np.asarray(starts)
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    difference = scores - scores[:, starts[:-1]][:, owner] - handicap
    above, below = (difference > margin).all(0), (difference < -margin).all(0)
    above[starts[:-1]] = below[starts[:-1]] = False
    return above, below


def ranks_open(above, below, k):
    """The interval of ranks of captions with so many candidates above and below: arrays low, high (low > high: none).

    >>> [ends.tolist() for ends in ranks_open(np.array([0, 3, 9]), np.array([9, 1, 2]), 4)]
    [[1, 4, 3], [1, 4, 5]]
    """
    return np.maximum(1, k + 1 - below), np.minimum(k + 1, above + 1)


def assign(low, high, k, order):
    """The largest choice of captions in which all ranks 1..k+1 occur equally often -> int array [n], 0 = left out.

    low, high: first and last possible rank of each caption; order [n]: what decides between captions that are equally
    constrained (smaller first). Earliest end first is optimal for intervals; the number per rank is found by bisection.

    >>> assign(np.array([1, 1, 1, 2]), np.array([1, 1, 2, 2]), 1, np.arange(4)).tolist()
    [1, 1, 2, 2]
    """
    low, high = np.asarray(low), np.asarray(high)
    possible = np.flatnonzero(low <= high)
    possible = possible[np.argsort(np.asarray(order)[possible], kind="stable")]
    by_low = [[(int(high[i]), turn, int(i)) for turn, i in enumerate(possible.tolist()) if low[i] == rank] for rank in range(k + 2)]
    best, least, most = np.zeros(len(low), np.int64), 0, len(possible) // (k + 1)
    while least < most:
        each = (least + most + 1) // 2
        found = _fill(by_low, k, each, len(low))
        if found is None:
            most = each - 1
        else:
            best, least = found, each
    return best


def _fill(by_low, k, each, n):
    """Ranks [n] with `each` captions per rank, None where that many cannot be had. by_low: the captions whose first rank is
    0, 1, ..., as (last rank, turn, caption)."""
    ranks, heap = np.zeros(n, np.int64), []
    for rank in range(1, k + 2):
        for caption in by_low[rank]:
            heapq.heappush(heap, caption)
        while heap and heap[0][0] < rank:
            heapq.heappop(heap)
        if len(heap) < each:
            return None
        for _ in range(each):
            ranks[heapq.heappop(heap)[2]] = rank
    return ranks


def seen(scores, starts, lists):
    """How far above chance the model of the family is that sees the captions best in chosen lists: its mean reciprocal rank (ties
    half), less chance.

    scores [models, n]: as in `sides`; starts: where the entries of each list's caption start; lists: candidates of each, counted
    from 0, as many for every caption.

    >>> round(seen(np.array([[0, 2, -1, 1.0], [0, -2, -3, -1]]), [0], [[0, 1]]), 3)
    0.389
    """
    at = np.asarray(starts)[:, None] + 1 + np.asarray(lists)
    difference = scores[:, at] - scores[:, np.asarray(starts)][:, :, None]
    better = (difference > 0).sum(2) + 0.5 * (difference == 0).sum(2)
    length = at.shape[1] + 1
    return float((1 / (1 + better)).mean(1).max() - (1 / np.arange(1, length + 1)).sum() / length)


def pick(above, below, antonym, rank, k, random):
    """The candidates of one list: indices, `rank` - 1 of `above` and the rest of `below`, antonyms first, in random order.

    above, below: int arrays of candidates; antonym: bool array over all candidates; random: a random.Random.
    """
    chosen = []
    for side, number in ((above, rank - 1), (below, k + 1 - rank)):
        first = [int(n) for n in side if antonym[n]][:number]
        others = [int(n) for n in side if not antonym[n]]
        chosen += first + random.sample(others, number - len(first))
    random.shuffle(chosen)
    return chosen
