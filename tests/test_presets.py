"""Presets: a scratch copy that is always fresh, leaves results alone, and leaves the tracked files as they are."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from posrank.__main__ import main
from posrank.pipeline import presets
from posrank.pipeline.machine import describe
from posrank.pipeline.scratch import refresh, source_files

ROOT = Path(__file__).resolve().parent.parent

PIPELINE = """
stages:
  captions:
    matrix:
      dataset: ${datasets}
    cmd: python -c "import os; assert os.environ['POSRANK_ROOT'] == os.getcwd(); open('c.txt', 'w').write('c')"
    params: [world.train]
    deps:
      - code.py
    outs:
      - c.txt
  report:
    cmd: python code.py
    params: [train.lambda]
    deps:
      - c.txt
      - code.py
    outs:
      - results/report.html
    metrics:
      - metrics/run.json:
          cache: false
"""
CODE = """
import os
os.makedirs("metrics", exist_ok=True); os.makedirs("results", exist_ok=True)
open("results/report.html", "w").write("r"); open("metrics/run.json", "w").write('{"noun": 0.5}')
"""


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project of the same form, in git."""
    for name in ("params.yaml", ".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((ROOT / name).read_bytes())
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "code.py").write_text(CODE)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "start")
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    monkeypatch.delenv("POSRANK_WORKSPACE", raising=False)
    return tmp_path


def test_source_files_are_the_tracked_ones_and_ones_own_new_code(project):
    (project / "lib").mkdir()
    for name in ("lib/new.py", "scrap.txt", "results.txt"):
        (project / name).write_text("x")
    (project / "code.py").unlink()
    names = source_files(project)
    assert "lib/new.py" in names and "params.yaml" in names
    assert not {"scrap.txt", "code.py", ".git/config"} & set(names)


def test_source_files_of_an_unpacked_archive(tmp_path):
    for name in (
        ".gitignore", "lib/a.py", "lib/__pycache__/a.pyc", "results/x.txt", ".presets/smoke/y", "data/raw/a/v.mp4",
        "data/world/pretrained/w", "metrics/full/a.json", "metrics/a.json", "metrics/README.md", "dvc.lock",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / ".gitignore").read_bytes() if name == ".gitignore" else b"x")
    assert source_files(tmp_path) == [".gitignore", "data/world/pretrained/w", "lib/a.py", "metrics/README.md"]


def test_refresh_copies_changes_deletes_and_leaves_results(project):
    scratch = project / ".presets" / "x"
    (project / "lib").mkdir()
    (project / "lib" / "old.py").write_text("old")
    refresh(project, scratch, {"params.yaml": "a: 1\n"})
    assert (scratch / "params.yaml").read_text() == "a: 1\n" and (scratch / "lib/old.py").exists()
    (scratch / "made.txt").write_text("result")
    then = (scratch / "code.py").stat()
    (project / "lib" / "old.py").unlink()
    (project / "dvc.yaml").write_text("stages: {}\n")
    os.utime(project / "code.py")
    refresh(project, scratch, {"params.yaml": "a: 2\n"})
    assert not (scratch / "lib").exists() and (scratch / "made.txt").read_text() == "result"
    assert (scratch / "dvc.yaml").read_text() == "stages: {}\n" and (scratch / "params.yaml").read_text() == "a: 2\n"
    now = (scratch / "code.py").stat()
    assert (now.st_ino, now.st_mtime_ns) == (then.st_ino, then.st_mtime_ns)


