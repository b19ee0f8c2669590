"""A scratch copy of the project, kept fresh: where presets run.

Comes in: the project's folder (a git checkout or an unpacked archive). Goes out: a folder with the same source files,
where all that the pipeline has made stays. Unchanged files keep their modification time: DVC need not hash them again.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from posrank.paths import atomic

MANIFEST = ".copied.json"
"""In the copy: the files that the last refresh put there."""

# what the pipeline makes although git may know it from an earlier, published run
_MADE = ("dvc.lock", "sweeps/dvc.lock")
# new files of one's own that git does not know yet take part only here
_OWN = ("lib", "notebooks")


def source_files(base):
    """Relative posix names of the project's source files: what git tracks, and new files in lib/ and notebooks/ that it
    does not ignore. Without a repository: everything that .gitignore does not ignore."""
    base = Path(base)
    try:
        top = _git(["rev-parse", "--show-toplevel"], base).strip()
        inside = bool(top) and Path(top).resolve() == base.resolve()
    except (OSError, subprocess.CalledProcessError):
        inside = False
    if inside:
        names = _git(["ls-files", "-z", "--cached"], base).split("\0")
        names += _git(["ls-files", "-z", "--others", "--exclude-standard", "--", *_OWN], base).split("\0")
    else:
        names = _unpacked(base)
    return sorted({name for name in names if name and not _made(name) and (base / name).is_file()})


def _unpacked(base):
    """Names below an unpacked archive that its .gitignore files let through, as git reads those."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["git", "init", "-q", folder], check=True, capture_output=True)
            where = [f"--git-dir={folder}/.git", f"--work-tree={base}"]
            return _git([*where, "ls-files", "-z", "--others", "--exclude-standard"], base).split("\0")
        except (OSError, subprocess.CalledProcessError) as problem:
            raise ValueError(f"git could not list the project's files ({problem}): install git") from None


def _git(arguments, base):
    variables = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], cwd=base, check=True, capture_output=True, text=True, env=variables)
    return done.stdout


def _made(name):
    path = PurePosixPath(name)
    # published numbers: a copy makes its own, and shows the list of those that git keeps
    return name in _MADE or (path.parts[0] == "metrics" and name not in ("metrics/README.md", "metrics/published.json"))


def refresh(base, scratch, generated, without=()):
    """Bring `scratch` up to date with the source files of `base`.

    New and changed files are copied, files that an earlier refresh had put there and that are gone from `base` are
    deleted, everything else is left alone. `generated` (name -> text) stands in for or beside the copied files;
    names in `without` are not copied.
    """
    base, scratch = Path(base), Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    manifest = scratch / MANIFEST
    before = set(json.loads(manifest.read_text())) if manifest.is_file() else set()
    names = [name for name in source_files(base) if name not in generated and name not in without]
    for name in sorted(before - set(names) - set(generated)):
        _remove(scratch, name)
    for name in names:
        _copy(base / name, scratch / name)
    for name, text in generated.items():
        _write(scratch / name, text)
    with atomic(manifest) as temporary:
        temporary.write_text(json.dumps(sorted({*names, *generated}), indent=0) + "\n")


def _copy(source, target):
    now = source.stat()
    if target.is_file() and not target.is_symlink():
        then = target.stat()
        if (then.st_size, then.st_mtime_ns, then.st_mode) == (now.st_size, now.st_mtime_ns, now.st_mode):
            return
        if then.st_size == now.st_size and then.st_mode == now.st_mode and target.read_bytes() == source.read_bytes():
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as temporary:
        shutil.copy2(source, temporary)


def _write(target, text):
    if target.is_file() and target.read_text(encoding="utf-8") == text:
        return
    with atomic(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _remove(scratch, name):
    """Delete a file and the folders that it leaves empty."""
    path = scratch / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == scratch or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
