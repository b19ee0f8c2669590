"""One look for all figures: names, colours, sizes, and how a figure becomes a file."""

from pathlib import Path

STRATEGIES = {"zeroshot": "Zero-Shot (no training)", "coarse": "Coarse-Grained Training",
              "word": "Word-Level Negatives", "phrase": "Phrase-Level Negatives", "prompt": "Fine-Grained Prompting"}
SYSTEMS = {"frozen": "Frozen", "xclip": "X-CLIP", "ucofia": "UCoFiA", "ts2net": "TS2-Net", "clip": "CLIP (mean-pooled)"}
COLOURS = {"zeroshot": "#56b4e9", "coarse": "#8c8c8c", "word": "#0173b2", "phrase": "#de8f05", "prompt": "#029e73"}
PART_COLOURS = {"noun": "#0173b2", "verb": "#029e73", "adj": "#de8f05", "adv": "#cc78bc", "prep": "#ca9161"}
BLIND_COLOUR = "#d55e00"


def show_style():
    """Set the style of all following figures (seaborn's whitegrid) and tables (three digits, missing: empty)."""
    import matplotlib as mpl
    import pandas as pd
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
    """A DataFrame as notebooks show it, cut as pandas' display options say; a missing value (NaN, NA, None) is an empty
    cell, and a column of whole numbers (counts, ranks; not shares, which end at 1) has no decimals.

    >>> "NaN" in table_html(__import__("pandas").DataFrame({"a": [1.5, None]}))
    False
    >>> "2.0" in table_html(__import__("pandas").DataFrame({"rank": [1.0, 2.0, None]}))
    False
    """
    from pandas import get_option
    from pandas.api.types import is_float_dtype

    table = table.copy()
    for number in range(table.shape[1]):
        column = table.iloc[:, number]
        if is_float_dtype(column) and column.max() > 1 and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        if column.isna().any():
            column = column.astype(object).where(column.notna(), "")
        table.isetitem(number, column)
    most = get_option("display.max_rows")
    rows = get_option("display.min_rows") if most and len(table) > most else most
    columns, sizes = get_option("display.max_columns"), get_option("display.show_dimensions")
    return table.to_html(max_rows=rows, max_cols=columns, show_dimensions=sizes, notebook=True)


def save(figure, folder, name):
    """Write <folder>/<name>.png without dates or versions (equal figures give equal bytes); returns the figure."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return figure
