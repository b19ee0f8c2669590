"""The knobs: reads params.yaml, checks every key and value, and hands them on with attribute access.

Comes in: params.yaml (all values; nothing has a default elsewhere). Goes out: an unchangeable nested mapping, or one
ValueError that lists each problem with key, line and the nearest valid name. `merge` lays a preset over the base. What
is allowed stands in `posrank.params_schema`.
"""

import difflib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from posrank.params_schema import SCHEMA, Either, Part, Several, Table
from posrank.paths import root

__all__ = ["SCHEMA", "Params", "Run", "load", "merge", "preset", "preset_names", "read", "validate"]


class Params(Mapping):
    """A mapping whose keys are attributes too; ``lambda`` (a word of Python's) is ``lambda_``.

    >>> params = Params({"train": {"lambda": 0.2, "systems": ["xclip"], "strategies": ["word"], "seeds": [0]}})
    >>> params.train.lambda_, params["train"]["lambda"], [run.name for run in params.runs()]
    (0.2, 0.2, ['xclip-word-0'])
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
        for key in (name, name.removesuffix("_")):
            if key in self._values:
                return self[key]
        raise AttributeError(f"no parameter {name!r} here{_nearest(name, self._values)}")

    def __setattr__(self, name, value):
        raise AttributeError(f"parameters do not change while they are used: set {name!r} in params.yaml")

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)

    def __dir__(self):
        return [*super().__dir__(), *(f"{key}_" if key == "lambda" else key for key in self._values)]

    def __repr__(self):
        return f"Params({self.plain()!r})"

    def __reduce__(self):
        return Params, (self.plain(),)

    def plain(self):
        """A plain dict of dicts, lists and scalars; changing it changes nothing here."""
        return {key: value.plain() if isinstance(value, Params) else self[key] for key, value in self._values.items()}

    def runs(self):
        """The training runs that the `train` section asks for, system by system: a list of `Run`."""
        train = self.train
        return [Run(*which) for which in itertools.product(train.systems, train.strategies, train.seeds)]

    def train_for(self, system):
        """The `train` section as it holds for one system: `train.by_system.<system>` laid over the rest."""
        values = self.train.plain()
        by_system = values.pop("by_system")
        if system not in by_system:
            raise ValueError(f"unknown system {system!r}{_nearest(system, by_system)}")
        return Params(merge(values, by_system[system]))


@dataclass(frozen=True)
class Run:
    """One training run: its name is that of its folder, its metrics and its stages."""

    system: str
    strategy: str
    seed: int

    @property
    def name(self):
        return f"{self.system}-{self.strategy}-{self.seed}"


def load(path=None, preset=None):
    """Validated `Params` from `path` (default: params.yaml of the project), with the preset laid over that is named.

    Raises ValueError with one line per problem: key, line in the file, what is wanted, the nearest valid name.
    """
    path = Path(path) if path is not None else root() / "params.yaml"
    values, lines = read(path)
    base = validate(values, name=str(path.name), lines=lines)
    if preset is None:
        return base
    return validate(_preset(base, preset, path.name), name=f"{path.name} with preset {preset}", lines=lines)


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
    names = preset_names(params)
    if name not in names:
        raise ValueError(f"unknown preset {name!r}{_nearest(name, names)}; there are: {', '.join(names)}")
    if name in params["presets"]:
        return params["presets"][name].plain()
    _, system, dataset = name.split("-", 2)
    paper = params["paper"]
    return merge(merge(paper["common"].plain(), paper["systems"][system].plain()), paper["datasets"][dataset].plain())


def _preset(base, name, file):
    try:
        return merge(base.plain(), preset(base, name))
    except ValueError as problem:
        raise ValueError(f"{file}: {problem}") from None


def read(path):
    """The plain values of a YAML file, and the line (from 1) of each key: {("train", "lambda"): 57, ...}.

    YAML 1.2, as DVC reads it: 1e-4 is a number, `on` is a text. ValueError names file and line where it is no YAML, a
    key stands twice, or it does not hold a mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: it holds every parameter; restore it from the repository")
    try:
        text = path.read_text(encoding="utf-8")
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = " ".join(str(problem.problem or problem.context).split())
        line = mark.line + 1 if mark else "?"
        raise ValueError(f"{path.name}, line {line}: {reason}; correct the YAML there") from None
    except (YAMLError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path.name} is no readable YAML in UTF-8 ({problem}): correct or restore it") from None
    if not isinstance(tree, Mapping):
        raise ValueError(f"{path.name} holds no mapping of sections: restore it from the repository")
    lines = {}
    return _plain(tree, lines, ()), lines


