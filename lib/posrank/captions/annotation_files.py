"""Reading annotation files so that every complaint names file and line: finding them, text, zip, csv, lists of ids.

Errors are ValueError (FileNotFoundError for what is not there) with the remedy. Files are refused by their declared
size before they are read. JSON: posrank.captions.documents.
"""

import csv
import io
import zipfile
from pathlib import Path
from typing import NamedTuple

from posrank.messages import did_you_mean, short

LARGEST, LARGEST_MEMBER = 1 << 29, 1 << 28
"""Bytes at most of a file, and of a file unpacked from an archive; official ones are far below."""

_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class Folder:
    """The annotation files of one dataset; what is not there is noted in ``notes``, or an error says where to get it.

    root    the folder, or one that holds it under the dataset's name (csv: the file itself, too)
    source  where the files come from
    """

    def __init__(self, root, dataset, source):
        self.path, self.dataset, self.source, self.notes = Path(root), dataset, source, []
        if dataset == "csv" and self.path.is_file():
            return
        if not self.path.is_dir():
            hint = f"posrank.captions.fetch({dataset!r}) says where they are"
            raise FileNotFoundError(f"{root} is no folder: put the annotation files of {dataset!r} there; {hint}")
        below, files = self.path / dataset, (entry for entry in self.path.iterdir() if entry.is_file())
        if below.is_dir() and all(entry.name.startswith(".") for entry in files):
            self.path = below

    def find(self, *names, lost=None):
        """First of the file names (patterns allowed) that is there, or one level below, or None; `lost`: then noted."""
        path = next((path for name in names for path in self.find_all(name)), None)
        if path is None and lost:
            self.notes.append(f"{names[0]} is not there: {lost}")
        return path

    def find_all(self, pattern):
        """The files of that pattern, by name, then those one level below."""
        found = [path for each in (pattern, f"*/{pattern}") for path in sorted(self.path.glob(each))]
        return [path for path in found if path.is_file()]

    def need(self, *names, more=""):
        """As `find`, but FileNotFoundError says what to put where and where to get it, and `more`."""
        path = self.find(*names)
        if path is None:
            raise self.absent("no " + " or ".join(names), more)
        return path

    def absent(self, what, more=""):
        """The FileNotFoundError of a folder that holds `what` ("no x.json")."""
        get = f"Get it from {self.source} and put it, unchanged, into {self.path}{more}"
        return FileNotFoundError(f"{self.path} holds {what}: dataset {self.dataset!r} needs it. {get}")

    def split_lists(self, what, *names, needed=True):
        """{id: split} of the list files ("{}_list.txt") of the three splits; an id (of a `what`) occurs once.

        FileNotFoundError where none of them is there and one is `needed`."""
        lost = f"its {what}s are in no split" if needed else None
        splits = ("train", "val", "test")
        paths = {split: self.find(*(name.format(split) for name in names), lost=lost) for split in splits}
        if needed and not any(paths.values()):
            raise self.absent(f"none of {', '.join(names[0].format(split) for split in splits)}")
        seen = {}
        return {name: split for split, path in paths.items() if path for name in list_of_ids(path, what, seen)}


class Place(NamedTuple):
    """A line of a file; a call says "file, line n", as `posrank.captions.rows.Rows` takes places."""

    file: Path
    line: int

    def __call__(self):
        return f"{self.file}, line {self.line}"


def note_once(seen, key, place, what):
    """Note in the dict `seen` at which place a key (of a `what`) is; ValueError where it was seen before."""
    if key in seen:
        raise ValueError(f"{place()}: {what} {short(key)} is already at {seen[key]()}: keep it once")
    seen[key] = place


