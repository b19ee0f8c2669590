"""How many captions become identical when words of one part of speech are taken away (Section 3, Fig. 3).

From each caption j randomly chosen words of the part are removed (all of them where it has fewer), and the choice for
j + 1 contains the one for j. Words are compared in lower case, punctuation does not count. The words that remain are
compared by a 128-bit sum of random numbers, one per (word, place): with 200,000 captions a chance agreement has odds
below 1e-27.
"""

import hashlib

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.language.parts import parts_of


def duplicate_curves(captions, tags, split="test", seed=0, parts=PARTS):
    """Fig. 3's curves of every dataset in `captions`.

    split  captions that are compared; None = all
    seed   of the choice of words
    Returns a DataFrame dataset, part, removed (j, from 0 until the part is gone from every caption), captions,
    identical (captions that equal another one), across (those that equal a caption of another video), became (those
    that equal a caption from which they differed at j = 0: what the removal did, which is what the paper counts) and
    proportion = became / captions.
    """
    if split is not None:
        captions = captions[captions["split"] == split]
    if captions.empty:
        raise ValueError(f"no captions in split {split!r}: choose another split")
    rows = []
    for dataset, table in captions.groupby("dataset", sort=False):
        words = _words(table, tags)
        rows += [(dataset, part, *row) for part in parts for row in _curve(words, part, seed)]
    table = pd.DataFrame(rows, columns=["dataset", "part", "removed", "captions", "identical", "across", "became"])
    return table.assign(proportion=table["became"] / table["captions"])


def _words(table, tags):
    """Arrays over the words of the captions, in order: caption number, two random codes, part; and over captions."""
    numbers = pd.Series(np.arange(len(table)), index=table["caption_id"].to_numpy())
    own = tags[tags["caption_id"].isin(numbers.index)]
    own = own[~own["upos"].isin(("PUNCT", "SPACE"))]
    caption = own["caption_id"].map(numbers).to_numpy(dtype=np.int64)
    untagged = len(table) - own["caption_id"].nunique()
    if untagged == len(table):
        raise ValueError("none of the captions is in the tags table: tag them first")
    order = np.lexsort((own["i"].to_numpy(), caption))
    own, caption = own.iloc[order], caption[order]
    word, _ = pd.factorize(own["text"].str.lower())
    random = np.random.default_rng(20240711)
    longest = int(np.bincount(caption).max())
    codes = random.integers(0, 2**63, size=(2, word.max() + 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    result = {
        "caption": caption, "codes": codes[:, word], "part": parts_of(own).to_numpy(), "index": own["i"].to_numpy(),
        "count": len(table), "video": pd.factorize(table["video_id"])[0], "ids": table["caption_id"].to_numpy(),
        "places": random.integers(0, 2**63, size=(2, longest), dtype=np.uint64) * np.uint64(2) + np.uint64(1),
    }
    _, _, group = _groups(result, np.arange(len(caption)))
    return {**result, "sentence": group}


def _curve(words, part, seed):
    """Yield (removed, captions, identical, across, became)."""
    mine = np.flatnonzero(words["part"] == part)
    turn = np.full(len(words["caption"]), np.iinfo(np.int64).max)
    turn[mine] = _turns(words, mine, part, seed)
    last = int(turn[mine].max()) + 1 if len(mine) else 0
    for removed in range(last + 1):
        order, starts, group = _groups(words, np.flatnonzero(turn >= removed))
        sizes = np.bincount(group)
        across, became = (int(sizes[_is_mixed(words[what][order], starts)].sum()) for what in ("video", "sentence"))
        yield removed, words["count"], int(sizes[sizes > 1].sum()), across, became


def _turns(words, mine, part, seed):
    """For every word of the part: its place (from 0) in its caption's random order of removal."""
    caption, index = words["caption"][mine], words["index"][mine].astype(np.uint64)
    present, inverse = np.unique(caption, return_inverse=True)
    key = f"{seed}|{part}|"
    names = words["ids"][present].tolist()
    digests = b"".join(hashlib.blake2b((key + name).encode(), digest_size=8).digest() for name in names)
    mixed = _mix(np.frombuffer(digests, dtype="<u8")[inverse] + index * np.uint64(0x9E3779B97F4A7C15))
    return pd.Series(mixed).groupby(caption).rank(method="first").to_numpy(dtype=np.int64) - 1


def _mix(values):
    """The finaliser of splitmix64: neighbouring numbers become unrelated ones."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _groups(words, kept):
    """Captions grouped by their words `kept`: an order that puts equal ones together, where the groups start in it, and
    the group number of each caption (in the captions' own order)."""
    caption = words["caption"][kept]
    sums = np.zeros((2, words["count"]), dtype=np.uint64)
    if len(caption):
        first = np.flatnonzero(np.r_[True, caption[1:] != caption[:-1]])
        place = np.arange(len(caption)) - np.repeat(first, np.diff(np.r_[first, len(caption)]))
        for which in (0, 1):
            terms = _mix(words["codes"][which][kept] * words["places"][which][place])
            sums[which, caption[first]] = np.add.reduceat(terms, first)
    order = np.lexsort((sums[1], sums[0]))
    new = np.r_[True, (sums[:, order][:, 1:] != sums[:, order][:, :-1]).any(axis=0)]
    group = np.empty(words["count"], dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    return order, np.flatnonzero(new), group


def _is_mixed(values, starts):
    """For each group: whether `values` (in the groups' order) are not all the same in it."""
    return np.minimum.reduceat(values, starts) != np.maximum.reduceat(values, starts)
