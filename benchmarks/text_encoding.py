"""Text encoding: captions with their negatives through ViT-B/32's text tower, our ways beside the usual ones.

    python benchmarks/text_encoding.py [--captions negatives.parquet --source NAME] [--small]

Weights are random. The usual ways are timed on a sample of the sentences, as all of theirs cost the same; every way's vectors
are compared with open_clip's own at 77 tokens. transformers' CLIPTextModel is a model of the same shape with its own weights.
"""

import pandas as pd
import torch
from measure import options, sentences, take_turns, text_tower, write

from posrank.towers import encode_text
from posrank.towers.tokenizer import ByteTokenizer


def longest_padding(ids, width, layers):
    """transformers' CLIPTextModel of the same shape on a batch padded to its longest sentence."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers, num_attention_heads=width // 64,
        projection_dim=width, bos_token_id=49406, eos_token_id=49407,
    )  # fmt: skip
    model, ends = CLIPTextModel(config).eval(), ids.argmax(1)
    ids = ids[:, : int(ends.max()) + 1]
    mask = (torch.arange(ids.shape[1]) <= ends[:, None]).long()
    return lambda: model(input_ids=ids, attention_mask=mask)


@torch.inference_mode()
def run(captions=None, small=False, repeats=2):
    """Table way, ms_per_sentence, ratio, error (largest difference from open_clip at 77)."""
    tower = text_tower(small)
    ids = ByteTokenizer()(sentences(captions, 2 if small else 8), 77)
    few = ids[torch.linspace(0, len(ids) - 1, 8 if small else 32).long()]
    width, layers = tower.text_projection.shape[0], len(tower.transformer.resblocks)

    def padded():
        return encode_text(tower, few[:, :32], "pad")

    ways = {
        "open_clip, 77 tokens": (lambda: tower.encode_text(few), few),
        "padded to 32": (padded, few),
        "transformers, longest": (longest_padding(few, width, layers), few),
        "buckets": (lambda: encode_text(tower, ids, "bucket"), ids),
        "trie": (lambda: encode_text(tower, ids, "trie"), ids),
    }
    seconds = take_turns({name: way for name, (way, _) in ways.items()}, repeats)
    cost = {name: 1000 * seconds[name] / len(rows) for name, (_, rows) in ways.items()}
    first = next(iter(cost.values()))
    sample = torch.linspace(0, len(ids) - 1, 64 if small else 32).long()
    truth = {id(ids): tower.encode_text(ids[sample]), id(few): tower.encode_text(few)}
    table = []
    for name, (way, rows) in ways.items():
        out = None if "transformers" in name else way()
        error = float("nan") if out is None else (out if rows is few else out[sample]).sub(truth[id(rows)]).abs().max().item()
        table.append([name, cost[name], first / cost[name], error])
    return pd.DataFrame(table, columns=["way", "ms_per_sentence", "ratio", "error"]), len(ids)


if __name__ == "__main__":
    chosen = options(__doc__)
    result, count = run(chosen.captions, chosen.small)
    print(result.to_string())
    text = f"{count} sentences: {chosen.source} with negatives; random weights, forward only, fp32."
    write("text_encoding", result, "Text encoding, ViT-B/32's text tower", text, chosen.out)
