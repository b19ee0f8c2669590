"""How time and memory of the text side grow over shards: 100,000, 300,000 and 1,000,000 captions, all different.

    python benchmarks/shards.py [--captions TABLE] [--sizes 100000 300000] [--processes 2] [--small]

Captions are those of a captions table (posrank.captions; without one, the world's), each used again with its words
exchanged for others of the same fine tag, so that no two are alike and their frequencies stay real. Every step runs as
`python -m posrank shards STEP`; time is the whole command's, memory the largest process's. Ways differ in the number of
captions: a flat `largest_mib` is what shards are for.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from measure import RESULTS, write

STEPS = ("cut", "tags", "counts", "negatives", "statements", "groups")
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


def varied(captions, tags, start, count, per_video=10):
    """`count` captions from number `start` on: the base's in turn, every word of an open part drawn anew among the words
    of its fine tag, as often as they occur."""
    pools = {tag: rows["text"].to_numpy() for tag, rows in tags.groupby("tag")}
    changes = tags["upos"].isin(["NOUN", "VERB", "ADJ", "ADV", "ADP"])
    tokens = {name: list(zip(rows["text"], rows["whitespace"], rows["tag"], rows["change"]))
              for name, rows in tags.assign(change=changes).groupby("caption_id")}
    names = [name for name in captions["caption_id"] if name in tokens]
    rows = []
    for number in range(start, start + count):
        rng = np.random.default_rng([7, number])
        words = [(rng.choice(pools[tag]) if change else text) + space for text, space, tag, change in tokens[names[number % len(names)]]]
        rows.append((f"v{number // per_video}", f"c{number}", "".join(words), "test" if number // per_video % 10 == 0 else "train"))
    table = pd.DataFrame(rows, columns=["video_id", "caption_id", "caption", "split"])
    return table.assign(dataset="csv", file="", start=np.nan, end=np.nan)


def one_size(count, source, processes, shard):
    """Seconds of every step and the largest process's MiB, of `count` captions."""
    from posrank.tables.parquet import write_pieces

    facts = {"captions": count}
    with tempfile.TemporaryDirectory(prefix="posrank-shards-") as folder:
        table, work = Path(folder) / "captions.parquet", Path(folder) / "work"
        pieces = (varied(*source, at, min(PIECE, count - at)) for at in range(0, count, PIECE))
        write_pieces(pieces, table, "captions")
        for step in STEPS:
            words = ["cut", table, work, "--size", shard] if step == "cut" else [step, work, "--processes", processes]
            start = time.perf_counter()
            command = [sys.executable, "-m", "posrank", "shards", *map(str, words)]
            subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True)
            facts[f"{step}_s"] = time.perf_counter() - start
        facts["largest_mib"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
        facts["negatives"] = sum(len(pd.read_parquet(path, columns=["k"])) for path in (work / "negatives").glob("*.parquet"))
        facts["statements"] = sum(len(pd.read_parquet(path, columns=["key"])) for path in (work / "groups").glob("*.parquet"))
    return facts


def alone(count, *arguments):
    """`one_size` in a process of its own: the system tells the largest child of each."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(one_size, count, *arguments).result()


def run(sizes, source, processes=2, shard=50_000, one=alone):
    """(table: way, seconds of each step, MiB, ratio; slope of log time over log captions, last two sizes)."""
    rows = []
    for size in sizes:
        rows.append(one(size, source, processes, shard))
        print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    took = table[[f"{step}_s" for step in STEPS]].sum(axis=1)
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
    parser.add_argument("--small", action="store_true", help="smallest sizes: does it run?")
    parser.add_argument("--out", default=RESULTS)
    chosen = parser.parse_args()
    sizes, shard = ([200, 400], 100) if chosen.small else (chosen.sizes, 50_000)
    result, slope = run(sizes, base(chosen.captions), chosen.processes, shard)
    print(result.to_string(), slope)
    most = result["largest_mib"]
    text = (f"Captions of {chosen.source}, words exchanged within fine tags so that all differ, ten to a video, in shards of {shard:,}; "
            f"{chosen.processes} processes. Seconds are those of the whole command. Slope of log time over log captions, last two sizes: {slope:.2f}.")
    headline = f"the largest process holds {most.iloc[0]:,.0f} MiB at {sizes[0]:,} captions and {most.iloc[-1]:,.0f} MiB at {sizes[-1]:,}"
    write("shards", result, "The text side over shards", text, chosen.out, headline, "captions per second, the first = 1")
