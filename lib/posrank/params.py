"""The parameters: reads params.yaml, checks every key and value, and hands them on with attribute access.

Comes in: params.yaml (all values; nothing has a default elsewhere). Goes out: an unchangeable nested mapping, or one
ValueError that lists each problem with key, line and the nearest valid name. `merge` lays a preset over the base. What
is allowed stands in `posrank.params_schema`.
"""

import difflib
import functools
import itertools
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from posrank.params_schema import File, check_preset_name, conflicts
from posrank.paths import root
from posrank.yamlfile import read

__all__ = ["Params", "check_preset_name", "load", "merge", "preset", "preset_names", "validate"]

LONGEST, MOST_PROBLEMS = 200, 20
"""Characters of a value or key in a message; problems told at once."""


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

    Raises ValueError with one line per problem: key, line in the file, what is wanted, the nearest valid name;
    FileNotFoundError where there is no file.
    """
    path = Path(path) if path is not None else root() / "params.yaml"
    values, lines = read(path)
    params = validate(values, path.name, lines)
    if preset is None:
        return params
    try:
        layers = _layers(params, preset)
    except ValueError as problem:
        raise ValueError(f"{path.name}: {problem}") from None
    for layer in layers:
        values = merge(values, functools.reduce(lambda found, key: found[key], layer, values))
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
    merged = {}
    for layer in _layers(params, name):
        merged = merge(merged, functools.reduce(lambda found, key: found[key], layer, params).plain())
    return merged


def _layers(params, name):
    """Key paths of what preset `name` lays over the base, the first one first."""
    names = preset_names(params)
    if check_preset_name(name) not in names:
        raise ValueError(f"unknown preset {name!r}{_nearest(name, names)}; there are: {', '.join(names)}")
    if name in params["presets"]:
        return [("presets", name)]
    _, system, dataset = name.split("-", 2)
    return [("paper", "common"), ("paper", "systems", system), ("paper", "datasets", dataset)]


def validate(values, name="params", lines=None):
    """`values` (a nested mapping) as `Params`, every key and value checked against the schema.

    `lines` maps key paths to line numbers, for messages. Raises ValueError, one line per problem.
    """
    values = Params(values).plain()
    try:
        File.model_validate(values)
        problems = conflicts(values)
    except ValidationError as problem:
        problems = _problems(problem.errors(include_url=False), values)
    if problems:
        lines = lines or {}
        told = sorted(((_line(path, lines), path, text) for path, text in problems), key=lambda each: each[0])
        said = [f"{name}{f', line {line}' if line else ''}: {_key(path)} {text}" for line, path, text in told[:MOST_PROBLEMS]]
        rest = [f"{name}: and {len(told) - MOST_PROBLEMS} more"] if len(told) > MOST_PROBLEMS else []
        raise ValueError("\n".join([*said, *rest]))
    return Params(values)


def _line(path, lines):
    """The line of the deepest known key on `path`, or 0."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)


def _key(path):
    """train.seeds[0] of ("train", "seeds", 0)."""
    text = "".join(f".{step}" if re.fullmatch(r"[\w -]+", str(step)) and isinstance(step, str) else f"[{step!r}]" for step in path)
    return text.removeprefix(".")[:LONGEST] or "the file"


def _problems(errors, values):
    """[(key path, text)] of pydantic's errors on the plain `values`, one for each place."""
    keys, wrong = {}, {}
    for error in errors:
        path, value = (), values
        for step in error["loc"]:  # it names branches of a union as well, which are no keys
            if (isinstance(value, dict) and step in value) or (isinstance(value, list) and step in range(len(value))):
                path, value = (*path, step), value[step]
        last = error["loc"][-1]
        if error["type"] == "missing":
            keys[(*path, last)] = path, f"lacks the key {last!r}: add it, as in the repository's params.yaml"
        elif error["type"] in ("extra_forbidden", "invalid_key") or last == "[key]":
            keys[path] = path, _unknown(path, error)
        else:
            wrong[path] = path, f"is {_shown(value)}; wanted is {_wants(_rule(path))}{_hint(_rule(path), value)}"
    # where one branch of a union fits down to a deeper place, that the others do not fit is of no interest
    below = {path[:end] for path in (*keys, *wrong) for end in range(len(path))}
    return [*keys.values(), *(each for path, each in wrong.items() if path not in below and path not in keys)]


def _unknown(path, error):
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    names = []
    for rule in _branches(_rule(path[:-1])):
        names += rule.get("properties") or _resolved(rule.get("propertyNames", {})).get("enum", ())
    return f"is no parameter{_nearest(path[-1], names)}; there are: {', '.join(names)}"


@functools.cache
def _schema():
    """pydantic's JSON schema of the file: the words of errors are made from it."""
    return File.model_json_schema()


def _resolved(rule):
    return _schema()["$defs"][rule["$ref"].rsplit("/", 1)[-1]] if "$ref" in rule else rule


def _branches(rule):
    return [branch for each in _resolved(rule).get("anyOf", [rule]) for branch in [_resolved(each)]]


def _rule(path):
    """The part of the JSON schema that holds for a key path."""
    rule = _resolved(_schema())
    for step in path:
        found = [(branch.get("properties", {}).get(step), branch.get("additionalProperties"), branch.get("items"))
                 for branch in _branches(rule)]  # fmt: skip
        rule = _resolved(next(each for branch in found for each in branch if isinstance(each, dict)))
    return rule


def _wants(rule):
    """In words what a part of the JSON schema allows."""
    if "anyOf" in rule:
        return ", or ".join(_wants(branch) for branch in _branches(rule))
    kind, rule = rule.get("type"), _resolved(rule)
    if "description" in rule and kind == "string":
        return rule["description"]
    if "enum" in rule or "const" in rule:
        return rule["const"] if "const" in rule else "one of " + ", ".join(rule["enum"])
    if kind == "array":
        least = " of one or more" if rule.get("minItems") else ""
        return f"a list{least} without repetitions, each {_wants(_resolved(rule['items']))}"
    if kind in ("integer", "number"):
        bounds = (("minimum", "of at least"), ("exclusiveMinimum", "above"), ("maximum", "at most"))
        limits = [f"{word} {rule[key]:,}".removesuffix(".0") for key, word in bounds if key in rule]
        return f"{'a whole number' if kind == 'integer' else 'a number'} {' and '.join(limits)}"
    names = ", ".join(rule.get("properties", ())) if len(rule.get("properties", ())) < 10 else ""
    return {"boolean": "true or false", "string": "a text", "null": "null"}.get(kind, f"a mapping of {names or 'keys to values'}")


def _hint(rule, value):
    """The nearest of the names that a rule knows, where `value` is a text."""
    if not isinstance(value, str):
        return ""
    branches = _branches(rule)
    if any(branch.get("type") in ("integer", "number") for branch in branches) and re.fullmatch(r"[-+.\d][\d_.]*(e[-+]?\d+)?", value, re.I):
        return ": write the number without quotes"
    known = [name for branch in branches for name in branch.get("enum", [branch["const"]] if "const" in branch else [])]
    return _nearest(value, known) if known else ""


def _shown(value):
    if value is None or isinstance(value, dict):
        return "null" if value is None else "a mapping"
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        text = "a number of thousands of digits"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _nearest(name, names):
    """"; did you mean ...?" with the most similar of `names`."""
    near = difflib.get_close_matches(str(name)[:LONGEST].lower(), [str(each) for each in names], n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""
