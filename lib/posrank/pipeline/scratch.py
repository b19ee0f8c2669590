"""A scratch copy of the project, kept fresh: where presets and sweeps run.

Comes in: the project's folder (a git checkout or an unpacked archive) and parameters. Goes out: a folder with the same
source files, these parameters and links to the user's raw data, where all that the pipeline has made stays. Unchanged
files keep their modification time: DVC need not hash them again.
"""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

from posrank.files import atomic, read_json, write_text
from posrank.pipeline.machine import git
from posrank.pipeline.params import asked, other_than
from posrank.pipeline.yamlfile import yaml_text

MANIFEST = ".copied.json"
"""In the copy: the files that the last refresh put there."""

# what the pipeline makes although git may know it from an earlier, published run
_MADE = ("dvc.lock",)
# new files of one's own that git does not know yet take part only here
_OWN = ("lib", "notebooks")


def source_files(base):
    """Relative posix names of the project's source files: what git tracks, and new files in lib/ and notebooks/ that it
    does not ignore. Without a repository: everything that .gitignore does not ignore."""
    base = Path(base)
    try:
        top = git(base, "rev-parse", "--show-toplevel").strip()
        inside = bool(top) and Path(top).resolve() == base.resolve()
    except (OSError, subprocess.CalledProcessError):
        inside = False
    if inside:
        names = git(base, "ls-files", "-z", "--cached").split("\0")
        names += git(base, "ls-files", "-z", "--others", "--exclude-standard", "--", *_OWN).split("\0")
    else:
        names = _unpacked(base)
    return sorted({name for name in names if name and not _made(name) and (base / name).is_file()})


def _unpacked(base):
    """Names below an unpacked archive that its .gitignore files let through, as git reads those."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["git", "init", "-q", folder], check=True, capture_output=True)
            where = [f"--git-dir={folder}/.git", f"--work-tree={base}"]
            return git(base, *where, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
        except (OSError, subprocess.CalledProcessError) as problem:
            raise ValueError(f"git could not list the project's files ({problem}): install git") from None


def _made(name):
    path = PurePosixPath(name)
    # published numbers: a copy makes its own, and shows the list of those that git keeps
    return name in _MADE or (path.parts[0] == "metrics" and name not in ("metrics/README.md", "metrics/published.json"))


def refresh(base, scratch, generated):
    """Bring `scratch` up to date with the source files of `base`.

    New and changed files are copied, files that an earlier refresh had put there and that are gone from `base` are
    deleted, everything else is left alone. `generated` (name -> text) stands in for or beside the copied files.
    """
    base, scratch = Path(base), Path(scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    manifest = scratch / MANIFEST
    before = set(read_json(manifest, "delete it", absent=()))
    names = [name for name in source_files(base) if name not in generated]
    for name in sorted(before - set(names) - set(generated)):
        _remove(scratch, name)
    for name in names:
        _copy(base / name, scratch / name)
    for target, text in ((scratch / name, text) for name, text in generated.items()):
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            write_text(target, text)
    write_text(manifest, json.dumps(sorted({*names, *generated}), indent=0) + "\n")


def clear_leftovers(scratch, params):
    """Delete metrics and ranks that an earlier params.yaml left in the workspace `scratch`: of runs, datasets, splits
    and rules that `params` do not ask for. Metrics of models that were not trained here stay."""
    names, kept = asked(params), set()
    for path in (scratch / "metrics").glob("*.json"):
        try:
            metrics = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):  # somebody's own file
            metrics = {}
        if "strategy" in metrics or path.stem in names:
            if path.stem not in names or other_than(metrics, params):
                path.unlink()
            else:
                kept.add(path.stem)
    sets = {f"{dataset}-{rule}" for dataset in params["datasets"] for rule in params["negatives"]["rules"]}
    found = {"results/ranks/*.parquet": kept, "results/scores/*.parquet": kept, "metrics/validity/*.json": sets}
    for folder, names in found.items():
        for path in scratch.glob(folder):
            if path.stem not in names:
                path.unlink()


def broken_links(folder):
    """Relative posix names of the links below `folder` that lead nowhere, to themselves, or to a folder around them."""
    links = (path for path in Path(folder).rglob("*") if path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in links
                  if not path.exists() or path.parent.resolve().is_relative_to(path.resolve()))


def _copy(source, target):
    there = target.is_file() and not target.is_symlink()
    if there and target.stat().st_mode == source.stat().st_mode and filecmp.cmp(source, target):
        return
    with atomic(target) as temporary:
        shutil.copy2(source, temporary)


def _remove(scratch, name):
    """Delete a file and the folders that it leaves empty."""
    path = scratch / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == scratch or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def fill(base, scratch, params):
    """Bring the scratch project up to date with the source files, these parameters, and the user's raw data."""
    raw, ignored = _raw(base, params["datasets"])
    cache = os.path.relpath(base / ".dvc" / "cache", scratch / ".dvc")
    generated = {"params.yaml": yaml_text(params.plain(), "made from the project's params.yaml: change that one"),
                 ".dvc/config.local": f"[core]\n    no_scm = true\n[cache]\n    dir = {cache}\n"}
    if ignored:
        here = (base / ".dvcignore").read_text(encoding="utf-8")
        generated[".dvcignore"] = "\n".join([here.rstrip(), "# links that lead nowhere", *ignored, ""])
    refresh(base, scratch, generated)
    _link_raw(scratch, raw)
    for folder in ("metrics", "results/ranks", "runs"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)


def _raw(base, datasets):
    """{dataset: the user's folder, or None where it is missing}, and .dvcignore lines for broken links in them.

    DVC hashes all files of a folder, so a link that leads nowhere would stop it; left out, the video counts as missing.
    """
    folders, ignored = {}, []
    for dataset in datasets:
        theirs = base / "data" / "raw" / dataset
        if dataset == "world":
            continue
        folders[dataset] = theirs if theirs.is_dir() else None
        broken = broken_links(theirs) if theirs.is_dir() else []
        if broken:
            print(f"{dataset}: {len(broken)} links in data/raw/{dataset} lead nowhere or in a circle (first: "
                  f"{broken[0]}); they are left out, and their videos count as missing", flush=True)
        ignored += [re.sub(r"([\\*?\[\]!# ])", r"\\\1", f"/data/raw/{dataset}/{link}") for link in broken]
    return folders, ignored


def _link_raw(scratch, folders):
    """Links to the user's data/raw/<dataset>; an empty folder for a missing one: its reader says what belongs there."""
    raw = scratch / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for link in raw.iterdir():
        if link.is_symlink() and (link.name not in folders or not link.exists()):
            link.unlink()
    for dataset, theirs in folders.items():
        here = raw / dataset
        if theirs is None:
            here.mkdir(exist_ok=True)
            continue
        if here.is_dir() and not here.is_symlink():
            here.rmdir()
        if not here.exists():
            here.symlink_to(os.path.relpath(theirs, raw), target_is_directory=True)


def environment(scratch):
    """Variables for what runs in the scratch copy: its own code and folders, this Python's programs first."""
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(scratch / "lib"), "POSRANK_ROOT": str(scratch), "POSRANK_WORKSPACE": str(scratch)}
