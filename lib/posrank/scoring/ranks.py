"""PoSRank: the mean reciprocal rank of a caption among its negatives (Section 4, Eq. 1), with ties and chance.

In: scores [n, 1+K], one row per caption, the caption itself in column 0, higher = better; optionally a mask of the same
shape for lists of different lengths. Out: reciprocal ranks [n] in (0, 1], their mean, and what a random scorer would
get. Plain numpy, nothing is sorted: a rank is one more than the number of negatives that score strictly better.
Negatives that score exactly the same as the caption leave its rank open; the default is the expectation over the order
inside the tied block, with the best and the worst case beside it. (A sort, as the authors use, settles ties by
accident.)
"""

import numpy as np

from posrank.messages import short

LONGEST = 10**8
"""Sentences in the longest list that is ranked."""
TIES = ("expected", "optimistic", "pessimistic")


def as_array(values, name="scores"):
    """A numpy array from a list, a Series, an array, or a torch tensor on any device and of any floating type.
    ValueError for what is no rectangular array of real numbers, and for a masked array that hides some."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name}: a masked array hides some values; give plain numbers (absent negatives: "
                         "valid=~mask)")
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            if values.is_floating_point() and values.element_size() < 4:
                values = values.float()
            values = values.numpy()
        array = np.asarray(values)
        words = array.dtype.kind == "O" and any(isinstance(value, (str, bytes)) for value in array.ravel())
        if words or array.dtype.kind not in "biufO":
            raise TypeError(f"they are {'text' if words else array.dtype}")
        if array.dtype.kind not in "bif":
            array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{name}: expected a rectangular array of numbers ({str(error)[:200]})") from None
    return array


def whole_number(value, name, what, most=10**9):
    """`value` as an int of 1 to `most`, or ValueError: `name` is the argument, `what` it counts."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not 1 <= value <= most or int(value) != value:
        raise ValueError(f"{name}: expected a whole number of {what} from 1 to {most}, got {short(value, 60)}")
    return int(value)


def counts(values, name, least=0, what=""):
    """An int64 array of whole numbers from `least` on, or ValueError with the first that is none; `what` they count."""
    array = as_array(values, name)
    wrong = ~((array >= least) & (array <= LONGEST) & (array == np.floor(array))) | (array.dtype == bool)
    if wrong.any():
        first = np.atleast_1d(array)[np.atleast_1d(wrong)][0].item()
        raise ValueError(f"{name}: expected whole numbers from {least} to {LONGEST}{what}, got {short(first, 60)}")
    return array.astype(np.int64)


def tie_counts(scores, valid=None):
    """How each caption stands against its negatives.

    scores [n, 1+K], caption in column 0; valid [n, 1+K] is False where a negative is absent (column 0 must be True).
    Returns three int64 arrays [n]: negatives strictly better than the caption, exactly equal to it, and present.
    Infinities are ordinary values (two equal ones tie). Raises ValueError for a wrong shape, a masked caption or a NaN;
    a NaN is accepted only where ``valid`` says that nothing is there.

    >>> [c.tolist() for c in tie_counts([[.9, .8, .9, .1], [.2, .5, .7, .2]])]
    [[0, 2], [1, 1], [3, 3]]
    """
    scores = as_array(scores)
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise ValueError(f"scores: expected shape [n, 1+K] with the caption in column 0, got {list(scores.shape)}")
    missing = np.isnan(scores)
    if valid is not None:
        valid = as_array(valid, "valid")
        if not ((valid == 0) | (valid == 1)).all():
            raise ValueError("valid: expected true or false (1 or 0) for each score")
        valid = valid.astype(bool)
        if valid.shape != scores.shape:
            raise ValueError(f"valid: expected the shape of scores {list(scores.shape)}, got {list(valid.shape)}")
        if not valid[:, 0].all():
            raise ValueError(f"valid: row {int(np.argmin(valid[:, 0]))} masks column 0, which is the caption itself")
        missing &= valid
    if missing.any():
        row, column = np.argwhere(missing)[0].tolist()
        raise ValueError(f"scores: NaN in row {row}, column {column}; mask absent negatives with valid")
    caption, negatives = scores[:, :1], scores[:, 1:]
    present = np.ones(negatives.shape, bool) if valid is None else valid[:, 1:]
    better = ((negatives > caption) & present).sum(1)
    equal = ((negatives == caption) & present).sum(1)
    return better, equal, present.sum(1)


