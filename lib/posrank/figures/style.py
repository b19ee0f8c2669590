"""One look for figures and tables: the names, colours and digits of the paper, and how a figure becomes a file."""

import re
from pathlib import Path

import pandas as pd

from posrank import PARTS

STRATEGIES = {"zeroshot": "Zero-Shot (no training)", "coarse": "Coarse-Grained Training",
              "word": "Word-Level Negatives", "phrase": "Phrase-Level Negatives", "prompt": "Fine-Grained Prompting"}
SYSTEMS = {"frozen": "Frozen", "xclip": "X-CLIP", "ucofia": "UCoFiA", "ts2net": "TS2-Net", "clip": "CLIP (mean-pooled)"}
COLOURS = {"zeroshot": "#56b4e9", "coarse": "#8c8c8c", "word": "#0173b2", "phrase": "#de8f05", "prompt": "#029e73"}
PART_COLOURS = {"noun": "#0173b2", "verb": "#029e73", "adj": "#de8f05", "adv": "#cc78bc", "prep": "#ca9161"}
BLIND_COLOUR = "#d55e00"
CHANCE = {"color": "#444444", "lw": 1, "ls": ":"}
"""The line of chance, in every figure."""
MARKERS = "osD^v"
BESIDE = {"fontsize": "small", "loc": "upper left", "bbox_to_anchor": (1.01, 1.02)}
"""Where a legend stands that would cover points: at the right of its axes."""

RECALL = {"v2t": "V2T", "t2v": "T2V"}
NAMES = {"posrank": "PoSRank", "vision_gain": "vision gain", "gain_low": "gain low", "gain_high": "gain high",
         "best_blind": "best without video", "list_length": "list length", "p_holm": "p (Holm)"}
"""Names of columns in metrics and csv files -> as notebooks and the report show them."""
COLUMNS = (*RECALL, *PARTS)
"""The columns of the paper's tables of results: mean recall both ways in percent, PoSRank per part."""


def show_style():
    """Set the style of all following figures (seaborn's whitegrid) and tables (three digits, missing: empty)."""
    import matplotlib as mpl
    import seaborn as sns
    from IPython import get_ipython

    pd.options.display.float_format = "{:.3f}".format
    pd.options.display.max_colwidth = 200
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, table_html)

    sns.set_theme(context="paper", style="whitegrid", palette="colorblind", font_scale=1.05)
    mpl.rcParams.update({"figure.dpi": 110, "savefig.dpi": 160, "axes.spines.top": False, "axes.spines.right": False,
                         "axes.titlesize": "medium", "axes.titleweight": "bold", "legend.frameon": False,
                         "svg.hashsalt": "posrank", "figure.constrained_layout.use": True, "grid.alpha": 0.5})


def table_html(table):
    """A DataFrame as notebooks show it, cut as pandas' display options say: a missing value (NaN, NA, None) is an empty
    cell, a column of whole numbers (counts, ranks; not shares, which end at 1) has no decimals, recall has one, a
    p-value never reads 0, columns have people's names (NAMES), and a named index is a column of texts under its name.

    >>> "NaN" in table_html(pd.DataFrame({"a": [1.5, None]}))
    False
    >>> "2.0" in table_html(pd.DataFrame({"rank": [1.0, 2.0, None]}))
    False
    >>> "&lt; 0.001" in table_html(pd.DataFrame({"p_holm": [0.0002, 0.3]}))
    True
    """
    shown, recall = table.rename(columns=_shown, index=_shown), {*RECALL, *(table.columns if "R@1" in table else ())}
    for number, name in enumerate(table.columns):
        column = table.iloc[:, number]
        if name in recall:
            column = column.map(lambda value: cell(value, "v2t"))
        elif name in ("p", "p_holm"):
            column = column.map(lambda value: "< 0.001" if value < 0.0005 else cell(value))
        elif pd.api.types.is_float_dtype(column) and column.max() > 1 and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        if column.isna().any():
            column = column.astype(object).where(column.notna(), "")
        shown.isetitem(number, column)
    html, levels = shown._repr_html_(), shown.index.nlevels
    if any(shown.index.names) and shown.columns.nlevels == 1:
        first, names = re.search(r"(?s)<thead>(.*?</tr>)(.*?</tr>)", html).groups()
        heads, names = (re.findall("<th.*?</th>", row) for row in (first, names))
        row = "".join([*names[:levels], *heads[levels:]])
        html = re.sub(r"(?s)<thead>.*?</thead>", lambda _: f"<thead><tr>{row}</tr></thead>", html)
        first, rest = html.split("</thead>")
        first = first.replace("<th>", '<th style="text-align: left">', levels)
        html = first + "</thead>" + rest.replace("<th", '<th style="text-align: left"')
    return html


def _shown(name):
    """A column's name with the words of RECALL and NAMES in it replaced; anything but a text stays."""
    words = RECALL | NAMES
    return re.sub(r"\w+", lambda found: words.get(found[0], found[0]), name) if isinstance(name, str) else name


def cell(value, column=""):
    """A number of a table as text: recall (v2t, t2v) with one digit, all else with three; empty where there is none."""
    return "" if value is None or pd.isna(value) else f"{value:.{1 if column in RECALL else 3}f}"


def interval(value, low, high):
    """`value [low, high]` as text; without brackets where there is no interval."""
    return cell(value) if pd.isna(low) else f"{cell(value)} [{cell(low)}, {cell(high)}]"


def named(table):
    """The same table with systems and strategies of its index under the names that the paper gives them."""
    names = {"system": SYSTEMS, "strategy": STRATEGIES, "against": STRATEGIES}
    flat = table.reset_index()
    for level in names.keys() & set(table.index.names):
        flat[level] = flat[level].replace(names[level])
    levels = ["training strategy" if level == "strategy" else level for level in table.index.names]
    return flat.rename(columns={"strategy": "training strategy"}).set_index(levels)


def markdown(table, index=True, numbers=0):
    """A DataFrame as a Markdown table (texts as they are, floats with three digits, missing values empty); the last
    `numbers` columns are aligned to the right."""
    flat = table.reset_index() if index else table
    cells = [[cell(value) if isinstance(value, float) or pd.isna(value) else value for value in values]
             for values in flat.itertuples(index=False)]
    lines = [flat.columns, ["---"] * (flat.shape[1] - numbers) + ["---:"] * numbers, *cells]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def grouped_bars(axes, values, low=None, high=None, chance=None, **options):
    """Bars of PoSRank on `axes`, a group a part: values, low, high DataFrame part x bar, chance Series by part."""
    values = values.reindex(PARTS)
    if low is not None:
        ends = [values - low.reindex(PARTS), high.reindex(PARTS) - values]
        options["yerr"] = [list(pair) for pair in zip(*(end.fillna(0).clip(0).to_numpy().T for end in ends))]
    ends = {"elinewidth": 0.9, "ecolor": "#333333"}
    values.plot.bar(ax=axes, width=0.8, rot=0, legend=False, error_kw=ends, **options)
    for at, part in enumerate(PARTS if chance is not None else ()):
        axes.hlines(chance.get(part), at - 0.45, at + 0.45, **CHANCE, label=None if at else "chance")
    axes.set(ylim=(0, 1), xlabel="")
    axes.grid(axis="x", visible=False)


def save(figure, folder, name):
    """Write <folder>/<name>.png without dates or versions (equal figures give equal bytes); returns the figure."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return figure
