"""The notebooks: their form, what they load, and what 3, 4 and 6 tell."""

import ast
import math
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import support_notebooks as notebooks
from test_notebooks_sparse import SETS, workspace

from posrank import evaluation, figures, scoring
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import workspace as workspaces
from posrank.pipeline.yamlfile import yaml_text
from posrank.training import runs
from posrank.training.loop import fine_scores
from posrank.training.losses import coarse_loss, fine_loss

NAMES = sorted(path.stem for path in notebooks.NOTEBOOKS.glob("*.ipynb"))
TINY = {
    "world": {"train": 12, "val": 4, "test": 4, "groups": 28},
    "train": {"strategies": ["coarse", "prompt"], "steps": 1, "batch": 4, "n": 1},
    "evaluate": {"bootstrap": 100, "batch": 64, "controls": ["shuffled"], "blind": ["unigram"], "positives": 0},
}


def test_the_paper_is_told_in_eight_notebooks():
    assert [name for name in NAMES if name[0] in "0123467"] == [
        "0_world",
        "1_datasets",
        "2_negatives",
        "3_train",
        "4_evaluate",
        "6_vision",
        "7_audit",
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("5_")])
def test_a_notebook_has_one_title_scalars_as_parameters_and_short_cells(name):
    cells = notebooks.read(name).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    words = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert [word.startswith("# ") for word in words] == [True] + [False] * (len(words) - 1)
    assert "**Needs**" in words[0] and "**Shows**" in words[0]
    (parameters,) = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))
    for statement in ast.parse(parameters).body:
        assert isinstance(ast.literal_eval(statement.value), (str, int, float, bool))
    assert len(code) <= 15 and max(len(source.splitlines()) for source in code) <= 18
    assert not re.search(r"0?\.\d\d\d", " ".join(words)), "numbers are computed, not typed"


def test_tables_figures_and_equations_of_the_paper_have_headings():
    found = {
        heading
        for name in NAMES
        for cell in notebooks.read(name).cells
        if cell.cell_type == "markdown"
        for heading in re.findall(r"^## (?:Table|Fig\.|Eq\.) .*", cell.source, re.M)
    }
    for heading in ("Table 1", "Table 2", "Fig. 1", "Fig. 2", "Fig. 3", "Fig. 4", "Fig. 7", "Eq. 1", "Eq. 2 to 4"):
        assert f"## {heading}" in found