def reciprocal_from_counts(better, equal, ties="expected"):
    """Reciprocal ranks from the numbers of better and equal negatives, elementwise -> float64.

    expected: mean of 1/(g+1), ..., 1/(g+1+e) for g better and e equal negatives; optimistic: the first of these
    (the caption wins every tie); pessimistic: the last.

    >>> reciprocal_from_counts([0, 1], [1, 0]).tolist()
    [0.75, 0.5]
    """
    if ties not in TIES:
        raise ValueError(f"ties: expected one of {', '.join(TIES)}, got {ties!r}")
    better, equal = counts(better, "better"), counts(equal, "equal")
    if better.shape != equal.shape and better.ndim and equal.ndim:
        raise ValueError(f"better and equal: expected one shape, got {list(better.shape)} and {list(equal.shape)}")
    if ties == "optimistic":
        return 1 / (better + 1)
    if ties == "pessimistic":
        return 1 / (better + equal + 1)
    harmonic = harmonic_numbers(int((better + equal).max(initial=0)) + 1)
    tied = (harmonic[better + equal + 1] - harmonic[better]) / (equal + 1)
    return np.where(equal == 0, 1 / (better + 1), tied)  # untied ranks stay exact: no difference of sums in them


def reciprocal_ranks(scores, valid=None, ties="expected"):
    """Reciprocal rank of each caption among its negatives, [n, 1+K] -> float64 [n].

    The caption is column 0, higher scores are better. ``valid`` [n, 1+K] masks absent negatives; ``ties`` is
    "expected", "optimistic" or "pessimistic" (see reciprocal_from_counts). Raises ValueError for NaN, a wrong shape, a
    masked caption or an unknown ``ties``.

    In this 2 x 4 example the first caption ties with one negative (ranks 1 and 2 are equally likely: (1 + 1/2) / 2),
    the second is beaten by two:

    >>> scores = [[.9, .8, .9, .1],
    ...           [.2, .5, .7, .1]]
    >>> reciprocal_ranks(scores).round(4).tolist()
    [0.75, 0.3333]
    >>> reciprocal_ranks(scores, ties="pessimistic").round(4).tolist()
    [0.5, 0.3333]
    >>> reciprocal_ranks(scores, valid=[[1, 1, 0, 1], [1, 0, 1, 1]]).tolist()
    [1.0, 0.5]
    """
    better, equal, _ = tie_counts(scores, valid)
    return reciprocal_from_counts(better, equal, ties)


def posrank(scores, valid=None, ties="expected"):
    """PoSRank of one part of speech (Eq. 1): the mean of reciprocal_ranks over captions, a float in (0, 1]. Raises
    ValueError as reciprocal_ranks does, and where there is no caption at all.

    >>> posrank([[.9, .8, .9, .1], [.2, .5, .7, .9]])
    0.5
    """
    values = reciprocal_ranks(scores, valid, ties)
    if len(values) == 0:
        raise ValueError("scores: no captions, so there is no mean; leave this part of speech out")
    return float(values.mean())


def harmonic_numbers(n):
    """H(0), ..., H(n) as float64 [n+1]; H(L) = 1 + 1/2 + ... + 1/L."""
    return np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])


def chance(lengths):
    """PoSRank of a random scorer: the mean over lists of H(L) / L, where L counts the sentences, caption included.

    ``lengths``: whole numbers >= 1, one per list (or a single number). Raises ValueError for anything else.

    >>> round(chance([21]), 4), round(chance([6, 11]), 4)
    (0.1736, 0.3414)
    """
    lengths = np.atleast_1d(as_array(lengths, "lengths")).ravel()
    if len(lengths) == 0:
        raise ValueError("lengths: no lists, so there is no chance level")
    lengths = counts(lengths, "lengths", 1, " (sentences of a list, the caption counted)")
    lengths, lists = np.unique(lengths, return_counts=True)
    return float(np.average(harmonic_numbers(int(lengths[-1]))[lengths] / lengths, weights=lists))


def chance_adjusted(value, expected):
    """(value - expected) / (1 - expected): 0 at chance, 1 for a perfect scorer, negative below (Hoyt et al. 2022).

    Works elementwise. Raises ValueError for NaN, and where chance is 1 or more (no negatives).

    >>> round(chance_adjusted(0.5, chance([21])), 4)
    0.395
    """
    value, expected = as_array(value, "value").astype(np.float64), as_array(expected, "expected").astype(np.float64)
    if np.isnan(value).any() or np.isnan(expected).any():
        raise ValueError("value and expected: NaN is no PoSRank")
    if (expected >= 1).any():
        raise ValueError("expected: chance is 1, the lists hold no negatives, so nothing can be adjusted")
    adjusted = (value - expected) / (1 - expected)
    return adjusted if adjusted.ndim else float(adjusted)
