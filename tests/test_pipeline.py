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

from posrank.pipeline import params, sweeps
from posrank.pipeline.notebooks import parameter_names
from posrank.pipeline.params_schema import Run
from posrank.pipeline.stages import STAGES, options_of

ROOT = Path(__file__).resolve().parent.parent


def load(path):
    return YAML(typ="safe", pure=True).load(path.read_text())


STAGE = load(ROOT / "dvc.yaml")["stages"]


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
    for stage in STAGE.values():
        for key in stage.get("params", []):
            value = base
            for part in key.replace("${item.system}", "xclip").split("."):
                value = value[part]
    for section in ("world", "pretrain_frozen", "language", "negatives", "frames", "evaluate"):
        for key in base[section]:
            used = stages_that_use(f"{section}.{key}")
            assert used or f"{section}.{key}" == "evaluate.rules", f"no stage depends on {section}.{key}"
    assert not stages_that_use("processes"), "how many processes share the work changes no result"
    # when a checkpoint is written changes no result
    for key in set(Run.model_json_schema()["properties"]) - {"checkpoint_every"}:
        assert stages_that_use(f"train.{key}") == {"train"}, key


def test_the_pipeline_is_read_in_one_sitting():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 300


def test_code_and_notebooks_named_are_there():
    for stage in STAGE.values():
        for dep in stage.get("deps", []):
            if dep.startswith(("lib/", "notebooks/")):
                assert (ROOT / dep).exists(), dep


def test_commands_are_stages_or_notebooks():
    for name, stage in STAGE.items():
        words = stage["cmd"].split()
        assert words[:3] == ["python", "-m", "posrank"] and words[3] in ("stage", "notebook", "source"), name
        if words[3] == "stage":
            options = [f"--{option.name}" for option in options_of(STAGES[words[4]])]
            assert [word for word in words if word.startswith("--")] == options
        if words[3] == "notebook":
            assert words[6] in outs(stage) and words[4].startswith("notebooks/")


@pytest.mark.parametrize("name", [name for name, stage in STAGE.items() if " notebook " in stage["cmd"]])
def test_a_notebooks_stage_passes_each_parameter_and_depends_on_the_code(name):
    """The parameters cell is no dependency, so no value in it may reach a result."""
    words = STAGE[name]["cmd"].split()
    path = Path(words[4])
    passed = [words[i + 1] for i, word in enumerate(words) if word == "-p"]
    assert sorted(passed) == sorted(parameter_names(nbformat.read(ROOT / path, as_version=4)))
    own = {f"results/source/{path.stem}.py", f"results/source/{path.stem}.md"}
    deps = own & set(STAGE[name]["deps"])
    assert deps == (own if name in ("datasets", "negative_sets", "report") else {f"results/source/{path.stem}.py"})
    assert own & set(outs(STAGE["source"])) >= deps and str(path) in STAGE["source"]["deps"]


def test_the_stages_that_a_sweep_runs_are_those_of_a_run():
    needed = {"evaluate"}
    while more := {
        name for name, stage in STAGE.items() for each in needed for dep in STAGE[each].get("deps", []) if any(
            inside(dep, out) for out in outs(stage))
    } - needed:
        needed |= more
    assert needed - {"source", "plan", "pretrain", "pretrain_frozen"} == set(sweeps.STAGES)


def test_one_small_file_is_the_only_metric():
    """The files of single runs are outputs of their stages: as metrics they filled 1,593 columns of `dvc exp show`."""
    assert [path for stage in STAGE.values() for each in stage.get("metrics", []) for path in each] == ["metrics/summary.json"]
    assert "metrics/${item.system}-${item.strategy}-${item.seed}.json" in outs(STAGE["evaluate"])
    # the report writes below metrics/, so it must not depend on that folder: ranks carry a digest of their run's metrics
    assert "metrics" not in STAGE["report"]["deps"] and {"results/ranks", "metrics/published.json"} <= set(STAGE["report"]["deps"])


def test_results_are_kept_as_they_must():
    doses = ("data/world/pretrained", "data/world/pretrained_none", "data/world/pretrained_strong")
    for name, made in (("pretrain", doses), ("pretrain_frozen", ("data/world/pretrained_frozen",))):
        assert STAGE[name]["frozen"] is True and STAGE[name]["outs"] == [{out: {"cache": False}} for out in made]
    for stage in STAGE.values():
        assert all(each == {path: {"cache": False}} for each in stage.get("metrics", []) for path in each)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/runs/", "/results/", "/.presets/"} <= set(ignored)
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
                cells = [v4.new_markdown_cell("Words"), v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]}),
                         v4.new_code_cell("print(1)")]
                nbformat.write(v4.new_notebook(cells=cells), tmp_path / dep)
        if name == "plan":
            stage["cmd"] = f"PYTHONPATH={ROOT / 'lib'} {stage['cmd']}"
        elif name != "source":
            stage["cmd"] = " ".join(["python work.py", *outs(stage)])
        if "matrix" in stage and "strategy" in stage["matrix"]:
            stage["matrix"]["strategy"] = ["word"]
    with open(tmp_path / "dvc.yaml", "w") as file:
        YAML(typ="safe", pure=True).dump(pipeline, file)
    (tmp_path / "work.py").write_text(WORK)
    for name in ("pretrained", "pretrained_none", "pretrained_strong", "pretrained_frozen"):
        (tmp_path / "data" / "world" / name).mkdir(parents=True)
        (tmp_path / "data" / "world" / name / "w").write_text("w")
    (tmp_path / "metrics").mkdir()
    shutil.copy(ROOT / "metrics" / "published.json", tmp_path / "metrics")
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
    path.write_text(path.read_text().replace("  lambda: 3.0 ", "  lambda: 1.0 ", 1))
    ran = dvc(project, "repro")
    assert ran == {"train", "evaluate", "report"}

    # a notebook that was run and saved in JupyterLab, with another run to look at and another word in its prose
    def change(names, edit):
        for name in names:
            notebook = project / "notebooks" / f"{name}.ipynb"
            node = nbformat.read(notebook, as_version=4)
            for cell in node.cells:
                edit(cell)
            nbformat.write(node, notebook)
        return dvc(project, "repro")

    def look(cell):
        cell.id = f"changed{cell.id}"
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = 3, [v4.new_output("stream", text="1\n")]
        if cell.cell_type == "markdown" or cell.metadata.get("tags"):
            cell.source += " # other"

    assert change(["3_train", "4_evaluate"], look) == {"source"}
    assert change(["5_report"], look) == {"source", "report"}

    def work_differently(cell):
        if cell.cell_type == "code":
            cell.source += " + 1"

    # the report stays where an evaluation gives the same
    assert change(["4_evaluate"], work_differently) == {"source", "evaluate"}

    # another system or seed leaves the frames as they are; another dataset to train on does not
    path.write_text(path.read_text().replace("  seeds: [0]", "  seeds: [0, 1]", 1))
    assert "frames" not in dvc(project, "repro")
