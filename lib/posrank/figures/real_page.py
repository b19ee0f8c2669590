"""The paper's numbers beside those of real annotation files, for notebooks and docs/real: what posrank.figures.real
wrote.

Comes in: the csv files of docs/real. Goes out: Markdown and DataFrames.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.figures.style import markdown
from posrank.files import root

ABSENT = "not available here"


def published_csv(name):
    """docs/real/<name>.csv: table1, table2, figure2, figure3, released_validity or judges -> DataFrame."""
    path = root() / "docs" / "real" / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: git keeps it (git checkout docs/real)")
    return pd.read_csv(path)


def wide(table):
    """Table 1 or 2 of posrank.figures.real as Markdown: a row per column of the paper's table, a column per dataset,
    cells `paper / ours (difference)`."""
    cells = {}
    for row in table.itertuples():
        digits = 0 if row.paper >= 100 else 2 if row.paper < 2 else 1
        difference = round(row.difference, digits) + 0.0  # no "-0.00"
        ours = ABSENT if np.isnan(row.ours) else f"{row.ours:,.{digits}f} ({difference:+,.{digits}f})"
        cells.setdefault(row.column, {})[row.dataset] = f"{row.paper:,.{digits}f} / {ours}"
    return markdown(pd.DataFrame(cells).T.rename_axis(""))


def real_table(n):
    """Table 1 or 2 as measured on real annotation files (docs/real), as Markdown: paper / ours (difference)."""
    return wide(published_csv(f"table{n}"))


def real_curves():
    """Fig. 3's curves of the real datasets that were measured (docs/real)."""
    return published_csv("figure3")


def real_duplicates():
    """The ends of these curves: the share of captions that became duplicates once all words of a part are gone."""
    last = real_curves().groupby(["dataset", "part"], sort=False)["proportion"].last()
    return last.unstack(sort=False)[list(PARTS)].rename_axis(columns=None)


def real_validity():
    """The authors' released sets, one row each: sizes, chance, oddities, blind models and the verdict (docs/real)."""
    return published_csv("released_validity").convert_dtypes().set_index(["dataset", "part"])[[
        "captions", "videos", "k", "chance", "several_words", "capitals", "replacement_other_part", "lost_32",
        "unigram", "bigram", "trigram", "4-gram", "-4-gram", "verdict",
    ]]


def real_judges():
    """What text alone solves in the test lists of real captions, by dataset, rule and part (docs/real): lists, K,
    chance, PoSRank minus chance of each judge, the strongest and its share of what is possible."""
    table = published_csv("judges").set_index(["dataset", "rule", "part"]).drop(columns=["verdict", "-4-gram"])
    table.loc[table["adjusted"].abs() < 1e-9, ["strongest", "adjusted"]] = ["none", 0.0]
    return table
