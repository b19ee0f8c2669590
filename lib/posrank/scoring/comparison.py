"""Several models side by side: one table for a paper, and which of them differ.

In: ranks tables of several models on the same lists (or the metrics of such models). Out: text (Markdown, LaTeX with
booktabs, csv) with 95 % intervals and marks. Models are compared in pairs, paired by list and clustered as everywhere
(posrank.scoring.bootstrap); the p-values of all pairs asked for and all parts are corrected together (Holm).
"""

import itertools
from statistics import NormalDist

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.messages import unknown
from posrank.scoring.bootstrap import bootstrap, holm
from posrank.scoring.comparison_text import MEAN, RENDER
from posrank.scoring.marks import all_seeds, paired_difference, shared_lists
from posrank.scoring.ranks import chance
from posrank.scoring.summary import KEY, check_ranks, clusters, interval


def table(results, style="markdown", pairs="all", b=10000, seed=0, intervals=True):
    """One table of several models: PoSRank per part and their mean, with intervals and marks -> text.

    results    {name: ranks table, or a list of them, one per training seed, or a dict of metrics}; or a list of ranks
               tables, named by their column run. Metrics give no marks: these need ranks
    style      "markdown", "latex" (booktabs) or "csv" (one line per model and part, with p-values)
    pairs      which models are compared: "all", or (name, name) pairs; [] = none
    intervals  False: values and marks alone

    A cell is PoSRank, the letters of the models that it is significantly above, and its interval; the highest value of
    a column is bold. The last row is chance. ValueError where models were ranked on different lists, for an unknown
    name or style.

    >>> videos = [f"v{n}" for n in range(40)]
    >>> def ranks(value):
    ...     return pd.DataFrame({"run": "r", "caption_id": videos, "video_id": videos, "part": "noun", "better": 0,
    ...                          "equal": 0, "negatives": 20, "reciprocal_rank": [value, value / 2] * 20})
    >>> print(table({"one": ranks(.4), "two": ranks(.9)}, b=500, intervals=False).partition("\\n\\n")[0])
    |  | model | noun | mean |
    | --- | --- | ---: | ---: |
    | a | one | .300 | .300 |
    | b | two | **.675** ᵃ | **.675** |
    |  | chance | .174 | .174 |
    """
    if style not in RENDER:
        raise ValueError(unknown("style", style, RENDER))
    models = _named(results)
    rows = {name: _numbers(name, model, b, seed) for name, model in models.items()}
    tests = pairwise({name: model for name, model in models.items() if not isinstance(model, dict)}, pairs, b, seed)
    return RENDER[style](rows, tests, intervals)


def pairwise(results, pairs="all", b=10000, seed=0):
    """Differences of PoSRank between models -> DataFrame run, other, part, difference (run minus other), low, high, p,
    p_holm, captions; p_holm is corrected over all its rows. Arguments as those of `table`, ranks only.

    ValueError where two models do not share their lists.
    """
    models = {name: all_seeds(model, name) for name, model in _named(results).items()}
    if isinstance(pairs, str):
        if pairs != "all":
            raise ValueError(f"pairs: expected 'all' or pairs of names, got {pairs!r}")
        pairs = itertools.combinations(models, 2)
    rows = []
    for one, other in pairs:
        for name in (one, other):
            if name not in models:
                raise ValueError(unknown("model", name, models))
        for part, both in _both(models[one], models[other], one, other):
            found = paired_difference(both, b, seed)._asdict()
            rows.append({"run": one, "other": other, "part": part, **found, "captions": both["caption_id"].nunique()})
    columns = ["run", "other", "part", "difference", "low", "high", "p", "p_holm", "captions"]
    frame = pd.DataFrame(rows, columns=columns)
    known = frame["p"].astype(float).notna().to_numpy()
    frame.loc[known, "p_holm"] = holm(frame.loc[known, "p"].to_numpy(float)) if known.any() else []
    return frame.astype({"p_holm": float})


