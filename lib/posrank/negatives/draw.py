"""Drawing: from the replaceable words of one caption to a list of distinct negatives, word level and phrase level.

One draw after the other, exactly as Section 4 (word) and Section 6.3 (phrase) say: first the word, then its
replacement. Nothing is drawn twice and nothing is rejected: each word has a queue of its remaining replacements, a word
whose queue is empty leaves. The list for a smaller k is the beginning of the list for a larger one.
"""

from hashlib import blake2b
from math import lcm
from random import Random

from posrank.negatives.paper import RANDOM


def item_random(*key):
    """A random.Random for one item: blake2b of the key, so neither row order nor other items matter.

    >>> item_random(0, "video1#2", "noun").random() == item_random(0, "video1#2", "noun").random()
    True
    """
    digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=16).digest()
    return Random(int.from_bytes(digest, "big"))


class Queue:
    """The replacements of one word, each once: ranked ones first, then the pool in random order.

    prefer: probability that a ranked replacement comes next while both kinds are left. 1 = evaluation (antonyms first);
    below 1, draws differ from epoch to epoch although the antonyms are few.
    """

    __slots__ = ("_at", "_drawn", "_moved", "_ranked", "_size", "choices", "left", "prefer")

    def __init__(self, choices, prefer=1.0):
        self.choices, self.prefer, self.left = choices, prefer, choices.total
        self._at, self._drawn, self._moved = 0, 0, {}
        self._ranked, self._size = len(choices.ranked), len(choices.pool) - len(choices.skip)

    def take(self, random):
        """The next (word, source); `random` is the bound method of a Random. IndexError where none is left."""
        ranked, pooled = self._at < self._ranked, self._drawn < self._size
        if not ranked and not pooled:
            raise IndexError("no replacement is left")
        self.left -= 1
        if ranked and (not pooled or self.prefer >= 1 or random() < self.prefer):
            self._at += 1
            return self.choices.ranked[self._at - 1]
        # Fisher-Yates on range(size), with only the moved entries written down
        first, moved = self._drawn, self._moved
        other = first + int(random() * (self._size - first))
        index = moved.get(other, other)
        moved[other] = moved.get(first, first)
        self._drawn += 1
        for skipped in self.choices.skip:
            if index < skipped:
                break
            index += 1
        return self.choices.pool[index], RANDOM


def words(slots, k, rng, prefer=1.0):
    """Up to `k` draws of one word each: [(slot, word, source), ...]; fewer only where no more exist.

    The word to replace is drawn uniformly among `slots` each time, then its replacement is taken from its queue.
    """
    random, drawn = rng.random, []
    live = [(slot, Queue(choices, prefer)) for slot, choices in slots]
    while len(drawn) < k and live:
        n = int(random() * len(live))
        slot, queue = live[n]
        drawn.append((slot, *queue.take(random)))
        if not queue.left:
            live[n] = live[-1]
            live.pop()
    return drawn


class _Pair:
    """All combinations of two queues, best first: the diagonal (1st, 1st), (2nd, 2nd), ..., shifted each round."""

    __slots__ = ("_one", "_ready_one", "_ready_two", "_round", "_size_one", "_size_two", "_step", "_two", "left")

    def __init__(self, one, two, prefer):
        self._one, self._two = Queue(one, prefer), Queue(two, prefer)
        self._size_one, self._size_two = self._one.left, self._two.left
        self._ready_one, self._ready_two, self._step = [], [], 0
        self._round = lcm(self._size_one, self._size_two)
        self.left = self._size_one * self._size_two

    def take(self, random):
        step = self._step
        one, two = step % self._size_one, (step + step // self._round) % self._size_two
        while len(self._ready_one) <= one:
            self._ready_one.append(self._one.take(random))
        while len(self._ready_two) <= two:
            self._ready_two.append(self._two.take(random))
        self._step += 1
        self.left -= 1
        return self._ready_one[one], self._ready_two[two]


def phrases(slots, rng, parts, prefer=1.0):
    """Yields draws of two neighbouring words, as long as there are any: ((slot, word, source), (slot, word, source)).

    The first word is drawn uniformly among the slots of `parts`; the second is the one before or after it in `slots`,
    fifty-fifty, or the only one there is at either end.
    """
    random, pairs, last = rng.random, {}, len(slots) - 1
    live = [n for n, (slot, _) in enumerate(slots) if slot.part in parts]
    while live:
        at = int(random() * len(live))
        one = live[at]
        open_pairs = []
        for low in (one - 1, one):  # a pair is known by its lower index
            if 0 <= low < last:
                if low not in pairs:
                    pairs[low] = _Pair(slots[low][1], slots[low + 1][1], prefer)
                if pairs[low].left:
                    open_pairs.append((low, pairs[low]))
        if not open_pairs:
            live[at] = live[-1]
            live.pop()
            continue
        low, pair = open_pairs[int(random() * len(open_pairs))]
        first, second = pair.take(random)
        first, second = (slots[low][0], *first), (slots[low + 1][0], *second)
        yield (first, second) if one == low else (second, first)
