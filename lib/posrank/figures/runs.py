"""Which runs a report is about: those that params.yaml asks for, on one dataset, split and set of lists.

In: the metrics files of a folder, the parameters, and the digest of the lists at hand. Out: the runs that fit, the
names of those that have not been run, and the rest with the reason. Runs on different lists never share a table.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from posrank.figures.style import STRATEGIES, SYSTEMS
from posrank.files import read_json, root
from posrank.pipeline.params import asked, other_than

KINDS = {"posrank": dict, "lists": dict}
NAMING = {"system": str, "strategy": str, "seed": int, "recall": dict}
"""Keys of metrics -> their kinds: of every model's (`lists` may be absent), and of a run's as well."""


class Selection(NamedTuple):
    """runs: metrics dicts in the order system, strategy, seed; missing: names of runs that were asked for; left_out:
    {file: reason}; external: metrics of models that this project did not train."""

    runs: list
    missing: list
    left_out: dict
    external: list


def load_metrics(folder, external=False):
    """Metrics of all runs in a folder, in the order system, strategy, seed: a list of dicts, each with its `file`.
    Files that are no runs are left out; external: those of other models instead. ValueError where a file is no JSON, or
    the metrics of a run without its name or recall."""
    found = []
    for path in sorted(Path(folder).glob("*.json")):
        metrics = read_json(path, "evaluate the run again")
        if not isinstance(metrics, dict) or "posrank" not in metrics or ("strategy" not in metrics) != external:
            continue
        for key, kind in (KINDS if external else KINDS | NAMING).items():
            if not isinstance(metrics.get(key, {} if key == "lists" else None), kind):
                raise ValueError(f"{path}: {key!r} is missing or of another kind; evaluate the run again, or move the "
                                 "file away")
        found.append({**metrics, "file": path.name})
    return _in_order(found)


def _in_order(metrics):
    order = {name: i for i, name in enumerate([*SYSTEMS, *STRATEGIES])}
    return sorted(metrics,
                  key=lambda m: (order.get(m.get("system"), 99), order.get(m.get("strategy"), 99), m.get("seed", 0)))


def together(*metrics):
    """Several lists of runs as one, in the order of `load_metrics`; of a run in several lists that of the first."""
    found = {}
    for m in (m for runs in metrics for m in runs):
        found.setdefault(name_of(m), m)
    return _in_order(found.values())


def load_result(path):
    """metrics.json of a model on a frozen set (posrank.evaluation.external) -> dict. ValueError where it is none."""
    metrics = read_json(path, "evaluate the model again")
    if not isinstance(metrics, dict) or not {"run", "posrank", "lists", "rule"} <= set(metrics):
        raise ValueError(f"{path}: these are no metrics of a model on a frozen set")
    return metrics


def published_folder(preset="default"):
    """The folder of the numbers that git keeps of a preset; also from a preset's scratch copy, it is the project's."""
    base = root()
    base = base.parent.parent if base.parent.name == ".presets" else base
    return base / "metrics" / ("" if preset == "default" else preset)


def published_runs(*presets):
    """{preset: metrics of its published runs}; says in a line a preset how many there are and of which seeds."""
    found = {preset: load_metrics(published_folder(preset)) for preset in presets}
    for preset, metrics in found.items():
        seeds = ", ".join(map(str, sorted({m["seed"] for m in metrics})))
        print(f"preset {preset}: " + (f"{len(metrics)} runs, seeds {seeds}" if metrics else "no runs are published"))
    return found


def name_of(metrics):
    """The name of a run, system-strategy-seed; of an external one, its `run`."""
    if "strategy" not in metrics:
        return metrics.get("run", metrics.get("file", "?"))
    return f"{metrics['system']}-{metrics['strategy']}-{metrics['seed']}"


def lists_of(metrics):
    """What must agree for two runs to be compared: dataset, split, rule, digest of the lists (else their number)."""
    rule = metrics.get("rule")
    digest, mean = (metrics.get("lists") or {}).get(rule), metrics["posrank"].get("mean", {})
    size = f"{mean['captions']} captions" if "captions" in mean else "no digest"
    return (*(metrics.get(key) or f"no {key}" for key in ("dataset", "split", "rule")), digest or size)


def one_set(metrics):
    """The same runs. ValueError where two of them were ranked on different lists: they cannot stand in one table."""
    for m in metrics:
        if lists_of(m) != lists_of(metrics[0]):
            one, other = (f"{name_of(each)} ({', '.join(map(str, lists_of(each)))})" for each in (metrics[0], m))
            raise ValueError(f"{one} and {other} were ranked on different lists: "
                             "compare runs of one dataset, split, rule and set of lists (posrank.figures.select)")
    return metrics


def select(found, params, lists=None, external=()):
    """The `Selection` of metrics `found` that `params` ask for.

    lists: digest of the lists that these parameters make (posrank.evaluation.origin.lists_digest of the negatives that
    can be scored); None where they are not at hand: the lists of most runs are then taken. external: metrics of other
    models; those on other lists are left out.
    """
    names, kept, left = asked(params), [], {}
    for m in [*found, *external]:
        name, own = name_of(m), "strategy" in m
        file, digest = m.get("file", f"{name}.json"), (m.get("lists") or {}).get(m.get("rule"))
        reason = other_than(m, params)
        if not reason and own and name not in names:
            reason = "this params.yaml asks for no such run"
        if not reason and own and file != f"{name}.json":
            reason = f"a copy: its content is of {name}"
        if not reason and lists is not None and digest != lists:
            reason = ("ranked on other lists than the present ones" if digest
                      else "does not say on which lists it was ranked: evaluate it again")
        if reason:
            left[file] = reason
        else:
            kept.append((file, own, m))
    counts = Counter(lists_of(m) for _, own, m in kept if own)
    most = max(counts, key=counts.get, default=None)
    for file, own, m in kept:
        if most and lists_of(m) != most:
            left[file] = f"ranked on other lists than {counts[most]} other runs" if own else "ranked on other lists"
    runs, foreign = ([m for file, own, m in kept if own == ours and file not in left] for ours in (True, False))
    there = {name_of(m) for m in runs}
    return Selection(runs, [name for name in names if name not in there], left, foreign)


def coverage(metrics):
    """How much of its split a run was evaluated and trained on: "24 of 24 test videos, 72 of 72 captions; trained on 60
    of 60 videos"; "" for metrics that do not say."""
    if "videos" not in metrics:
        return ""
    split, trained = metrics["split"], metrics.get("training")
    return (f"{_seen(metrics, 'videos')} {split} videos, {_seen(metrics, 'captions')} captions"
            + (f" (not comparable with the full {split} set)" if metrics["videos_missing"] else "")
            + (f"; trained on {_seen(trained, 'videos')} videos" if trained else ""))


def coverage_note(metrics):
    """One sentence where videos are missing, "18 of 24 test videos; not comparable with ..."; else ""."""
    for m in metrics:
        notes, trained, split = [], m.get("training") or {}, m.get("split")
        if m.get("videos_missing"):
            notes.append(f"{_seen(m, 'videos')} {split} videos; not comparable with the full {split} set")
        if trained.get("videos_missing"):
            notes.append(f"trained on {_seen(trained, 'videos')} videos")
        if notes:
            return "; ".join(notes)
    return ""


def _seen(counts, what):
    return f"{counts[what] - counts[f'{what}_missing']} of {counts[what]}"
