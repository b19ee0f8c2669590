"""Reading annotation files so that every complaint names file and line.

Comes in: paths of text, JSON, JSON-lines and csv files, plain or inside a zip. Goes out: their contents, with a way
to say where each piece stood. Errors are ValueError (FileNotFoundError for what is not there) with the remedy; a key
that occurs twice in a JSON object is an error, because the usual reader would silently keep the last one.
"""

import csv
import io
import json
import zipfile
from pathlib import Path

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def folder_of(root, dataset):
    """`root`, or ``root/<dataset>`` where that exists and root itself holds no files of its own."""
    root = Path(root)
    if not root.is_dir():
        told = f"posrank.captions.fetch({dataset!r}) says where they are"
        raise FileNotFoundError(f"{root} is no folder: put the annotation files of {dataset!r} there; {told}")
    below = root / dataset
    if below.is_dir() and not any(entry.is_file() and not entry.name.startswith(".") for entry in root.iterdir()):
        return below
    return root


def find(folder, *names):
    """First of the file names (patterns allowed) that exists in `folder` or one level below it, or None."""
    for name in names:
        for pattern in (name, f"*/{name}"):
            found = sorted(path for path in Path(folder).glob(pattern) if path.is_file())
            if found:
                return found[0]
    return None


def need(folder, *names, dataset, source):
    """As `find`, but FileNotFoundError says what to put where and where to get it."""
    path = find(folder, *names)
    if path is None:
        wanted = " or ".join(names)
        raise FileNotFoundError(
            f"{folder} holds no {wanted}: dataset {dataset!r} needs it. Get it from {source} and put it, unchanged, "
            f"into {folder}"
        )
    return path


def text_of(path, member=None):
    """The text of a UTF-8 file (a byte order mark is skipped); `member`: of that file inside the zip archive `path`."""
    path = Path(path)
    label = f"{path} ({member})" if member else str(path)
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                raw = archive.read(member)
        else:
            raw = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: put the annotation file there") from None
    except (zipfile.BadZipFile, EOFError, KeyError, zipfile.zlib.error) as problem:
        raise ValueError(f"{label}: no readable zip archive ({problem}): get the file again") from problem
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{label}, line 1: the file is written in UTF-16: save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise ValueError(
            f"{label}, line {line}: byte 0x{raw[problem.start]:02x} is no UTF-8: save the file as UTF-8"
        ) from None


