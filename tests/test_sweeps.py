"""Sweeps: points of params.yaml, changes that take place, results beside the preset's, resumed point by point."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from test_presets import git, project  # noqa: F401  (a fixture)

from posrank.pipeline import params as knobs
from posrank.pipeline import presets, sweeps

ROOT = Path(__file__).resolve().parent.parent
STAGES = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())["stages"]
BASE = knobs.load(ROOT / "params.yaml").plain()

PIPELINE = """
stages:
  world: {cmd: mkdir -p w && touch w/x && echo made, params: [world], deps: [code.py], outs: [w]}
  captions: {cmd: cp -r w c, deps: [w], outs: [c]}
  tags: {cmd: cp -r c t, deps: [c], outs: [t]}
  negatives: {cmd: cp -r c n, deps: [c], outs: [n]}
  frames: {cmd: cp -r c f, deps: [c], outs: [f]}
  train:
    matrix: {system: "${train.systems}", strategy: "${train.strategies}", seed: "${train.seeds}"}
    cmd: python code.py train ${item.system}-${item.strategy}-${item.seed}
    params: [train.lambda, train.steps]
    deps: [t, f, code.py]
    outs: ["runs/${item.system}-${item.strategy}-${item.seed}"]
  evaluate:
    matrix: {system: "${train.systems}", strategy: "${train.strategies}", seed: "${train.seeds}"}
    cmd: python code.py evaluate ${item.system}-${item.strategy}-${item.seed}
    params: [evaluate]
    deps: ["runs/${item.system}-${item.strategy}-${item.seed}", n]
    outs: ["metrics/${item.system}-${item.strategy}-${item.seed}.json": {cache: false}]
  report:
    cmd: mkdir -p results && ls -R metrics > results/report.html
    deps: [metrics]
    outs: [results/report.html]
"""
CODE = """
import os, sys
from ruamel.yaml import YAML
params = YAML(typ="safe").load(open("params.yaml"))
what, run = sys.argv[1:]
if what == "train":
    assert not os.path.exists("../../stop") or params["train"]["lambda"] != 0.2, "stopped here"
    open(f"runs/{run}", "w").write(str(params["train"]["lambda"]))
else:
    open(f"metrics/{run}.json", "w").write('{"value": %s}' % open(f"runs/{run}").read())
