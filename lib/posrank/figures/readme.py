"""The generated tables of README.md and the docs, from metrics/ alone, written by cog.

    python -m posrank.figures.readme            write them anew (the same as cog -r on these pages)

A table stands between `<!-- [[[cog from posrank.figures import readme; readme.results("metrics/full") ]]] -->` and
`<!-- [[[end]]] -->`. A test holds the committed pages equal to what this writes.
"""

import io
import sys

import pandas as pd

from posrank.audit.shares import list_agreement, list_shares
from posrank.figures.generators import PANELS, cross_generator, generator_figure
from posrank.figures.pattern import pattern_table
from posrank.figures.runs import load_metrics, together
from posrank.figures.style import COLUMNS, RECALL, markdown, save, show_style
from posrank.figures.sweeps import points
from posrank.figures.tables import results_table
from posrank.files import root, write_text


def results(*folders):
    """Print recall and PoSRank of the runs in these folders, with what needs no video below; of a run in several that
    of the first. ValueError for a folder without runs."""
    import cog  # the module that cog makes for the pages it fills

    cog.outl(markdown(results_table(_runs(*folders)), numbers=7))


def _runs(*folders):
    found = {folder: load_metrics(root() / folder) for folder in folders}
    if missing := [folder for folder, runs in found.items() if not runs]:
        raise ValueError(f"{missing[0]} holds no metrics of runs: make repro, then make publish")
    return together(*found.values())


def pattern(**folders):
    """Print the paper's pattern beside ours: folders of runs by the name of their captions (`pattern_table`)."""
    import cog

    cog.outl(markdown(pattern_table({name: _runs(folder) for name, folder in folders.items()}), numbers=9))


def generators(folder):
    """Print training on one kind of negatives and testing on others, of the sweeps in a folder (`cross_generator`)."""
    import cog

    table = cross_generator(_generators(root() / folder))
    if table.empty:
        raise ValueError(f"{folder} holds no points of sweep rule: make sweep SWEEP=rule PRESET=generators, then make "
                         "publish")
    shown = table.loc[[key for key in table.index if key[1:] in PANELS], [*COLUMNS, "mean", "shuffled", "chance"]]
    shown[[*RECALL]] = shown[[*RECALL]].map("{:.1f}".format)
    cog.outl(markdown(shown.rename(columns=RECALL), numbers=10))


def _generators(folder):
    return points(folder / "sweeps", "holdout") | points(folder / "sweeps", "rule")


def audits(folder):
    """Print what readers found in lists of negatives, and how far two readers of one set agree.

    The labels in a folder: <set>.csv is the first reader's, <set>-2.csv the second's (list_shares, list_agreement).
    """
    import cog

    labels = _labels(root() / folder)
    if not labels:
        raise ValueError(f"{folder} holds no labels (csv files)")
    rows, both = [], []
    for name, readers in labels.items():
        shares = {reader: list_shares(table) for reader, table in readers.items()}
        for part in next(iter(shares.values())).index:
            for reader, row in ((reader, table.loc[part]) for reader, table in shares.items() if part in table.index):
                rows.append([name, part, reader, f"{row['lists']:.0f}", *(
                    f"{row[label]:.0f} ({100 * row[label] / row['lists']:.1f} % [{100 * row[f'{label}_low']:.1f}, "
                    f"{100 * row[f'{label}_high']:.1f}])" for label in ("may_be_true", "ungrammatical"))])
        for label, row in list_agreement(readers["1"], readers["2"]).iterrows() if {"1", "2"} <= readers.keys() else ():
            counts = (f"{row[column]:.0f}" for column in ("both", "first", "second", "neither"))
            kappa = "" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
            both.append([name, label, *counts, f"{100 * row['agree']:.1f} %", kappa])
    columns = ["set", "part", "reader", "lists", "may be true", "ungrammatical"]
    cog.outl(markdown(pd.DataFrame(rows, columns=columns), index=False, numbers=3))
    if both:
        columns = ["set", "label", "both", "reader 1 alone", "reader 2 alone", "neither", "agree", "Cohen's kappa"]
        cog.outl("\n" + markdown(pd.DataFrame(both, columns=columns), index=False, numbers=6))


def _labels(folder):
    """Labels tables of a folder's csv files -> {set: {reader: table}}; a file without a number is reader 1's."""
    found = {}
    for path in sorted(folder.glob("*.csv"), key=lambda path: path.stem):
        name, _, reader = path.stem.rpartition("-")
        name, reader = (name, reader) if reader.isdigit() else (path.stem, "1")
        found.setdefault(name, {})[reader] = pd.read_csv(path)
    return found


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
    """Write all pages, and the picture of docs/results.md."""
    base = root()
    show_style()
    figure = generator_figure(_generators(base / "metrics" / "generators_natural"))
    if figure is not None:
        save(figure, base / "docs" / "figures", "generators")
    for path in pages(base):
        text = fill(path.read_text(encoding="utf-8"), path.name)
        write_text(path, text)
        print(path.relative_to(base), file=sys.stderr)


if __name__ == "__main__":
    main()
