"""YAML as DVC reads and writes it (version 1.2: 1e-4 is a number, `on` is a text), as plain data.

Comes in: a file or a word of the command line. Goes out: dicts with text keys, lists, texts, numbers, true, false and
null. Nothing else is ever made: a tag such as !!python/object is refused, and size, depth and the length of numbers
have limits. Every fault of a file is one ValueError with file and line.
"""

import re
from io import StringIO
from pathlib import Path

LARGEST, DEEPEST, MOST, LONGEST_NUMBER = 100_000, 30, 20_000, 40
"""Bytes of a file, levels of nesting, values (an alias counts as a copy), and characters of a number."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufeff]")
_TAG = "tag:yaml.org,2002:"
_PLAIN = {"MappingNode": ("map",), "SequenceNode": ("seq",), "ScalarNode": ("str", "int", "float", "bool", "null")}


def read(path):
    """(values, lines) of a YAML file: its mapping as plain data, and the line of each key and list item, from 1.

    lines: {("train", "lambda"): 57, ("train", "seeds", 0): 49, ...}. FileNotFoundError where there is no such file;
    ValueError with file and line where it cannot be read, is no YAML, holds no mapping, a key twice, or no plain data.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is no file: put the repository's {path.name} in its place")
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path.name} is larger than {LARGEST:,} bytes: restore it from the repository")
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: restore it from the repository") from None
    except OSError as problem:
        raise ValueError(f"{path} cannot be read ({problem.strerror}): correct its permissions") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise ValueError(f"{path.name}, line {line}: no text in UTF-8 ({problem.reason}): save it as UTF-8") from None
    values, lines = parse(text, path.name)
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} holds no mapping of keys to values: restore it from the repository")
    return values, lines


def parse(text, name="YAML"):
    """(value, lines) of one YAML document, as in `read`. ValueError with `name` and line."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth, yaml.composer.warn_double_anchors = DEEPEST, False
    lines = {}
    try:
        node = yaml.compose(text)
        if node is None:
            return None, lines
        for fault, line in _walk(node, (), lines, yaml.constructor, [MOST]):
            raise ValueError(f"{name}, line {line}: {fault}")
        return yaml.constructor.construct_document(node), lines
    except MarkedYAMLError as problem:
        mark, reason = problem.problem_mark or problem.context_mark, f"{problem.context or ''} {problem.problem or ''}"
        line = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{name}{line}: {' '.join(reason.split())[:200]}; correct the YAML there") from None
    except YAMLError as problem:  # of a single character
        line = text.count("\n", 0, problem.position) + 1
        raise ValueError(f"{name}, line {line}: the character {chr(problem.character)!r}; take it out") from None


def _walk(node, path, lines, constructor, left):
    """Yield (what is wrong, line) where a tree of nodes is not plain data within the limits; fill `lines`."""
    line, tag = node.start_mark.line + 1, node.tag.removeprefix(_TAG)
    key = ".".join(map(str, path))[:200] or "the file"
    left[0] -= 1
    if len(path) >= DEEPEST or left[0] < 0:
        yield f"{key}: more than {DEEPEST} levels or {MOST:,} values, perhaps by an alias: write the values out", line
    elif tag not in _PLAIN[type(node).__name__]:
        yield f"{key} carries the tag {node.tag[:200]!r}: write a plain text, number, list or mapping", line
    elif tag == "map":
        for name, value in node.value:
            line, text = name.start_mark.line + 1, name.value if isinstance(name.value, str) else "a list or mapping"
            if name.tag not in (f"{_TAG}str", f"{_TAG}merge") or _UNPRINTABLE.search(text):
                yield f"{key} has the key {text[:200]!r}, which is no plain text: put it in quotes", line
            lines[(*path, text)] = line
            yield from _walk(value, (*path, text), lines, constructor, left)
    elif tag == "seq":
        for i, item in enumerate(node.value):
            lines[(*path, i)] = item.start_mark.line + 1
            yield from _walk(item, (*path, i), lines, constructor, left)
    elif tag in ("int", "float") and len(node.value) > LONGEST_NUMBER:
        yield f"{key} is a number of {len(node.value)} characters, {node.value[:20]}...: write a shorter one", line
    elif _UNPRINTABLE.search(node.value):
        yield f"{key} is {node.value[:100]!r}, with a control character or half a character: take it out", line
    else:
        try:
            constructor.construct_object(node)
        except (ValueError, KeyError, IndexError):
            yield f"{key} is {node.value[:200]!r}, which is no {tag}", line


def yaml_text(values, comment=None):
    """A plain nested dict as YAML, in its own order, with a comment on top."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.sort_base_mapping_type_on_output, yaml.width = False, False, 10**6
    text = StringIO()
    yaml.dump(values, text)
    return (f"# {comment}\n" if comment else "") + text.getvalue()


def value_of(text):
    """A value of the command line: 1e-4 is a number, true a flag, [a, b] a list, all else a text.

    >>> value_of("1e-4"), value_of("[a, b]"), value_of("xclip")
    (0.0001, ['a', 'b'], 'xclip')
    """
    try:
        return parse(text)[0]
    except ValueError:
        return text
