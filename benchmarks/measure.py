"""What the benchmarks share: interleaved timing, peak memory, sentences, and results as CSV, figure and page.

Ways of doing the same are timed in turns within one process (A, B, A, B, ...), and the best time of each counts: what else
the machine does meanwhile meets all of them. A result is benchmarks/results/<name>.csv, .png and .json (machine and
command); README.md beside them is written from those files alone.
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).resolve().parent / "results"


def options(text):
    """The command line that all have: --captions and --source (where a benchmark reads sentences), --small, --out."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--captions", help="parquet with columns caption_id and sentence, each caption before its negatives")
    parser.add_argument("--source", default="made-up captions of MSR-VTT's lengths", help="what the page calls them")
    parser.add_argument("--small", action="store_true", help="smallest sizes: does it run?")
    parser.add_argument("--out", default=RESULTS)
    return parser.parse_args()


def take_turns(ways, repeats=3):
    """{name: function without arguments} -> {name: best seconds}, one untimed turn first."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def text_tower(small=False):
    """A CLIP with ViT-B/32's text tower and random weights (small: two narrow blocks)."""
    import torch
    from open_clip.model import CLIP

    torch.manual_seed(0)
    width, layers = (64, 2) if small else (512, 12)
    vision = dict(layers=1, width=64, head_width=64, patch_size=32, image_size=32)
    text = dict(context_length=77, vocab_size=49408, width=width, heads=width // 64, layers=layers)
    return CLIP(width, vision, text).eval()


def sentences(captions, groups):
    """Captions and their negatives, group after group: from a table with columns caption_id and sentence, or made up with
    the lengths of MSR-VTT's captions (9 words) and 62 negatives that differ from each in one word."""
    if captions:
        table = pd.read_parquet(captions)
        ids = table["caption_id"].drop_duplicates().iloc[:groups]
        return table[table["caption_id"].isin(ids)]["sentence"].tolist()
    import numpy as np

    rng = np.random.default_rng(0)
    words = ["man", "woman", "dog", "cat", "car", "road", "song", "game", "house", "plays", "sings", "runs", "with", "slowly", "red"]
    texts = []
    for _ in range(groups):
        caption = list(rng.choice(words, max(3, rng.poisson(9))))
        texts.append(" ".join(caption))
        for _ in range(62):
            place = rng.integers(len(caption))
            texts.append(" ".join([*caption[:place], rng.choice(words), *caption[place + 1 :]]))
    return texts


def write(name, table, title, text, folder=RESULTS, headline="", axis="times faster than the first"):
    """The result: CSV, machine and command, bars of the column `ratio` by `way`; then the page of all results.
    headline: what its first lines say of this one; "" = the largest ratio."""
    import matplotlib.pyplot as plt
    import seaborn as sns
    import torch

    from posrank.figures.style import save, show_style
    from posrank.pipeline.machine import describe

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name}.csv", index=False)
    named = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]  # no folders of this machine
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *named])
    facts = dict(title=title, text=text, headline=headline, command=command, threads=torch.get_num_threads(), machine=describe())
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    show_style()
    width = 4 + 0.07 * table["way"].str.len().max()  # names beside the bars take their share
    figure, axes = plt.subplots(figsize=(width, 0.6 + 0.35 * len(table)))
    sns.barplot(table, x="ratio", y="way", ax=axes, color="#0173b2")
    for bars in axes.containers:
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set(title=title, xlabel=axis, ylabel="")
    save(figure, folder, name)
    plt.close(figure)
    page(folder)


def page(folder=RESULTS):
    """README.md of a folder of results."""
    results = [(path, json.loads(path.read_text()), pd.read_csv(path.with_suffix(".csv"))) for path in sorted(Path(folder).glob("*.json"))]
    lines = ["# Speed and memory", "", "Written by the benchmarks from the CSV and JSON files beside it.", ""]
    for _, facts, table in results:
        best = table.loc[table["ratio"].idxmax()]
        ratio = f"{best['way']} is {best['ratio']:.0f} times faster than {table['way'].iloc[0]}"
        lines.append(f"* {facts['title']}: {facts.get('headline') or ratio}.")
    lines.append("")
    for path, facts, table in results:
        machine, columns = facts["machine"], list(table.columns)
        lines += [f"## {facts['title']}", "", facts["text"], "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        lines += ["| " + " | ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row) + " |" for row in table.values]
        where = f"{machine['processor']}, {facts['threads']} thread(s), torch {machine['versions']['torch']}"
        lines += ["", f"![{facts['title']}]({path.stem}.png)", "", f"`{facts['command']}` on {where}.", ""]
    (Path(folder) / "README.md").write_text("\n".join(lines))
