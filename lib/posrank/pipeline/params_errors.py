"""The words of errors about parameters: which key, on which line, what is wanted, and the nearest valid name.

Comes in: pydantic's errors and the plain values. Goes out: texts; what is allowed is read from the JSON schema of
`posrank.pipeline.params_schema.File`.
"""

import functools
import re

from posrank.messages import LONGEST, did_you_mean, short
from posrank.pipeline.params_schema import File

MOST_PROBLEMS = 20
"""Problems told at once."""
LIKE = 0.1
"""So alike (0 to 1) must a name be to be offered: a key that shares no letter with any name is no slip."""


def place(path, lines):
    """(line, key) of a key path, as in (49, "train.seeds[0]"): the line of the deepest known key on it, or 0."""
    key = "".join(f".{step}" if re.fullmatch(r"[a-zA-Z][\w -]*", str(step)) else f"[{step!r}]" for step in path)
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)
    return line, key.removeprefix(".")[:LONGEST] or "the file"


def problems_of(errors, values):
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
            keys[path] = path, f"is no parameter{did_you_mean(path[-1], names, LIKE)}; there are: {', '.join(names)}"
        else:
            rules = _rules(path)
            wants = ", or ".join(map(_wants, rules))
            hint = _hint(rules, value) if isinstance(value, str) else ""
            wrong[path] = path, f"is {shown(value)}; wanted is {wants}{hint}"
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
    return did_you_mean(text, [name for rule in rules if rule.get("type") == "string" for name in _names(rule)], LIKE)


def shown(value):
    """A value as YAML names it, cut to a bearable length."""
    return "a mapping" if isinstance(value, dict) else "null" if value is None else short(value)
