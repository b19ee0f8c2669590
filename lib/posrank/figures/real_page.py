"""docs/real as a page, and its tables for the notebooks: the paper's numbers beside those of real annotation files.

Comes in: the tables of posrank.figures.real, or the csv files that it wrote. Goes out: Markdown and DataFrames.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.figures.style import markdown
from posrank.files import root

ABSENT = "not available here"


def page(tables, found, notes):
    """README.md of the folder; notes: {dataset: what its definitions are}."""
    scored = tables["table2"].dropna(subset=["precision"])
    read = "; ".join(f"{name} ({variant}, {len(table):,} captions)" for name, (_, variant, table, _) in found.items())
    last = tables["figure3"].groupby(["dataset", "part"], sort=False).last().reset_index()
    last = last.pivot(index="dataset", columns="part", values="proportion")[list(PARTS)].reset_index()
    validity = tables["released_validity"]
    verdicts = [f"* {name}: {sentence}" for name, sentence in validity.attrs.get("verdicts", {}).items()]
    if len(validity):
        counts = ["captions", "videos", "k", "shortest"]
        validity = validity.round(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, int))
        validity = validity.set_index(validity["dataset"] + " " + validity["part"]).drop(columns=["dataset", "part"])
        validity = validity.T.rename_axis("column").reset_index()
    notes = "\n".join(f"* {name}: {note}" for name, note in notes.items())
    return "\n".join([
        "# Real annotation files: the paper's Tables 1 and 2, Fig. 2 and 3, and the authors' released negatives", "",
        "Made by `python -m posrank.figures.real`, see ../real_data.md. Numbers only.", "", f"Read: {read}.", "",
        "## Table 1: paper / ours (difference)", "", _wide(tables["table1"]), "", notes, "",
        "## Table 2: paper / ours (difference)", "", _wide(tables["table2"]), "",
        "mean_words: of the test captions. `<part>_eligible`: captions that get a set by the stop-word rule; the "
        "paper's is its count of sentences / 21.", "",
        "Against the ids of the authors' files:", "",
        markdown(scored[["dataset", "column", "precision", "recall"]], index=False), "",
        "## Fig. 2: how near the nearest captions of other videos are", "",
        markdown(tables["figure2"], index=False), "",
        "## Fig. 3: share of captions that became duplicates once all words of a part are gone", "",
        markdown(last, index=False), "",
        "![Fig. 3](figure3.png)", "", "## The authors' released negatives", "", *verdicts, "",
        "Columns: ../../lib/posrank/validity/counts.py. The language models (absolute discounting, and Kneser-Ney) read "
        "all captions of the dataset but those of scored videos; a minus sign prefers the unlikely sentence.", "",
        markdown(validity, index=False) if len(validity) else ABSENT, "",
    ])


def _wide(table):
    """Markdown with one row per column of the paper's table and one column per dataset."""
    cells = {}
    for row in table.itertuples():
        digits = 0 if row.paper >= 100 else 2 if row.paper < 2 else 1
        theirs = f"{row.paper:,.{digits}f}"
        difference = round(row.difference, digits) + 0.0  # no "-0.00"
        ours = ABSENT if np.isnan(row.ours) else f"{row.ours:,.{digits}f} ({difference:+,.{digits}f})"
        cells.setdefault(row.column, {})[row.dataset] = f"{theirs} / {ours}"
    return markdown(pd.DataFrame(cells).T.rename_axis("").reset_index(), index=False)


def _published(name):
    path = root() / "docs" / "real" / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: git keeps it (git checkout docs/real)")
    return pd.read_csv(path)


def real_table(n):
    """Table 1 or 2 as measured on real annotation files (docs/real), as Markdown: paper / ours (difference)."""
    return _wide(_published(f"table{n}"))


def real_curves():
    """Fig. 3's curves of the real datasets that were measured (docs/real)."""
    return _published("figure3")


def real_validity():
    """The authors' released sets, one row each: sizes, chance, oddities, blind models and the verdict (docs/real)."""
    return _published("released_validity").set_index(["dataset", "part"])[[
        "captions", "videos", "k", "chance", "several_words", "capitals", "replacement_other_part", "lost_32",
        "unigram", "bigram", "trigram", "4-gram", "-4-gram", "verdict",
    ]]