def test_a_preset_runs_once_leaves_git_clean_and_publishes(project, capfd):
    assert presets.main(["repro", "smoke"]) == 0
    told = capfd.readouterr().out
    scratch = project / ".presets" / "smoke"
    assert "Running stage 'report'" in told and "done in" in told
    assert "results/report.html" in told and str(project) not in told.split("done in")[1]
    assert "steps: 4" in (scratch / "params.yaml").read_text()
    assert git(project, "status", "--short") == ""
    lock = (scratch / "dvc.lock").read_bytes()
    assert presets.main(["repro", "smoke"]) == 0
    assert "Running stage" not in capfd.readouterr().out and (scratch / "dvc.lock").read_bytes() == lock

    # another preset takes what is the same from the shared cache, and leaves the first alone
    assert presets.main(["repro", "default"]) == 0
    told = capfd.readouterr().out
    assert "Stage 'report' is cached" in told and "Running stage 'captions@world'" in told
    assert (scratch / "dvc.lock").read_bytes() == lock

    assert presets.main(["publish", "smoke"]) == 0
    target = project / "metrics" / "smoke"
    assert json.loads((target / "run.json").read_text()) == {"noun": 0.5} and (target / "dvc.lock").read_bytes() == lock
    note = json.loads((target / "ENVIRONMENT.json").read_text())
    assert note["command"] == "make repro PRESET=smoke" and note["cores"] >= 1 and note["seconds"] > 0
    assert presets.main(["publish", "default"]) == 0
    assert (project / "dvc.lock").exists() and (project / "metrics" / "ENVIRONMENT.json").exists()


def test_where_nothing_is_to_do_little_is_loaded_and_no_page_written(project, monkeypatch):
    code = ("import sys; from posrank.files import root; from posrank.pipeline import presets; "
            "presets.prepare(root(), 'smoke'); sys.exit('torch' in sys.modules or 'spacy' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], cwd=project).returncode == 0
    pages = []

    def explore(scratch):
        pages.append(scratch)
        (scratch / "results" / "explorer.html").write_text("page")

    monkeypatch.setattr(presets, "explore", explore)
    for count, change in enumerate((None, None, "explorer.html", "code.py")):
        if change == "code.py":
            (project / change).write_text(CODE.replace('"r"', '"s"'))
        elif change:
            (project / ".presets" / "smoke" / "results" / change).unlink()
        assert presets.main(["repro", "smoke"]) == 0
        assert len(pages) == max(count, 1), "written at first, where it is gone, and after a change"


def test_a_failing_stage_is_an_error(project, capfd):
    (project / "code.py").write_text("raise SystemExit('no')")
    assert presets.main(["repro", "smoke"]) == 1
    told = capfd.readouterr().err
    assert told.strip().splitlines()[-1].startswith("ERROR: preset smoke stopped after")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["repro", "smok"], "unknown preset 'smok' .did you mean 'smoke'"),
        (["publish", "full"], "preset full has no metrics yet: run make repro PRESET=full first"),
        (["sweep", "--only=lamda", "smoke"], "params.yaml has no sweep 'lamda'; there are: lambda"),
        *(
            ([command, name], "no name for a preset|cannot name a preset")
            for command in ("repro", "sweep", "publish", "lab")
            for name in ("..", ".", "", "../../x", "/tmp/x", "a/b", "a\\b", "Smoke", "validity", "smoke+sweep")
        ),
    ],
)
def test_wrong_calls_are_one_clear_line(project, capfd, arguments, words):
    assert presets.main(arguments) == 1
    told = capfd.readouterr().err
    assert re.search(words, told) and "Traceback" not in told


def test_raw_files_are_linked_and_missing_ones_get_an_empty_folder(project):
    text = (project / "params.yaml").read_text().replace("datasets: [world]", "datasets: [world, msrvtt, csv]", 1)
    (project / "params.yaml").write_text(text)
    theirs = project / "data" / "raw" / "msrvtt"
    theirs.mkdir(parents=True)
    (theirs / "captions.json").write_text("{}")
    raw = presets.prepare(project, "default") / "data" / "raw"
    assert (raw / "msrvtt" / "captions.json").read_text() == "{}" and (raw / "msrvtt").is_symlink()
    assert list((raw / "csv").iterdir()) == [] and not (raw / "world").exists()
    (project / "data" / "raw" / "csv").mkdir()
    (project / "params.yaml").write_text(text.replace(", msrvtt", ""))
    presets.prepare(project, "default")
    assert (raw / "csv").is_symlink() and not (raw / "msrvtt").exists()


