"""How time and memory of the text side grow over shards: 100,000, 300,000 and 1,000,000 captions, all different.

    python benchmarks/shards.py [--captions TABLE] [--sizes 100000 300000] [--processes 2] [--counts-only] [--small]

Captions are those of a captions table (posrank.captions; without one, the world's), each used again with its words
exchanged for others of the same fine tag, so that no two are alike and their frequencies stay real. Every step runs as
`python -m posrank shards STEP`; time is the whole command's, memory the largest process's. Ways differ in the number of
captions: a flat `largest_mib` is what shards are for. With --counts-only the exchanged words keep the tags of their base
(no tagger runs), and only the steps follow whose results are added up or grouped over all shards.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from measure import RESULTS, write
from pyarrow import parquet

STEPS = ("cut", "tags", "counts", "negatives", "statements", "groups")
COUNTS = ("cut", "counts", "statements", "groups")
PIECE = 20_000
"""Captions made and written at a time."""


def base(path, most=20_000):
    """(captions, tags) to vary: of a captions table, tagged here, or of the world's grammar with gold tags."""
    from posrank.language.tagger import tag_captions

    if path is None:
        from growth import world_tables

        return world_tables(3_000)
    captions = pd.read_parquet(path)
    captions = captions.sample(min(most, len(captions)), random_state=0, ignore_index=True)
    return captions, tag_captions(captions)


class Varied:
    """Captions without end: those of the base in turn, every word of an open part drawn anew among the words of its
    fine tag, as often as they occur. A caption depends on its number alone."""

    def __init__(self, captions, tags, per_video=10):
        tags = tags[tags["caption_id"].isin(captions["caption_id"])].reset_index(drop=True)
        self.tags, self.per_video = tags.drop(columns=["caption_id", "i"]), per_video
        self.words = {name: tags[name].to_numpy(dtype=object) for name in ("text", "lemma", "whitespace")}
        codes, _ = pd.factorize(tags["tag"])
        self.changes = tags["upos"].isin(["NOUN", "VERB", "ADJ", "ADV", "ADP"]).to_numpy()
        self.by_tag = np.argsort(codes, kind="stable")
        self.size = np.bincount(codes)[codes]
        self.first = np.searchsorted(codes[self.by_tag], np.arange(codes.max() + 1))[codes]
        starts = np.flatnonzero(tags["caption_id"].ne(tags["caption_id"].shift()))
        self.starts, self.lengths = starts, np.diff([*starts, len(tags)])

    def _tokens(self, numbers):
        """Of each token: its caption's place in `numbers`, its place in the caption, its row in the base, and that of
        the word that stands there."""
        base = numbers % len(self.starts)
        lengths = self.lengths[base]
        owner = np.repeat(np.arange(len(numbers)), lengths)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        row = np.repeat(self.starts[base], lengths) + place
        drawn = pd.util.hash_array((numbers[owner] << 10 | place).astype(np.uint64))
        other = self.by_tag[self.first[row] + (drawn % self.size[row].astype(np.uint64)).astype(np.int64)]
        return owner, place, row, np.where(self.changes[row], other, row)

    def captions(self, numbers):
        owner, _, row, word = self._tokens(numbers)
        pieces = self.words["text"][word] + self.words["whitespace"][row]
        ends = np.searchsorted(owner, np.arange(len(numbers) + 1))
        texts = ["".join(pieces[a:b]) for a, b in pairwise(ends)]
        video = numbers // self.per_video
        return pd.DataFrame({"dataset": "csv", "split": np.where(video % 10 == 0, "test", "train"),
                             "video_id": [f"v{number}" for number in video], "caption_id": [f"c{number}" for number in numbers],
                             "caption": texts, "file": "", "start": np.nan, "end": np.nan})

    def tagged(self, numbers):
        owner, place, row, word = self._tokens(numbers)
        ids = np.array([f"c{number}" for number in numbers], dtype=object)
        return self.tags.iloc[row].assign(caption_id=ids[owner], i=place, text=self.words["text"][word],
                                          lemma=self.words["lemma"][word]).reset_index(drop=True)


