"""Lanes: runs are made side by side, what they share is made once and first, and a failing run is named."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from test_presets import git, project  # noqa: F401

from posrank.pipeline import lanes, presets
from posrank.pipeline import params as knobs

ROOT = Path(__file__).resolve().parent.parent

STAGES = """
stages:
  source: {cmd: python code.py source, deps: [code.py], outs: [source.txt]}
  statements: {cmd: python code.py statements, deps: [source.txt], outs: [statements.txt]}
  negatives: {cmd: python code.py negatives, deps: [statements.txt], outs: [negatives.txt]}
  frames: {cmd: python code.py frames, deps: [source.txt], outs: [frames.txt]}
  validity: {cmd: python code.py validity, deps: [negatives.txt], outs: [validity.txt]}
  train:
    matrix: {system: "${train.systems}", strategy: "${train.strategies}", seed: "${train.seeds}"}
    cmd: python code.py train-${item.strategy}
    params: [train.lambda]
    deps: [frames.txt, negatives.txt]
    outs: ["train-${item.strategy}.txt"]
  evaluate:
    matrix: {system: "${train.systems}", strategy: "${train.strategies}", seed: "${train.seeds}"}
    cmd: python code.py evaluate-${item.strategy}
    deps: ["train-${item.strategy}.txt"]
    outs: ["evaluate-${item.strategy}.txt"]
  report:
    cmd: python code.py report
    deps: [evaluate-coarse.txt, evaluate-prompt.txt, validity.txt]
    outs: [report.txt]
