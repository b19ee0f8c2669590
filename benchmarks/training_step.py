"""A training step of the text tower, forward and backward: all columns, padded to 32, and the trie, in time and in memory.

    python benchmarks/training_step.py [--captions negatives.parquet --source NAME] [--small]

Memory is what autograd keeps for the backward pass (each storage once, the parameters left out). The padded ways are run on
a sample of the sentences and compared per sentence, as all of theirs cost the same.
"""

import pandas as pd
import torch
from measure import options, sentences, take_turns, text_tower, write

from posrank.towers import encode_text
from posrank.towers.tokenizer import ByteTokenizer


def step(tower, ids, mode):
    """One forward and backward pass; the loss has the same gradient for every way."""
    tower.zero_grad(set_to_none=True)
    loss = encode_text(tower, ids, mode).pow(2).sum()
    loss.backward()
    return loss.item()


def saved_bytes(tower, ids, mode):
    """Bytes of all storages that autograd keeps for the backward pass."""
    own, kept = {p.untyped_storage().data_ptr() for p in tower.parameters()}, {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = encode_text(tower, ids, mode).pow(2).sum()
    total = sum(kept.values())
    del loss
    return total


def run(captions=None, small=False, repeats=2):
    """Table way, ms_per_sentence, ratio, mib_per_sentence, memory_ratio, loss (of the sample)."""
    tower = text_tower(small)
    ids = ByteTokenizer()(sentences(captions, 1 if small else 2), 77)
    few = ids[torch.linspace(0, len(ids) - 1, 8).long()]
    ways = {"77 tokens": (few, "pad"), "padded to 32": (few[:, :32], "pad"), "buckets": (ids, "bucket"), "trie": (ids, "trie")}
    seconds = take_turns({name: lambda way=way: step(tower, *way) for name, way in ways.items()}, repeats)
    table = []
    for name, (rows, mode) in ways.items():
        memory = saved_bytes(tower, rows, mode) / len(rows) / 2**20
        table.append([name, 1000 * seconds[name] / len(rows), memory, step(tower, few[:, : rows.shape[1]], mode)])
    table = pd.DataFrame(table, columns=["way", "ms_per_sentence", "mib_per_sentence", "loss"])
    table.insert(2, "ratio", table["ms_per_sentence"].iloc[0] / table["ms_per_sentence"])
    table.insert(4, "memory_ratio", table["mib_per_sentence"].iloc[0] / table["mib_per_sentence"])
    return table, len(ids)


if __name__ == "__main__":
    chosen = options(__doc__)
    result, count = run(chosen.captions, chosen.small)
    print(result.to_string())
    text = f"{count} sentences: {chosen.source} with negatives; random weights, forward and backward, fp32."
    best = result.iloc[-1]
    headline = f"{best['ratio']:.0f} times faster, with {best['memory_ratio']:.0f} times less memory, than at 77 tokens"
    write("training_step", result, "A training step, ViT-B/32's text tower", text, chosen.out, headline)
