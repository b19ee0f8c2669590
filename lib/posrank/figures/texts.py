"""Tables as texts for a page: the paper's names, its digits, Markdown.

Comes in: DataFrames. Goes out: DataFrames of texts, or Markdown.
"""

import pandas as pd

from posrank import PARTS
from posrank.figures.style import STRATEGIES, SYSTEMS

COLUMNS = ("v2t", "t2v", *PARTS)
"""The columns of the paper's tables of results: mean recall both ways in percent, PoSRank per part."""


def numbers(table):
    """The paper's columns of a table as texts, for a page: V2T and T2V with one digit, PoSRank with three."""
    shown = table.copy()
    for column in shown.columns:
        if column in COLUMNS or column in ("mean", "vision_gain", "chance"):
            shown[column] = [number(value, column) for value in shown[column]]
    return shown.rename(columns={"v2t": "V2T", "t2v": "T2V", "vision_gain": "vision gain"})


def number(value, column):
    """A value of COLUMNS as text: recall with one digit, PoSRank with three; empty where there is none."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:.1f}" if column in ("v2t", "t2v") else f"{value:.3f}"


def named(table):
    """The same table with systems and strategies under the names that the paper gives them."""
    names = {"system": SYSTEMS, "strategy": STRATEGIES, "against": STRATEGIES}
    flat = table.reset_index()
    for level in names.keys() & set(table.index.names):
        flat[level] = flat[level].map(lambda key, known=names[level]: known.get(key, key))
    levels = ["training strategy" if level == "strategy" else level for level in table.index.names]
    return flat.rename(columns={"strategy": "training strategy"}).set_index(levels)


def markdown(table, index=True):
    """A DataFrame as a Markdown table (texts as they are, floats with three digits, missing values empty)."""
    flat = table.reset_index() if index else table
    cells = [[_cell(value) for value in values] for values in flat.itertuples(index=False)]
    lines = [flat.columns, ["---"] * len(flat.columns), *cells]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _cell(value):
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
