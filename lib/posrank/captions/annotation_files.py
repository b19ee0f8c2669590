"""Reading annotation files so that every complaint names file and line: finding them, text, zip, csv, lists of ids.
 Errors are ValueError (FileNotFoundError for what is not there) with the remedy. Files are refused by their declared
size before they are read. JSON: posrank.captions.documents.
"""

import csv
import io
import zipfile
from pathlib import Path

from posrank.messages import did_you_mean, short

LARGEST, LARGEST_MEMBER = 1 << 29, 1 << 28
"""Bytes at most of a file, and of a file unpacked from an archive; official ones are far below."""

_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def folder_of(root, dataset):
    """`root`, or ``root/<dataset>`` where that exists and root itself holds no files of its own."""
    root = Path(root)
    if not root.is_dir():
        hint = f"posrank.captions.fetch({dataset!r}) says where they are"
        raise FileNotFoundError(f"{root} is no folder: put the annotation files of {dataset!r} there; {hint}")
    below = root / dataset
    if below.is_dir() and not any(entry.is_file() and not entry.name.startswith(".") for entry in root.iterdir()):
        return below
    return root


def find(folder, *names):
    """First of the file names (patterns allowed) that exists in `folder` or one level below it, or None."""
    return next((path for name in names for path in find_all(folder, name)), None)


def find_all(folder, pattern):
    """The files of that pattern in `folder`, by name, then those one level below it."""
    folder = Path(folder)
    return [path for each in (pattern, f"*/{pattern}") for path in sorted(folder.glob(each)) if path.is_file()]


def need(folder, *names, dataset, source, more=""):
    """As `find`, but FileNotFoundError says what to put where and where to get it, and `more`."""
    path = find(folder, *names)
    if path is None:
        raise absent(folder, "no " + " or ".join(names), dataset, source, more)
    return path


def absent(folder, what, dataset, source, more=""):
    """The FileNotFoundError of a folder that holds `what` ("no x.json")."""
    get = f"Get it from {source} and put it, unchanged, into {folder}{more}"
    return FileNotFoundError(f"{folder} holds {what}: dataset {dataset!r} needs it. {get}")


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
        line = raw.count(b"\n", 0, problem.start) + 1
        raise no_utf8(label, line, raw, problem) from None


def label_of(path, member=None):
    """A file's name for messages, with that of the file inside the archive."""
    return f"{path} ({short(member)[1:-1]})" if member else str(path)


def line_place(path, line):
    """A function that returns "file, line n", as `posrank.captions.rows.Rows` takes places."""
    return lambda: f"{path}, line {line}"


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
    if info.flag_bits & 1:
        raise ValueError(f"{label}: the archive is encrypted: unpack it and put the file itself there")
    if info.compress_type not in _PACKED:
        method = f"compression method {info.compress_type} of the archive is not known"
        raise ValueError(f"{label}: {method}: unpack it and put the file itself there")
    check_size(label, info.file_size, LARGEST_MEMBER)

    # closed with the archive
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
    """Yield (line number, {column: text}) of a csv file whose header line names at least the `required` columns.

    delimiter None = comma, semicolon or tab, whichever the header line holds most of. rename: a function of the
    header's names and "file, line n" that returns the names to use."""
    text = text_of(path)
    if delimiter is None:
        head = next((line for line in text.split("\n") if line.strip()), "")
        delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    header, last = None, 0
    try:
        for row in reader:
            line, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                given = [cell.strip().lstrip("\ufeff") for cell in row]
                header = rename(given, f"{path}, line {line}") if rename else given
                _check_header(path, line, header, given, required)
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


def _check_header(path, line, header, given, required):
    for name in required:
        if name not in header:
            raise ValueError(
                f"{path}, line {line}: no column named {name!r} (found: {short(', '.join(given))[1:-1]})"
                f"{did_you_mean(name, given, 0.6)}: the header line must name {', '.join(required)}"
            )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise ValueError(f"{path}, line {line}: column {short(twice[0])} occurs twice: rename one of them")


def list_of_ids(path):
    """The ids of a list file, one a line: [(line number, id)]; a repeated id is an error."""
    found = {}
    for number, line in enumerate(text_of(path).split("\n"), 1):
        name = line.strip()
        if name in found:
            raise ValueError(f"{path}, line {number}: id {short(name)} is already in line {found[name]}: keep it once")
        if name:
            found[name] = number
    if not found:
        raise ValueError(f"{path}, line 1: the list is empty: get the file again")
    return [(number, name) for name, number in found.items()]


def split_lists(paths, what=""):
    """{id: split} of list files {split: path}; an id (of a `what`, "clip ") in two lists is an error."""
    splits = {}
    for split, path in paths.items():
        for line, name in list_of_ids(path):
            if name in splits:
                known = f"is also in the {splits[name]} list: keep one"
                raise ValueError(f"{path}, line {line}: {what}{short(name)} {known}")
            splits[name] = split
    return splits


def present_lists(folder, rows, dataset, source, what, *names):
    """As `split_lists`, of the list files ("{}_list.txt") of the three splits that are there. The others are noted in
    `rows`, FileNotFoundError where there is none; with rows None, no list is needed."""
    paths = {split: find(folder, *(name.format(split) for name in names)) for split in ("train", "val", "test")}
    files = {split: names[0].format(split) for split in paths}
    if rows is not None:
        absent_files = [files[split] for split in paths if not paths[split]]
        rows.notes += [f"{name} is not there: its {what}s are in no split" for name in absent_files]
        if not any(paths.values()):
            raise absent(folder, f"none of {', '.join(files.values())}", dataset, source)
    return split_lists({split: path for split, path in paths.items() if path}, f"{what} ")