"""


def sweep(change, runs=("xclip-word-0",), **more):
    return {"s": {"runs": list(runs), "change": change}, **more}


def made(sweeps_of, only="", base=BASE):
    return sweeps.points(knobs.validate({**base, "sweeps": sweeps_of}), STAGES, only)


def test_the_points_of_the_paper():
    found = {point.name: point for point in sweeps.points(knobs.Params(BASE), STAGES)}
    tables = {f"lambda-{value}" for value in (0.1, 0.2, 0.3, 0.4, 0.5)} | {f"n-{n}" for n in (2, 4, 8, 16, 32)}
    assert tables | {"constant-xclip-phrase-0", "constant-xclip-prompt-0", "constant-xclip-word-0"} <= set(found)
    point = found["lambda-0.1"]
    assert point.change == {"train": {"lambda": 0.1}} and point.run == "xclip-word-0"
    expected = knobs.merge(BASE, {"train": {"lambda": 0.1, "strategies": ["word"]}})
    assert point.params.plain() == expected


@pytest.mark.parametrize(
    ("sweeps_of", "names"),
    [
        (sweep({"train.lr": [0.1, 1e-3], "train.n": [1, 2]}), ["s-0.1-1", "s-0.1-2", "s-0.001-1", "s-0.001-2"]),
        (sweep({"train.lr": [0.1], "train.n": 3}), ["s-0.1"]),
        (sweep({"train.n": 3}), ["s-xclip-word-0"]),
        (sweep({"train.n": [3]}, ["xclip-word-0", "clip-coarse-1"]), ["s-3-xclip-word-0", "s-3-clip-coarse-1"]),
        (sweep({"train.backbone": ["openai/ViT-B-32"]}), ["s-openai_ViT-B-32"]),
        (sweep({"world.seed": [7]}), ["s-7"]),
        (sweep({"train.by_system.xclip": {"lr": 0.1}}), ["s-xclip-word-0"]),
    ],
)
def test_names_of_points(sweeps_of, names):
    assert [point.name for point in made(sweeps_of)] == names


OWN_LR = knobs.merge(BASE, {"train": {"by_system": {"xclip": {"lr": 0.1}}}})
MSRVTT = knobs.merge(BASE, {"datasets": ["msrvtt"], "train": {"dataset": "msrvtt"}})


@pytest.mark.parametrize(
    ("sweeps_of", "base", "words"),
    [
        (sweep({"processes": [2]}), BASE, "changes processes, which no stage of the run xclip-word-0 reads"),
        (sweep({"train.checkpoint_every": [2]}), BASE, "changes train.checkpoint_every"),
        (sweep({"train.seeds": [[1]]}), BASE, "changes train.seeds"),
        (sweep({"pretrain.lr": [1]}), BASE, "changes pretrain.lr"),
        (sweep({"train.by_system.clip": {"lr": 0.1}}), BASE, "changes train.by_system.clip.lr"),
        (sweep({"world.seed": [7]}), MSRVTT, "changes world.seed"),
        (sweep({"train.lr": [0.2]}), OWN_LR, "changes train.lr, which train.by_system.xclip.lr overrides"),
        (sweep({"sweeps.s": [7]}), BASE, "changes sweeps.s"),
        (sweep({"train.lamda": [7]}), BASE, "changes train.lamda"),
        (sweep({"train.lambda": [-7]}), BASE, "train.lambda is -7"),
        (sweep({"train.lr": [1, 1]}), BASE, "two points are named s-1"),
        (sweep({"train.lr": []}), BASE, r"s has no value for train\.lr"),
        (sweep({"train.lr": [1], "train.n": []}), BASE, r"s has no value for train\.n"),
    ],
)
def test_changes_that_would_not_take_place_are_refused(sweeps_of, base, words):
    with pytest.raises(ValueError, match=words):
        made(sweeps_of, base=base)


def test_the_digest_knows_what_the_run_reads():
    """Another seed of the world or another learning rate changes it; what no stage of the run reads does not."""
    (point,) = made(sweep({"train.n": [3]}))
    for key, same in (("world.seed", False), ("train.lr", False), ("processes", True), ("train.seeds", True)):
        value = [5] if key == "train.seeds" else 4
        (other,) = made(sweep({"train.n": [3]}), base=knobs.merge(BASE, sweeps.nest(key, value)))
        assert (other.digest == point.digest) == same, key


@pytest.fixture
def swept(project):  # noqa: F811
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "code.py").write_text(CODE)
    text = (project / "params.yaml").read_text()
    before, after = text[: text.index("\nsweeps:")], text[text.index("\npresets:"):]
    text = before + "\nsweeps:\n  lambda: {runs: [xclip-word-3], change: {train.lambda: [0.1, 0.2]}}\n" + after
    (project / "params.yaml").write_text(text)
    git(project, "commit", "-q", "-a", "-m", "sweep")
    return project


def test_a_sweep_goes_on_where_it_was_and_its_points_reach_the_report(swept, capfd):
    (swept / "stop").touch()
    assert presets.main(["sweep", "smoke"]) == 1
    told = capfd.readouterr()
    assert "ERROR: preset smoke, sweep point lambda-0.2 stopped" in told.err
    points = swept / ".presets" / "smoke" / "metrics" / "sweeps"
    assert [path.name for path in points.iterdir()] == ["lambda-0.1.json"]
    (swept / "stop").unlink()
    git(swept, "status")
    assert presets.main(["sweep", "--only=lambda", "smoke"]) == 0
    told = capfd.readouterr().out
    # the world was made once, for the preset; the first point's training comes from the cache
    assert "\nmade" not in told and told.count("> python code.py train xclip-word-3") == 1
    found = {path.stem: json.loads(path.read_text()) for path in points.iterdir()}
    assert {name: (each["value"], each["change"]) for name, each in found.items()} == {
        "lambda-0.1": (0.1, {"train": {"lambda": 0.1}}), "lambda-0.2": (0.2, {"train": {"lambda": 0.2}}),
    }
    assert "lambda-0.2.json" in (swept / ".presets/smoke/results/report.html").read_text()
    assert not git(swept, "status", "--short", "--", ":!stop")

    # with other parameters these points do not belong beside the preset's runs
    path = swept / "params.yaml"
    path.write_text(path.read_text().replace("strategies: [coarse, prompt], steps: 4", "strategies: [coarse, prompt], steps: 5"))
    assert presets.main(["repro", "smoke"]) == 0
    assert "sweep point lambda-0.1 was made with other parameters" in capfd.readouterr().out
    assert not list(points.iterdir())
    assert "lambda-0.2.json" not in (swept / ".presets/smoke/results/report.html").read_text()
