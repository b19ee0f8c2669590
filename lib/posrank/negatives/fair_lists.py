"""Rule `fair`, the set: from scored candidates to balanced lists, and what was lost on the way.

In: a FairSource. Out: for `posrank.negatives.generate` the draws of every caption and part, with a report. (In
training, where no set is fixed: posrank.negatives.fair_training.)
"""

from collections import Counter
from itertools import pairwise

import numpy as np

from posrank.negatives.draw import item_random
from posrank.negatives.fair import (
    CHUNK,
    CLOSED,
    CLOSED_SHARE,
    ENOUGH,
    LADDER,
    LENIENT,
    SHARE,
    SHORT,
    UNBALANCED,
    render,
)
from posrank.negatives.fair_balance import assign, pick, ranks_open, seen, sides

VISIBLE, SPREAD = 0.02, 0.6
"""In a closed vocabulary: PoSRank above chance at which a model of the family counts as seeing the captions of a set, and two
standard deviations of a reciprocal rank, which its mean over n lists exceeds chance by accident."""


def collect(source, parts, level, seed, progress=iter):
    """-> {part: [Item, ...]}, {part: Counter of reasons why captions have none}. `progress` wraps the caption ids."""
    items, reasons = {part: [] for part in parts}, {part: Counter() for part in parts}
    for caption_id in progress(source.in_order()):
        found, kept = source.items(caption_id, parts, level, seed)
        for item in found:
            items[item.slots[0].part].append(item)
        for part in set(parts) - {item.slots[0].part for item in found}:
            reasons[part][kept.get(part, "")] += 1
    return items, reasons


def scored(source, items):
    """-> scores float32 [models, n], starts [items + 1] of all items (see FairSource.scores), in chunks."""
    pieces, lengths = [], [0]
    for start in range(0, len(items), CHUNK):
        scores, starts = source.scores(items[start : start + CHUNK])
        own = np.repeat(scores[:, starts[:-1]], np.diff(starts), axis=1)
        pieces.append((scores - own).astype(np.float32))
        lengths += np.diff(starts).tolist()
    return np.concatenate(pieces, axis=1), np.cumsum(lengths)


def split_sides(scores, starts, strictness):
    """For each item the indices of its candidates above and below it: two lists of int arrays. strictness: (margin, handicap),
    margin None for the mean of the models."""
    margin, handicap = strictness
    found = sides(scores.mean(0, keepdims=True), starts, 0.0, handicap) if margin is None else sides(scores, starts, margin, handicap)
    return [[np.flatnonzero(side[a + 1 : b]) for a, b in pairwise(starts.tolist())] for side in found]


def named(strictness):
    """[margin, handicap], or in words where the mean of the family decides."""
    margin, handicap = strictness
    return [margin, handicap] if margin is not None else "mean of the family" + (f", handicap {handicap}" if handicap else "")


def one_each(items, above, below, *more):
    """Of the words of each caption the one with most candidates above it (the first of equal ones); all lists cut to those."""
    best = {}
    for n, item in enumerate(items):
        if item.caption_id not in best or len(above[n]) > len(above[best[item.caption_id]]):
            best[item.caption_id] = n
    return tuple([each[n] for n in best.values()] for each in (items, above, below, *more))


def longest(part, k, given):
    """List lengths to try for a part: the ladder up to k, shorter for adverbs and prepositions unless `given` by part."""
    most = k if given else min(k, SHORT.get(part, k))
    return [most, *[length for length in LADDER if length < most]]


def enough(part, captions):
    """How many captions a set of this part should have, of `captions` that have candidates."""
    return min(ENOUGH[part], SHARE * captions)


def balance(part, items, above, below, lengths, seed, need=None):
    """-> k, ranks [items] (0 = left out), {length: captions of the largest uniform set}.

    k is the first of `lengths` (descending) at which `need` captions (None: `enough`) remain; where there is none, the first
    with half as many as the best length has.
    """
    a, b = np.array([len(each) for each in above], np.int64), np.array([len(each) for each in below], np.int64)
    order = np.array([item_random(seed, item.caption_id, part, "order").random() for item in items])
    ranks = {length: assign(*ranks_open(a, b, length), length, order) for length in lengths}
    sizes = {length: int((each > 0).sum()) for length, each in ranks.items()}
    most = max(sizes.values())
    need = enough(part, len(items)) if need is None else need
    chosen = next(length for length in lengths if sizes[length] >= (need if most >= need else most / 2))
    return chosen, ranks[chosen], sizes


def balanced(source, part, items, lengths, seed, strictness=None):
    """The set of one part: the first strictness that keeps enough captions -> items (one a caption), lists {item: candidates},
    k, sizes, the strictness used. strictness: those to try, None = the source's own.

    In a closed vocabulary: the first at which no model of the family sees the captions.
    """
    scores, starts = scored(source, items)
    closed = source.strictness is CLOSED and strictness is None
    steps = strictness or (*source.strictness, *([LENIENT[part]] if part in LENIENT and not closed else []))
    for turn, strict in enumerate(steps):
        mine, above, below, first = one_each(items, *split_sides(scores, starts, strict), starts[:-1].tolist())
        k, ranks, sizes = balance(part, mine, above, below, lengths, seed, CLOSED_SHARE[turn] * len(mine) if closed else None)
        lists = {}
        for n in np.flatnonzero(ranks).tolist():
            rng = item_random(seed, mine[n].caption_id, part, "list")
            lists[n] = pick(above[n], below[n], mine[n].antonym, int(ranks[n]), k, rng)
        if closed and lists:
            if seen(scores, [first[n] for n in lists], list(lists.values())) <= VISIBLE + SPREAD / len(lists) ** 0.5:
                break
        elif sizes[lengths[-1]] >= enough(part, len(mine)):
            break
    return mine, lists, k, sizes, strict


def draw(source, parts, level, counts, given, seed, strictness=None, progress=iter):
    """All lists of a set -> {(caption_id, part): [(sentence, changes), ...]}, report.

    counts: {part: k}; given: whether k came by part. report: {part: {eligible, captions, k, by_length, antonyms,
    antonyms_available, margin_handicap}}, dropped {part: Counter}: the numbers of `posrank.negatives.generate`'s attrs.
    """
    items, dropped = collect(source, parts, level, seed, progress)
    lists, report = {}, {}
    for part in parts:
        if not items[part]:
            continue
        lengths = longest(part, counts[part], given)
        mine, chosen, k, sizes, strict = balanced(source, part, items[part], lengths, seed, strictness)
        antonyms = 0
        for n, item in enumerate(mine):
            if n not in chosen:
                dropped[part][UNBALANCED] += 1
                continue
            antonyms += int(item.antonym[chosen[n]].sum())
            tokens = source.corpus.tokens(item.caption_id)
            lists[item.caption_id, part] = [render(item, m, tokens) for m in chosen[n]]
        kept = len(chosen)
        report[part] = {"eligible": len(mine), "captions": kept, "k": k, "by_length": sizes,
                        "antonyms": antonyms / max(kept * k, 1), "margin_handicap": named(strict),
                        "antonyms_available": float(np.mean([item.antonym.any() for item in mine]))}
    return lists, report, dropped
