"""From ranks to the numbers of a report: PoSRank per part with chance, interval, ties, zero line and vision gain.

In: the ranks table of one run; optionally the ranks of blind rows and of shuffled video on the same lists, and coarse
recall. Out: a nested dict of plain numbers that JSON and DVC can read (metrics/<run>.json), rounded to six digits, keys
sorted. A part without captions is absent.

Vision gain (per part) = PoSRank - the best of the blind rows that are there: n-gram models, the learned judge, a
pretrained language model, shuffled and blank video. Where a model cannot beat what needs no video, its PoSRank says
nothing about vision.

Intervals: of a part, whole clusters are resampled (`clusters`). Of the mean over parts, a video is resampled with its
lists of all parts. Groups of rule exchange belong to one part each and share videos across parts; there the interval
has the variance of both, groups and videos (`two_way_interval`).
"""

import json

import numpy as np

from posrank import PARTS
from posrank.files import atomic
from posrank.scoring.bootstrap import bootstrap, two_way_interval
from posrank.scoring.ranks import chance, chance_adjusted, reciprocal_from_counts
from posrank.tables import validate

KEY = ["caption_id", "part"]


def summarize(ranks, recall=None, blind=None, shuffled=None, b=10000, seed=0, **extra):
    """Metrics of one run.

    ranks: its ranks table. recall: what posrank.scoring.recall returns. blind: {name: ranks table} of scorers without
    the right video; shuffled: ranks of the run's own model with shuffled video (the zero line, itself a blind row).
    Both must hold the same lists as ``ranks``. extra: further entries (JSON values), such as the seed or the strategy.

    Returns {"run", "posrank": {part: {...}, "mean": {...}}, "recall", "blind": {name: {part: value}}, "zero_line",
    "vision_gain": {part: {...}}}. A part's entries: posrank, low, high (95 %, clustered by video; null where fewer than
    two videos), chance, adjusted, adjusted_low, adjusted_high, optimistic, pessimistic, tied (share of captions),
    captions, videos, list_length (mean, caption included). "mean" is over parts, each counting the same. Of a vision
    gain: best_blind (name of the best blind row), best_posrank and best_adjusted (its PoSRank x, and (x - chance) /
    (1 - chance)), value, low, high (the gain), adjusted (the gain / (1 - chance)).

    Raises ValueError for an empty table, several runs, a row twice, a list without negatives, or other lists.
    """
    ranks = check_ranks(ranks, "ranks")
    blind = dict(blind or {}) | ({"shuffled video": shuffled} if shuffled is not None else {})
    blind = {name: _matched(table, ranks, name) for name, table in blind.items()}
    parts = {part: rows for part in PARTS if len(rows := ranks[ranks["part"] == part])}
    values = {part: part_metrics(rows, b, seed) for part, rows in parts.items()}
    result = {"run": ranks["run"].iloc[0], "posrank": values | {"mean": _mean(ranks, values, b, seed)}}
    if blind:
        result["blind"] = {name: _line(table) for name, table in blind.items()}
        result["vision_gain"] = _vision_gain(ranks, blind, result["posrank"], b, seed)
    if shuffled is not None:
        result["zero_line"] = zero_line(shuffled)
    if recall is not None:
        result["recall"] = recall
    return plain(result | extra)


def part_metrics(rows, b=10000, seed=0):
    """The entries of one part of speech (see summarize) from its rows of a ranks table."""
    lengths = rows["negatives"].to_numpy() + 1
    value, expected = float(rows["reciprocal_rank"].mean()), chance(lengths)
    low, high = interval(rows, rows["reciprocal_rank"], b, seed)
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


def with_groups(table, captions):
    """`table` with the group of each caption_id, where `captions` are the statements of rule exchange, all of them in
    groups. A dataset that brings groups along has captions without one."""
    if "group" not in captions:
        return table
    groups = table["caption_id"].map(captions.set_index("caption_id")["group"])
    return table if groups.fillna("").eq("").any() else table.assign(group=groups)


def clusters(ranks):
    """What is resampled for the interval of a part: the video of each row; for rule exchange its group, since the ranks
    of a group depend on each other, and within a part a video stands in one group."""
    return ranks["group"] if _grouped(ranks) else ranks["video_id"]


