"""Blocks: how an evaluation is cut into pieces that are scored, kept and merged one by one.

In: negatives and captions. Out: a `Plan`, which holds numbers only, and its blocks of captions. What a block is depends
on the tables and `chunk` alone: a restarted evaluation, or several processes, come to the same numbers.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from posrank import PARTS
from posrank.files import atomic
from posrank.scoring.ranks import reciprocal_from_counts, whole_number
from posrank.tables import validate


class Plan:
    """Captions that have negatives, their lists in order, and the cut into blocks of about ``chunk`` pairs.

    rows: caption_id, video_id, caption of the captions, in their order. blocks: (start, stop) positions in rows; one
    caption's lists stay together. len(plan) = number of captions. ValueError as ``posrank.evaluate`` says.
    """

    def __init__(self, negatives, captions, chunk):
        self.rows, caption, part = _aligned(negatives, captions)
        self.chunk = whole_number(chunk, "chunk", "pairs")
        self.sentences = one_piece(negatives["sentence"])
        lists = caption.astype(np.int64) * len(PARTS) + part
        self.order = np.argsort(lists, kind="stable").astype(np.int32)
        self.lists, self.sizes = np.unique(lists, return_counts=True)
        places = np.arange(len(lists)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        self.k = negatives["k"].to_numpy()[self.order] if "k" in negatives else places
        # offsets of each caption's negatives, and of its lists
        self.first = np.append(0, np.cumsum(np.bincount(caption, minlength=len(self.rows))))
        self.first_list = np.searchsorted(self.lists // len(PARTS), np.arange(len(self.rows) + 1))
        self.blocks = list(self._cut())

    def __len__(self):
        return len(self.rows)

    def check_k(self):
        """ValueError where the negatives' `k` does not tell the sentences of a list apart: scores are known by it."""
        numbers = pd.Series(self.k)
        if not pd.api.types.is_integer_dtype(numbers) or (numbers < 0).any():
            raise ValueError("negatives: k must be a whole number of at least 0 in every row, or be left out")
        twice = pd.DataFrame({"list": np.repeat(self.lists, self.sizes), "k": self.k}).duplicated().to_numpy()
        if twice.any():
            row = int(np.argmax(twice))
            caption = self.rows["caption_id"].iloc[int(np.repeat(self.lists, self.sizes)[row]) // len(PARTS)]
            raise ValueError(f"negatives: caption_id {caption!r} has k = {self.k[row]} twice in one list; number its "
                             "sentences, or drop k")

    def _cut(self):
        ends, start = self.first[1:] + np.arange(1, len(self.first)), 0  # pairs up to each caption, itself counted
        while start < len(ends):
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + self.chunk, side="right")))
            yield start, stop
            start = stop

    def block(self, start, stop):
        """The `Block` of captions start .. stop - 1, with its sentences."""
        texts = self.sentences.take(self.order[self.first[start] : self.first[stop]]).tolist()
        mine = slice(self.first_list[start], self.first_list[stop])
        owner = self.lists[mine] // len(PARTS) - start
        return Block(self.rows[start:stop], texts, owner, self.lists[mine], self.sizes[mine])

    def table(self, run, better, equal):
        """The ranks table of the counts [lists] of one run."""
        return validate(self._columns(run, self.lists).assign(
            video_id=self.rows["video_id"].array.take(self.lists // len(PARTS)), better=better, equal=equal,
            negatives=self.sizes.astype(np.int64), reciprocal_rank=reciprocal_from_counts(better, equal)), "ranks")

    def scores(self, run, start, stop, values):
        """The scores table of captions start .. stop - 1 under one run, of their `Block.list_scores` values."""
        mine = slice(self.first_list[start], self.first_list[stop])
        sizes = self.sizes[mine]
        k = before_each(self.k[self.first[start] : self.first[stop]], np.full(len(sizes), -1), sizes)
        return validate(self._columns(run, np.repeat(self.lists[mine], sizes + 1)).assign(k=k, score=values), "scores")

    def _columns(self, run, lists):
        """run, caption_id and part of the numbered lists."""
        return pd.DataFrame({"run": pd.array([run], dtype="str").take(np.zeros_like(lists)),
                             "caption_id": self.rows["caption_id"].array.take(lists // len(PARTS)),
                             "part": pd.array(PARTS, dtype="str").take(lists % len(PARTS))})


def before_each(values, firsts, sizes):
    """One of `firsts` before each of the groups of `sizes` that `values` consists of.

    >>> before_each(np.array([1, 2, 3]), np.array([-1, -2]), np.array([1, 2])).tolist()
    [-1, 1, -2, 2, 3]
    """
    return np.insert(values, np.cumsum(sizes) - sizes, firsts)


def one_piece(column):
    """A text column as an array with `take`; one put together from many tables is many pieces of memory, in which every
    row costs a pass over all of them."""
    found = column.array.__arrow_array__() if hasattr(column.array, "__arrow_array__") else column.array
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


class Block:
    """Some captions with all their negatives: the distinct (video, text) pairs, and who needs which. Pairs stand video
    by video, the texts of a video in the order of their hashes: a pair's place does not tell the caption."""

    def __init__(self, rows, texts, owner, lists, sizes):
        videos, captions = rows["video_id"].tolist(), rows["caption"].tolist()
        owners = np.repeat(owner, sizes)
        order = {video: number for number, video in enumerate(dict.fromkeys(videos))}
        asked = {*zip(videos, captions), *((videos[o], text) for o, text in zip(owners.tolist(), texts))}
        asked = sorted(asked, key=lambda pair: (order[pair[0]], _hash(pair[1]), pair[1]))
        pairs = {pair: number for number, pair in enumerate(asked)}
        caption_pair = np.array([pairs[pair] for pair in zip(videos, captions)])
        self.negative_pair = np.array([pairs[videos[o], text] for o, text in zip(owners.tolist(), texts)])
        self.caption_pair = caption_pair[owners]
        self.videos, self.texts = [list(column) for column in zip(*pairs)]
        self.list_of, self.count, self.sizes = np.repeat(np.arange(len(sizes)), sizes), len(sizes), sizes
        self.list_caption = caption_pair[owner]
        self._identity = [*rows["caption_id"].tolist(), *lists.tolist(), *sizes.tolist()]

    def counts(self, scores):
        """Scores [pairs, runs] -> int64 [2, runs, lists]: negatives that score better than, or as, their caption."""
        out = np.empty((2, scores.shape[1], self.count), np.int64)
        for run, column in enumerate(scores.T):
            negative, caption = column[self.negative_pair], column[self.caption_pair]
            out[0, run] = np.bincount(self.list_of, negative > caption, self.count)
            out[1, run] = np.bincount(self.list_of, negative == caption, self.count)
        return out

    def list_scores(self, column):
        """Scores [pairs] of one run -> [lists + negatives]: for each list the caption's score, then its negatives'."""
        return before_each(column[self.negative_pair], column[self.list_caption], self.sizes)

    def mark(self, *keys):
        """A name for this block's result: changes with `keys` and with everything that the block holds."""
        parts = [*keys, self._identity, self.videos, self.texts, self.negative_pair.tolist()]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


class Kept:
    """Counts (and scores where they are kept) of finished blocks, a file each in `folder` (None: not kept)."""

    def __init__(self, folder, runs, scores=False):
        self.folder, self.runs, self.scores = None if folder is None else Path(folder), runs, scores

    def read(self, mark, block):
        """(counts [2, runs, lists], scores [lists + negatives] or None) of the block of that mark; None where there is
        none, a damaged one, or one without the scores asked for."""
        if self.folder is None:
            return None
        try:
            with np.load(self.folder / f"{mark}.npz", allow_pickle=False) as file:
                counts, scores = file["counts"].astype(np.int64), file["scores"] if self.scores else None
        except Exception:  # whatever an absent or damaged archive raises, the block is scored again
            return None
        whole = scores is None or scores.shape == (block.count + block.sizes.sum(),)
        return (counts, scores) if counts.shape == (2, self.runs, block.count) and whole else None

    def write(self, mark, counts, scores=None):
        """Keep the result of the block of that mark."""
        if self.folder is not None:
            more = {} if scores is None else {"scores": scores}
            with atomic(self.folder / f"{mark}.npz") as temporary, open(temporary, "wb") as file:
                np.savez(file, counts=counts.astype(np.int32), **more)


def _hash(text):
    """A number for a text that is the same everywhere and says nothing of it."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _aligned(negatives, captions):
    """Captions that have negatives, in their order; for each negative its caption's row and its part's number."""
    _need(negatives, ("caption_id", "part", "sentence"), "negatives")
    _need(captions, ("caption_id", "video_id", "caption"), "captions")
    if len(negatives) == 0:
        raise ValueError("negatives: the table is empty, there is nothing to rank")
    for column in ("rule", "level"):
        if column in negatives and negatives[column].nunique() > 1:
            found = ", ".join(sorted(negatives[column].dropna().unique()))
            raise ValueError(f"negatives: several values of {column} ({found}) would mix in one list; pick one of them")
    # factorize works on the table's own memory, where looking names up would make two million texts
    part, parts = pd.factorize(negatives["part"])
    known = pd.Index(PARTS).get_indexer(parts)
    for name in parts[known < 0]:
        raise ValueError(f"negatives: unknown part {name!r}; the parts are {', '.join(PARTS)}")
    caption, ids = pd.factorize(negatives["caption_id"])
    used = captions[pd.Index(ids).get_indexer(captions["caption_id"]) >= 0]
    used = used[["caption_id", "video_id", "caption"]].reset_index(drop=True)
    for name in used["caption_id"][used["caption_id"].duplicated()]:
        raise ValueError(f"captions: caption_id {name!r} occurs more than once; give the captions of one dataset only")
    place = pd.Index(used["caption_id"]).get_indexer(ids)
    if len(absent := ids[place < 0]):
        more = f"(and {len(absent) - 1} others)"
        raise ValueError(f"negatives: caption_id {absent[0]!r} {more} is not in the captions table")
    return used, place.astype(np.int32)[caption], known.astype(np.int32)[part]


def _need(table, columns, name):
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name}: expected a DataFrame, got {type(table).__name__}")
    for column in columns:
        if column not in table:
            raise ValueError(f"{name}: no column {column!r}; the table needs {', '.join(columns)}")
        if len(table) and table[column].isna().any():
            raise ValueError(f"{name}: {column} is missing in row {int(np.argmax(table[column].isna()))}")
        if column != "part" and not pd.api.types.is_string_dtype(table[column]):
            odd = next((type(value).__name__ for value in table[column] if not isinstance(value, str)), None)
            if odd is not None:
                raise ValueError(f"{name}: {column} must be text, and holds {odd}: write it as str")
