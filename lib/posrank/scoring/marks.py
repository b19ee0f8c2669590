"""Tables 4 and 8 with intervals: what differs from chance, and what differs from the row above.

In: ranks tables of several rows (system and strategy), each from one training run or several (seeds). Out: one line per
row and part. Tests are paired by list and clustered by video (by group for rule exchange), with the runs as a second
level (posrank.scoring.bootstrap); p-values are corrected by Holm over the parts of a row.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.bootstrap import bootstrap, holm, paired
from posrank.scoring.ranks import harmonic_numbers
from posrank.scoring.summary import KEY, clusters

LEVEL = 0.05


def marked(rows, b=10000, seed=0):
    """Intervals and marks of several rows -> DataFrame, one line per row and part, in the order given.

    rows: {name: ranks table, or a list of them, one per training seed}; each table as posrank.evaluate makes it.
    Columns: row, part, posrank, low, high (95 %), chance, seeds, captions, p_chance, above_chance ("yes", "no" = not
    distinguishable, "below"), and against the row above on the lists both have: difference, difference_low,
    difference_high, p_previous, from_previous ("above", "same" = not distinguishable, "below"; missing in the first
    row). Raises ValueError for an empty table, or rows whose shared lists differ in length.

    >>> videos = [f"v{n}" for n in range(30)]
    >>> def ranks(value):
    ...     return pd.DataFrame({"caption_id": videos, "video_id": videos, "part": "noun", "negatives": 20,
    ...                          "reciprocal_rank": [value, value / 2] * 15})
    >>> lines = marked({"coarse": ranks(.25), "word": ranks(.9)}, b=200)
    >>> lines[["row", "above_chance", "from_previous"]].values.tolist()
    [['coarse', 'no', nan], ['word', 'yes', 'above']]
    """
    lines, above = [], None
    for name, tables in rows.items():
        table = _together(tables, name)
        block = [_against_chance(name, part, mine, b, seed) for part in PARTS
                 if len(mine := table[table["part"] == part])]
        _correct(block, "p_chance", "above_chance", "above_by", ("yes", "no", "below"))
        if above is not None:
            for line in block:
                line |= _against_row(table, above, line["part"], name, b, seed)
            _correct([line for line in block if "p_previous" in line], "p_previous", "from_previous", "difference",
                     ("above", "same", "below"))
        lines += block
        above = table
    result = pd.DataFrame(lines).drop(columns="above_by")
    for column in ("difference", "difference_low", "difference_high", "p_previous", "from_previous"):
        if column not in result:
            result[column] = np.nan
    return result


def _together(tables, name):
    tables = [tables] if isinstance(tables, pd.DataFrame) else list(tables)
    if not tables or any(table.empty for table in tables):
        raise ValueError(f"row {name!r}: no ranks; evaluate its run first")
    columns = [*KEY, "negatives", "reciprocal_rank"]
    return pd.concat([table[columns].assign(seed=n, cluster=clusters(table)) for n, table in enumerate(tables)],
                     ignore_index=True)


def _against_chance(name, part, rows, b, seed):
    lengths = rows["negatives"].to_numpy() + 1
    expected = (harmonic_numbers(int(lengths.max()))[lengths] / lengths)
    values, videos, runs = rows["reciprocal_rank"].to_numpy(), rows["cluster"].to_numpy(), rows["seed"].to_numpy()
    line = {"row": name, "part": part, "posrank": float(values.mean()), "low": np.nan, "high": np.nan,
            "chance": float(expected.mean()), "seeds": int(rows["seed"].nunique()),
            "captions": int(rows["caption_id"].nunique()), "p_chance": np.nan,
            "above_by": float((values - expected).mean())}
    if rows["cluster"].nunique() > 1:
        line["low"], line["high"] = bootstrap(values, videos, b=b, seed=seed, runs=runs)
        line["p_chance"] = paired(values, expected, videos, b=b, seed=seed, runs=runs).p
    return line


def _against_row(table, above, part, name, b, seed):
    """The paired difference on shared lists; run by run where both rows have the same seeds, else of their means."""
    mine, other = (each[each["part"] == part] for each in (table, above))
    if set(mine["seed"]) != set(other["seed"]):
        keys = [*KEY, "cluster", "negatives"]
        mine, other = (each.groupby(keys, sort=False, as_index=False)["reciprocal_rank"].mean().assign(seed=0)
                       for each in (mine, other))
    both = mine.merge(other, on=[*KEY, "seed"], suffixes=("", "_above"), validate="one_to_one")
    if both["cluster"].nunique() < 2:
        return {}
    if (both["negatives"] != both["negatives_above"]).any():
        raise ValueError(f"row {name!r} and the row above it were ranked on lists of different lengths; use the same "
                         "negatives")
    found = paired(both["reciprocal_rank"], both["reciprocal_rank_above"], both["cluster"], b=b, seed=seed,
                   runs=both["seed"])
    return {"difference": found.difference, "difference_low": found.low, "difference_high": found.high,
            "p_previous": found.p}


def _correct(lines, p, verdict, value, words):
    """Holm over the lines, and the verdict in words: above, not distinguishable, below."""
    known = [line for line in lines if np.isfinite(line[p])]
    for line, adjusted in zip(known, holm([line[p] for line in known]) if known else ()):
        line[p] = float(adjusted)
        line[verdict] = words[1] if adjusted >= LEVEL else words[0] if line[value] > 0 else words[2]
