"""Brittleness: how often the score of a negative lies between those of two sentences that say the same.

Comes in: metrics dicts as `metrics/<run>.json` holds them. Goes out: a DataFrame; what is missing is said in a line.
"""

import pandas as pd

from posrank import PARTS
from posrank.figures.runs import one_set
from posrank.figures.style import STRATEGIES, SYSTEMS, cell, interval

KINDS = {"synonym": "one word replaced by a synonym", "rephrased": "the same words in another sentence"}


def brittleness_table(metrics):
    """Brittleness per kind of positive, system, strategy and part -> DataFrame; over several seeds the mean. A cell of
    one seed is `value [95 % interval]`, of several the mean alone; `shuffled video` is the same with wrong videos,
    `captions` the smallest number of captions behind a cell. Says in a line why a kind or part has none. Empty where no
    run has any (evaluate.positives: 0).
    """
    keys, entries, rows = ["positives", "system", "training strategy"], {}, []
    for m in one_set(metrics):
        for kind, entry in m.get("brittleness", {}).items():
            key = (KINDS.get(kind, kind), SYSTEMS[m["system"]], STRATEGIES[m["strategy"]])
            rows += [dict(zip(keys, key)) | {"part": part} | values for part, values in entry["parts"].items()]
            entries.setdefault(key[0], entry)
    for kind, entry in entries.items():
        if absent := [part for part in PARTS if part not in entry["parts"]]:
            reasons = ", ".join(f"{n} left out: {reason}" for reason, n in entry["left_out"].items() if n)
            print(f"{kind}: no hard positives for {', '.join(absent)} ({reasons or 'the captions have none'})")
    if not rows:
        print("no hard positives were scored (evaluate.positives in params.yaml)")
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    whole, parts = table.groupby(keys, sort=False), [part for part in PARTS if part in set(table["part"])]
    columns = {part: whole[["part", "brittleness", "low", "high"]].apply(_text, part) for part in parts}
    if "shuffled" in table:
        columns["shuffled video"] = whole["shuffled"].mean()
    return pd.DataFrame(columns | {"captions": whole["captions"].min()}).reindex(whole.size().index)


def _text(rows, part):
    rows = rows[rows["part"] == part]
    if len(rows) == 1:
        return interval(*rows[["brittleness", "low", "high"]].iloc[0])
    return cell(rows["brittleness"].mean()) or None
