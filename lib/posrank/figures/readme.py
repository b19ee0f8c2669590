"""The generated tables of README.md and the docs, from metrics/ alone, written by cog.

    python -m posrank.figures.readme            write them anew (the same as cog -r on these pages)

A table stands between `<!-- [[[cog from posrank.figures import readme; readme.results("metrics/full") ]]] -->` and
`<!-- [[[end]]] -->`. A test holds the committed pages equal to what this writes.
"""

import io
import sys

import pandas as pd

from posrank.audit.shares import list_shares
from posrank.figures.pattern import pattern_table
from posrank.figures.runs import load_metrics
from posrank.figures.style import markdown
from posrank.figures.tables import results_table
from posrank.files import root, write_text


def results(folder):
    """Print recall and PoSRank of the runs in a folder, with what needs no video below."""
    import cog  # the module that cog makes for the pages it fills

    runs = load_metrics(root() / folder)
    if not runs:
        raise ValueError(f"{folder} holds no metrics of runs: make repro, then make publish")
    cog.outl(markdown(results_table(runs), numbers=7))


def pattern(**folders):
    """Print the paper's pattern beside ours: folders of runs by the name of their captions (`pattern_table`)."""
    import cog

    groups = {name: load_metrics(root() / folder) for name, folder in folders.items()}
    if missing := [folders[name] for name, metrics in groups.items() if not metrics]:
        raise ValueError(f"{missing[0]} holds no metrics of runs: make repro, then make publish")
    cog.outl(markdown(pattern_table(groups), numbers=9))


def audits(folder):
    """Print what readers found in lists of negatives: the labels in a folder, one csv file a dataset (list_shares)."""
    import cog

    paths = sorted((root() / folder).glob("*.csv"))
    if not paths:
        raise ValueError(f"{folder} holds no labels (csv files)")
    rows = []
    for path in paths:
        for part, row in list_shares(pd.read_csv(path)).iterrows():
            cells = {name: f"{row[name]:.0f} ({100 * row[name] / row['lists']:.1f} % [{100 * row[f'{name}_low']:.1f}, "
                           f"{100 * row[f'{name}_high']:.1f}])" for name in ("may_be_true", "ungrammatical")}
            rows.append({"set": path.stem, "part": part, "lists": f"{row['lists']:.0f}", **cells})
    cog.outl(markdown(pd.DataFrame(rows).rename(columns={"may_be_true": "may be true"}), index=False, numbers=3))


def pages(base):
    """Pages of the project that have generated parts."""
    every = [base / "README.md", *sorted((base / "docs").rglob("*.md"))]
    return [path for path in every if path.is_file() and "[[[cog" in path.read_text(encoding="utf-8")]


def fill(text, name="page"):
    """The text with its generated parts written anew. ValueError for a folder without the numbers asked for."""
    from cogapp import Cog

    out = io.StringIO()
    Cog().process_file(io.StringIO(text), out, fname=name)
    return out.getvalue()


def main():
    """Write all pages."""
    base = root()
    for path in pages(base):
        text = fill(path.read_text(encoding="utf-8"), path.name)
        write_text(path, text)
        print(path.relative_to(base), file=sys.stderr)


if __name__ == "__main__":
    main()