def members(path):
    """Names of the files inside a zip archive; ValueError where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, EOFError, OSError) as problem:
        raise ValueError(f"{path}: no readable zip archive ({problem}): get the file again") from problem


class Document:
    """A parsed JSON file that can tell in which line an entry stood: ``doc.data``, ``doc.at("sentences", 17)``."""

    def __init__(self, path, member=None):
        self.name = f"{path} ({member})" if member else str(path)
        self.text = text_of(path, member)
        self._one_line = "\n" not in self.text
        if not self.text.strip():
            raise ValueError(f"{self.name}, line 1: the file is empty: get it again")
        try:
            self.data = json.loads(self.text, object_pairs_hook=_unique)
        except json.JSONDecodeError as problem:
            raise ValueError(
                f"{self.name}, line {problem.lineno}: malformed JSON, {problem.msg} (column {problem.colno}): correct "
                "the line or get the file again"
            ) from None
        except RecursionError:
            raise ValueError(f"{self.name}, line 1: JSON nested too deeply to be an annotation file") from None
        except _Repeated as problem:
            line = self._line_of_repeated(problem.key)
            raise ValueError(
                f"{self.name}, line {line}: key {problem.key!r} occurs twice in one object: make the ids unique"
            ) from None

    def at(self, *steps):
        """ "file, line n, entry": the place of the value that keys and indices `steps` lead to."""
        entry = "".join(f"[{step!r}]" for step in steps)
        return f"{self.name}, line {self.line(*steps)}" + (f", entry {entry}" if entry else "")

    def line(self, *steps):
        """Line number of that value; found by reading the text again, so only worth it for a message."""
        if self._one_line:
            return 1
        position = _skip_space(self.text, 0)
        for step in steps:
            found = _child(self.text, position, step)
            if found is None:
                break
            position = found
        return self.text.count("\n", 0, position) + 1

    def wrong(self, steps, what):
        """A ValueError about the entry at `steps`."""
        return ValueError(f"{self.at(*steps)}: {what}")

    def _line_of_repeated(self, key):
        quoted = json.dumps(key, ensure_ascii=False)
        first = self.text.find(quoted)
        second = self.text.find(quoted, first + 1)
        return self.text.count("\n", 0, max(second, first, 0)) + 1


class _Repeated(Exception):
    def __init__(self, key):
        self.key = key


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _Repeated(key)
            seen.add(key)
    return result


def _skip_space(text, position):
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position


def _child(text, position, step):
    """Position of entry `step` (key or index) of the object or list that starts at `position`, in valid JSON."""
    is_object = text[position] == "{"
    if text[position] not in "[{":
        return None
    position = _skip_space(text, position + 1)
    count = 0
    while text[position] not in "]}":
        key = count
        if is_object:
            key, position = _DECODER.raw_decode(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)
        if key == step:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)
        count += 1
    return None


def json_lines(path):
    """Yield (line number, object) of a JSON-lines file, read line by line; empty lines are passed over."""
    path = Path(path)
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            if number == 1 and raw.startswith(b"\xef\xbb\xbf"):
                raw = raw[3:]
            if not raw.strip():
                continue
            try:
                yield number, json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
            except UnicodeDecodeError as problem:
                raise ValueError(
                    f"{path}, line {number}: byte 0x{raw[problem.start]:02x} is no UTF-8: save the file as UTF-8"
                ) from None
            except json.JSONDecodeError as problem:
                raise ValueError(
                    f"{path}, line {number}: malformed JSON, {problem.msg} (column {problem.colno}): one JSON object "
                    "per line is needed; the file may be cut, get it again"
                ) from None
            except _Repeated as problem:
                raise ValueError(f"{path}, line {number}: key {problem.key!r} occurs twice in one object") from None
            except RecursionError:
                raise ValueError(f"{path}, line {number}: JSON nested too deeply to be an annotation") from None


def csv_rows(path, required, delimiter=",", quoting=csv.QUOTE_MINIMAL):
    """Yield (line number, {column: text}) of a csv file with a header line that names at least the `required`
    columns."""
    text = text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    header, last = None, 0
    try:
        for row in reader:
            line, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = [cell.strip() for cell in row]
                _check_header(path, line, header, required)
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{path}, line {line}: {len(row)} columns where the header names {len(header)}: put captions with "
                    "a comma between double quotes"
                )
            yield line, dict(zip(header, row))
    except csv.Error as problem:
        raise ValueError(f"{path}, line {last + 1}: malformed csv ({problem}): check the quotes") from None
    if header is None:
        raise ValueError(f"{path}, line 1: the file is empty: it needs a header line with {', '.join(required)}")


def _check_header(path, line, header, required):
    absent = [name for name in required if name not in header]
    if absent:
        raise ValueError(
            f"{path}, line {line}: no column named {absent[0]!r} (found: {', '.join(header)}): the header line must "
            f"name {', '.join(required)}"
        )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise ValueError(f"{path}, line {line}: column {twice[0]!r} occurs twice: rename one of them")


def list_of_ids(path):
    """The ids of a list file, one a line: [(line number, id)]; empty lines are passed over, a repeated id is an
    error."""
    found, seen = [], {}
    for number, line in enumerate(text_of(path).splitlines(), 1):
        name = line.strip()
        if not name:
            continue
        if name in seen:
            raise ValueError(f"{path}, line {number}: id {name!r} is already in line {seen[name]}: keep it once")
        seen[name] = number
        found.append((number, name))
    if not found:
        raise ValueError(f"{path}, line 1: the list is empty: get the file again")
    return found
