"""JSON and JSON-lines files of annotations: every value is checked where it is taken, and knows its file and line.

`Entry` is one value of a file; its methods give what is under a key in the form asked for, or raise ValueError naming
file, line and entry. A key that occurs twice in an object is an error: the usual reader would keep the last one.
"""

import json
import re
from contextlib import suppress

from posrank.captions.annotation_files import check_size, label_of, no_utf8, text_of
from posrank.messages import short

LARGEST_LINE = 1 << 26
"""Bytes at most of a line of JSON-lines."""
_DECODER = json.JSONDecoder()
_SPACE, _BETWEEN = re.compile(r"[ \t\r\n]*").match, re.compile(r"[ \t\r\n:,]*").match
_KINDS = {str: "text", list: "list", dict: "object"}


class Entry:
    """A value of a file. at(*steps): "file, line n, entry" of the value that keys and indices `steps` lead to."""

    __slots__ = ("at", "data", "steps")

    def __init__(self, data, at, steps=()):
        self.data, self.at, self.steps = data, at, steps

    def place(self):
        """ "file, line n, entry" of this value."""
        return self.at(*self.steps)

    def wrong(self, what):
        """A ValueError about this value."""
        return ValueError(f"{self.place()}: {what}")

    def get(self, key):
        """What is under a key; None where it is not there or this is no object."""
        return self.data.get(key) if isinstance(self.data, dict) else None

    def under(self, key, kind):
        """What is under a key, of the type `kind` (str, list or dict; a str is not empty)."""
        value = self.get(key)
        if not isinstance(value, kind) or value == "":
            raise self.wrong(f"key {key!r} is missing or no {_KINDS[kind]}")
        return value

    def text(self, key):
        return self.under(key, str)

    def name(self, key):
        """The text or whole number under a key, as text."""
        value = self.get(key)
        if type(value) is int and abs(value) < 10**18:
            return str(value)
        if not isinstance(value, str) or not value:
            raise self.wrong(f"key {key!r} is missing or neither a text nor a whole number")
        return value

    def choice(self, key, choices):
        """The value in `choices` of the text under a key."""
        value = self.text(key)
        if value not in choices:
            raise self.wrong(f"{key} is {short(value)}, not one of {', '.join(choices)}")
        return choices[value]

    def entries(self, key=None, what="a list"):
        """Entries of the list under a key (None: of this list, `what` is it called)."""
        here = self._container(key, list, what)
        return [Entry(value, self.at, (*here.steps, index)) for index, value in enumerate(here.data)]

    def items(self, key=None, what="an object"):
        """Pairs (key, Entry) of the object under a key (None: of this object, `what` is it called)."""
        here = self._container(key, dict, what)
        return [(name, Entry(value, self.at, (*here.steps, name))) for name, value in here.data.items()]

    def _container(self, key, kind, what):
        if key is not None:
            return Entry(self.under(key, kind), self.at, (*self.steps, key))
        if not isinstance(self.data, kind):
            raise self.wrong(f"{what} is needed")
        return self

    def child(self, key):
        """The Entry of what is under a key, None included."""
        return Entry(self.get(key), self.at, (*self.steps, key))

    def pair(self):
        """The two numbers of this list of two; whether they are times, `Rows.add` checks."""
        values = self.data
        if not isinstance(values, list) or len(values) != 2 or any(type(value) not in (int, float) for value in values):
            raise self.wrong("two numbers (seconds) are needed")
        return values


def parse_json(text, label, line=None):
    """The JSON value of a text; ValueError naming `label` and the line (or `line`, that of the text in its file)."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as problem:
        at = line or problem.lineno
        what = f"malformed JSON, {problem.msg} (column {problem.colno}): correct the line or get the file again"
    except RecursionError:
        at, what = line or 1, "JSON nested too deeply to be an annotation file"
    except _Repeated as problem:
        quoted = json.dumps(problem.args[0], ensure_ascii=False)
        first = text.find(quoted)
        at = line or text.count("\n", 0, max(text.find(quoted, first + 1), first, 0)) + 1
        what = f"key {short(problem.args[0])} occurs twice in one object: make the ids unique"
    except ValueError:  # an integer of more digits than Python reads
        digits = re.search(r"\d{4301}", text)
        at = line or text.count("\n", 0, digits.start() if digits else 0) + 1
        what = "a number of more than 4,300 digits: get the file again"
    raise ValueError(f"{label}, line {at}: {what}")


def read_json(path, member=None):
    """The Entry of a whole JSON file; `member`: of that file inside the zip archive `path`."""
    name, text = label_of(path, member), text_of(path, member)
    if not text.strip():
        raise ValueError(f"{name}, line 1: the file is empty: get it again")
    return Entry(parse_json(text, name), lambda *steps: f"{name}, line {_line(text, steps)}{entry_of(steps)}")


def _line(text, steps):
    """Line of the value that keys and indices lead to; found by reading the text again, so for messages only."""
    position = _SPACE(text).end()
    with suppress(RecursionError):
        for step in steps if "\n" in text else ():
            found = _child(text, position, step)
            if found is None:
                break
            position = found
    return text.count("\n", 0, position) + 1


def _child(text, position, step):
    """Position of entry `step` (key or index) of the object or list that starts at `position`, in valid JSON."""
    is_object = text[position] == "{"
    if text[position] not in "[{":
        return None
    position, count = _SPACE(text, position + 1).end(), 0
    while text[position] not in "]}":
        key = count
        if is_object:
            key, position = _DECODER.raw_decode(text, position)
            position = _BETWEEN(text, position).end()
        if key == step:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position = _BETWEEN(text, position).end()
        count += 1
    return None


def entry_of(steps):
    """ ", entry ['a'][3]" for the keys and indices that lead to a value; "" for none."""
    return ", entry " + "".join(f"[{short(step)}]" for step in steps) if steps else ""


class _Repeated(Exception):
    """args: the key."""


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        seen = set()
        raise _Repeated(next(key for key, _ in pairs if key in seen or seen.add(key)))
    return result


def line_entries(path):
    """Yield an Entry for each line of a JSON-lines file, read line by line; empty lines are passed over."""
    with open(path, "rb") as file:
        number = 0
        while raw := file.readline(LARGEST_LINE + 1):
            number += 1
            check_size(f"{path}, line {number}", len(raw), LARGEST_LINE)
            raw = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if not raw.strip():
                continue
            try:
                value = parse_json(raw.decode("utf-8"), path, number)
            except UnicodeDecodeError as problem:
                raise no_utf8(path, number, raw, problem) from None
            yield Entry(value, lambda *steps, number=number: f"{path}, line {number}{entry_of(steps)}")
