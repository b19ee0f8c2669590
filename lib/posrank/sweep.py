"""One point of a sweep: trains and evaluates one run with a changed parameter, in a workspace of its own.

``python -m posrank.sweep train.lambda=0.1 --run xclip-word-0 --name lambda-0.1``; several changes are several words.

Comes in: the tables and frames of the finished pipeline, changes to params.yaml. Goes out: the run's metrics and the
change in ``sweeps/metrics/<name>.json``, and the two executed notebooks in ``sweeps/results/<name>/``. The workspace
links to the pipeline's data and has a params.yaml of its own, so that the notebooks need not know of sweeps.
"""

import argparse
import json
import os
import shutil
import sys

from posrank import params as knobs
from posrank.paths import atomic, root
from posrank.run import CellError, execute
from posrank.yamlfile import value_of, yaml_text


def main(argv=None):
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m posrank.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("change", nargs="+", help="key=value, as in train.lambda=0.1")
    parser.add_argument("--run", required=True, help="system-strategy-seed")
    parser.add_argument("--name", required=True, help="of the point")
    arguments = parser.parse_args(argv)
    try:
        point(root(), arguments.change, arguments.run, arguments.name)
    except (CellError, ValueError, OSError) as problem:
        print(f"\nERROR: {problem}", file=sys.stderr)
        return 1
    return 0


def override(change):
    """``train.lambda=0.1`` as a nested dict.

    >>> override("train.lambda=0.1")
    {'train': {'lambda': 0.1}}
    """
    key, equals, text = change.partition("=")
    if not equals or not all(key.split(".")):
        raise ValueError(f"{change!r} is no change of a parameter: write it as train.lambda=0.1")
    value = value_of(text)
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def point(base, changes, run, name):
    """Train and evaluate `run` with `changes` laid over params.yaml of `base`; write sweeps/metrics/<name>.json."""
    system, strategy, seed = run.split("-")
    changed = {}
    for change in changes:
        changed = knobs.merge(changed, override(change))
    merged = knobs.merge(knobs.load(base / "params.yaml").plain(), changed)
    params = knobs.validate(merged, name=f"params.yaml with {' '.join(changes)}")
    workspace = base / "sweeps" / "work" / name
    _link_data(base, workspace)
    (workspace / "params.yaml").write_text(yaml_text(params.plain()), encoding="utf-8")
    (workspace / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    before = {key: os.environ.get(key) for key in ("POSRANK_ROOT", "POSRANK_WORKSPACE")}
    os.environ.update(dict.fromkeys(before, str(workspace)))
    out = base / "sweeps" / "results" / name
    try:
        source = base / "results" / "source"
        which = {"system": system, "strategy": strategy, "seed": int(seed), "write": True}
        execute(source / "3_train.ipynb", out / "3_train.ipynb", which)
        execute(source / "4_evaluate.ipynb", out / "4_evaluate.ipynb", {"run": run, "write": True})
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
    metrics = json.loads((workspace / "metrics" / f"{run}.json").read_text())
    with atomic(base / "sweeps" / "metrics" / f"{name}.json") as temporary:
        temporary.write_text(json.dumps({"change": changed, **metrics}, indent=2) + "\n")
    # weights of sweeps are of no further use; a stopped point keeps its state and goes on from there
    shutil.rmtree(workspace)


def _link_data(base, workspace):
    """Folder `data` whose parts are links to the pipeline's; the state of a stopped training stays in the workspace."""
    data = workspace / "data"
    data.mkdir(parents=True, exist_ok=True)
    for part in sorted((base / "data").iterdir()):
        link = data / part.name
        if part.name != "state" and not link.exists():
            link.symlink_to(os.path.relpath(part, data), target_is_directory=part.is_dir())


if __name__ == "__main__":
    sys.exit(main())
