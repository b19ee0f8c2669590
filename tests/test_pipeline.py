"""dvc.yaml: what depends on what, held against params.yaml and the code; run with stand-ins for the work of stages."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from ruamel.yaml import YAML

from posrank import params
from posrank.params_schema import RUN, SECTIONS
from posrank.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent


def load(path):
    return YAML(typ="safe", pure=True).load(path.read_text())


STAGE = load(ROOT / "dvc.yaml")["stages"]
SWEEP = load(ROOT / "sweeps" / "dvc.yaml")["stages"]


def outs(stage):
    listed = [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
    return [next(iter(each)) if isinstance(each, dict) else each for each in listed]


def stages_that_use(key):
    """Names of the stages that name parameter `key` or a section around it."""
    return {
        name for name, stage in STAGE.items()
        if any(key == each or key.startswith(each + ".") for each in stage.get("params", []))
    }


def inside(one, other):
    """Whether two paths are one, or one lies in the other; what a matrix fills in may be anything."""
    def alike(a, b):
        return re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".*", re.escape(a)), b) is not None

    return all(alike(a, b) or alike(b, a) for a, b in zip(one.split("/"), other.split("/")))


def downstream(names):
    """`names` and all stages that depend on what these make, directly or not."""
    found = set(names)
    while True:
        made = [out for name in found for out in outs(STAGE[name])]
        more = {
            name for name, stage in STAGE.items() if any(inside(dep, out) for dep in stage.get("deps", []) for out in made)
        } - found
        if not more:
            return found
        found |= more


def test_lambda_reruns_training_evaluation_and_report_only():
    assert stages_that_use("train.lambda") == {"train"}
    assert downstream({"train"}) == {"train", "evaluate", "report"}


def test_a_run_trained_by_hand_makes_nothing_stale():
    """Notebook 3 keeps what a reader trains in runs/, beside the pipeline's runs: no stage may depend on all that lies there."""
    mine = {"system": "xclip", "strategy": "word", "seed": "7"}
    for name, stage in STAGE.items():
        for dep in stage.get("deps", []):
            assert dep != "runs" and (name == "evaluate" or not inside(dep, "runs/{system}-{strategy}-{seed}".format(**mine))), name


def test_every_parameter_named_is_there_and_every_knob_is_named():
    base = params.load(ROOT / "params.yaml").plain()
    for stage in [*STAGE.values(), *SWEEP.values()]:
        for key in stage.get("params", []):
            value = base
            for part in key.replace("${item.system}", "xclip").split("."):
                value = value[part]
    for section in ("world", "pretrain_frozen", "language", "negatives", "frames", "evaluate"):
        for key in SECTIONS[section]:
            used = stages_that_use(f"{section}.{key}")
            assert used or f"{section}.{key}" == "evaluate.rules", f"no stage depends on {section}.{key}"
    assert not stages_that_use("processes"), "how many processes share the work changes no result"
    # when a checkpoint is written changes no result
    for key in set(RUN) - {"checkpoint_every"}:
        assert stages_that_use(f"train.{key}") == {"train"}, key
        assert f"train.{key}" in SWEEP["lambda"]["params"] and f"train.{key}" in SWEEP["n"]["params"]


def test_code_and_notebooks_named_are_there():
    for stage in [*STAGE.values(), *SWEEP.values()]:
        for dep in stage.get("deps", []):
            if dep.startswith(("lib/", "notebooks/")):
                assert (ROOT / dep).exists(), dep


def test_commands_are_stages_or_notebooks():
    for name, stage in STAGE.items():
        words = stage["cmd"].split()
        assert words[:2] == ["python", "-m"] and words[2] in ("posrank.stages", "posrank.run")
        if words[2] == "posrank.stages":
            options = [f"--{option}" for option in STAGES[words[3]][1]]
            assert [word for word in words if word.startswith("--")] == options
        elif name != "source":
            assert words[3].startswith("results/source/") and words[3] in stage["deps"] and words[5] in outs(stage)


def test_results_are_kept_as_they_must():
    for name, out in (("pretrain", "data/world/pretrained"), ("pretrain_frozen", "data/world/pretrained_frozen")):
        assert STAGE[name]["frozen"] is True and STAGE[name]["outs"] == [{out: {"cache": False}}]
    for stage in [*STAGE.values(), *SWEEP.values()]:
        assert all(each == {path: {"cache": False}} for each in stage.get("metrics", []) for path in each)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/runs/", "/results/", "/.presets/", "/sweeps/results/", "/sweeps/work/"} <= set(ignored)
    config = (ROOT / ".dvc" / "config").read_text()
    assert "analytics = false" in config and "check_update = false" in config


WORK = """
import json, os, sys
for path in sys.argv[1:]:
    folder = not os.path.splitext(path)[1]
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    with open(os.path.join(path, "a.svg") if folder else path, "w") as file:
        json.dump({"made": path + open("params.yaml").read() * ("word" in path)}, file)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The project's own dvc.yaml with stand-ins for the work of every stage but `source`, and one run to train."""
    pipeline = load(ROOT / "dvc.yaml")
    for name, stage in pipeline["stages"].items():
        for dep in stage.get("deps", []):
            if dep.startswith(("lib/", "docs/")):
                path = tmp_path / dep
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("code") if path.suffix else path.mkdir(exist_ok=True)
                if not path.suffix:
                    (path / "code.py").write_text("code")
            if dep.startswith("notebooks/"):
                (tmp_path / "notebooks").mkdir(exist_ok=True)
                nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("print(1)")]), tmp_path / dep)
        if name != "source":
            stage["cmd"] = " ".join(["python work.py", *outs(stage)])
        if "matrix" in stage and "strategy" in stage["matrix"]:
            stage["matrix"]["strategy"] = ["word"]
    with open(tmp_path / "dvc.yaml", "w") as file:
        YAML(typ="safe", pure=True).dump(pipeline, file)
    (tmp_path / "work.py").write_text(WORK)
    for name in ("pretrained", "pretrained_frozen"):
        (tmp_path / "data" / "world" / name).mkdir(parents=True)
        (tmp_path / "data" / "world" / name / "w").write_text("w")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(ROOT / ".dvcignore", tmp_path)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text((ROOT / ".dvc" / "config").read_text() + "    no_scm = true\n")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    return tmp_path


def dvc(project, *arguments):
    """The stages that a dvc command ran."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=project, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {name.split("@")[0] for name in re.findall(r"Running stage '([^']+)'", done.stdout)}


def test_stages_run_once_and_only_where_something_changed(project):
    ran = dvc(project, "repro")
    assert ran == set(STAGE) - {"pretrain", "pretrain_frozen"}
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("  lambda: 2.0 ", "  lambda: 1.0 ", 1))
    ran = dvc(project, "repro")
    assert ran == {"train", "evaluate", "report"}

    # a notebook that was run and saved in JupyterLab: outputs, counts and ids differ, its words and code do not
    notebook = project / "notebooks" / "3_train.ipynb"
    node = nbformat.read(notebook, as_version=4)
    node.cells[0].execution_count, node.cells[0].id = 3, "changed"
    node.cells[0].outputs = [v4.new_output("stream", text="1\n")]
    nbformat.write(node, notebook)
    ran = dvc(project, "repro")
    assert ran == {"source"}