def raw_of(path, member=None, label=None):
    """The bytes of a file; `member`: of that file inside the zip archive `path`."""
    path, label = Path(path), label or str(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: put the annotation file there")
    check_size(label, path.stat().st_size, LARGEST)
    return _unpacked(path, member, label) if member else path.read_bytes()


def text_of(path, member=None):
    """The text of a UTF-8 file (a byte order mark is skipped); `member`: of that file inside the zip archive `path`."""
    label = label_of(path, member)
    raw = raw_of(path, member, label)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{label}, line 1: the file is written in UTF-16: save it as UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise no_utf8(label, raw.count(b"\n", 0, problem.start) + 1, raw, problem) from None


def text_lines(path):
    """Yield (Place, text) of the lines of a UTF-8 file that are not blank."""
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if line.strip():
            yield Place(path, number), line


def label_of(path, member=None):
    """A file's name for messages, with that of the file inside the archive."""
    return f"{path} ({short(member)[1:-1]})" if member else str(path)


def check_size(label, size, largest):
    """ValueError where a file of `size` bytes is larger than an annotation file can be."""
    if size > largest:
        most = f"too many for an annotation file (at most {largest:,})"
        raise ValueError(f"{label}: {size:,} bytes are {most}: get the file again")


def members(path):
    """Names of the files inside a zip archive; ValueError where it cannot be read."""
    check_size(path, Path(path).stat().st_size, LARGEST)
    return _with_archive(path, str(path), lambda archive: archive.namelist())


def _unpacked(path, member, label):
    info = _with_archive(path, label, lambda archive: archive.getinfo(member))
    encrypted, known = info.flag_bits & 1, info.compress_type in _PACKED
    if encrypted or not known:
        what = "is encrypted" if encrypted else f"has the unknown compression method {info.compress_type}"
        raise ValueError(f"{label}: the archive {what}: unpack it and put the file itself there")
    check_size(label, info.file_size, LARGEST_MEMBER)
    return _with_archive(path, label, lambda archive: archive.open(info).read(info.file_size + 1))


def _with_archive(path, label, read):
    try:
        with zipfile.ZipFile(path) as archive:
            return read(archive)
    except Exception as problem:  # a damaged archive can raise nearly anything, even NotImplementedError
        raise ValueError(f"{label}: no readable zip archive ({short(str(problem))}): get the file again") from problem


def no_utf8(label, line, raw, problem):
    """The ValueError about a UnicodeDecodeError in a line of a file."""
    return ValueError(f"{label}, line {line}: byte 0x{raw[problem.start]:02x} is no UTF-8: save the file as UTF-8")


def csv_rows(path, required, delimiter=",", quoting=csv.QUOTE_MINIMAL, rename=None):
    """Yield (Place, {column: text}) of a csv file whose header line names at least the `required` columns.

    delimiter None = comma, semicolon or tab, whichever the header line holds most of. rename: a function of the
    header's names and their Place that returns the names to use."""
    text = text_of(path)
    if delimiter is None:
        head = next((line for line in text.split("\n") if line.strip()), "")
        delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    header, last = None, 0
    try:
        for row in reader:
            place, last = Place(path, last + 1), reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                given = [cell.strip().lstrip("\ufeff") for cell in row]
                header = rename(given, place) if rename else given
                _check_header(place, header, given, required)
                continue
            if len(row) != len(header):
                raise ValueError(
                    f"{place()}: {len(row)} columns where the header names {len(header)}: put captions with a comma "
                    "between double quotes"
                )
            yield place, dict(zip(header, row))
    except csv.Error as problem:
        raise ValueError(f"{path}, line {last + 1}: malformed csv ({problem}): check the quotes") from None
    if header is None:
        raise ValueError(f"{path}, line 1: the file is empty: it needs a header line with {', '.join(required)}")


def _check_header(place, header, given, required):
    for name in required:
        if name not in header:
            raise ValueError(
                f"{place()}: no column named {name!r} (found: {short(', '.join(given))[1:-1]})"
                f"{did_you_mean(name, given, 0.6)}: the header line must name {', '.join(required)}"
            )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise ValueError(f"{place()}: column {short(twice[0])} occurs twice: rename one of them")


def list_of_ids(path, what="id", seen=None):
    """The ids of a list file, one a line; one that occurs twice, or is in `seen` {id: Place}, is an error."""
    seen, found = {} if seen is None else seen, []
    for place, line in text_lines(path):
        found.append(line.strip())
        note_once(seen, found[-1], place, what)
    if not found:
        raise ValueError(f"{path}, line 1: the list is empty: get the file again")
    return found
