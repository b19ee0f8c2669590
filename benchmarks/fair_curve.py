"""What the balance of rule `fair` costs and buys: set size against the judges, for several margins and handicaps.

    python benchmarks/fair_curve.py captions.parquet tags.parquet --out docs/figures/fair_curve.csv [--every 4] [--paper]

The reference captions are a random half of the training videos, as judge B asks (posrank.language.judges): A is fitted on the
builder's half, B on the other one. Prints and writes one line per part, margin and handicap: captions kept, K, chance, and how far
each judge and its negation are above chance. --paper adds the paper's rule under the same judges, --every n takes every n-th
test caption.
"""

import argparse

import pandas as pd

from posrank import PARTS, schema
from posrank.language.judges import halves, judge_a, judge_b
from posrank.negatives import generate
from posrank.negatives.corpus import gather
from posrank.negatives.draw import item_random
from posrank.negatives.fair import FairSource, render
from posrank.negatives.fair_balance import pick
from posrank.negatives.fair_lists import balance, collect, longest, one_each, scored, split_sides
from posrank.negatives.table import Rows
from posrank.scoring import BlindScorer, Negated, chance, evaluate

GRID = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.7), (0.2, 0.4), (0.4, 0.7), (0.7, 1.0))


def judged(table, captions, judges):
    """Excess over chance of each judge and its negation, by part."""
    lines = {part: {} for part in table["part"].unique()}
    for name, model in judges.items():
        for sign, scorer in (("", BlindScorer(model)), ("-", Negated(BlindScorer(model)))):
            ranks = evaluate(scorer, table, captions, progress=False)
            for part, mine in ranks.groupby("part"):
                expected = chance(mine["negatives"] + 1)
                lines[part] |= {"chance": round(expected, 4), sign + name: round(mine["reciprocal_rank"].mean() - expected, 4)}
    return lines


def curve(captions, tags, grid=GRID, k=20, paper=False):
    """The lines as a DataFrame. captions: those to be tested and, split "train", the training captions."""
    test, training = captions[captions["split"] == "test"], captions[captions["split"] == "train"]
    builder, other = halves(training)
    judges = {"A": judge_a(builder), "B": judge_b(other)}
    tags = tags[tags["caption_id"].isin(pd.concat([builder["caption_id"], test["caption_id"]])).to_numpy()]
    lines = []
    if paper:
        table = generate(test, "paper", tags=tags, reference=builder, k=k)
        for part, values in judged(table, test, judges).items():
            kept = table.loc[table["part"] == part, "caption_id"].nunique()
            lines.append({"rule": "paper", "part": part, "captions": kept, "k": k, **values})
    source = FairSource(gather(test, tags, builder))
    items, _ = collect(source, PARTS, "word", 0)
    for part in PARTS:
        scores, starts = scored(source, items[part])
        for margin, handicap in grid:
            mine, above, below = one_each(items[part], *split_sides(scores, starts, (margin, handicap)))
            length, ranks, sizes = balance(part, mine, above, below, longest(part, k, False), 0)
            rows = Rows("word")
            for item, a, b, rank in zip(mine, above, below, ranks.tolist()):
                if rank:
                    chosen = pick(a, b, item.antonym, rank, length, item_random(0, item.caption_id, part, "list"))
                    rows.add(item.caption_id, part, [render(item, n, source.corpus.tokens(item.caption_id)) for n in chosen])
            if not sizes[length]:
                continue
            values = judged(rows.table("fair", {}), test, judges)[part]
            lines.append({"rule": "fair", "part": part, "margin": margin, "handicap": handicap, "eligible": len(mine),
                          "captions": sizes[length], "k": length, **values})
    return pd.DataFrame(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("captions")
    parser.add_argument("tags")
    parser.add_argument("--out", required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--paper", action="store_true")
    options = parser.parse_args()
    captions, tags = schema.read_table(options.captions, "captions"), schema.read_table(options.tags, "tags")
    test = captions["split"] == "test"
    captions = pd.concat([captions[captions["split"] == "train"], captions[test].iloc[:: options.every]])
    table = curve(captions, tags, paper=options.paper)
    table.to_csv(options.out, index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
