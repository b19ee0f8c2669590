"""The generated parts of README.md and the docs: tables and sentences from metrics/ alone, written by cog.

    python -m posrank.figures.readme            write them anew (the same as cog -r on these pages)

A part of a page stands between `<!-- [[[cog from posrank.figures import readme; readme.results("metrics/full") ]]] -->`
and `<!-- [[[end]]] -->`. Each function here prints one such part. A test holds the committed pages equal to what this
writes.
"""

import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

from posrank import PARTS
from posrank.figures.finding import finding_figure, gain_texts, shortcut_table
from posrank.figures.runs import load_metrics
from posrank.figures.style import SYSTEMS, save, show_style
from posrank.figures.sweeps import SWEEPS, constant_table, cross_generator, points, sweep_table
from posrank.figures.tables import results_table, strategy_table
from posrank.figures.texts import markdown, named
from posrank.paths import atomic, root

MARKER = "[[[cog"
CAPTIONS = {"skewed": "captions with a shortcut"}
"""Folder of metrics -> what its runs have in common; all others were run on the balanced captions."""
FINDING = ("metrics/full", "metrics/skewed")
"""Folders of docs/figures/finding.png."""


def results(folder):
    """Recall and PoSRank of the runs in a folder, with what needs no video below."""
    table = markdown(results_table(_runs(folder), counts=False))
    _print(table.replace("| --- " * 9 + "|", "| --- | --- " + "| ---: " * 7 + "|"))


def means(folder):
    """One item of a list: the systems of a folder by mean PoSRank over parts, of all strategies and of coarse
    training."""
    each = strategy_table(_runs(folder))[list(PARTS)].mean(axis=1)
    words = {}
    for name, values in (
        ("all strategies averaged", each.groupby("system").mean()),
        ("coarse-grained training alone", each.xs("coarse", level=1)),
    ):
        words[name] = ", ".join(
            f"{SYSTEMS[key]} {value:.3f}" for key, value in values.sort_values(ascending=False).items()
        )
    _print(
        "* Mean PoSRank over the parts of speech: " + "; ".join(f"{name}: {text}" for name, text in words.items()) + "."
    )


def finding(*folders):
    """What each strategy adds to coarse training, and how much of that is vision."""
    _print(markdown(gain_texts(_groups(folders))))


def shortcut(*folders):
    """Two worlds side by side."""
    _print(markdown(named(shortcut_table(_groups(folders)))))


def constant(folder):
    """Trained on a constant video."""
    runs = _runs(folder)
    _print(markdown(constant_table(_points(folder, "constant"), runs)))


def generators(folder):
    """Trained on one kind of negatives, tested on others."""
    _print(markdown(cross_generator(_points(folder, "rule"))))


def sweep(folder, name):
    """Table 5 (lambda) or 6 (n)."""
    _points(folder, name)
    table = sweep_table(root() / folder / "sweeps", name)
    _print(markdown(table.assign(**{name: table[name].map("{:g}".format)}), index=False))


def _print(text):
    import cog  # the module that cog makes for the pages it fills

    cog.outl(text)


def _runs(folder):
    found = load_metrics(root() / folder)
    if not found:
        raise ValueError(f"{folder} holds no metrics of runs: make repro, then make publish")
    return found


def _points(folder, name):
    found = points(root() / folder / "sweeps", name)
    if not found:
        raise ValueError(f"{folder}/sweeps holds no {name}-*.json: {SWEEPS[name][2]}, then make publish")
    return found


def _groups(folders):
    return {CAPTIONS.get(Path(folder).name, "balanced captions"): _runs(folder) for folder in folders}


def pages(base):
    """Pages of the project that have generated parts."""
    every = [base / "README.md", *sorted((base / "docs").rglob("*.md"))]
    return [path for path in every if path.is_file() and MARKER in path.read_text(encoding="utf-8")]


def fill(text, name="page"):
    """The text with its generated parts written anew. ValueError for a folder without the numbers that a part asks
    for."""
    from cogapp import Cog

    out = io.StringIO()
    cog = Cog()
    cog.process_file(io.StringIO(text), out, fname=name)
    return out.getvalue()


def main():
    """Write all pages and docs/figures/finding.png."""
    base = root()
    for path in pages(base):
        text = fill(path.read_text(encoding="utf-8"), path.name)
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(path.relative_to(base), file=sys.stderr)
    show_style()
    with redirect_stdout(sys.stderr):
        save(finding_figure(_groups(FINDING)), base / "docs" / "figures", "finding")


if __name__ == "__main__":
    main()
