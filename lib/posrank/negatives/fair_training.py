"""Rule `fair` in training: balanced negatives drawn afresh in every epoch, caption by caption.

In: a FairSource. Out: draws. No set is fixed here, so the balance is one of probabilities: a caption's list aims at a blind rank,
and is not drawn where the caption cannot stand there. Low ranks can be had more often than high ones; therefore a rank is aimed
at with a probability inverse to how often it can be had, measured once on a sample of the captions. Over the lists that are drawn
the rank is then uniform. Captions are scored by models that have not seen their videos.
"""

from bisect import bisect
from functools import lru_cache
from itertools import accumulate

import numpy as np

from posrank.negatives.draw import item_random
from posrank.negatives.fair import CLOSED, LADDER, MARGIN, SHORT, render
from posrank.negatives.fair_balance import pick, ranks_open
from posrank.negatives.fair_lists import collect, scored, split_sides

SAMPLE = 1500
"""Captions that the probabilities of ranks are measured on."""

LEAST = 0.05
"""Share of captions that a rank must be open to; lists are shortened until every rank is."""

GOOD = 4
"""Negatives that a list should have before the balance is made more lenient for it (fewer where n is)."""

CLOSED_TRAINING = ((MARGIN, 0.0), (None, 0.0))
"""Margin and handicap in closed vocabularies, where no set is fixed that could be looked at first."""

CACHED = 20_000


class FairDraws:
    """`draw(caption_id, epoch)` for rule `fair`; deterministic per (seed, caption, part, epoch).

    n: negatives of a list at most; `lengths` {part: negatives of a list} says what the captions allow.
    """

    def __init__(self, source, parts, level, n, n_per, seed):
        self._source, self.parts, self.level, self.n_per, self.seed = source, parts, level, n_per, seed
        self._prepared = lru_cache(maxsize=CACHED)(self._prepare)
        self.lengths, self.strictness, self._aims = {}, {}, {}
        names = sorted(source.in_order(), key=lambda name: item_random(seed, name, "sample").random())[:SAMPLE]
        items, _ = collect(source, parts, level, seed, lambda _: names)
        for part in parts:
            self._calibrate(part, n, items[part])

    def _calibrate(self, part, n, items):
        """Strictness and list length of a part, and the cumulated probabilities of aiming at each rank."""
        if not items:
            return
        most = min(n, SHORT.get(part, n))
        scores, starts = scored(self._source, items)
        for strict in CLOSED_TRAINING if self._source.strictness is CLOSED else self._source.strictness:
            above, below = (np.array([len(each) for each in side]) for side in split_sides(scores, starts, strict))
            for length in (most, *(each for each in LADDER if each < most)):
                low, high = ranks_open(above, below, length)
                open_to = np.array([((low <= rank) & (rank <= high)).mean() for rank in range(1, length + 2)])
                if (open_to >= LEAST).all():
                    weights = 1 / open_to
                    self.lengths[part], self.strictness[part] = length, strict
                    self._aims[part] = list(accumulate((weights / weights.sum()).tolist()))
                    if length >= min(most, GOOD):
                        return
                    break

    def draw(self, caption_id, epoch):
        """[(part, [(sentence, changes), ...]), ...]: one list for each part, or of one random part (n_per caption)."""
        found = self._prepared(caption_id)
        parts = [part for part in self.parts if part in found]
        if self.n_per == "caption" and parts:
            parts = [item_random(self.seed, caption_id, "caption", epoch).choice(parts)]
        drawn = []
        for part in parts:
            rng = item_random(self.seed, caption_id, part, epoch)
            item, above, below = rng.choice(found[part])
            length = self.lengths[part]
            rank = 1 + min(bisect(self._aims[part], rng.random()), length)
            if rank - 1 <= len(above) and length + 1 - rank <= len(below):
                tokens = self._source.corpus.tokens(caption_id)
                drawn.append((part, [render(item, n, tokens) for n in pick(above, below, item.antonym, rank, length, rng)]))
        return drawn

    def _prepare(self, caption_id):
        """{part: [(Item, above, below), ...]}"""
        items, _ = self._source.items(caption_id, self.parts, self.level, self.seed)
        found = {}
        for part in self.lengths:
            mine = [item for item in items if item.slots[0].part == part]
            if mine:
                found[part] = list(zip(mine, *split_sides(*scored(self._source, mine), self.strictness[part])))
        return found