def zero_line(shuffled):
    """PoSRank per part, and "mean" over parts, of the ranks with shuffled video: what the model scores without vision.

    It is not chance: with several words of one part in a caption it lies below, with a language shortcut above.
    """
    return plain(_line(check_ranks(shuffled, "shuffled")))


def short(metrics):
    """The main numbers of a run: PoSRank per part and their mean, vision gain (mean), mean recall both ways in percent,
    and how many of the split's videos are missing (None where its file does not say). A part without captions is
    absent."""
    ranks, recall = metrics["posrank"], metrics.get("recall") or {}
    return {
        **{part: ranks[part]["posrank"] for part in (*PARTS, "mean") if part in ranks},
        "vision_gain": metrics.get("vision_gain", {}).get("mean", {}).get("value"),
        **{way: recall[way]["mean"] for way in ("v2t", "t2v") if way in recall},
        "videos_missing": metrics.get("videos_missing"),
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
    text = json.dumps(value, sort_keys=True, default=lambda found: found.tolist())
    return json.loads(text, parse_float=lambda number: round(float(number), 6) + 0.0, parse_constant=lambda name: None)


def _line(ranks):
    means = ranks.groupby("part", observed=True)["reciprocal_rank"].mean()
    line = {part: float(means[part]) for part in PARTS if part in means}
    return line | {"mean": float(np.mean(list(line.values())))}


def _mean(ranks, parts, b, seed):
    low, high = interval(ranks, ranks["reciprocal_rank"], b, seed, mean=True)
    names = ("posrank", "chance", "adjusted", "optimistic", "pessimistic", "tied", "list_length")
    averages = {name: float(np.mean([part[name] for part in parts.values()])) for name in names}
    captions, videos = int(ranks["caption_id"].nunique()), int(ranks["video_id"].nunique())
    return averages | {"low": low, "high": high, "captions": captions, "videos": videos}


def _vision_gain(ranks, blind, values, b, seed):
    gain, lines = {}, {name: _line(table) for name, table in blind.items()}
    for part, own in values.items():
        best = max(sorted(lines), key=lambda name: lines[name][part])
        pair = ranks.merge(blind[best][[*KEY, "reciprocal_rank"]], on=KEY, suffixes=("", "_b"))
        pair = pair if part == "mean" else pair[pair["part"] == part]
        value, expected = own["posrank"] - lines[best][part], own["chance"]
        low, high = interval(pair, pair["reciprocal_rank"] - pair["reciprocal_rank_b"], b, seed, part == "mean")
        gain[part] = {"best_blind": best, "best_posrank": lines[best][part],
                      "best_adjusted": chance_adjusted(lines[best][part], expected),
                      "value": value, "low": low, "high": high, "adjusted": value / (1 - expected)}
    return gain


def interval(ranks, values, b, seed, mean=False):
    """95 % interval of the mean of `values`, one for each row of `ranks`; with `mean`, of the mean over parts. (None,
    None) for a single cluster."""
    own = clusters(ranks)
    if own.nunique() < 2:
        return None, None
    if mean and _grouped(ranks):
        return two_way_interval(values, ranks["part"], own, ranks["video_id"])
    return bootstrap(values, own, b, seed, groups=ranks["part"] if mean else None)


def _grouped(ranks):
    return "group" in ranks and ranks["group"].notna().all()


def check_ranks(ranks, name):
    try:
        ranks = validate(ranks, "ranks")
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}; expected a table as posrank.evaluate makes it") from None
    if ranks.empty:
        raise ValueError(f"{name}: the ranks table is empty, there is nothing to summarise")
    if ranks["run"].nunique() > 1:
        runs = ", ".join(sorted(ranks["run"].unique()))
        raise ValueError(f"{name}: several runs in one table ({runs}); summarise them one by one")
    if (ranks["negatives"] < 1).any():
        row = ranks[ranks["negatives"] < 1].iloc[0]
        raise ValueError(f"{name}: caption {row['caption_id']!r}, part {row['part']!r} has no negatives; drop the row")
    return ranks


def _matched(table, ranks, name):
    table = check_ranks(table, name)
    lists = [*KEY, "negatives"]
    if len(table) != len(ranks) or len(table.merge(ranks, on=lists)) != len(ranks):
        raise ValueError(f"blind row {name!r} was ranked on other lists than the run; use the same negatives")
    return table
