"""Runs the pipeline under a preset, in a scratch copy of the project: ``python -m posrank.presets repro smoke``.

Comes in: the tracked files and a name under `presets:` (or `paper:`) of params.yaml. Goes out: ``.presets/<name>/``, a
project of its own with the preset merged into its params.yaml, where ``dvc repro`` ran. Presets never disturb
each other nor the tracked files; they share DVC's cache, so nothing is computed twice. `publish` copies a preset's
metrics to where git keeps them, `lab` opens JupyterLab on a preset's results.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from posrank import params as knobs
from posrank.machine import checkout
from posrank.paths import atomic, root
from posrank.published import clear_leftovers
from posrank.scratch import refresh
from posrank.yamlfile import yaml_text

LAST_RUN = ".last_run.json"
"""In the scratch copy: how long the last run that had anything to do took."""

FIGURES = {"posrank.png": "5_report/fig6_posrank.png", "world.png": "1_datasets/world.png"}
"""Pictures of the README -> figures of the default preset."""


def main(argv=None):
    """Command line; returns the exit status. Errors of the user's are one clear message, without a traceback."""
    arguments = parser().parse_args(argv)
    try:
        return arguments.do(arguments)
    except (ValueError, OSError, subprocess.CalledProcessError) as problem:
        print(f"\nERROR: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130


def parser():
    """Three commands, each with the name of a preset."""
    made = argparse.ArgumentParser(prog="python -m posrank.presets", description=__doc__.splitlines()[0])
    commands = made.add_subparsers(required=True)
    for name, do, text in (
        ("repro", repro, "run the pipeline"),
        ("publish", publish, "copy metrics into metrics/"),
        ("lab", lab, "open JupyterLab"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("preset", nargs="?", default="default")
        command.set_defaults(do=do)
        if name == "repro":
            command.add_argument("--sweeps", nargs="?", const="", metavar="NAME", help="run the sweeps of sweeps/ as well, or one of them")
        if name != "publish":
            command.add_argument("more", nargs="*", help="handed on, after --, to dvc repro or jupyter lab")
    return made


def repro(arguments):
    """Refresh the scratch copy and run ``dvc repro`` in it, then say where the results are."""
    base, name = root(), arguments.preset
    swept = arguments.sweeps is not None
    scratch = prepare(base, name, sweeps=swept)
    targets = ["report", *([":".join(filter(None, ["sweeps/dvc.yaml", arguments.sweeps]))] if swept else [])]
    command = [sys.executable, "-m", "dvc", "repro", *(arguments.more or targets)]
    print(f"preset {name}: {shlex.join(['dvc', *command[3:]])}, in {scratch.relative_to(base)}", flush=True)
    before, start = _lock(scratch), time.monotonic()
    status = subprocess.run(command, cwd=scratch, env=environment(scratch)).returncode
    if swept and not status and _lock(scratch) != before:  # the report once more, with what the sweeps found
        again = [*command[:4], "--single-item", "--force", "report"]
        status = subprocess.run(again, cwd=scratch, env=environment(scratch)).returncode
    seconds = round(time.monotonic() - start, 1)
    if status:
        print(
            f"\nERROR: preset {name} stopped after {_clock(seconds)}: see the message above; the same command goes on "
            "from there", file=sys.stderr,
        )
        return 1
    if _lock(scratch) != before:
        commit, date = checkout(base)
        (scratch / LAST_RUN).write_text(json.dumps({"seconds": seconds, "commit": commit, "date": date}) + "\n")
    tell(base, scratch, name, seconds)
    return 0


def prepare(base, name, sweeps=False):
    """The scratch copy of preset `name`, fresh: tracked files, merged params.yaml, DVC without git, the shared cache.

    The sweeps' pipeline is left out until it is asked for: `dvc status` would call it unfinished. Raises ValueError for
    an unknown preset or parameters that do not fit.
    """
    merged = knobs.load(base / "params.yaml", preset=name)
    scratch = base / ".presets" / name
    text = yaml_text(merged.plain(), "made from the project's params.yaml: change that one")
    generated = {"params.yaml": text, ".dvc/config.local": _dvc_config(base, scratch)}
    without = () if sweeps or (scratch / "sweeps" / "dvc.lock").is_file() else ("sweeps/dvc.yaml",)
    refresh(base, scratch, generated, without)
    _link_raw(base, scratch, merged["datasets"])
    for folder in ("metrics", "results/ranks", "runs"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    clear_leftovers(scratch, merged)
    return scratch


def _dvc_config(base, scratch):
    cache = os.path.relpath(base / ".dvc" / "cache", scratch / ".dvc")
    return f"[core]\n    no_scm = true\n[cache]\n    dir = {cache}\n"


def _link_raw(base, scratch, datasets):
    """Links to the user's data/raw/<dataset>; an empty folder for a missing one: its reader says what belongs there."""
    raw = scratch / "data" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for link in raw.iterdir():
        if link.is_symlink() and (link.name not in datasets or not link.exists()):
            link.unlink()
    for dataset in datasets:
        theirs, here = base / "data" / "raw" / dataset, raw / dataset
        if dataset == "world":
            continue
        if theirs.is_dir():
            if here.is_dir() and not here.is_symlink():
                here.rmdir()
            if not here.exists():
                here.symlink_to(os.path.relpath(theirs, raw), target_is_directory=True)
        else:
            here.mkdir(exist_ok=True)


def environment(scratch):
    """Variables for what runs in the scratch copy: its own code and folders, this Python's programs first."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(scratch / "lib"),
        "POSRANK_ROOT": str(scratch),
        "POSRANK_WORKSPACE": str(scratch),
    }


def tell(base, scratch, name, seconds):
    """Print where the results are."""
    where = scratch.relative_to(base)
    print(f"\npreset {name}: done in {_clock(seconds)}")
    for label, path in (("report", "results/report.html"), ("notebooks", "results/notebooks"), ("metrics", "metrics")):
        if (scratch / path).exists():
            print(f"  {label:<10}{where / path}")
    print(f"  JupyterLab on these results: make lab PRESET={name}")


def _clock(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _lock(scratch):
    files = [scratch / "dvc.lock", scratch / "sweeps" / "dvc.lock"]
    return [path.read_bytes() if path.is_file() else None for path in files]


def publish(arguments):
    """Copy a finished preset's metrics, report tables and dvc.lock to where git keeps them, with a note on how they were made.

    default: metrics/*.json, metrics/validity/, metrics/tables/ and dvc.lock; any other: the same in metrics/<name>/. Runs can be added
    one by one: ENVIRONMENT.json names the commit of each. metrics/published.json is written anew, and stale numbers are named.
    """
    from posrank import published

    base, name = root(), arguments.preset
    scratch = base / ".presets" / name
    kept = ("ENVIRONMENT.json", Path(published.LIST).name)
    found = [path for path in sorted((scratch / "metrics").glob("*.json")) if path.name not in kept]
    if not found or not (scratch / "dvc.lock").is_file():
        raise ValueError(f"preset {name} has no metrics yet: run make repro PRESET={name} first")
    default = name == "default"
    target = base / "metrics" / ("" if default else name)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.json"):
        if old.name not in kept and not (scratch / "metrics" / old.name).exists():
            old.unlink()
    changed = []
    for path in found:
        if not (target / path.name).is_file() or (target / path.name).read_bytes() != path.read_bytes():
            changed.append(path.stem)
        _copy(path, target / path.name)
    for path in sorted((scratch / "metrics" / "validity").glob("*.json")):
        _copy(path, target / "validity" / path.name)
    _copy(scratch / "dvc.lock", (base if default else target) / "dvc.lock")
    for path in sorted((scratch / "results" / "tables" / "5_report").glob("*.csv")):
        _copy(path, target / "tables" / path.name)
    sweeps = sorted((scratch / "sweeps" / "metrics").glob("*.json"))
    for path in sweeps:
        copy = target / "sweeps" / path.name
        if not copy.is_file() or copy.read_bytes() != path.read_bytes():
            changed.append(f"sweeps/{path.stem}")
        _copy(path, copy)
    last = json.loads((scratch / LAST_RUN).read_text()) if (scratch / LAST_RUN).is_file() else {}
    note = published.note(target, name, last, changed)
    with atomic(target / "ENVIRONMENT.json") as temporary:
        temporary.write_text(json.dumps(note, indent=2) + "\n")
    print("\n".join(published.told(published.write(base))))
    _illustrate(base, scratch, pictures=FIGURES if default else {})
    print(f"{len(found) + len(sweeps)} metrics of preset {name} are in {target.relative_to(base)}/; commit them")
    return 0


def _illustrate(base, scratch, pictures):
    """Bring the README's pictures and the tables of results up to date; what a project does not have is left out."""
    from posrank.figures import readme

    for name, figure in pictures.items():
        if (scratch / "results" / "figures" / figure).is_file():
            _copy(scratch / "results" / "figures" / figure, base / "docs" / "figures" / name)
    if readme.pages(base):
        readme.main()


def _copy(path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as temporary:
        shutil.copyfile(path, temporary)


def lab(arguments):
    """JupyterLab on the notebooks and a preset's results; for this machine alone, with its token."""
    base = root()
    scratch = base / ".presets" / arguments.preset
    variables = environment(base)
    if (scratch / "dvc.lock").is_file():
        variables["POSRANK_ROOT"] = variables["POSRANK_WORKSPACE"] = str(scratch)
        print(f"the notebooks read the results in {scratch.relative_to(base)}", flush=True)
    else:
        print(
            f"preset {arguments.preset} has not run yet, and most notebooks need its results: "
            f"make repro PRESET={arguments.preset}", flush=True,
        )
    # no question about news on the first start; what the user has set himself stays
    paths = [str(base / ".ci" / "jupyter"), *filter(None, [variables.get("JUPYTER_CONFIG_PATH")])]
    variables["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"]
    command.append(f"--ServerApp.root_dir={base / 'notebooks'}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return subprocess.run([*command, *arguments.more], cwd=base, env=variables).returncode


if __name__ == "__main__":
    sys.exit(main())
