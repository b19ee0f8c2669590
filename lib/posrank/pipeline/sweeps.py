"""Sweeps: the same run, trained and evaluated with changed parameters (Tables 5 and 6 of the paper, and ablations).

Comes in: `sweeps:` of params.yaml, each with `runs` and `change` (key -> a value, or a list of which each point takes
one). Goes out: the points, and for each ``metrics/sweeps/<point>.json`` of the preset: the metrics and the change.
The points of a preset run in scratch projects beside the preset's (one a lane), with the same cache, so that what a
change does not touch is not made again and a stopped sweep goes on where it was.
"""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass

from posrank.files import write_text
from posrank.pipeline import params as knobs

STAGES = ("world", "captions", "tags", "statements", "negatives", "frames", "train", "evaluate")
"""Stages of dvc.yaml that lead to the metrics of a run."""


@dataclass(frozen=True)
class Point:
    """One point: its name, the run, the change as a nested dict, and the whole parameters of its project."""

    name: str
    run: str
    change: dict
    params: object
    digest: str


def points(params, stages, only=""):
    """Every `Point` of the sweeps of `params`, or of the sweep `only`; `stages` are those of dvc.yaml.

    Raises ValueError for an unknown sweep, for values that params.yaml could not hold, and for keys that no stage of
    the run reads: such a change would change nothing.
    """
    sweeps = params["sweeps"].plain()
    if only and only not in sweeps:
        raise ValueError(f"params.yaml has no sweep {only!r}; there are: {', '.join(sweeps) or 'none'}")
    found = [point for name in ([only] if only else sweeps) for point in _points(name, sweeps[name], params, stages)]
    names = [point.name for point in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"params.yaml, sweeps: two points are named {twice}: give their values or sweeps other names")
    return found


def _points(name, sweep, params, stages):
    lists = {key: value if isinstance(value, list) else [value] for key, value in sweep["change"].items()}
    empty = next((key for key, values in [("runs", sweep["runs"]), *lists.items()] if not values), None)
    if empty:
        raise ValueError(f"params.yaml, sweeps: {name} has no value for {empty}, so it has no point: give one or more")
    several = [key for key, value in sweep["change"].items() if isinstance(value, list)]
    for run, *values in itertools.product(sweep["runs"], *lists.values()):
        change = dict(zip(lists, values))
        with_run = len(sweep["runs"]) > 1 or not several
        parts = [name, *(str(change[key]) for key in several), *([run] if with_run else [])]
        yield _point(re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(parts)), run, change, params, stages)


def _point(name, run, change, params, stages):
    system, strategy, seed = run.split("-")
    nested = {}
    for key, value in change.items():
        nested = knobs.merge(nested, nest(key, value))
    read = keys_read(stages, system, params["train"]["dataset"])
    for key in leaves(nested):
        if not any(key == each or key.startswith(each + ".") for each in read):
            raise ValueError(f"params.yaml, sweeps: point {name} changes {key}, which no stage of the run {run} reads; "
                             "its numbers would be those of the unchanged run. Name another parameter")
    own = {"train": {"systems": [system], "strategies": [strategy], "seeds": [int(seed)]}}
    merged = knobs.merge(knobs.merge(params.plain(), own), nested)
    whole = knobs.validate(merged, name=f"params.yaml, sweep point {name}")
    for key in leaves(nested):
        section, _, rest = key.partition(".")
        if section == "train" and rest in whole["train"]["by_system"][system]:
            raise ValueError(
                f"params.yaml, sweeps: point {name} changes {key}, which train.by_system.{system}.{rest} overrides: "
                "change that"
            )
    values = leaves(whole.plain())
    told = {key: values[key] for key in values if any(key == each or key.startswith(each + ".") for each in read)}
    digest = hashlib.sha256(json.dumps([run, told], sort_keys=True).encode()).hexdigest()[:16]
    return Point(name, run, nested, whole, digest)


def nest(key, value):
    """A dotted key as a nested dict.

    >>> nest("train.lambda", 0.1)
    {'train': {'lambda': 0.1}}
    """
    for name in reversed(str(key).split(".")):
        value = {name: value}
    return value


def leaves(values, before=""):
    """{dotted key: value} of a nested dict; an empty mapping is a leaf.

    >>> leaves({"train": {"lambda": 0.1}, "variants": {}})
    {'train.lambda': 0.1, 'variants': {}}
    """
    found = {}
    for key, value in values.items():
        deeper = isinstance(value, dict) and value
        found |= leaves(value, f"{before}{key}.") if deeper else {f"{before}{key}": value}
    return found


def keys_read(stages, system, dataset):
    """The parameters (dotted keys or whole sections) that the stages leading to a run of `system` on `dataset` read."""
    names = [name for name in STAGES if name in stages and (name != "world" or dataset == "world")]
    keys = [key for name in names for key in stages[name].get("params", [])]
    return [key.replace("${item.system}", system) for key in keys]


def keep(point, metrics, folder):
    """Write <folder>/<point>.json: the metrics with the change, and what says later whether they still hold."""
    told = {"change": point.change, "point": point.digest, **metrics}
    write_text(folder / f"{point.name}.json", json.dumps(told, indent=2) + "\n")


def holds(path, found):
    """Whether the file <point>.json belongs to one of the points `found`, and was made with its parameters."""
    try:
        told = json.loads(path.read_text(encoding="utf-8")).get("point")
    except (ValueError, AttributeError):
        return False
    return any(point.name == path.stem and point.digest == told for point in found)
