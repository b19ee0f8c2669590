"""Brittleness: how often the score of a negative lies between those of two sentences that say the same.

Comes in: metrics dicts as `metrics/<run>.json` holds them. Goes out: a DataFrame; what is missing is said in a line.
"""

import pandas as pd

from posrank import PARTS
from posrank.figures.runs import one_set
from posrank.figures.style import STRATEGIES, SYSTEMS

KINDS = {"synonym": "one word replaced by a synonym", "rephrased": "the same words in another sentence"}


def brittleness_table(metrics):
    """Brittleness per kind of positive, system, strategy and part -> DataFrame; over several seeds the mean. A cell of
    one seed is `value [95 % interval]`, of several the mean alone; `shuffled video` is the same with wrong videos,
    `captions` the smallest number of captions behind a cell. Says in a line why a kind or part has none. Empty where no
    run has any (evaluate.positives: 0).
    """
    rows, why = [], {}
    for m in one_set(metrics):
        for kind, entry in m.get("brittleness", {}).items():
            left = {reason: n for reason, n in entry["left_out"].items() if n}
            why.setdefault(kind, ([part for part in PARTS if part not in entry["parts"]], left))
            for part, values in entry["parts"].items():
                rows.append({"positives": KINDS.get(kind, kind), "system": SYSTEMS[m["system"]],
                             "training strategy": STRATEGIES[m["strategy"]], "part": part, **values})
    for kind, (parts, left) in why.items():
        if parts:
            reasons = ", ".join(f"{n} left out: {reason}" for reason, n in left.items()) or "the captions have none"
            print(f"{KINDS.get(kind, kind)}: no hard positives for {', '.join(parts)} ({reasons})")
    if not rows:
        print("no hard positives were scored (evaluate.positives in params.yaml)")
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    keys = ["positives", "system", "training strategy"]
    groups = table.groupby([*keys, "part"], sort=False)
    cells = groups.apply(_cell).unstack("part").reindex(columns=[part for part in PARTS if part in set(table["part"])])
    together = table.groupby(keys, sort=False)
    order = together.size().index
    if "shuffled" in table:
        cells["shuffled video"] = together["shuffled"].mean()
    cells["captions"] = together["captions"].min()
    return cells.reindex(order)


def _cell(rows):
    if len(rows) > 1 or rows["low"].isna().all():
        return f"{rows['brittleness'].mean():.3f}"
    first = rows.iloc[0]
    return f"{first['brittleness']:.3f} [{first['low']:.3f}, {first['high']:.3f}]"
