"""The parameters: reads params.yaml, checks every key and value, and hands them on with attribute access.

Comes in: params.yaml (all values; nothing has a default elsewhere). Goes out: an unchangeable nested mapping, or one
ValueError that lists each problem with key, line and the nearest valid name. `merge` lays a preset over the base. What
is allowed stands in `posrank.pipeline.params_schema`.
"""

import functools
import itertools
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from posrank.files import root
from posrank.messages import did_you_mean, unknown
from posrank.pipeline.params_errors import MOST_PROBLEMS, place, problems_of, shown
from posrank.pipeline.params_schema import File, check_preset_name
from posrank.pipeline.yamlfile import read


class Params(Mapping):
    """A mapping whose keys are attributes too (``lambda``, a word of Python's, is an item).

    >>> params = Params({"train": {"lambda": 0.2, "systems": ["xclip"]}})
    >>> params.train.systems, params.train["lambda"]
    (['xclip'], 0.2)
    """

    __slots__ = ("_values",)

    def __init__(self, values):
        made = {key: Params(value) if isinstance(value, Mapping) else value for key, value in values.items()}
        object.__setattr__(self, "_values", made)

    def __getitem__(self, key):
        if key not in self._values:
            raise KeyError(f"{key!r} is no parameter here{did_you_mean(key, self._values, 0)}")
        value = self._values[key]
        return list(value) if isinstance(value, list) else value

    def __getattr__(self, name):
        if name in self._values:
            return self[name]
        raise AttributeError(f"no parameter {name!r} here{did_you_mean(name, self._values, 0)}")

    def __setattr__(self, name, value):
        raise AttributeError(f"parameters do not change while they are used: set {name!r} in params.yaml")

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __dir__(self):
        return [*super().__dir__(), *self._values]

    def __repr__(self):
        return f"Params({self.plain()!r})"

    def __reduce__(self):
        return Params, (self.plain(),)

    def plain(self):
        """A plain dict of dicts, lists and scalars; changing it changes nothing here."""
        return {key: value.plain() if isinstance(value, Params) else self[key] for key, value in self._values.items()}

    def train_for(self, system):
        """The `train` section as it holds for one system: `train.by_system.<system>` laid over the rest."""
        values = self.train.plain()
        by_system = values.pop("by_system")
        if system not in by_system:
            raise ValueError(unknown("system", system, by_system))
        return Params(merge(values, by_system[system]))


def load(path=None, preset=None):
    """Validated `Params` from `path` (default: params.yaml of the project), with the preset laid over that is named.

    ValueError with one line per problem (line, key, what is wanted, nearest name); FileNotFoundError without the file.
    """
    path = Path(path) if path is not None else root() / "params.yaml"
    values, lines = read(path)
    params = validate(values, path.name, lines)
    if preset is None:
        return params
    for layer in layers(params, preset, f"{path.name}: "):
        values = merge(values, functools.reduce(dict.get, layer, values))
        lines |= {key[len(layer) :]: line for key, line in lines.items() if key[: len(layer)] == layer}
    return validate(values, f"{path.name} with preset {preset}", lines)


def merge(base, overrides):
    """`overrides` laid over `base`, as a new plain dict: mappings key by key, lists and scalars as a whole.

    >>> merge({"train": {"seeds": [0], "lr": 0.1}}, {"train": {"seeds": [1, 2]}})
    {'train': {'seeds': [1, 2], 'lr': 0.1}}
    """
    merged = dict(base)
    for key, value in overrides.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return {key: value.plain() if isinstance(value, Params) else value for key, value in merged.items()}


def preset_names(params):
    """Names that `load` takes: those of `presets:` and paper-<system>-<dataset>."""
    paper = params["paper"]
    pairs = itertools.product(paper["systems"], paper["datasets"])
    return [*params["presets"], *(f"paper-{system}-{dataset}" for system, dataset in pairs)]