"""

CODE = '''
import os, pathlib, sys, time
name = sys.argv[1]
print("makes", name, "with", os.environ.get("OMP_NUM_THREADS"), "threads", flush=True)
base = pathlib.Path(__file__).resolve().parents[2]
with open(base / "log", "a") as log:
    log.write(name + "\\n")
if (base / f"fail-{name}").exists():
    raise SystemExit("the reason")
if name.startswith("train") and (base / "hang").exists():
    (base / f"here-{name}").touch()
    time.sleep(120)
if name.startswith("train") and (base / "together").exists():
    (base / f"here-{name}").touch()
    for _ in range(3000):
        if len(list(base.glob("here-train-*"))) == 2:
            break
        time.sleep(.1)
    else:
        raise SystemExit("alone")
pathlib.Path(name + ".txt").write_text(name)
'''


@pytest.fixture
def pipeline(project, monkeypatch):  # noqa: F811
    (project / "dvc.yaml").write_text(STAGES)
    (project / "code.py").write_text(CODE)
    monkeypatch.setattr(presets, "explore", lambda scratch: None)
    monkeypatch.setattr(lanes, "_has_gpu", lambda: False)
    monkeypatch.setattr(lanes, "cores", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    git(project, "commit", "-q", "-a", "-m", "lanes")
    return project


def made(project):  # noqa: F811
    path = project / "log"
    names = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return names


def test_runs_wait_for_what_they_share_and_not_for_each_other(pipeline, capfd):
    (pipeline / "together").touch()
    assert presets.main(["repro", "smoke"]) == 0
    told = capfd.readouterr().out
    names = made(pipeline)
    assert sorted(names[:4]) == ["frames", "negatives", "source", "statements"] and names[-1] == "report"
    assert sorted(names[4:-1]) == ["evaluate-coarse", "evaluate-prompt", "train-coarse", "train-prompt", "validity"]
    assert "3 jobs in 2 lanes: xclip-coarse-0, xclip-prompt-0, beside" in told
    assert "xclip-prompt-0 | makes train-prompt with 1 threads" in told and "\nbeside | makes validity" in told
    # the same files as one after the other makes
    lock = yaml.safe_load((pipeline / ".presets/smoke/dvc.lock").read_text())
    assert len(lock["stages"]) == 10
    done = subprocess.run([sys.executable, "-m", "dvc", "status"], cwd=pipeline / ".presets/smoke", capture_output=True, text=True)
    assert "up to date" in done.stdout

    assert presets.main(["repro", "smoke"]) == 0 and made(pipeline) == []
    assert "dvc repro" not in capfd.readouterr().out


def test_what_is_stale_alone_is_made_anew(pipeline, capfd):
    assert presets.main(["repro", "smoke"]) == 0
    made(pipeline)
    (pipeline / ".presets/smoke/evaluate-prompt.txt").unlink()
    (pipeline / "params.yaml").write_text((pipeline / "params.yaml").read_text().replace("\n  lambda: 3.0", "\n  lambda: 2.0"))
    capfd.readouterr()
    assert presets.main(["repro", "smoke"]) == 0
    told = capfd.readouterr().out
    # their training is made anew, what comes out is the same, so evaluations and report come from the cache
    assert sorted(made(pipeline)) == ["train-coarse", "train-prompt"] and "2 jobs in 2 lanes" in told
    assert "dvc repro report" in told and told.count("dvc repro") == 1, "what runs share has not changed"
    assert (pipeline / ".presets/smoke/evaluate-prompt.txt").is_file()


def test_a_failing_run_is_named_and_the_command_goes_on_from_there(pipeline, capfd):
    (pipeline / "fail-train-prompt").touch()
    assert presets.main(["repro", "smoke"]) == 1
    told = capfd.readouterr()
    assert "ERROR: preset smoke, run xclip-prompt-0 stopped: see the lines above" in told.err
    assert "xclip-prompt-0 | the reason" in told.out and "xclip-coarse-0 | done after" in told.out
    assert "report" not in made(pipeline)
    (pipeline / "fail-train-prompt").unlink()
    assert presets.main(["repro", "smoke"]) == 0
    names = made(pipeline)
    assert "train-coarse" not in names and {"train-prompt", "evaluate-prompt", "report"} <= set(names)
    # a run that is left alone has one thread as well: the same weights as without the interruption
    assert "xclip-prompt-0 | makes train-prompt with 1 threads" in capfd.readouterr().out


def test_ctrl_c_ends_all_lanes_and_the_command_goes_on_from_there(pipeline):
    (pipeline / "hang").touch()
    code = "import sys; from posrank.pipeline import lanes, presets; lanes._has_gpu = lambda: False; lanes.cores = lambda: 2; "
    command = [sys.executable, "-c", code + "presets.explore = print; sys.exit(presets.main(['repro', 'smoke']))"]
    process = subprocess.Popen(command, cwd=pipeline, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True)
    for _ in range(3000):
        if len(list(pipeline.glob("here-*"))) == 2:
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and told.rstrip().endswith("stopped; the same command goes on from here"), told
    assert not [each for each in psutil.process_iter(["status"]) if each.info["status"] != psutil.STATUS_ZOMBIE
                and psutil.pid_exists(each.pid) and os.getpgid(each.pid) == process.pid]
    (pipeline / "hang").unlink()
    made(pipeline)
    assert presets.main(["repro", "smoke"]) == 0
    assert {"train-coarse", "train-prompt", "report"} <= set(made(pipeline))


def test_each_job_has_a_lane_to_itself_and_none_begins_after_a_failure():
    began, at_once = [], []

    def make(name, lane):
        began.append(name)
        at_once.append(lane)
        assert at_once.count(lane) == 1
        time.sleep(0.01)
        at_once.remove(lane)
        return name != "c"

    names = list("abcdefgh")
    with pytest.raises(ValueError, match=r"^run c stopped: see the lines above"):
        lanes.in_lanes(names, make, 1, "run")
    assert began == ["a", "b", "c"]
    with pytest.raises(ZeroDivisionError):
        lanes.in_lanes(names, lambda name, lane: 1 / 0, 2, "run")
    began.clear()
    lanes.in_lanes(list("abdefgh"), make, 3, "run")
    assert sorted(began) == list("abdefgh")


def test_one_lane_and_words_for_dvc_leave_the_order_to_dvc(pipeline, capfd):
    assert presets.main(["repro", "--lanes=1", "smoke"]) == 0
    assert "jobs in" not in capfd.readouterr().out and "evaluate-prompt" in made(pipeline)
    assert presets.main(["repro", "smoke", "--", "-f", "-s", "train@xclip-coarse-0"]) == 0
    assert "jobs in" not in capfd.readouterr().out and made(pipeline) == ["train-coarse"]
    for wrong in ("0", "-1", "two", "1.5"):
        with pytest.raises(SystemExit):
            presets.main(["repro", f"--lanes={wrong}", "smoke"])
        assert "is no whole number from 1 on" in capfd.readouterr().err


@pytest.mark.parametrize(("change", "memory", "expected"), [
    ({}, 24, 4), ({}, 7, 2), ({}, 2, 1), ({}, None, 1), ({"train": {"backbone": "world_strong"}}, 24, 4),
    ({"processes": 2}, 24, None), ({"processes": "auto"}, 24, None), ({"train": {"dataset": "msrvtt"}}, 24, None),
    ({"train": {"backbone": "openai/ViT-B-32"}}, 24, None),
])
def test_lanes_by_themselves_fit_the_machine_and_the_runs(monkeypatch, change, memory, expected):
    monkeypatch.setattr(lanes, "_has_gpu", lambda: False)
    monkeypatch.setattr(lanes, "cores", lambda: 4)
    monkeypatch.setattr(lanes, "memory", lambda: memory)
    params = knobs.merge(knobs.load(ROOT / "params.yaml").plain(), change)
    assert (lanes.lane_count(params), lanes.lane_count(params, 7), lanes.lane_count(params, 1)) == (expected, 7, None)
    monkeypatch.setattr(lanes, "_has_gpu", lambda: True)
    assert lanes.lane_count(params) is None


def test_no_stage_beside_the_runs_leads_to_them():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    made_by = {}
    for name, stage in stages.items():
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
            made_by[(out if isinstance(out, str) else next(iter(out))).replace("${train.dataset}", "${item.dataset}")] = name

    def sources(name):
        needs = [need.replace("${train.dataset}", "${item.dataset}") for need in stages[name].get("deps", [])]
        found = {maker for need in needs for out, maker in made_by.items() if out == need or out.startswith(need + "/")}
        return found | {far for near in found for far in sources(near)}

    needed = sources("train") | sources("evaluate")
    assert {"captions", "statements", "negatives", "frames", "source"} <= needed
    assert not needed & {*lanes.BESIDE, "report"} and set(lanes.BESIDE) <= sources("report")


def test_lines_of_a_bar_are_thinned_out_and_no_other_line_is_lost():
    times = iter(range(0, 1000, 4))
    half = "two ½".encode()
    chunks = [b"one\n" + half[:5], half[5:] + b"\n", b"a\rb\rc\rd\re\rf\r", b"g\r", b"\n\n", b"end\r\n", b"rest"]
    found = list(lanes.shown_lines(chunks, seconds=15, clock=lambda: next(times)))
    assert found == ["one", "two ½", "d", "g", "end", "rest"]
    assert list(lanes.shown_lines([])) == [] and list(lanes.shown_lines([b"\n", b"\r"])) == []
    assert list(lanes.shown_lines([b"\r 1 %", b"\r 2 %"], clock=lambda: 0)) == ["2 %"]
