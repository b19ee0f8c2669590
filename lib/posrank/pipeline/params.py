"""The parameters: reads params.yaml, checks every key and value, and hands them on with attribute access.

Comes in: params.yaml (all values; nothing has a default elsewhere). Goes out: an unchangeable nested mapping, or one
ValueError that lists each problem with key, line and the nearest valid name. `merge` lays a preset over the base. What
is allowed stands in `posrank.pipeline.params_schema`.
"""

import difflib
import functools
import itertools
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from posrank.files import root
from posrank.pipeline.params_schema import File, check_preset_name, conflicts
from posrank.pipeline.yamlfile import read

__all__ = ["Params", "check_preset_name", "load", "merge", "preset", "preset_names", "validate"]

LONGEST, MOST_PROBLEMS = 200, 20  # characters of a value or key in a message; problems told at once


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
            raise KeyError(f"{key!r} is no parameter here{_nearest(key, self._values)}")
        value = self._values[key]
        return list(value) if isinstance(value, list) else value

    def __getattr__(self, name):
        if name in self._values:
            return self[name]
        raise AttributeError(f"no parameter {name!r} here{_nearest(name, self._values)}")

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
            raise ValueError(f"unknown system {system!r}{_nearest(system, by_system)}")
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
    for layer in _layers(params, preset, f"{path.name}: "):
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
    """Names that `preset` takes: those of `presets:` and paper-<system>-<dataset>."""
    paper = params["paper"]
    pairs = itertools.product(paper["systems"], paper["datasets"])
    return [*params["presets"], *(f"paper-{system}-{dataset}" for system, dataset in pairs)]


def preset(params, name):
    """The overrides that preset `name` stands for, as a plain dict. ValueError names the nearest preset."""
    layers = [functools.reduce(Params.get, layer, params).plain() for layer in _layers(params, name)]
    return functools.reduce(merge, layers)


def _layers(params, name, file=""):
    """Key paths of what preset `name` lays over the base, the first one first."""
    names = preset_names(params)
    if check_preset_name(name) not in names:
        raise ValueError(f"{file}unknown preset {name!r}{_nearest(name, names)}; there are: {', '.join(names)}")
    if name in params["presets"]:
        return [("presets", name)]
    _, system, dataset = name.split("-", 2)
    return [("paper", "common"), ("paper", "systems", system), ("paper", "datasets", dataset)]


def validate(values, name="params", lines=None):
    """A nested mapping as checked `Params`. ValueError with one line per problem; `lines`: {key path: line}."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} is {_shown(values)}; wanted is a mapping, as in the repository's params.yaml")
    values = Params(values).plain()
    try:
        File.model_validate(values)
        problems = conflicts(values)
    except ValidationError as problem:
        problems = _problems(problem.errors(include_url=False)[: 5 * MOST_PROBLEMS], values)
    if problems:
        told = sorted((_place(path, lines or {}), text) for path, text in problems)
        said = [f"{name}{f', line {line}' if line else ''}: {key} {text}" for (line, key), text in told[:MOST_PROBLEMS]]
        raise ValueError("\n".join([*said, f"{name}: and more"] if len(told) > MOST_PROBLEMS else said))
    return Params(values)


def _place(path, lines):
    """(line, key) of a key path, as in (49, "train.seeds[0]"): the line of the deepest known key on it, or 0."""
    key = "".join(f".{step}" if re.fullmatch(r"[a-zA-Z][\w -]*", str(step)) else f"[{step!r}]" for step in path)
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)
    return line, key.removeprefix(".")[:LONGEST] or "the file"


def _problems(errors, values):
    """[(key path, text)] of pydantic's errors on the plain `values`, one for each place."""
    keys, wrong = {}, {}
    for error in errors:
        path, value, last = (), values, error["loc"][-1]
        for step in error["loc"]:  # it names branches of a union as well, which are no keys
            if (isinstance(value, dict) and step in value) or (isinstance(value, list) and step in range(len(value))):
                path, value = (*path, step), value[step]
        if error["type"] == "missing":
            keys[(*path, last)] = path, f"lacks the key {last!r}: add it, as in the repository's params.yaml"
        elif error["type"] == "value_error" and last == "[key]":
            keys[path] = path, str(error["ctx"]["error"])
        elif error["type"] in ("extra_forbidden", "invalid_key") or last == "[key]":
            rules = _rules(path[:-1])
            names = [name for rule in rules for name in _names(rule)]
            keys[path] = path, f"is no parameter{_nearest(path[-1], names)}; there are: {', '.join(names)}"
        else:
            rules = _rules(path)
            wants = ", or ".join(map(_wants, rules))
            hint = _hint(rules, value) if isinstance(value, str) else ""
            wrong[path] = path, f"is {_shown(value)}; wanted is {wants}{hint}"
    # where one branch of a union fits down to a deeper place, that the others do not fit is of no interest
    below = {path[:end] for path in (*keys, *wrong) for end in range(len(path))}
    return [*keys.values(), *(each for path, each in wrong.items() if path not in below and path not in keys)]


@functools.cache
def _schema():
    """pydantic's JSON schema of the file without references: the words of errors are made from it."""
    schema = File.model_json_schema()

    def inline(part):
        if isinstance(part, dict) and "$ref" in part:
            return inline(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]])
        if isinstance(part, dict):
            return {key: inline(value) for key, value in part.items() if key != "$defs"}
        return [inline(item) for item in part] if isinstance(part, list) else part

    return inline(schema)


def _rules(path):
    """What the JSON schema says of a key path: one part of it, or several of which one must hold."""
    rule = _schema()
    for step in path:
        branches = rule.get("anyOf", [rule])
        inner = [(b.get("properties", {}).get(step), b.get("additionalProperties"), b.get("items")) for b in branches]
        rule = next(each for branch in inner for each in branch if isinstance(each, dict))
    return rule.get("anyOf", [rule])


def _names(rule):
    """The texts or keys that a part of the JSON schema knows."""
    found = rule.get("enum") or rule.get("properties") or rule.get("propertyNames", {}).get("enum", ())
    return [rule["const"]] if "const" in rule else list(found)


def _wants(rule):
    """In words what a part of the JSON schema allows."""
    kind, names = rule.get("type"), _names(rule)
    if kind == "array":
        least = " of one or more" if rule.get("minItems") else ""
        return f"a list{least} without repetitions, each {_wants(rule['items'])}"
    if kind in ("integer", "number"):
        bounds = (("minimum", "of at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
        limits = [f"{word} {rule[key]:,}".removesuffix(".0") for key, word in bounds if key in rule]
        kind = "an even number" if "multipleOf" in rule else "a whole number" if kind == "integer" else "a number"
        return f"{kind} {' and '.join(limits)}"
    if kind == "object":
        return f"a mapping of {', '.join(names) if 0 < len(names) < 10 else 'keys to values'}"
    if names:
        return names[0] if "const" in rule else f"one of {', '.join(names)}"
    return {"boolean": "true or false", "null": "null"}.get(kind) or rule.get("description", "a text")


def _hint(rules, text):
    kinds = {rule.get("type") for rule in rules}
    if kinds & {"integer", "number"} and re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", text, re.I):
        return ": write the number without quotes"
    return _nearest(text, [name for rule in rules if rule.get("type") == "string" for name in _names(rule)])


def _shown(value):
    try:
        text = "a mapping" if isinstance(value, dict) else "null" if value is None else repr(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        text = "a number of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _nearest(name, names):
    """"; did you mean ...?" with the most similar of `names`."""
    near = difflib.get_close_matches(str(name)[:LONGEST].lower(), [str(each) for each in names], n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""
