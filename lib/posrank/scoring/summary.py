"""From ranks to the numbers of a report: PoSRank per part with chance, interval, ties, zero line and vision gain.

In: the ranks table of one run; optionally the ranks of blind rows and of shuffled video on the same lists, and coarse
recall. Out: a nested dict of plain numbers that JSON and DVC can read (metrics/<run>.json), rounded to six digits, keys
sorted. A part without captions is absent. ``compare`` sets two runs side by side on the captions they share.

Vision gain (per part) = PoSRank - the best of the blind rows: language models, shuffled and blank video. Where a model
cannot beat what needs no video, its PoSRank says nothing about vision.
"""

import json

import numpy as np
import pandas as pd

from posrank import PARTS
from posrank.files import atomic
from posrank.scoring.bootstrap import Paired, holm, mean_replicates, paired
from posrank.scoring.ranks import chance, chance_adjusted, reciprocal_from_counts

KEY = ["caption_id", "part"]


def summarize(ranks, recall=None, blind=None, shuffled=None, b=10000, seed=0, **extra):
    """Metrics of one run.

    ranks: its ranks table. recall: what posrank.scoring.recall returns. blind: {name: ranks table} of scorers without
    the right video; shuffled: ranks of the run's own model with shuffled video (the zero line, itself a blind row).
    Both must hold the same lists as ``ranks``. extra: further entries (JSON values), such as the seed or the strategy.

    Returns {"run", "posrank": {part: {...}, "mean": {...}}, "recall", "blind": {name: {part: value}}, "zero_line",
    "vision_gain": {part: {"best_blind", "value", "low", "high"}}}. A part's entries: posrank, low, high (95 %,
    clustered by video; null where fewer than two videos), chance, adjusted, adjusted_low, adjusted_high, optimistic,
    pessimistic, tied (share of captions), captions, videos, list_length (mean, caption included). "mean" is over
    parts, each counting the same. Raises ValueError for an empty table, several runs, a row twice, a list without
    negatives, or other lists.
    """
    ranks = _checked(ranks, "ranks")
    blind = dict(blind or {}) | ({"shuffled video": shuffled} if shuffled is not None else {})
    blind = {name: _matched(table, ranks, name) for name, table in blind.items()}
    parts = {part: rows for part in PARTS if len(rows := ranks[ranks["part"] == part])}
    values = {part: part_metrics(rows, b, seed) for part, rows in parts.items()}
    result = {"run": ranks["run"].iloc[0], "posrank": values | {"mean": _mean(ranks, values, b, seed)}}
    if blind:
        result["blind"] = {name: _line(table) for name, table in blind.items()}
        result["vision_gain"] = _vision_gain(ranks, blind, parts, b, seed)
    if shuffled is not None:
        result["zero_line"] = zero_line(shuffled)
    if recall is not None:
        result["recall"] = recall
    return plain(result | extra)


def part_metrics(rows, b=10000, seed=0):
    """The entries of one part of speech (see summarize) from its rows of a ranks table."""
    lengths = rows["negatives"].to_numpy() + 1
    value, expected = float(rows["reciprocal_rank"].mean()), chance(lengths)
    low, high = _interval(rows["reciprocal_rank"], clusters(rows), None, b, seed)
    counts = rows["better"].to_numpy(), rows["equal"].to_numpy()
    return {
        "posrank": value, "low": low, "high": high, "chance": expected,
        "adjusted": chance_adjusted(value, expected),
        "adjusted_low": None if low is None else chance_adjusted(low, expected),
        "adjusted_high": None if high is None else chance_adjusted(high, expected),
        "optimistic": float(reciprocal_from_counts(*counts, ties="optimistic").mean()),
        "pessimistic": float(reciprocal_from_counts(*counts, ties="pessimistic").mean()),
        "tied": float((counts[1] > 0).mean()),
        "captions": len(rows), "videos": int(rows["video_id"].nunique()), "list_length": float(lengths.mean()),
    }


def clusters(ranks):
    """What is resampled for an interval: the video of each row; for rule exchange its group, since the ranks of a group
    depend on each other. A group belongs to one part, so that the mean over parts takes parts as independent there."""
    grouped = "group" in ranks and ranks["group"].notna().all()
    return ranks["group"] if grouped else ranks["video_id"]


def zero_line(shuffled):
    """PoSRank per part, and "mean" over parts, of the ranks with shuffled video: what the model scores without vision.

    It is not chance: with several words of one part in a caption it lies below, with a language shortcut above.
    """
    return plain(_line(_checked(shuffled, "shuffled")))


def compare(ranks_a, ranks_b, b=10000, seed=0):
    """Run a minus run b on the lists both have: part (and "mean"), difference, low, high, p, p_holm, captions.

    Paired by caption, clustered by video; p_holm is corrected over the parts ("mean" is not one of them). Raises
    ValueError where the runs share no list, or a shared list has another number of negatives.
    """
    a, other = _checked(ranks_a, "ranks_a"), _checked(ranks_b, "ranks_b")
    both = a.merge(other, on=KEY, suffixes=("", "_b"), validate="one_to_one")
    if both.empty:
        raise ValueError("compare: the two runs share no (caption, part); they were ranked on different sets")
    if (both["negatives"] != both["negatives_b"]).any():
        raise ValueError("compare: lists of the same caption differ in length; rank both runs on the same negatives")
    rows = []
    for part in PARTS:
        mine = both[both["part"] == part]
        if len(mine):
            rows.append({"part": part, **_difference(mine, b, seed)._asdict(), "captions": len(mine)})
    table = pd.DataFrame(rows)
    table.insert(5, "p_holm", np.nan)
    known = table["p"].notna()
    table.loc[known, "p_holm"] = holm(table.loc[known, "p"])
    gaps = both["reciprocal_rank"] - both["reciprocal_rank_b"]
    low, high = _interval(gaps, clusters(both), both["part"], b, seed)
    mean = {"part": "mean", "difference": table["difference"].mean(), "low": low, "high": high, "captions": len(both)}
    return pd.concat([table, pd.DataFrame([mean]).astype({"low": float, "high": float})], ignore_index=True)


