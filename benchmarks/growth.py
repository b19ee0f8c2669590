"""How time and memory grow with the set: negatives and ranks of 1,000, 10,000 and 100,000 captions.

    python benchmarks/growth.py [--small]

Captions are written by the world's grammar, with its gold tags, three to a video; negatives by `posrank.negatives.generate`
(rule paper, five parts, at most 20 each); ranks by `posrank.evaluate` with a scorer that costs next to nothing (the length of the
text), so that what grows is the project's own work. Each size runs in a process of its own, whose peak memory the system
reports; what it holds before (libraries, word lists, captions, tags) is mib_before, and loading them is not timed. Growth is told
by the slope of log time over log captions between the last two sizes (1 = linear) and by the memory per further caption.
"""

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from measure import options, write

SIZES, SMALL = (1_000, 10_000, 100_000), (30, 90)


def world_tables(count):
    """(captions, tags) of `count` captions of the world's grammar."""
    from posrank.world.build import annotation

    captions, tags = [], []
    for number in range(-(-count // 3)):
        video = annotation(0, "test", number)
        for entry in video["captions"]:
            captions.append(("world", "test", video["video_id"], entry["caption_id"], entry["caption"]))
            tags += [(entry["caption_id"], place, *token) for place, token in enumerate(entry["tokens"])]
    captions = pd.DataFrame(captions[:count], columns=["dataset", "split", "video_id", "caption_id", "caption"])
    columns = ["caption_id", "i", "text", "whitespace", "lemma", "upos", "tag", "head", "dep"]
    tags = pd.DataFrame(tags, columns=columns).assign(tagger="gold")
    return captions, tags[tags["caption_id"].isin(captions["caption_id"])]


def peak():
    """MiB that this process has held at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def one_size(count):
    """Seconds of both steps, peak MiB after each, and how many sentences were made and lists ranked, of one set."""
    import posrank
    from posrank.negatives import generate

    few, few_tags = world_tables(3)
    generate(few, tags=few_tags, reference=few, progress=False)  # libraries and word lists
    captions, tags = world_tables(count)
    facts = {"captions": count, "mib_before": peak()}
    start = time.perf_counter()
    sets = generate(captions, tags=tags, reference=captions, progress=False)
    facts |= {"negatives_s": time.perf_counter() - start, "negatives_mib": peak(), "sentences": len(sets)}
    start = time.perf_counter()
    ranks = posrank.evaluate(lambda videos, texts: [len(text) for text in texts], sets, captions, progress=False)
    facts |= {"ranks_s": time.perf_counter() - start, "ranks_mib": peak(), "lists": len(ranks)}
    return facts


def alone(count):
    """`one_size` in a process of its own."""
    told = subprocess.run([sys.executable, __file__, "--one", str(count)], check=True, capture_output=True, text=True)
    return json.loads(told.stdout.splitlines()[-1])


def run(sizes=SIZES, one=alone):
    """(table way, seconds and peak MiB of each step, ratio; slope of log time over log captions, last two sizes)."""
    rows = []
    for size in sizes:
        rows.append(one(size))
        print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    took = table["negatives_s"] + table["ranks_s"]
    slope = float(np.diff(np.log(took.iloc[-2:]))[0] / np.diff(np.log(table["captions"].iloc[-2:]))[0])
    table.insert(0, "way", [f"{size:,} captions" for size in sizes])
    table["ms_per_caption"] = 1000 * took / table["captions"]
    table["ratio"] = table["ms_per_caption"].iloc[0] / table["ms_per_caption"]
    return table, slope


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one_size(int(sys.argv[2]))))
        sys.exit()
    chosen = options(__doc__)
    result, slope = run(SMALL if chosen.small else SIZES)
    print(result.to_string(), slope)
    added = (result["ranks_mib"].iloc[-1] - result["ranks_mib"].iloc[0]) * 2**10 / np.ptp(result["captions"])
    text = (
        "Captions of the world's grammar, their negatives (rule paper) and ranks by a scorer that costs nothing, each size in a process "
        f"of its own. Slope of log time over log captions, last two sizes: {slope:.2f}; peak memory: {added:.1f} KiB per further "
        "caption, tables included."
    )
    headline = f"time grows with the power {slope:.2f} of the number of captions"
    write("growth", result, "Growth with the number of captions", text, chosen.out, headline, "captions per second, the first = 1")