def test_a_changed_params_file_leaves_nothing_of_other_runs_behind(project):
    """After a run on the world: one's own data, fewer strategies, another rule. Metrics and ranks of the world's runs are gone, of whatever
    name; nothing that still fits is touched, and external models stay."""
    run = {"system": "xclip", "seed": 0, "dataset": "world", "split": "test", "rule": "paper", "posrank": {}}

    def fill(scratch):
        for strategy in ("coarse", "word", "prompt"):
            (scratch / "metrics" / f"xclip-{strategy}-0.json").write_text(json.dumps(run | {"strategy": strategy}))
            (scratch / "results" / "ranks" / f"xclip-{strategy}-0.parquet").write_bytes(b"x")
        (scratch / "metrics" / "validity").mkdir(exist_ok=True)
        for name in ("validity/world-paper", "validity/world-released"):
            (scratch / "metrics" / f"{name}.json").write_text("{}")
        (scratch / "metrics" / "datasets.json").write_text("{}")
        (scratch / "metrics" / "mine.json").write_text('{"posrank": {}, "run": "mine"}')
        (scratch / "metrics" / "five.json").write_text("5")  # somebody's own file

    def left(scratch):
        return sorted(path.stem for path in (*scratch.glob("metrics/**/*.json"), *scratch.glob("results/ranks/*")))

    scratch = presets.prepare(project, "default")
    fill(scratch)
    presets.prepare(project, "default")
    assert left(scratch) == ["datasets", "five", "mine", "world-paper", *sorted(["xclip-coarse-0", "xclip-prompt-0", "xclip-word-0"] * 2)]
    text = (project / "params.yaml").read_text()
    for old, new, kept in (
        ("strategies: [coarse, word, phrase, prompt]", "strategies: [coarse, word]", ["xclip-coarse-0", "xclip-word-0"]),
        ("seeds: [0]", "seeds: [1]", []), ("split: test ", "split: val ", []), ("  dataset: world ", "  dataset: csv ", []),
    ):
        changed = text.replace(old, new, 1).replace("datasets: [world]", "datasets: [csv]" if "csv" in new else "datasets: [world]", 1)
        assert changed != text
        (project / "params.yaml").write_text(changed)
        fill(scratch)
        presets.prepare(project, "default")
        sets = [] if "csv" in new else ["world-paper"]
        assert left(scratch) == ["datasets", "five", "mine", *sets, *sorted(kept * 2)], new


def test_what_is_published_about_the_machine_names_no_place(project):
    told = json.dumps(describe())
    import socket

    assert socket.gethostname() not in told and str(Path.home()) not in told.replace(sys.prefix, "")
    assert "torch" in told


@pytest.mark.parametrize("name", ["../../x", "/x", "''", ".", "a/b", "a b", "sweeps"])
def test_a_name_in_params_yaml_leads_nowhere_else(project, capfd, name):
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("\npresets:", f"\npresets:\n  {name}: {{}}", 1))
    before = sorted(project.rglob("*"))
    for command in ("repro", "publish", "lab", "sweep"):
        assert presets.main([command, name.strip("'")]) == 1
        assert re.search("(no name for|cannot name) a preset", capfd.readouterr().err)
    assert sorted(project.rglob("*")) == before


def finished(project, name, *metrics):
    """A preset that has run, with these metrics files."""
    made = project / ".presets" / name / "metrics"
    made.mkdir(parents=True, exist_ok=True)
    for old in made.rglob("*.json"):
        old.unlink()
    for relative in metrics:
        (made / relative).parent.mkdir(exist_ok=True)
        (made / relative).write_text("{}")
    (made.parent / "dvc.lock").write_text("lock")


