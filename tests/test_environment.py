"""pyproject.toml, requirements.lock, environment.yml and the bootstrap agree."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML
from traitlets.config import Config

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = YAML(typ="safe", pure=True).load((ROOT / "environment.yml").read_text())
LINES = (ROOT / "requirements.lock").read_text().splitlines()
LOCK = [Requirement(line) for line in LINES if line and line[0] not in "#-"]


def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_holds_what_pyproject_asks_for():
    # other extras are not part of the environment that is locked
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    locked = {}
    for pin in LOCK:
        (version,) = pin.specifier
        assert version.operator == "=="
        locked.setdefault(canonicalize_name(pin.name), []).append(version.version)
    for text in asked:
        wanted = Requirement(text)
        versions = locked.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted.name} is not in requirements.lock: compile it anew"
        assert all(wanted.specifier.contains(version) for version in versions), text


def test_the_lock_names_no_place_and_is_what_is_installed():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and " @ " not in text and "--" not in text
    for pin in LOCK:
        if pin.name in ("numpy", "pandas", "torch", "dvc", "spacy") and (pin.marker is None or pin.marker.evaluate()):
            assert pin.specifier.contains(importlib.metadata.version(pin.name)), pin


def test_conda_gives_the_tools_and_then_the_same_lock():
    rattler = pytest.importorskip("rattler")
    conda = [each for each in CONDA["dependencies"] if isinstance(each, str)]
    (pip,) = [each["pip"] for each in CONDA["dependencies"] if isinstance(each, dict)]
    specs = {text.split()[0]: rattler.MatchSpec(text) for text in conda}
    assert set(specs) == {"python", "pip", "make", "git"}
    assert pip == ["-r requirements.lock", "-e ."]
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert f">={lowest}" in str(specs["python"].version)
    assert CONDA["channels"] == ["conda-forge"]


def test_the_stamp_follows_lock_and_project(tmp_path, monkeypatch):
    module = bootstrap()
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("a")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    before = module.stamp()
    assert module.stamp() == before
    (tmp_path / "requirements.lock").write_text("b")
    assert module.stamp() != before


@pytest.mark.parametrize("installed", [True, False])
def test_a_saved_notebook_leaves_git_clean_where_the_filter_is_installed(tmp_path, monkeypatch, installed):
    """The committed notebooks are what the filter stores; a clone without the filter, or without .venv, still works."""

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        done = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return done.stdout

    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    (tmp_path / ".gitignore").write_text(".venv\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "start")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    module = bootstrap()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    if installed:
        module.install_filter()
        module.install_filter()
    for path in (tmp_path / "notebooks").glob("*.ipynb"):
        node = nbformat.read(path, as_version=4)
        node.metadata.language_info = {"name": "python", "version": "9", "codemirror_mode": {"name": "ipython", "version": 3}}
        for cell in node.cells:
            if cell.cell_type == "code":
                cell.execution_count, cell.outputs = 7, [nbformat.v4.new_output("stream", text="1\n")]
                cell.metadata |= {"scrolled": True, "execution": {"iopub.status.busy": "now"}}
                cell.metadata |= {"collapsed": True, "jupyter": {"outputs_hidden": True, "source_hidden": True}}
        nbformat.write(node, path)
        configuration = Config()
        exec((ROOT / ".ci" / "jupyter" / "jupyter_server_config.py").read_text(), {"c": configuration})
        configuration.FileContentsManager.post_save_hook(model={"type": "notebook"}, os_path=str(path), contents_manager=None)
    assert bool(git("status", "--short")) != installed
    assert bool(git("diff", "--stat")) != installed
    node.cells[0].source += "another word"
    nbformat.write(node, path)
    configuration.FileContentsManager.post_save_hook(model={"type": "notebook"}, os_path=str(path), contents_manager=None)
    assert f" M notebooks/{path.name}" in git("status", "--short")
    program.unlink()
    git("add", "-A")


def test_pips_settings_reach_uv():
    settings = bootstrap().uv_settings
    made = settings({"index-url": "https://a.example/simple", "extra-index-url": "https://b.example/s\nfile:///c",
                     "find-links": "/wheels /more", "cert": "/etc/ca.pem"}, {})
    assert made["UV_DEFAULT_INDEX"] == "https://a.example/simple" and made["UV_INDEX"] == "https://b.example/s file:///c"
    assert made["UV_FIND_LINKS"] == "/wheels,/more" and made["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert made["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert settings({"index-url": "https://a.example"}, {"UV_INDEX_URL": "https://mine.example"}) == {
        "UV_PYTHON_DOWNLOADS": "never"
    }


def test_makefile_and_ci_say_what_is_documented():
    told = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("make repro", "make test", "make lab", "make sweep", "make publish"):
        assert target in told
    script = ROOT / ".ci" / "run"
    lines = script.read_text().splitlines()
    assert os.access(script, os.X_OK) and "set -euo pipefail" in lines
    assert lines.index("make repro PRESET=smoke") < lines.index("make test")
    workflow = YAML(typ="safe", pure=True).load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert steps[-1]["run"] == ".ci/run"
    (version,) = [step["with"]["python-version"] for step in steps if "with" in step]
    tried = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if each.startswith("Programming Language :: Python :: 3.")]
    assert tried == [version] == [PROJECT["requires-python"].removeprefix(">=")]


def test_no_file_names_a_package_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no git checkout: an unpacked archive")
    names = re.compile(r"(pypi" + r"\.org|python" + r"hosted\.org|download\.pytorch" + r"\.org)")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.suffix in (".toml", ".lock", ".yml", ".yaml", ".py", ".md", ".txt", ".cff", "") and path.is_file():
            assert not names.search(path.read_text(encoding="utf-8", errors="replace")), name


@pytest.mark.slow
def test_environment_ymls_pip_list_installs(tmp_path):
    if "POSRANK_TEST_INSTALL" not in os.environ:
        pytest.skip("takes minutes and the network: make test-install")
    (pip,) = [each["pip"] for each in CONDA["dependencies"] if isinstance(each, dict)]
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    for line in pip:
        subprocess.run([python, "-m", "pip", "install", "-q", *line.split()], cwd=ROOT, check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    subprocess.run([python, "-c", "import posrank, torch, open_clip, spacy, decord"], cwd=tmp_path, check=True)
