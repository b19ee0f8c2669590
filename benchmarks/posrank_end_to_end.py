"""PoSRank of a set end to end: posrank.evaluate beside a loop that treats every sentence alone, as the authors' release does.

    python benchmarks/posrank_end_to_end.py [--captions negatives.parquet --source NAME] [--small]

The set: captions with five lists of up to 20 negatives; the system is mean-pooled CLIP with ViT-B/32's text tower and random
weights. The loop reads a sentence at a time (batch 1), builds the tokenizer anew for each, encodes all 77 columns (or 32), and
encodes the caption again in each of its lists; its videos are encoded before the clock starts, those of posrank.evaluate after
it. A loop's sentences all cost the same, so it is timed on a few and compared per sentence; the ranks of these few lists are
compared as well. What the tokenizer alone costs is seen from the loop that builds it once.
"""

import numpy as np
import pandas as pd
import torch
from measure import options, sentences, take_turns, text_tower, write
from open_clip.tokenizer import SimpleTokenizer

import posrank
from posrank.scoring.scorers import SystemScorer
from posrank.systems import build
from posrank.towers.backbone import Backbone
from posrank.towers.text import encode_text
from posrank.towers.tokenizer import ByteTokenizer

K, GOAL = 20, 50


def negative_sets(captions, groups):
    """(negatives, captions): the first sentence of a group is the caption, the others are dealt to five lists of at most K."""
    texts = sentences(captions, groups)
    if captions:
        names = pd.read_parquet(captions)["caption_id"]
        names = names[names.isin(names.drop_duplicates().iloc[:groups])].to_numpy()
    else:
        names = np.repeat([f"c{number}" for number in range(groups)], len(texts) // groups)
    table = pd.DataFrame({"caption_id": names, "sentence": texts})
    turn = table.groupby("caption_id", sort=False).cumcount().to_numpy()
    parts = np.array(posrank.PARTS)[(turn - 1) % len(posrank.PARTS)]
    own = table[turn == 0].rename(columns={"sentence": "caption"})
    return table.assign(part=parts)[(turn > 0) & (turn <= K * len(posrank.PARTS))], own.assign(video_id="of " + own["caption_id"])


def one_by_one(system, features, negatives, captions, columns, tokenizer=None):
    """{(caption_id, part): rank} by a loop over single sentences; `tokenizer` None = a new one for each."""
    ranks = {}
    own = captions.set_index("caption_id")
    for (name, part), others in negatives.groupby(["caption_id", "part"], sort=False)["sentence"]:
        video, scores = features[own.at[name, "video_id"]], []
        for text in [own.at[name, "caption"], *others]:
            ids = (tokenizer or SimpleTokenizer())([text], columns)
            vector = encode_text(system.clip, ids, "pad") if columns < 77 else system.clip.encode_text(ids)
            scores.append((torch.nn.functional.normalize(vector, dim=-1) @ video.T).item())
        ranks[name, part] = 1 + sum(score > scores[0] for score in scores[1:])
    return ranks


def sample(negatives, captions, lists, size):
    """The first `size` negatives of `lists` lists, one of each caption and part in turn."""
    names, parts = captions["caption_id"].tolist(), posrank.PARTS
    chosen = [(names[number % len(names)], parts[number % len(parts)]) for number in range(lists)]
    grouped = negatives.groupby(["caption_id", "part"], sort=False)
    return pd.concat([grouped.get_group(pair).head(size) for pair in dict.fromkeys(chosen)])


@torch.inference_mode()
def run(captions=None, small=False, repeats=2):
    """(table way, ms_per_sentence, ratio, ranks_that_differ on the sample; sentences in all lists)."""
    negatives, rows = negative_sets(captions, 2 if small else 64)
    few = sample(negatives, rows, 2 if small else 4, 2)
    system = build("clip", backbone=Backbone(text_tower(small), ByteTokenizer()), num_frames=2, max_words=77).eval()
    rng = np.random.default_rng(0)
    frames = {video: rng.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8) for video in rows["video_id"]}

    def ours(lists):
        return posrank.evaluate(SystemScorer(system, frames), lists, rows, progress=False)

    def loop(columns, tokenizer=None):
        return one_by_one(system, features, few, rows, columns, tokenizer)

    encoder, once = SystemScorer(system, frames), SimpleTokenizer()
    features = {video: system._video_side(encoder.video_features([video]))["video"] for video in frames}
    ways = {
        "loop, 77 tokens": lambda: loop(77),
        "loop, 32 tokens": lambda: loop(32),
        "loop, 77, one tokenizer": lambda: loop(77, once),
        "loop, 32, one tokenizer": lambda: loop(32, once),
        "posrank.evaluate": lambda: ours(negatives),
    }
    seconds = take_turns(ways, repeats)
    whole, part = (len(lists) + lists.groupby(["caption_id", "part"]).ngroups for lists in (negatives, few))
    found = ours(few)
    found = dict(zip(zip(found["caption_id"], found["part"]), found["better"] + 1))
    ranks = {name: way() for name, way in ways.items() if name.startswith("loop")} | {"posrank.evaluate": found}
    truth, table = next(iter(ranks.values())), []
    for name, took in seconds.items():
        differ = sum(ranks[name][pair] != rank for pair, rank in truth.items())
        table.append([name, 1000 * took / (part if name.startswith("loop") else whole), differ])
    table = pd.DataFrame(table, columns=["way", "ms_per_sentence", "ranks_that_differ"])
    table.insert(2, "ratio", table["ms_per_sentence"].iloc[0] / table["ms_per_sentence"])
    return table, (whole, part, len(truth))


if __name__ == "__main__":
    chosen = options(__doc__)
    result, (whole, part, lists) = run(chosen.captions, chosen.small)
    print(result.to_string())
    text = (
        f"{whole} sentences (captions counted in each of their lists): {chosen.source} with negatives; tokenising, encoding, scoring "
        f"and ranking, random weights, fp32. The loops ran on {part} of the sentences, {lists} short lists whose ranks were compared. "
        f"Goal, {GOAL} times faster than the loop at 77 tokens: {'met' if result['ratio'].iloc[-1] >= GOAL else 'missed'}."
    )
    ratio = result.set_index("way")["ratio"]
    headline = (
        f"{ratio['posrank.evaluate']:.0f} times faster than a loop over single sentences that builds the tokenizer for each, "
        f"{ratio['posrank.evaluate'] / ratio['loop, 77, one tokenizer']:.0f} times faster than one that builds it once"
    )
    write("posrank_end_to_end", result, "PoSRank of a set, end to end", text, chosen.out, headline)