def layers(params, name, file=""):
    """Key paths of what preset `name` lays over the base, the first one first. ValueError names the nearest preset."""
    names = preset_names(params)
    if check_preset_name(name) not in names:
        raise ValueError(file + unknown("preset", name, names))
    if name in params["presets"]:
        return [("presets", name)]
    _, system, dataset = name.split("-", 2)
    return [("paper", "common"), ("paper", "systems", system), ("paper", "datasets", dataset)]


def asked(params):
    """Names of the runs that the parameters ask for: systems x strategies x seeds."""
    train = params["train"]
    return [f"{system}-{strategy}-{seed}" for system in train["systems"] for strategy in train["strategies"]
            for seed in train["seeds"]]


def other_than(metrics, params):
    """Why a run's metrics are not of the parameters' dataset, split and rule; "" where they are."""
    options = params["evaluate"]
    wanted = {"dataset": params["train"]["dataset"], "split": options["split"], "rule": options["rules"][0]}
    told = [f"{key} {metrics[key]}, not {value}" for key, value in wanted.items() if metrics.get(key, value) != value]
    return "; ".join(told) if "posrank" in metrics else "no metrics of a run"


def validate(values, name="params", lines=None):
    """A nested mapping as checked `Params`. ValueError with one line per problem; `lines`: {key path: line}."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} is {shown(values)}; wanted is a mapping, as in the repository's params.yaml")
    values = Params(values).plain()
    try:
        File.model_validate(values)
        problems = conflicts(values)
    except ValidationError as problem:
        problems = problems_of(problem.errors(include_url=False)[: 5 * MOST_PROBLEMS], values)
    if problems:
        told = sorted((place(path, lines or {}), text) for path, text in problems)
        said = [f"{name}{f', line {line}' if line else ''}: {key} {text}" for (line, key), text in told[:MOST_PROBLEMS]]
        raise ValueError("\n".join([*said, f"{name}: and more"] if len(told) > MOST_PROBLEMS else said))
    return Params(values)


def conflicts(values):
    """[(key path, text)] of what fits alone but not together, in the plain values of a file that fits `File`."""
    train, datasets, found = values["train"], values["datasets"], []
    if train["systems"] and train["dataset"] not in datasets:
        found.append((("train", "dataset"), f"is {train['dataset']!r}, which is not among datasets "
                      f"({', '.join(datasets)}): add it there, name one of those, or set train.systems to [] for the "
                      "text half alone"))
    for rule in values["evaluate"]["rules"]:
        if rule not in values["negatives"]["rules"]:
            found.append((("evaluate", "rules"), f"names {rule!r}, which is not among negatives.rules: add it there"))
    runs, stored = {("train",): train}, values["frames"]["num_frames"]
    runs |= {("train", "by_system", name): train | train["by_system"][name] for name in train["systems"]}
    trained, processes = set(train["strategies"]) != {"zeroshot"}, values["processes"]
    for path, run in runs.items():
        frames = run["num_frames"] or stored
        if train["systems"] and (frames > stored or (frames < stored and path[1:] and path[-1] != "frozen")):
            found.append(((*path, "num_frames"), f"is {frames}, but frames.num_frames stores {stored}, of which only "
                          "frozen takes a part: set it to null"))
        if (run["steps"] is None) == (run["epochs"] is None):
            found.append(((*path, "steps"), "and epochs: give exactly one of the two, the other is null"))
        if trained and processes != "auto" and run["batch"] % processes:
            found.append(((*path, "batch"), f"is {run['batch']}, which {processes} processes cannot share evenly"))
        for key, value, others in (("rule", "exchange", ("phrase", "prompt")), ("video", "text", ("prompt",))):
            unfit = [strategy for strategy in train["strategies"] if strategy in others]
            if run[key] == value and unfit:
                found.append(((*path, key), f"is {value}, which does not go with the strategy {unfit[0]}: take that "
                              "one out of train.strategies"))
        if found:  # the systems inherit it
            break
    return found