def short(metrics):
    """The main numbers of a run: PoSRank per part and their mean, vision gain (mean), mean recall both ways in percent,
    and how many of the split's videos are missing (None where its file does not say). A part without captions is
    absent."""
    ranks, recall = metrics["posrank"], metrics.get("recall") or {}
    return {
        **{part: ranks[part]["posrank"] for part in (*PARTS, "mean") if part in ranks},
        "vision_gain": metrics.get("vision_gain", {}).get("mean", {}).get("value"),
        **{way: recall[way]["mean"] for way in ("v2t", "t2v") if way in recall}, "videos_missing": metrics.get("videos_missing"),
    }


def write_metrics(metrics, path):
    """Write metrics as JSON, keys sorted, numbers rounded to six digits, in one step; returns the path."""
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps(plain(metrics), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")
    return path


def plain(value):
    """Numbers, texts, lists and dicts that JSON knows: floats rounded to six digits, NaN as None, keys sorted texts.

    >>> plain({"b": np.float32(.12345678), "a": [np.int64(3), float("nan"), True]})
    {'a': [3, None, True], 'b': 0.123457}
    """
    if isinstance(value, dict):
        return {key: plain(value[original]) for key, original in sorted((str(key), key) for key in value)}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, np.bool_):
        return bool(value)
    number = float(value)
    return round(number, 6) + 0.0 if np.isfinite(number) else None


def _line(ranks):
    means = ranks.groupby("part", observed=True)["reciprocal_rank"].mean()
    line = {part: float(means[part]) for part in PARTS if part in means}
    return line | {"mean": float(np.mean(list(line.values())))}


def _mean(ranks, parts, b, seed):
    low, high = _interval(ranks["reciprocal_rank"], clusters(ranks), ranks["part"], b, seed)
    names = ("posrank", "chance", "adjusted", "optimistic", "pessimistic", "tied", "list_length")
    averages = {name: float(np.mean([part[name] for part in parts.values()])) for name in names}
    captions, videos = int(ranks["caption_id"].nunique()), int(ranks["video_id"].nunique())
    return averages | {"low": low, "high": high, "captions": captions, "videos": videos}


def _vision_gain(ranks, blind, parts, b, seed):
    gain = {}
    for part in (*parts, "mean"):
        lines = {name: _line(table)[part] for name, table in blind.items()}
        best = max(sorted(lines), key=lines.get)
        pair = ranks.merge(blind[best], on=KEY, suffixes=("", "_b"))
        if part == "mean":
            gaps = pair["reciprocal_rank"] - pair["reciprocal_rank_b"]
            low, high = _interval(gaps, clusters(pair), pair["part"], b, seed)
        else:
            low, high = _difference(pair[pair["part"] == part], b, seed)[1:3]
        gain[part] = {"best_blind": best, "value": _line(ranks)[part] - lines[best], "low": low, "high": high}
    return gain


def _difference(pair, b, seed):
    if clusters(pair).nunique() < 2:
        gap = float((pair["reciprocal_rank"] - pair["reciprocal_rank_b"]).mean())
        return Paired(gap, np.nan, np.nan, np.nan)
    return paired(pair["reciprocal_rank"], pair["reciprocal_rank_b"], clusters(pair), b=b, seed=seed)


def _interval(values, videos, groups, b, seed):
    if videos.nunique() < 2:
        return None, None
    low, high = np.quantile(mean_replicates(values, videos, groups, b=b, seed=seed), [0.025, 0.975])
    return float(low), float(high)


def _checked(ranks, name):
    if not isinstance(ranks, pd.DataFrame):
        raise ValueError(f"{name}: expected a ranks table as posrank.evaluate makes it, got {type(ranks).__name__}")
    for column in ("run", *KEY, "video_id", "better", "equal", "negatives", "reciprocal_rank"):
        if column not in ranks:
            raise ValueError(f"{name}: no column {column!r}; expected a ranks table as posrank.evaluate makes it")
    if ranks.empty:
        raise ValueError(f"{name}: the ranks table is empty, there is nothing to summarise")
    if ranks["run"].nunique() > 1:
        runs = ", ".join(sorted(ranks["run"].unique()))
        raise ValueError(f"{name}: several runs in one table ({runs}); summarise them one by one")
    if ranks.duplicated(KEY).any():
        row = ranks[ranks.duplicated(KEY)].iloc[0]
        raise ValueError(f"{name}: caption {row['caption_id']!r} is ranked twice for part {row['part']!r}")
    if (ranks["negatives"] < 1).any():
        row = ranks[ranks["negatives"] < 1].iloc[0]
        raise ValueError(f"{name}: caption {row['caption_id']!r}, part {row['part']!r} has no negatives; drop the row")
    return ranks


def _matched(table, ranks, name):
    table = _checked(table, name)
    lists = [*KEY, "negatives"]
    if len(table) != len(ranks) or len(table.merge(ranks, on=lists)) != len(ranks):
        raise ValueError(f"blind row {name!r} was ranked on other lists than the run; use the same negatives")
    return table
