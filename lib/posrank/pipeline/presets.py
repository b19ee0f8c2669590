"""Runs the pipeline under a preset, in a scratch copy of the project: ``python -m posrank repro smoke``.

Comes in: the tracked files and a name under `presets:` (or `paper:`) of params.yaml. Goes out: ``.presets/<name>/``, a
project of its own with the preset merged into its params.yaml, where ``dvc repro`` ran. Presets never disturb
each other nor the tracked files; they share DVC's cache, so nothing is computed twice. `sweep` runs runs of a preset
with changed parameters, `publish` copies a preset's metrics to where git keeps them, `lab` opens JupyterLab on them.
"""

import argparse
import functools
import json
import os
import shlex
import subprocess
import sys
import time

from posrank.files import root
from posrank.messages import command
from posrank.pipeline import params as knobs
from posrank.pipeline import publish as publishing
from posrank.pipeline import sweeps
from posrank.pipeline.lanes import in_lanes, lane_count, repro_lines, side_by_side
from posrank.pipeline.machine import checkout
from posrank.pipeline.scratch import clear_leftovers, environment, fill
from posrank.pipeline.yamlfile import read

RESERVED = ("sweeps", "tables", "validity")
"""Folders of metrics/ that belong to the default preset."""


@functools.partial(command, stopped="stopped; the same command goes on from here")
def main(argv=None):
    """Command line."""
    arguments = parser().parse_args(argv)
    more = getattr(arguments, "more", [])
    arguments.more = more[1:] if more[:1] == ["--"] else more
    return arguments.do(arguments)


def parser():
    """Four commands, each with the name of a preset; what follows it goes to dvc repro or jupyter lab as it is."""
    made = argparse.ArgumentParser(prog="python -m posrank", description=__doc__.splitlines()[0])
    commands = made.add_subparsers(required=True)
    for name, do, text in (("repro", repro, "run the pipeline"),
                           ("sweep", sweep, "run the pipeline and the sweeps of params.yaml"),
                           ("publish", publish, "copy metrics into metrics/"), ("lab", lab, "open JupyterLab")):
        added = commands.add_parser(name, help=text)
        if name == "sweep":
            added.add_argument("--only", default="", metavar="NAME", help="one sweep")
        if name in ("repro", "sweep"):
            added.add_argument("--lanes", type=_count, metavar="N",
                               help="runs that are trained side by side (by itself: one per core, on a GPU one)")
        added.add_argument("preset", nargs="?", default="default")
        added.set_defaults(do=do)
        if name != "publish":
            added.add_argument("more", nargs=argparse.REMAINDER, help="handed on to dvc repro or jupyter lab")
    return made


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def folder_of(base, name):
    """``.presets/<name>`` of the project `base`: the one place where the name of a preset becomes a path.

    ValueError for a name that is no plain word, for a folder of metrics/, and for an unknown name.
    """
    params = knobs.load(base / "params.yaml")
    for each in (name, *params["presets"]):
        if each in RESERVED:
            raise ValueError(f"{each!r} cannot name a preset: "
                             f"metrics/ has a folder of that name ({', '.join(RESERVED)})")
    knobs.layers(params, name)
    return base / ".presets" / name


def repro(arguments):
    """Refresh the scratch copy and run ``dvc repro`` in it, then say where the results are."""
    base, name = root(), arguments.preset
    scratch, seconds = _reproduce(base, name, arguments)
    tell(base, scratch, name, seconds)


def explore(scratch):
    """Write the page of videos beside ranked sentences (posrank.figures.explorer_page), where runs have scores."""
    from posrank.figures.explore import of_workspace
    from posrank.pipeline.workspace import Workspace

    try:
        of_workspace(Workspace(scratch, knobs.load(scratch / "params.yaml")))
    except (ValueError, OSError) as problem:
        print(f"no results/explorer.html: {problem}", file=sys.stderr)


def sweep(arguments):
    """The preset, then each point of its sweeps in a scratch project beside it, then the report with these points.
    Points go side by side, as runs do: each lane has a scratch project."""
    base, name = root(), arguments.preset
    scratch, params = folder_of(base, name), knobs.load(base / "params.yaml", preset=name)
    found = {point.name: point for point in sweeps.points(params, _stages(base), arguments.only)}
    _, seconds = _reproduce(base, name, arguments)
    options, start = [word for word in arguments.more if word.startswith("-")], time.monotonic()
    make = functools.partial(_point, base, scratch, found, options)
    if (lanes := lane_count(params, arguments.lanes)) is None:
        for i, point in enumerate(found, 1):
            print(f"\nsweep point {i} of {len(found)}: {point}", flush=True)
            make(point)
    else:
        in_lanes(list(found), make, lanes, f"preset {name}, sweep point")
    seconds += round(time.monotonic() - start, 1)
    arguments.more = options
    _, more = _reproduce(base, name, arguments)
    tell(base, scratch, name, seconds + more)