def test_notebooks_about_text_load_no_torch(tmp_path, monkeypatch):
    work = workspace(tmp_path, SETS["training and test"])
    monkeypatch.setenv("POSRANK_WORKSPACE", str(work))
    for rule in ("paper", "exchange"):  # the tables: spaCy itself, which inflects as well, loads torch where it finds it
        workspaces.open().validity("csv", rule)
    code = (
        "import sys, support_notebooks as n\n"
        "n.run('1_datasets'); n.run('2_negatives'); n.run('7_audit', dataset='csv', n=5)\n"
        "assert 'torch' not in sys.modules"
    )
    path = os.pathsep.join([str(root() / "tests"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A workspace of a tiny world with one run, evaluated."""
    folder = tmp_path_factory.mktemp("tiny")
    params = knobs.merge(knobs.load(root() / "params.yaml").plain(), TINY)
    (folder / "params.yaml").write_text(yaml_text(params, "made by a test"))
    work = workspaces.Workspace(folder, knobs.load(folder / "params.yaml"))
    for rule in work.params.negatives.rules:
        work.negatives("world", rule)
    work.frames("world")
    runs.train_run(runs.run_settings(work.params, "xclip", "prompt", 0), folder, progress=False)
    evaluation.results(folder, "xclip-prompt-0", work.params, again=True)
    return work


@pytest.mark.parametrize("strategy", ["coarse", "prompt"])
def test_notebook_3_shows_the_losses_of_a_step(tiny, monkeypatch, strategy):
    monkeypatch.setenv("POSRANK_WORKSPACE", str(tiny.folder))
    space = notebooks.run("3_train", system="xclip", strategy=strategy).space
    settings, model, batch = space["settings"], space["model"], space["batch"]
    if strategy == "coarse":
        assert space["coarse"] > 0 and "fine" not in space and (tiny.folder / "runs" / "xclip-coarse-0").is_dir()
        return
    video, mask = model.prepare(batch.frames, batch.frames_read)
    both = model.encode_branches(video, mask, ("coarse", "fine"))
    text = model.encode_text(model.tokenize(batch.texts))
    assert float(space["coarse"]) == pytest.approx(
        coarse_loss(model.score(text[:4], both["coarse"]), settings["coarse_reduce"]).item()
    )
    scores = fine_scores(model, text, both["fine"], space["torch"].as_tensor(batch.owner), 4)
    assert float(space["fine"]) == pytest.approx(fine_loss(*scores, settings["fine_form"]).item(), rel=1e-4)


@pytest.mark.parametrize("strategy, change", [
    ("word", {"rule": "exchange"}), ("word", {"video": "text"}), ("coarse", {"video": "text"}),
])
def test_notebook_3_trains_on_statements_and_on_text_alone(tiny, tmp_path, monkeypatch, strategy, change):
    folder = tmp_path / "work"
    shutil.copytree(tiny.folder, folder)
    params = knobs.merge(tiny.params.plain(), {"train": {"strategies": [strategy], **change}})
    (folder / "params.yaml").write_text(yaml_text(params, "made by a test"))
    monkeypatch.setenv("POSRANK_WORKSPACE", str(folder))
    space = notebooks.run("3_train", system="xclip", strategy=strategy).space
    # the start weights match the few texts of a batch: 0 in single precision, in any case below chance
    assert 0 <= space["coarse"] < math.log(space["settings"]["batch"]) and (folder / "runs" / f"xclip-{strategy}-0").is_dir()
    assert (space["fine"] is None) == (strategy == "coarse")


def test_notebook_4_takes_the_first_run_reads_its_results_and_shows_failures(tiny, monkeypatch):
    monkeypatch.setenv("POSRANK_WORKSPACE", str(tiny.folder))
    monkeypatch.setattr(
        evaluation, "evaluate_run", lambda *given: pytest.fail("results are there: nothing is to be scored")
    )
    for other in (tiny.folder / "runs").glob("*coarse*"):
        for path in other.iterdir():
            path.unlink()
        other.rmdir()
    done = notebooks.run("4_evaluate")
    space = done.space
    assert space["run"] == "xclip-prompt-0"
    assert "4 of 4 test videos, 12 of 12 captions; trained on 12 of 12 videos" in done.printed
    own = space["ranks"][space["ranks"]["run"] == space["run"]]  # those of rule exchange stand under a name of their own
    mean = own.loc[own["part"] == space["part"], "reciprocal_rank"].mean()
    assert f"{mean:.4f}" in done.printed
    shown = space["ranked"]
    assert shown["true"].sum() == 1 and shown["score"].is_monotonic_decreasing
    few = space["some_ranks"].merge(space["ranks"], on=["caption_id", "part"])
    assert (few["better_x"] == few["better_y"]).mean() > 0.98  # the same scores, up to the order of sums
    worst = figures.failures_html(
        space["run"], space["ranks"], space["scores"], space["negatives"], space["texts"].reset_index(), lambda v: None
    )
    assert "the negative that won" in worst and "the caption, rank" in worst
    with pytest.raises(ValueError, match=r"no trained run 'xclip-word-9' in .*: there are xclip-prompt-0; set run"):
        notebooks.run("4_evaluate", run="xclip-word-9")


def test_a_workspace_without_runs_says_how_to_train_one(tmp_path):
    work = workspaces.Workspace(tmp_path, knobs.load(root() / "params.yaml"))
    with pytest.raises(ValueError, match="there is none yet: make repro trains them"):
        work.run()


def test_the_winner_is_the_negative_with_the_highest_score():
    captions = pd.DataFrame({"caption_id": ["c"], "video_id": ["v"], "caption": ["a red ball"]})
    negatives = pd.DataFrame(
        {
            "caption_id": "c",
            "part": "adj",
            "k": [0, 1, 2],
            "source": "random",
            "replacement": "x",
            "sentence": ["a blue ball", "a crimson ball", "a ball"],
        }
    )
    ranks, scores = scoring.evaluate(
        lambda v, t: [len(x) for x in t], negatives, captions, run="r", progress=False, scores=True
    )
    page = figures.failures_html("r", ranks, scores, negatives, captions, lambda video: None)
    assert (
        ">crimson</b>" in page
        and ">14.00<" in page
        and ">10.00<" in page
        and "rank 3 of 4" in page
        and ">blue</b>" not in page
    )
    table = figures.ranked_list(scores, negatives, "a red ball", "c", "adj")
    assert table["sentence"].tolist() == ["a crimson ball", "a blue ball", "a red ball", "a ball"]


def test_notebook_6_reads_published_numbers_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("POSRANK_WORKSPACE", str(tmp_path))  # an empty one: nothing of it is needed
    space = notebooks.run("6_vision").space
    assert set(space["runs"]) == {"default", "natural", "seeds", "natural_seeds"} and list(tmp_path.iterdir()) == []
    shown = space.get("comparable")
    assert shown == len(figures.gain_table(space["groups"])) and figures.constant_table([], []).empty