@pytest.mark.parametrize("name", ["default", "smoke"])
def test_publish_deletes_what_it_wrote_and_nothing_else(project, name):
    target = project / "metrics" / ("" if name == "default" else name)
    for mine in (project / "package.json", project / "metrics" / "mine.json", target / "mine.json", target / "full" / "a.json"):
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
    finished(project, name, "old.json", "kept.json", "sweeps/lambda-0.1.json", "validity/world-paper.json")
    assert presets.main(["publish", name]) == 0
    assert (target / "old.json").exists() and (target / "sweeps" / "lambda-0.1.json").exists()
    finished(project, name, "kept.json", "new.json")
    assert presets.main(["publish", name]) == 0
    found = {str(path.relative_to(target)) for path in target.rglob("*.json")} - {"smoke/mine.json"}
    assert found - {"published.json"} == {"mine.json", "full/a.json", "kept.json", "new.json", "ENVIRONMENT.json"}
    assert (project / "package.json").read_text() == "mine"
    # a list that was tampered with leads nowhere
    note = target / "ENVIRONMENT.json"
    note.write_text(json.dumps({"files": ["../package.json", "../../package.json", str(project / "package.json")]}))
    assert presets.main(["publish", name]) == 1 and (project / "package.json").exists()


def test_what_follows_the_preset_is_handed_on_as_it_is(project, monkeypatch):
    called = []

    def run(command, **_):
        called.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(presets.subprocess, "run", run)
    monkeypatch.setattr(presets, "fill", lambda *_: None)
    for words in ("lab smoke --port 8899 --no-browser", "lab smoke -- --port 8899 --no-browser"):
        assert presets.main(words.split()) == 0
        assert called[-1][-3:] == ["--port", "8899", "--no-browser"]
        assert f"--ServerApp.root_dir={project}" in called[-1]
    for words, expected in (("repro smoke --dry", "--dry report"), ("repro smoke", "report"), ("repro smoke -- -s tags", "-s tags")):
        assert presets.main(words.split()) == 0
        assert called[-1][3:] == ["repro", *expected.split()]


@pytest.mark.parametrize("command", ["repro $(LANE_OPTION) $(PRESET) $(ARGS)", "sweep --only=$(SWEEP) $(LANE_OPTION) $(PRESET) $(ARGS)", "lab $(PRESET) $(ARGS)"])
def test_the_makefile_hands_its_variables_on(command):
    assert f"python -m posrank {command}\n" in (ROOT / "Makefile").read_text()


def test_broken_links_among_the_raw_files_are_told_and_left_out(project, capfd):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("datasets: [world]", "datasets: [world, csv]", 1))
    raw = project / "data" / "raw" / "csv"
    (raw / "more").mkdir(parents=True)
    (raw / "captions.csv").write_text("video_id,caption,file\n")
    for name, goal in {"gone 1.mp4": "nowhere.mp4", "self.mp4": "self.mp4", "more/around": "..", "good.csv": "captions.csv"}.items():
        (raw / name).symlink_to(goal)
    scratch = presets.prepare(project, "default")
    told = capfd.readouterr().out
    assert "csv: 3 links in data/raw/csv" in told and "gone 1.mp4" in told
    (scratch / "dvc.yaml").write_text("stages: {a: {cmd: python -c 1, deps: [data/raw/csv]}}")
    done = subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=scratch, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["posrank", "repro"], ["posrank.presets", "repro"], ["posrank", "stage"], ["posrank.stages"]])
def test_the_command_line_under_its_name_and_the_old_one(words):
    done = subprocess.run([sys.executable, "-m", *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "usage: python -m posrank" in done.stdout and not done.stderr


def test_an_old_name_is_the_module_itself():
    code = "import posrank, posrank.presets as old; from posrank.pipeline import presets as new; " \
           "assert old is new is posrank.presets; assert new.__spec__.name == 'posrank.pipeline.presets'; import sys; " \
           "assert 'torch' not in sys.modules and 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("words", "told"), [(["repo"], "unknown command 'repo' (did you mean 'repro'"), ([], "One command line")])
def test_commands(words, told, capsys):
    assert main(words) == (2 if words else 0)
    assert told in "".join(capsys.readouterr())