def _point(base, scratch, found, options, name, lane=None):
    """Make the point `name` in the scratch project of a lane, its output line by line behind its name; without a lane
    as DVC prints it. Returns whether all was made."""
    point, own = found[name], scratch.with_name(f"{scratch.name}+sweep{lane or ''}")
    fill(base, own, point.params)
    words = [*options, f"evaluate@{point.run}"]
    if lane is None:
        _dvc(base, own, f"{scratch.name}, sweep point {name}", words)
    elif not repro_lines(name, words, own, environment(own)):
        return False
    if not {"--dry", "--downstream"} & set(options):
        metrics = json.loads((own / "metrics" / f"{point.run}.json").read_text(encoding="utf-8"))
        sweeps.keep(point, metrics, scratch / "metrics" / "sweeps")
    return True


def _reproduce(base, name, arguments):
    """``dvc repro`` in the scratch project of preset `name`, and the explorer's page of what it made anew; returns the
    project's folder and the seconds that DVC took. Runs go side by side where no words for DVC are given."""
    scratch, words, start = prepare(base, name), arguments.more, time.monotonic()
    # options alone leave the target as it is
    targets = [] if any(not word.startswith("-") for word in words) else ["report"]
    before = _lock(scratch)
    dvc, params = functools.partial(_dvc, base, scratch, name), knobs.load(base / "params.yaml", preset=name)
    if words or side_by_side(scratch, params, _stages(base), environment(scratch), dvc, arguments.lanes):
        dvc([*words, *targets])
    seconds = round(time.monotonic() - start, 1)
    changed = _lock(scratch) != before
    if changed:
        commit, date = checkout(base)
        (scratch / publishing.LAST_RUN).write_text(json.dumps({"seconds": seconds, "commit": commit, "date": date})
                                                   + "\n")
    if changed or not (scratch / "results" / "explorer.html").is_file():
        explore(scratch)
    return scratch, seconds


def _dvc(base, scratch, name, words):
    command = [sys.executable, "-m", "dvc", "repro", *words]
    print(f"preset {name}: {shlex.join(['dvc', *command[3:]])}, in {scratch.relative_to(base)}", flush=True)
    start = time.monotonic()
    status = subprocess.run(command, cwd=scratch, env=environment(scratch)).returncode
    seconds = round(time.monotonic() - start, 1)
    if status:
        raise ValueError(f"preset {name} stopped after {_clock(seconds)}: see the message above; "
                         "the same command goes on from there")
    return seconds


def prepare(base, name):
    """The scratch copy of preset `name`, fresh: tracked files, merged params.yaml, DVC without git, the shared cache.

    Sweep points that were made with other parameters are taken away: they do not belong beside these runs. Raises
    ValueError for an unknown preset or parameters that do not fit.
    """
    scratch = folder_of(base, name)
    merged = knobs.load(base / "params.yaml", preset=name)
    fill(base, scratch, merged)
    clear_leftovers(scratch, merged)
    kept = sorted((scratch / "metrics" / "sweeps").glob("*.json"))
    found = sweeps.points(merged, _stages(base)) if kept else []
    for path in kept:
        if not sweeps.holds(path, found):
            path.unlink()
            print(f"sweep point {path.stem} was made with other parameters and is left out: make sweep makes it anew")
    return scratch


def _stages(base):
    return read(base / "dvc.yaml")[0]["stages"]


def tell(base, scratch, name, seconds):
    """Print where the results are."""
    where = scratch.relative_to(base)
    print(f"\npreset {name}: done in {_clock(seconds)}")
    for label, path in (("report", "results/report.html"), ("explorer", "results/explorer.html"),
                        ("notebooks", "results/notebooks"), ("metrics", "metrics")):
        if (scratch / path).exists():
            print(f"  {label:<10}{where / path}")
    print(f"  JupyterLab on these results: make lab PRESET={name}")


def _clock(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _lock(scratch):
    path = scratch / "dvc.lock"
    return path.read_bytes() if path.is_file() else None


def publish(arguments):
    """Copy a finished preset's results to where git keeps them (`posrank.pipeline.publish`)."""
    base, name = root(), arguments.preset
    target, count = publishing.publish(base, folder_of(base, name), name)
    print(f"{count} metrics of preset {name} are in {target.relative_to(base)}/; commit them")


def lab(arguments):
    """JupyterLab on the notebooks and a preset's results; for this machine alone, with its token."""
    base = root()
    scratch = folder_of(base, arguments.preset)
    variables = environment(base)
    if (scratch / "dvc.lock").is_file():
        variables["POSRANK_ROOT"] = variables["POSRANK_WORKSPACE"] = str(scratch)
        print(f"the notebooks read the results in {scratch.relative_to(base)}", flush=True)
    else:
        print(f"preset {arguments.preset} has not run yet, and most notebooks need its results: "
              f"make repro PRESET={arguments.preset}", flush=True)
    # no question about news on the first start; what the user has set himself stays
    paths = [str(base / ".ci" / "jupyter"), *filter(None, [variables.get("JUPYTER_CONFIG_PATH")])]
    variables["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={base}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return subprocess.run([*command, *arguments.more], cwd=base, env=variables).returncode


if __name__ == "__main__":
    sys.exit(main())
