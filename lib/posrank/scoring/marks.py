"""Tables 4 and 8 with intervals: what differs from chance, from the row above, or one run from another.

In: ranks tables of rows (system and strategy), each from one training run or several (seeds). Out: one line per row and
part. Tests are paired by list and clustered by video (by group for rule exchange), with the runs as a second
level (posrank.scoring.bootstrap); p-values are corrected by Holm over the parts of a row.
"""

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.scoring.bootstrap import Paired, bootstrap, holm, paired
from posrank.scoring.ranks import harmonic_numbers
from posrank.scoring.summary import KEY, check_ranks, clusters, interval

LEVEL = 0.05


def mark_rows(rows, b=10000, seed=0):
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
    >>> lines = mark_rows({"coarse": ranks(.25), "word": ranks(.9)}, b=200)
    >>> lines[["row", "above_chance", "from_previous"]].values.tolist()
    [['coarse', 'no', nan], ['word', 'yes', 'above']]
    """
    lines, above = [], None
    for name, tables in rows.items():
        table = all_seeds(tables, name)
        block = [_against_chance(name, part, mine, b, seed) for part in PARTS
                 if len(mine := table[table["part"] == part])]
        _correct(block, "p_chance", "above_chance", "above_by", ("yes", "no", "below"))
        if above is not None:
            shared = shared_lists(table, above, f"row {name!r} and the row above it")
            for line in block:
                found = paired_difference(shared[shared["part"] == line["part"]], b, seed)
                line |= dict(zip(("difference", "difference_low", "difference_high", "p_previous"), found))
            _correct(block, "p_previous", "from_previous", "difference", ("above", "same", "below"))
        lines += block
        above = table
    more = ["difference", "difference_low", "difference_high", "p_previous", "from_previous"]
    result = pd.DataFrame(lines).drop(columns="above_by")
    return result.reindex(columns=[*(name for name in result if name not in more), *more])


def compare(ranks_a, ranks_b, b=10000, seed=0):
    """Run a minus run b on the lists both have: part (and "mean"), difference, low, high, p, p_holm, captions.

    Paired by caption, clustered by video; p_holm is corrected over the parts ("mean" is not one of them). Raises
    ValueError where the runs share no list, or a shared list has another number of negatives.
    """
    a = all_seeds(check_ranks(ranks_a, "ranks_a"), "ranks_a")
    other = all_seeds(check_ranks(ranks_b, "ranks_b"), "ranks_b")
    both = shared_lists(a, other, "compare")
    if both.empty:
        raise ValueError("compare: the two runs share no (caption, part); they were ranked on different sets")
    rows = [{"part": part, **paired_difference(mine, b, seed)._asdict(), "p_holm": np.nan, "captions": len(mine)}
            for part in PARTS if len(mine := both[both["part"] == part])]
    for row, p in zip(known := [row for row in rows if np.isfinite(row["p"])], holm([row["p"] for row in known])):
        row["p_holm"] = p
    low, high = interval(both, both["reciprocal_rank"] - both["reciprocal_rank_b"], b, seed, mean=True)
    average = float(np.mean([row["difference"] for row in rows]))
    rows.append({"part": "mean", "difference": average, "low": low, "high": high, "captions": len(both)})
    return pd.DataFrame(rows).astype({"low": float, "high": float})


def all_seeds(tables, name):
    """The ranks of all seeds of a row, numbered in the column seed."""
    tables = [tables] if isinstance(tables, pd.DataFrame) else list(tables)
    if not tables or any(table.empty for table in tables):
        raise ValueError(f"row {name!r}: no ranks; evaluate its run first")
    kept = [column for column in (*KEY, "video_id", "group", "negatives", "reciprocal_rank") if column in tables[0]]
    return pd.concat([table[kept].assign(seed=n) for n, table in enumerate(tables)], ignore_index=True)


def shared_lists(table, other, what):
    """The lists that both have, in pairs: run by run where both have the same seeds, else the means of their seeds."""
    if set(table["seed"]) != set(other["seed"]):
        keys = [column for column in table if column not in ("reciprocal_rank", "seed")]
        table, other = (each.groupby(keys, sort=False, as_index=False, dropna=False)["reciprocal_rank"].mean()
                        .assign(seed=0) for each in (table, other))
    both = table.merge(other, on=[*KEY, "seed"], suffixes=("", "_b"), validate="one_to_one")
    if (both["negatives"] != both["negatives_b"]).any():
        raise ValueError(f"{what}: lists of the same caption differ in length; rank both runs on the same negatives")
    return both


def paired_difference(pair, b, seed):
    """`Paired` of the rows of `shared_lists`, without interval and p where there are fewer than two clusters."""
    own, values = clusters(pair), (pair["reciprocal_rank"], pair["reciprocal_rank_b"])
    if own.nunique() < 2:
        return Paired(float((values[0] - values[1]).mean()), np.nan, np.nan, np.nan)
    return paired(*values, own, b=b, seed=seed, runs=pair["seed"])


def _against_chance(name, part, rows, b, seed):
    lengths = rows["negatives"].to_numpy() + 1
    expected = harmonic_numbers(int(lengths.max()))[lengths] / lengths
    values, own, runs = rows["reciprocal_rank"].to_numpy(), clusters(rows).to_numpy(), rows["seed"].to_numpy()
    line = {"row": name, "part": part, "posrank": float(values.mean()), "low": np.nan, "high": np.nan,
            "chance": float(expected.mean()), "seeds": int(rows["seed"].nunique()),
            "captions": int(rows["caption_id"].nunique()), "p_chance": np.nan,
            "above_by": float((values - expected).mean())}
    if len(set(own)) > 1:
        line["low"], line["high"] = bootstrap(values, own, b=b, seed=seed, runs=runs)
        line["p_chance"] = paired(values, expected, own, b=b, seed=seed, runs=runs).p
    return line


def _correct(lines, p, verdict, value, words):
    """Holm over the lines, and the verdict in words: above, not distinguishable, below."""
    known = [line for line in lines if np.isfinite(line[p])]
    for line, adjusted in zip(known, holm([line[p] for line in known])):
        line[p] = float(adjusted)
        line[verdict] = words[1] if adjusted >= LEVEL else words[0] if line[value] > 0 else words[2]