def _plain(node, lines, path):
    if isinstance(node, Mapping):
        for key in node:
            position = getattr(node, "lc", None)
            if position is not None and key in (position.data or {}):
                lines[(*path, key)] = position.key(key)[0] + 1
        return {_scalar(key): _plain(value, lines, (*path, key)) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item, lines, (*path, i)) for i, item in enumerate(node)]
    return _scalar(node)


def _scalar(value):
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def validate(values, name="params", lines=None):
    """`values` (a nested mapping) as `Params`, every key and value checked against the schema.

    `lines` maps key paths to line numbers, for messages. Raises ValueError, one line per problem.
    """
    problems = []
    values = values.plain() if isinstance(values, Params) else dict(values)
    _check(values, SCHEMA, (), problems, partial=False)
    if not problems:
        _check_together(values, problems)
    if problems:
        lines = lines or {}
        told = ((_line(path, lines), ".".join(map(str, path)) or "the file", text) for path, text in problems)
        raise ValueError("\n".join(f"{name}{line}: {key} {text}" for line, key, text in told))
    return Params(values)


def _line(path, lines):
    """", line 12" of the deepest known key on `path`, or nothing."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return f", line {lines[path[:end]]}"
    return ""


def _check(value, rule, path, problems, partial):
    """Append (path, text) to `problems` for all in `value` that `rule` does not allow."""
    if isinstance(rule, Either):
        rule = rule.table if isinstance(value, Mapping) else rule.rule
    if isinstance(rule, Part):
        rule, partial = rule.section, True
    if isinstance(rule, (dict, Table)):
        if not isinstance(value, Mapping):
            problems.append((path, f"is {_shown(value)}; wanted is a mapping of keys to values"))
            return
        _check_mapping(value, rule, path, problems, partial)
    elif not rule.fits(value):
        guess = value if isinstance(value, str) else None
        if isinstance(rule, Several) and isinstance(value, list):
            guess = next((item for item in value if isinstance(item, str) and item not in rule.known), None)
        near = _nearest(guess, rule.known) if guess is not None and rule.known else ""
        problems.append((path, f"is {_shown(value)}; wanted is {rule.wants}{near}"))


def _check_mapping(value, rule, path, problems, partial):
    section = isinstance(rule, dict)
    keys = list(rule) if section else list(rule.keys)
    for key, item in value.items():
        if keys and key not in keys:
            problems.append(((*path, key), f"is no parameter{_nearest(key, keys)}; there are: {', '.join(keys)}"))
        else:
            _check(item, rule[key] if section else rule.value, (*path, key), problems, partial)
    if (section and not partial) or (not section and rule.complete and not partial):
        for key in keys:
            if key not in value:
                problems.append((path, f"lacks the key {key!r}: add it, as in the repository's params.yaml"))


def _check_together(values, problems):
    """What no single key can tell."""
    train, datasets = values["train"], values["datasets"]
    if train["systems"] and train["dataset"] not in datasets:
        problems.append((
            ("train", "dataset"),
            f"is {train['dataset']!r}, which is not among datasets ({', '.join(datasets)}): add it there, name one of "
            "those, or set train.systems to [] for the text half alone",
        ))
    for rule in values["evaluate"]["rules"]:
        if rule not in values["negatives"]["rules"]:
            text = f"names {rule!r}, which is not among negatives.rules: add it there"
            problems.append((("evaluate", "rules"), text))
    length = "and epochs: give exactly one of the two, the other is null"
    if (train["steps"] is None) == (train["epochs"] is None):
        problems.append((("train", "steps"), length))
        return
    for system in train["systems"]:
        run = merge(train, train["by_system"][system])
        if (run["steps"] is None) == (run["epochs"] is None):
            problems.append((("train", "by_system", system), f"leaves steps {length}"))


def _shown(value):
    return "null" if value is None else repr(value)


def _nearest(name, names):
    """"; did you mean ...?" with the most similar of `names`."""
    names = [str(each) for each in names]
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.0)
    return f"; did you mean {near[0]!r}?" if near else ""
