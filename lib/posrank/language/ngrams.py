"""Blind language models: n-gram counts of training captions, orders 1 to 5, no video anywhere.

In: captions (texts). Out: the log-probability of any sentence. A PoSRank that such a model reaches is what the text of
the negatives gives away. Smoothing is interpolated: Kneser-Ney (lower orders count the distinct words that a word
follows) or plain absolute discounting; order 1 is a unigram model in both. Equal to nltk.lm's interpolated models with
``floor=False`` and the same n-grams (those that end in a sentence start left out); with ``floor=True``, the default,
the unigrams are discounted too and interpolated with a uniform distribution, so that no word has probability 0.

Text: lower-cased; a token is a run of letters and digits, with inner apostrophes and hyphens ("man's", "t-shirt"), or
one punctuation mark. A sentence is its tokens and an end mark, after order - 1 start marks.

Counting: a distinct n-gram is a node, named by the pair (node of the n-gram without its last word, last word) packed
in one integer. Scoring looks up all positions of a chunk of sentences together, one binary search per order. The same
words always get the same score to the last bit.
"""

import re
from collections import Counter
from itertools import chain, pairwise

import numpy as np

ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "4-gram": 4, "5-gram": 5}
"""Name of a blind language model -> its order."""

SMOOTHINGS = ("kneser_ney", "absolute")
START, END, UNKNOWN = 0, 1, 2  # word numbers; a start mark is never predicted
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[^\w\s]|_")
_CHUNK = 50_000  # sentences scored at a time


def tokenize(text):
    """Lower-case tokens of a text, punctuation kept.

    >>> tokenize("A man's T-shirt,  the 2nd!")
    ['a', "man's", 't-shirt', ',', 'the', '2nd', '!']
    """
    return _TOKEN.findall(text.lower())


def fit(captions, exclude_videos=(), split=None, **options):
    """An NgramModel fitted on a captions table (or a list of texts), leaving out the videos that will be scored.

    captions: columns video_id and caption (and split, where ``split="train"`` or so is asked for); exclude_videos: ids
    whose captions must not be learned from. Options are NgramModel's: order, smoothing, discount, min_count, floor.
    Raises ValueError where no caption is left.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"video_id": ["v1", "v2"], "caption": ["a red ball", "a blue ball"]})
    >>> fit(table, exclude_videos=["v2"], order=2).words
    ['a', 'ball', 'red']
    """
    if hasattr(captions, "columns"):
        for column in ("video_id", "caption", *(["split"] if split else [])):
            if column not in captions:
                raise ValueError(f"captions: no column {column!r}, needed to choose the training captions")
        kept = ~captions["video_id"].isin(set(exclude_videos))
        texts = captions.loc[kept & (captions["split"] == split) if split else kept, "caption"].tolist()
    elif len(exclude_videos) or split:
        raise ValueError("captions: a list of texts has no video ids or splits; give a captions table")
    else:
        texts = list(captions)
    if not texts:
        raise ValueError("captions: none is left to fit a language model on; check split and exclude_videos")
    return NgramModel(**options).fit(texts)