def give_tags(source, folder):
    """Write the tags of every shard as its captions were made."""
    from posrank import tables

    for path in sorted((folder / "captions").glob("*.parquet")):
        ids = pd.read_parquet(path, columns=["caption_id"])["caption_id"]
        tables.write_table(source.tagged(ids.str[1:].astype(np.int64).to_numpy()), folder / "tags" / path.name, "tags")


def one_size(count, source, processes, shard, steps=STEPS):
    """Seconds of every step and the largest process's MiB, of `count` captions."""
    from posrank.tables.parquet import write_pieces

    facts = {"captions": count}
    with tempfile.TemporaryDirectory(prefix="posrank-shards-") as folder:
        table, work = Path(folder) / "captions.parquet", Path(folder) / "work"
        pieces = (source.captions(np.arange(at, min(at + PIECE, count))) for at in range(0, count, PIECE))
        write_pieces(pieces, table, "captions")
        for step in steps:
            words = ["cut", table, work, "--size", shard] if step == "cut" else [step, work, "--processes", processes]
            start = time.perf_counter()
            command = [sys.executable, "-m", "posrank", "shards", *map(str, words)]
            subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True)
            facts[f"{step}_s"] = time.perf_counter() - start
            if step == "cut" and "tags" not in steps:
                give_tags(source, work)  # in this process: the memory of the steps is that of its children
        facts["largest_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
        for what, step in (("negatives", "negatives"), ("statements", "groups")):
            if step in steps:
                facts[what] = sum(parquet.read_metadata(path).num_rows for path in (work / step).glob("*.parquet"))
    return facts


def alone(count, *arguments):
    """`one_size` in a process of its own: the system tells the largest child of each."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(one_size, count, *arguments).result()


def run(sizes, source, processes=2, shard=50_000, steps=STEPS, one=alone):
    """(table: way, seconds of each step, MiB, ratio; slope of log time over log captions, last two sizes)."""
    rows = []
    for size in sizes:
        rows.append(one(size, source, processes, shard, steps))
        print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    took = table[[f"{step}_s" for step in steps]].sum(axis=1)
    slope = float(np.diff(np.log(took.iloc[-2:]))[0] / np.diff(np.log(table["captions"].iloc[-2:]))[0]) if len(rows) > 1 else 1.0
    table.insert(0, "way", [f"{size:,} captions" for size in sizes])
    table["ms_per_caption"] = 1000 * took / table["captions"]
    table["ratio"] = table["ms_per_caption"].iloc[0] / table["ms_per_caption"]
    return table, slope


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", help="parquet file of a captions table; default: the world's grammar")
    parser.add_argument("--source", default="the world's grammar", help="what the page calls the captions")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--counts-only", action="store_true", help="tags as made, no negatives: counts and groups alone")
    parser.add_argument("--small", action="store_true", help="smallest sizes: does it run?")
    parser.add_argument("--out", default=RESULTS)
    chosen = parser.parse_args()
    sizes, shard = ([200, 400], 100) if chosen.small else (chosen.sizes, 50_000)
    steps, name = (COUNTS, "shards_counts") if chosen.counts_only else (STEPS, "shards")
    result, slope = run(sizes, Varied(*base(chosen.captions)), chosen.processes, shard, steps)
    print(result.to_string(), slope)
    most = result["largest_mib"]
    text = (f"Captions of {chosen.source}, words exchanged within fine tags so that all differ, ten to a video, in shards of {shard:,}; "
            f"{chosen.processes} processes. Seconds are those of the whole command. Slope of log time over log captions, last two sizes: {slope:.2f}.")
    headline = f"the largest process holds {most.iloc[0]:,.0f} MiB at {sizes[0]:,} captions and {most.iloc[-1]:,.0f} MiB at {sizes[-1]:,}"
    title = "Counts and groups over shards" if chosen.counts_only else "The text side over shards"
    write(name, result, title, text, chosen.out, headline, "captions per second, the first = 1")