def pairwise_means(results, b=10000, seed=0):
    """As `pairwise`, of the mean over parts, all pairs: run, other, difference, low, high, p, p_holm, detectable.

    p is that of a normal distribution with the interval's width; detectable: the smallest difference that a test at 5 %
    finds with a probability of 80 %, 2.8 standard errors. None of the three with fewer than two clusters.
    """
    models, rows, normal = {name: all_seeds(model, name) for name, model in _named(results).items()}, [], NormalDist()
    for one, other in itertools.combinations(models, 2):
        both = pd.concat([part for _, part in _both(models[one], models[other], one, other)])
        values = both["reciprocal_rank"] - both["reciprocal_rank_b"]
        low, high = interval(both, values, b, seed, mean=True)
        mean = float(values.groupby(both["part"]).mean().mean())
        error = np.nan if low is None else (high - low) / (2 * normal.inv_cdf(0.975))
        p = 2 * (1 - normal.cdf(abs(mean) / error)) if error > 0 else float(mean == 0) if error == 0 else np.nan
        detectable = error * (normal.inv_cdf(0.975) + normal.inv_cdf(0.8))
        rows.append({"run": one, "other": other, "difference": mean, "low": low, "high": high, "p": p,
                     "detectable": detectable})
    frame = pd.DataFrame(rows, columns=["run", "other", "difference", "low", "high", "p", "p_holm", "detectable"])
    known = frame["p"].astype(float).notna().to_numpy()
    frame.loc[known, "p_holm"] = holm(frame.loc[known, "p"].to_numpy(float)) if known.any() else []
    return frame.astype({"p_holm": float})


def same_lists(one, other):
    """Whether two ranks tables are of the same lists: (caption, part) and how many negatives each has."""
    lists = [set(map(tuple, each[[*KEY, "negatives"]].drop_duplicates().values.tolist())) for each in (one, other)]
    return lists[0] == lists[1]


def _both(one, other, name, other_name):
    if not same_lists(one, other):
        raise ValueError(f"{name!r} and {other_name!r} were ranked on different lists: they cannot stand in one table")
    shared = shared_lists(one, other, f"{name!r} and {other_name!r}")
    return [(part, rows) for part in PARTS if len(rows := shared[shared["part"] == part])]


def _named(results):
    """{name: ranks, list of ranks, or metrics}."""
    if not isinstance(results, dict):
        results = list(results)
        names = [str(each["run"].iloc[0] if isinstance(each, pd.DataFrame) else each.get("run")) for each in results]
        if len(set(names)) < len(names):
            raise ValueError(f"results: two models of one name ({', '.join(names)}); give {{name: ranks}}")
        results = dict(zip(names, results))
    if not results:
        raise ValueError("results: give at least one model")
    first, digests = None, {}
    for name, model in results.items():
        if isinstance(model, dict):
            digests[name] = (model.get("lists") or {}).get(model.get("rule"))
            continue
        tables = [model] if isinstance(model, pd.DataFrame) else list(model)
        for each in tables:
            check_ranks(each, name)
            if first is not None and not same_lists(first[1], each):
                raise ValueError(f"{first[0]!r} and {name!r} were ranked on different lists: they cannot stand in one "
                                 "table")
            first = first or (name, each)
    named = {digest: name for name, digest in digests.items() if digest}
    if len(named) > 1:
        one, other, *_ = named.values()
        raise ValueError(f"{one!r} and {other!r} were ranked on different lists: they cannot stand in one table")
    return results


def _numbers(name, model, b, seed):
    """{part or mean: {posrank, low, high, chance, captions}} of one model."""
    if isinstance(model, dict):
        if "posrank" not in model:
            raise ValueError(f"{name!r}: neither a ranks table nor metrics (no key 'posrank')")
        columns = ("posrank", "low", "high", "chance", "captions")
        return {part: {key: model["posrank"][part].get(key) for key in columns}
                for part in (*PARTS, MEAN) if part in model["posrank"]}
    ranks, found = all_seeds(model, name), {}
    for part in PARTS:
        rows = ranks[ranks["part"] == part]
        if len(rows):
            own, runs = clusters(rows), rows["seed"]
            values, several = rows["reciprocal_rank"], own.nunique() > 1
            low, high = bootstrap(values, own, b, seed, runs=runs) if several else (None, None)
            found[part] = {"posrank": float(values.mean()), "low": low, "high": high,
                           "chance": chance(rows["negatives"] + 1), "captions": rows["caption_id"].nunique()}
    keys = [column for column in ranks if column not in ("reciprocal_rank", "seed")]
    means = ranks.groupby(keys, sort=False, as_index=False, dropna=False)["reciprocal_rank"].mean()
    low, high = interval(means, means["reciprocal_rank"], b, seed, mean=True)
    averages = {key: float(np.mean([own[key] for own in found.values()])) for key in ("posrank", "chance")}
    return found | {MEAN: {**averages, "low": low, "high": high, "captions": means["caption_id"].nunique()}}