class NgramModel:
    """Interpolated n-gram model of captions: ``NgramModel(order=2).fit(texts).score(texts)``.

    order: 1 to 5. smoothing: "kneser_ney" or "absolute". discount: a number in (0, 1), or "estimated" = n1 / (n1 + 2
    n2) per order, from the n-grams seen once and twice. min_count: rarer training words become the unknown word.
    floor: interpolate the unigrams with the uniform distribution over words, end and unknown; without it an unseen
    word has log-probability -inf. Wrong values raise ValueError.

    By hand, absolute discounting of .5 on "a b" and "a c": p(a | start) = (2 - .5) / 2 + .5 * 1 / 2 * p(a) with
    p(a) = 2 / 6 of the six tokens:

    >>> model = NgramModel(order=2, smoothing="absolute", discount=.5, floor=False).fit(["a b", "a c"])
    >>> round(float(np.exp(model.log_probabilities("a b")[0])), 4)
    0.8333
    """

    def __init__(self, order=2, smoothing="kneser_ney", discount=0.75, min_count=1, floor=True):
        if isinstance(order, bool) or order not in (1, 2, 3, 4, 5):
            raise ValueError(f"order: expected 1 to 5, got {order!r}")
        if smoothing not in SMOOTHINGS:
            raise ValueError(f"smoothing: expected one of {', '.join(SMOOTHINGS)}, got {smoothing!r}")
        if discount != "estimated" and not (isinstance(discount, (int, float)) and 0 < discount < 1):
            raise ValueError(f"discount: expected a number between 0 and 1, or 'estimated', got {discount!r}")
        if int(min_count) != min_count or min_count < 1:
            raise ValueError(f"min_count: expected a whole number of at least 1, got {min_count!r}")
        self.order, self.smoothing, self.discount = int(order), smoothing, discount
        self.min_count, self.floor = int(min_count), bool(floor)
        self._levels = None

    @property
    def name(self):
        """A short name for tables: unigram, bigram, 4-gram absolute, ..."""
        base = list(ORDERS)[self.order - 1]
        return base if self.order == 1 or self.smoothing == "kneser_ney" else f"{base} {self.smoothing}"

    def fit(self, texts):
        """Count the n-grams of ``texts`` (an iterable of strings) and compute every probability; returns the model."""
        sentences = [tokenize(text) for text in _texts(texts)]
        if not sentences:
            raise ValueError("texts: no sentences to learn from")
        counts = Counter(chain.from_iterable(sentences))
        self.words = sorted(word for word, count in counts.items() if count >= self.min_count)
        self._number = {word: UNKNOWN + 1 + i for i, word in enumerate(self.words)}
        self._size = UNKNOWN + 1 + len(self.words)
        levels = self._count(sentences)
        if self.smoothing == "kneser_ney":  # below the highest order: distinct predecessors instead of occurrences
            for level, longer in pairwise(levels):
                level["count"] = np.bincount(longer["suffix"][longer["count"] > 0], minlength=len(level["count"]))
        self._levels, lower = [], None
        for level in levels:
            lower, spread = self._probabilities(level, lower)
            self._levels.append((level["key"], lower, spread))
        return self

    def log_probabilities(self, text):
        """Natural log-probabilities of a text's tokens and its end mark, given what comes before -> [tokens + 1]."""
        return self._look_up(_texts([text]))[0]

    def score(self, texts):
        """Log-probability of each text, end mark included -> float64 [n].

        Higher = likelier. Raises ValueError before ``fit`` and for anything that is no text.
        """
        texts, parts = _texts(texts), [np.zeros(0)]
        for start in range(0, len(texts), _CHUNK):
            values, lengths = self._look_up(texts[start : start + _CHUNK])
            parts.append(np.add.reduceat(values, np.cumsum(lengths) - lengths))
        return np.concatenate(parts)

    def _count(self, sentences):
        """Per order: key (name of each n-gram, sorted), count, context (node without its last word), suffix (first)."""
        words, place = self._stream(sentences)
        count = np.bincount(words, minlength=self._size)
        count[START] = 0
        levels = [{"key": None, "count": count, "context": np.zeros(self._size, np.int64), "suffix": None}]
        node = words  # of the n-gram that ends at each position; nonsense where it would cross the sentence's start
        for m in range(2, self.order + 1):
            at = np.flatnonzero(place >= m - 1)
            key, first, inverse, count = np.unique(
                node[at - 1] * self._size + words[at], return_index=True, return_inverse=True, return_counts=True
            )
            count[key % self._size == START] = 0  # a context only, never predicted
            levels.append({"key": key, "count": count, "context": key // self._size, "suffix": node[at[first]]})
            node = np.full(len(words), -1)
            node[at] = inverse
        return levels

    def _probabilities(self, level, lower):
        """Log-probability of each n-gram, and the log of the weight that each context leaves to the shorter one."""
        count, context = level["count"], level["context"]
        discount = _estimate_discount(count) if self.discount == "estimated" else self.discount
        if lower is None:
            discount = discount if self.floor else 0.0
            shorter, contexts = np.full(self._size, 1 / (self._size - 1)), 1  # uniform: all but the start mark
        else:
            shorter, contexts = np.exp(lower[level["suffix"]]), len(lower)
        total = np.bincount(context, count, contexts)
        types = np.bincount(context, count > 0, contexts)
        spread = np.divide(discount * types, total, out=np.ones(contexts), where=total > 0)
        own = np.maximum(count - discount, 0) / np.maximum(total, 1)[context]
        with np.errstate(divide="ignore"):
            return np.log(own + spread[context] * shorter), np.log(spread)

    def _look_up(self, texts):
        """Log-probabilities of all predicted tokens of the texts in one row, and how many each text has."""
        if self._levels is None:
            raise ValueError(f"{self.name}: call fit with training captions first")
        words, place = self._stream([tokenize(text) for text in texts])
        node, values = words, self._levels[0][1][words]
        for key, probability, spread in self._levels[1:]:
            context = np.append(-1, node[:-1])
            node = np.full(len(words), -1)
            known = np.flatnonzero(context >= 0)
            node[known] = _find(key, context[known] * self._size + words[known])
            weight = np.zeros(len(words))
            weight[known] = spread[context[known]]
            values = np.where(node >= 0, probability[node], values + weight)
        predicted = place >= self.order - 1
        last = np.flatnonzero(words == END)
        return values[predicted], place[last] - (self.order - 2)

    def _stream(self, sentences):
        """All sentences in one row of word numbers, with their marks; and each word's place in its own sentence."""
        number, starts, words, lengths = self._number, [START] * (self.order - 1), [], []
        for sentence in sentences:
            words += starts
            words += [number.get(word, UNKNOWN) for word in sentence]
            words.append(END)
            lengths.append(len(starts) + len(sentence) + 1)
        lengths = np.array(lengths, np.int64)
        place = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.array(words, np.int64), place


def _find(keys, wanted):
    """Index of each wanted number in the sorted keys, -1 where it is not there."""
    index = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[index] == wanted, index, -1)


def _estimate_discount(count):
    """Discount n1 / (n1 + 2 n2) from the numbers of n-grams seen once and twice; 0.5 where they give no estimate."""
    once, twice = int((count == 1).sum()), int((count == 2).sum())
    return once / (once + 2 * twice) if once and twice else 0.5


def _texts(texts):
    if isinstance(texts, str):
        raise ValueError("texts: expected a list of texts, got one text; put it in a list")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"texts: entry {i} is {type(text).__name__}, not a text")
    return texts
