"""What a GPU makes of the text tower: sentences per second and training steps, and the share of its measured bf16 ceiling.

    python benchmarks/accelerator.py [--captions negatives.parquet --source NAME] [--small]

The ceiling is the fastest product of two large square matrices on the same device in the same run, in bf16. A way's share of it
counts the multiplications that the way itself makes (two operations for each weight of the blocks' linear layers and token, three
times that in a training step; attention and norms are left out), so that computing padding is no merit in the column
`ratio` but is one in `share`. Padded training steps take 256 sentences, which fill a GPU and fit into its memory; all is compared
per sentence. Without a GPU only --small runs, on the processor, to show that the code does.
"""

import sys
from functools import partial

import pandas as pd
import torch
from measure import options, sentences, take_turns, text_tower, write

from posrank.pipeline.machine import describe
from posrank.towers import encode_text
from posrank.towers.text import CHUNK_GPU
from posrank.towers.tokenizer import ByteTokenizer
from posrank.towers.trie import build_trie


def ceiling(device, size, repeats):
    """Operations per second of a bf16 product of two matrices [size, size]."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * size**3 / take_turns({"product": waited(lambda: left @ right, device)}, repeats)["product"]


def waited(work, device):
    """`work`, and then until the device has finished it."""

    def run():
        out = work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return out

    return run


def operations(tower, tokens):
    """Of the blocks' linear layers, forward, for so many tokens."""
    return 2 * tokens * sum(p.numel() for p in tower.transformer.parameters() if p.dim() == 2)


def computed(ids, mode):
    """Tokens that a way computes: all columns, or the nodes of the tries of its chunks."""
    if mode == "pad":
        return ids.numel()
    rows = CHUNK_GPU // ids.shape[1]
    return sum(len(build_trie(part.cpu(), part.cpu().argmax(1) + 1).token) for part in ids.split(rows))


def encode(tower, ids, mode, precision):
    """Sentence vectors, without gradients."""
    with torch.inference_mode(), torch.autocast(ids.device.type, torch.bfloat16, enabled=precision == "bf16"):
        return encode_text(tower, ids, mode)


def train(tower, ids, mode, precision):
    """One forward and backward pass."""
    tower.zero_grad(set_to_none=True)
    with torch.autocast(ids.device.type, torch.bfloat16, enabled=precision == "bf16"):
        vectors = encode_text(tower, ids, mode)
    vectors.float().pow(2).sum().backward()


def run(captions=None, small=False, repeats=3):
    """Table way, sentences_per_s, ratio (of encoding, of training), share (of the ceiling), peak_mib (GPU memory; empty without)."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tower = text_tower(small).to(device)
    ids = ByteTokenizer()(sentences(captions, 2 if small else 512), 77).to(device)
    batch = ids[: 126 if small else 2048]
    top = ceiling(device, 256 if small else 8192, repeats)
    ways = {
        f"{name}, {columns} tokens, {precision}" if mode == "pad" else f"{name}, trie, {precision}": (name, columns, mode, precision)
        for name in ("encoding", "training")
        for mode, columns in (("pad", 77), ("pad", 32), ("trie", 77))
        for precision in ("fp32", "bf16")
    }
    table = []
    for way, (name, columns, mode, precision) in ways.items():
        rows = (ids if name == "encoding" else batch if mode == "trie" else batch[:256])[:, :columns]
        work = waited(partial({"encoding": encode, "training": train}[name], tower, rows, mode, precision), device)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        seconds = take_turns({way: work}, repeats)[way]
        peak = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else float("nan")
        done = operations(tower, computed(rows, mode)) * (3 if name == "training" else 1)
        table.append([way, len(rows) / seconds, done / seconds / top, peak, name])
    table = pd.DataFrame(table, columns=["way", "sentences_per_s", "share", "peak_mib", "name"])
    slowest = table.groupby("name", sort=False)["sentences_per_s"].transform("first")
    table.insert(2, "ratio", table["sentences_per_s"] / slowest)
    return table.drop(columns="name"), len(ids), len(batch), top


if __name__ == "__main__":
    chosen = options(__doc__)
    if not (torch.cuda.is_available() or chosen.small):
        print("there is no GPU here: nothing to measure (--small runs the code on the processor)")
        sys.exit()
    result, count, batch, top = run(chosen.captions, chosen.small)
    print(result.to_string())
    told = describe()
    text = (
        f"{told['accelerator'] or told['processor']}: {count} sentences in encoding, {batch} in a training step (256, where "
        f"they are padded); {chosen.source} with negatives, ids at hand, random weights. "
        f"bf16 ceiling measured in the same run: {top / 1e12:.3g} TFLOP/s."
    )
    best = result.set_index("way")
    rate = best["sentences_per_s"]["encoding, trie, bf16"]
    headline = (
        f"{rate:,.0f} sentences/s in bf16 ({best['sentences_per_s']['encoding, trie, fp32']:,.0f} in fp32), "
        f"{best['ratio']['training, trie, bf16']:.0f} times faster training steps than at 77 tokens in fp32"
    )
    write("accelerator", result, "Text tower on a GPU", text, chosen.out, headline, "times faster than 77 tokens in fp32")
