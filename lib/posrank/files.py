"""Where things are, and how files come into being.

Comes in: names, environment variables, the working directory. Goes out: paths. The project root is found from the
working directory or from this package, so that a notebook behaves the same under papermill (started in the root) and in
JupyterLab (started in ``notebooks/``). Files are written under a temporary name and renamed, so that a half-written
file never looks whole. Identifiers that come from annotation files are checked before they take part in a path.
"""

import errno
import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

_MARKERS = ("params.yaml", "dvc.yaml")
_CONTROL = re.compile("[\x00-\x1f\x7f\ufeff]")  # with the byte order mark
SURROGATE = re.compile("[\ud800-\udfff]")
_TWO_DOTS = re.compile(r"(?<!\.)\.\.(?!\.)")
# bytes, the limit of the usual file systems
LONGEST_NAME = 255


def _named_folder(variable, remedy):
    """The folder that an environment variable names, None where it is not set."""
    given = os.environ.get(variable)
    path = Path(given).expanduser().resolve() if given else None
    if given and not path.is_dir():
        raise ValueError(f"{variable} names {given!r}, which is no folder: {remedy}")
    return path


def root():
    """Path of the project: environment variable POSRANK_ROOT, else the nearest parent with params.yaml and dvc.yaml.

    Parents of the working directory are tried before those of this package. Raises ValueError where there is none.
    """
    given = _named_folder("POSRANK_ROOT", "correct or unset the variable")
    if given:
        return given
    for start in (Path.cwd(), Path(__file__).resolve().parent):
        for folder in (start, *start.parents):
            if all((folder / name).is_file() for name in _MARKERS):
                return folder
    raise ValueError(
        f"no project found above {Path.cwd()}: change into a clone of the project (the folder with params.yaml and "
        "dvc.yaml) or set POSRANK_ROOT to it"
    )


def workspace():
    """Folder that holds the made tables (``data/captions/`` and all that follows).

    In order: environment variable POSRANK_WORKSPACE; the root, where it has made tables; ``.presets/default`` below it,
    where that has them; the root.
    """
    given = _named_folder("POSRANK_WORKSPACE", "make it or unset the variable")
    if given:
        return given
    base = root()
    preset = base / ".presets" / "default"
    for folder in (base, preset):
        if (folder / "data" / "captions").is_dir():
            return folder
    return base


@contextmanager
def atomic(path, folder=False):
    """Context manager: yields a temporary path beside `path`, renamed onto it on success and removed on failure.

    `folder=True` yields an empty folder instead of a free file name; it replaces a folder of that name as a whole. The
    parent folder is made where it is missing. The data are flushed to the disk before the rename.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:80]}.", suffix=".tmp", dir=path.parent))
    else:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=f".tmp{path.suffix[:16]}", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
    # mkstemp and mkdtemp make files that only their owner can read; give the usual permissions instead
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod((0o777 if folder else 0o666) & ~mask)
    try:
        yield temporary
        if folder:
            _replace_folder(temporary, path)
        else:
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
    except BaseException as problem:
        if type(problem) is OSError and problem.filename is None and str(path) not in str(problem):
            # a full or broken disk is told without a name
            if problem.errno is None:
                problem.args = (f"{path}: {problem}",)
            else:
                problem.filename = str(path)
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
        if getattr(problem, "errno", None) == errno.ENOSPC:
            raise OSError(problem.errno, os.strerror(problem.errno), str(path)) from problem
        raise


def write_text(path, text):
    """Write a text file (UTF-8) as a whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _replace_folder(temporary, path):
    """Put the folder `temporary` where `path` is; the old folder is moved aside first, a rename cannot overwrite it."""
    if not path.exists():
        os.replace(temporary, path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name[:80]}.", suffix=".old", dir=path.parent))
    os.replace(path, aside / "old")
    os.replace(temporary, path)
    shutil.rmtree(aside, ignore_errors=True)


def read_json(path, remedy, absent=None):
    """What a JSON file holds; ValueError naming file and line where it holds no JSON, with what to do about it.
    absent: what is returned where there is no such file; None = FileNotFoundError then."""
    if absent is not None and not Path(path).is_file():
        return absent
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        line = f", line {problem.lineno}" if isinstance(problem, json.JSONDecodeError) else ""
        raise ValueError(f"{path}{line}: no JSON ({problem}); {remedy}") from None


def unsafe(name):
    """Why `name` cannot be an identifier or a file's name, or None where it can.

    >>> unsafe("video7960#7") is None, unsafe("Wait for it... 24") is None
    (True, True)
    >>> unsafe("../video1")
    'it holds a slash'
    """
    if not isinstance(name, str):
        return f"it is no text but {type(name).__name__}"
    if not name.strip():
        return "it is empty"
    if "/" in name or "\\" in name:
        return "it holds a slash"
    if not name.strip(".") or _TWO_DOTS.search(name):
        return "it holds '..'"
    if _CONTROL.search(name):
        return "it holds a control character or a byte order mark"
    if SURROGATE.search(name):
        return "it holds half a character (a lone surrogate)"
    if len(name.encode()) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} bytes"
    return None


def safe_name(name, what="id"):
    """`name` itself where it can be part of a file name, else ValueError: slashes, '..', NUL, absolute or empty names.

    A longer run of dots ("Wait for it... 24", as in real video titles) is harmless without a slash and allowed.
    `what` goes into the message.
    """
    reason = unsafe(name)
    if reason:
        raise ValueError(f"{what} {name!r} cannot be used, {reason}: rename it in the annotation file")
    return name


def inside(folder, name, what="file", where=""):
    """Path of the relative file `name` below `folder`; ValueError where it would lead out of it.

    Sub-folders are allowed ("train/clip 1.mp4"); absolute names, drive letters and '..' are not. Links that the owner
    of the folder made are followed: they are their choice, a name in an annotation file is not.
    """
    place = f"{where}: " if where else ""
    text = os.fspath(name)
    pieces = re.split(r"[/\\]", text)
    if not text.strip() or text.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:[/\\]", text):
        raise ValueError(f"{place}{what} {text!r} is no relative file name: give it relative to {folder}")
    if ".." in pieces or "\x00" in text:
        raise ValueError(f"{place}{what} {text!r} leads out of {folder}: give a name inside of that folder")
    return Path(folder, *[piece for piece in pieces if piece not in ("", ".")])
