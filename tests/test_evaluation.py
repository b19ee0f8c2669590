"""Evaluation of a trained run end to end on a tiny workspace (modules evaluation, runs, workspace)."""

import json
import os
import shutil
import signal

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from posrank import evaluation, figures, tables
from posrank.evaluation import origin
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import workspace
from posrank.scoring import scorers
from posrank.training import runs
from posrank.training.batches import Batches
from posrank.training.launch import launch
from posrank.video import BLANK
from posrank.video.store import build
from posrank.world.build import build as build_world

TINY = {
    "world": {"train": 12, "val": 2, "test": 6, "groups": 28},
    "train": {"strategies": ["prompt"], "steps": 2, "batch": 4, "n": 1, "checkpoint_every": 1},
    "evaluate": {
        "bootstrap": 100,
        "batch": 8,
        "controls": ["shuffled", "blank", "one_frame", "reversed"],
        "blind": ["unigram", "bigram"],
    },
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A workspace with a tiny world, its tables and frames, made through `Workspace` alone."""
    folder = tmp_path_factory.mktemp("work")
    params = knobs.validate(knobs.merge(knobs.load(root() / "params.yaml").plain(), TINY))
    work = workspace.Workspace(folder, params)
    for dataset in work.datasets():
        for rule in params.negatives.rules:
            work.negatives(dataset, rule)
        work.frames(dataset)
    return work


def test_a_fresh_workspace_makes_its_tables(work):
    captions, tags = work.captions(), work.tags()
    assert captions["video_id"].nunique() == 48 and set(tags["tagger"]) == {"gold"}
    assert len(work.frames("world").ids) == 48


def test_a_run_is_trained_saved_loaded_and_evaluated(work, monkeypatch):
    settings = runs.run_settings(work.params, "xclip", "prompt", 0)
    folder = runs.train_run(settings, work.folder, progress=False)
    assert not (work.folder / "data" / "state" / "xclip-prompt-0.pt").exists()
    system, again = runs.load_run(folder)
    assert again == settings and system.prompts == 1
    metrics, ranks = evaluation.evaluate_run(work.folder, "xclip-prompt-0", work.params)
    assert set(ranks["part"]) == {"noun", "verb", "adj", "adv", "prep"}
    assert {"unigram", "bigram", "shuffled video", "blank video"} == set(metrics["blind"])
    assert {"one frame", "reversed frames", "CLS output"} == set(metrics["controls"])
    assert metrics["controls"]["CLS output"] != {part: values["posrank"] for part, values in metrics["posrank"].items()}
    # on the world synonyms are words that its text tower does not know; rephrasings are there for every part
    assert metrics["brittleness"]["synonym"]["parts"] == {}
    assert 0 <= metrics["brittleness"]["rephrased"]["parts"]["verb"]["brittleness"] <= 1 and "trained_on" not in metrics
    assert 0 <= metrics["recall"]["v2t"]["mean"] <= 100 and metrics["strategy"] == "prompt"
    metrics, ranks, scores = evaluation.results(work.folder, "xclip-prompt-0", work.params, again=True)
    written = json.loads((work.folder / "metrics" / "xclip-prompt-0.json").read_text())
    assert written["posrank"]["noun"]["posrank"] == pytest.approx(metrics["posrank"]["noun"]["posrank"])
    assert len(work.ranks("xclip-prompt-0")) == len(ranks) and work.selection().runs[0]["strategy"] == "prompt"
    # the captions' lists alone, not those of hard positives
    assert set(scores["caption_id"]) == set(ranks["caption_id"]) and len(scores) == ranks["negatives"].sum() + len(
        ranks
    )
    assert (metrics["videos"], metrics["videos_missing"], metrics["captions_missing"]) == (6, 0, 0)
    assert metrics["training"] == {"videos": 12, "videos_missing": 0, "captions": 36, "captions_missing": 0}
    assert metrics["lists"]["paper"] == work.lists() and metrics["code"]
    assert work.ranks("xclip-prompt-0").attrs["lists"] == metrics["lists"]
    assert metrics["inputs"]["captions"] == origin.file_digest(work.folder / "data" / "captions" / "world.parquet")
    writing = workspace.Workspace(work.folder, work.params, "5_report", write=True)
    writing.save_summary(work.selection().runs)
    summary = json.loads((work.folder / "metrics" / "summary.json").read_text())
    assert list(summary) == ["xclip-prompt-0"] and len(summary["xclip-prompt-0"]) == 10
    assert (
        summary["xclip-prompt-0"]["noun"] == written["posrank"]["noun"]["posrank"]
        and summary["xclip-prompt-0"]["videos_missing"] == 0
    )
    plot = pd.read_csv(work.folder / "results" / "tables" / "5_report" / "posrank.csv")
    assert plot["run and part"].tolist() == [
        f"xclip-prompt-0 {part}" for part in ("noun", "verb", "adj", "adv", "prep")
    ]
    shutil.rmtree(work.folder / "results" / "tables")


def test_every_judge_is_a_blind_row_and_the_best_one_is_named(work, monkeypatch):
    """Vision gain is measured against the best of n-grams, the learned judge and a pretrained model, part by part."""
    from posrank.validity import judges

    class Pretrained:
        """In the place of a pretrained language model: it likes long sentences."""

        def __init__(self, name):
            assert name == "some/folder"

        def score(self, texts):
            return [len(text) for text in texts]

    monkeypatch.setattr(judges, "CausalScorer", Pretrained)
    change = {"evaluate": {"controls": ["shuffled"], "positives": 0, "learned_judge": 2, "pretrained": "some/folder"}}
    params = knobs.validate(knobs.merge(work.params.plain(), change))
    if not (work.folder / "runs" / "xclip-prompt-0").exists():
        runs.train_run(runs.run_settings(work.params, "xclip", "prompt", 0), work.folder, progress=False)
    metrics, _ = evaluation.evaluate_run(work.folder, "xclip-prompt-0", params)
    assert {"unigram", "bigram", "learned", "pretrained", "shuffled video"} == set(metrics["blind"])
    for part, gain in metrics["vision_gain"].items():
        lines = {name: line[part] for name, line in metrics["blind"].items()}
        assert gain["best_posrank"] == max(lines.values()) == lines[gain["best_blind"]]
        own = metrics["posrank"][part]
        assert gain["value"] == pytest.approx(own["posrank"] - gain["best_posrank"], abs=2e-6)
        assert gain["best_adjusted"] == pytest.approx(
            (gain["best_posrank"] - own["chance"]) / (1 - own["chance"]), abs=1e-5
        )
    exchanged = metrics["rules"]["exchange"]
    leading = knobs.validate(knobs.merge(work.params.plain(), {"evaluate": {"rules": ["exchange", "paper"]}}))
    assert workspace.Workspace(work.folder, leading).lists() == metrics["lists"]["exchange"] != metrics["lists"]["paper"]
    assert exchanged["group_scores"].keys() == exchanged["posrank"].keys() - {"mean"}
    for part, sides in exchanged["group_scores"].items():
        assert sides["text"]["value"] == pytest.approx(exchanged["posrank"][part]["posrank"], abs=1e-6)
    assert exchanged["blind"]["pretrained"] == pytest.approx(
        {part: sides["chance"] for part, sides in exchanged["posrank"].items()}
    )


def test_missing_videos_are_counted_and_make_other_lists(work, tmp_path):
    """1 of 6 test videos is gone: recall and PoSRank are over 5, which the metrics say, and the lists are others."""
    copied = tmp_path / "copy"
    shutil.copytree(work.folder, copied)
    file = copied / "data" / "frames" / "world" / "videos.parquet"
    videos = tables.read_table(file, "videos")
    gone = videos["video_id"].isin(["test00000", "train00000"])
    tables.write_table(
        videos.assign(
            status=videos["status"].mask(gone, "missing"), reason=videos["reason"].mask(gone, "x does not exist")
        ),
        file,
        "videos",
    )
    params = knobs.validate(
        knobs.merge(work.params.plain(), {"evaluate": {"controls": [], "positives": 0, "blind": []}})
    )
    metrics, ranks = evaluation.evaluate_run(copied, "xclip-prompt-0", params)
    whole = json.loads((work.folder / "metrics" / "xclip-prompt-0.json").read_text())
    assert (metrics["videos"], metrics["videos_missing"], metrics["captions"], metrics["captions_missing"]) == (
        6,
        1,
        18,
        3,
    )
    assert metrics["training"]["videos_missing"] == 1 and ranks.loc[ranks["run"] == "xclip-prompt-0", "video_id"].nunique() == 5
    assert metrics["lists"] != whole["lists"] and metrics["inputs"]["frames"] != whole["inputs"]["frames"]
    evaluation.write(copied, "xclip-prompt-0", metrics, ranks)
    with pytest.raises(ValueError, match="different lists"):
        figures.strategy_table([whole, metrics | {"seed": 1}])
    chosen = workspace.Workspace(copied, params).selection()
    note = "5 of 6 test videos; not comparable with the full test set; trained on 11 of 12 videos"
    assert figures.coverage_note(chosen.runs) == note
    assert "5 of 6 test videos" in figures.head_box(workspace.Workspace(copied, params), chosen)


def test_results_are_read_while_they_are_those_of_the_run_and_made_anew_once_they_are_not(work, monkeypatch):
    run = "xclip-prompt-0"
    if not (work.folder / "metrics" / f"{run}.json").exists():
        runs.train_run(runs.run_settings(work.params, "xclip", "prompt", 0), work.folder, progress=False)
        evaluation.results(work.folder, run, work.params, again=True)
    calls = []
    anew = evaluation.evaluate_run
    monkeypatch.setattr(evaluation.run, "evaluate_run", lambda *given: calls.append(given[1]) or anew(*given))
    read = evaluation.results(work.folder, run, work.params)
    assert not calls
    other = knobs.validate(knobs.merge(work.params.plain(), {"evaluate": {"seed": 3}}))
    before = {
        path: path.read_bytes() for folder in ("metrics", "results") for path in (work.folder / folder).rglob(f"{run}*")
    }
    made = evaluation.results(work.folder, run, other)
    assert calls == [run] and all(path.read_bytes() == data for path, data in before.items()) and len(before) == 3
    pd.testing.assert_frame_equal(
        made[2], read[2]
    )  # the seed moves intervals and shuffled videos, not the run's scores
    (work.folder / "results" / "scores" / f"{run}.parquet").unlink()
    evaluation.results(work.folder, run, work.params)
    assert calls == [run, run]
    # stopped between ranks and metrics: these metrics are not those of the ranks
    evaluation.results(work.folder, run, work.params, again=True)
    numbers = work.folder / "metrics" / f"{run}.json"
    whole = numbers.read_text()
    numbers.write_text(whole.replace('"seed": 0', '"seed": 1'))
    assert evaluation.results(work.folder, run, work.params)[0]["seed"] == 0 and len(calls) == 4
    numbers.write_text(whole)


def test_training_again_gives_the_same_bytes(work):
    settings = runs.run_settings(work.params, "xclip", "prompt", 0)
    weights = work.folder / "runs" / "xclip-prompt-0" / "weights.safetensors"
    before = weights.read_bytes()
    runs.train_run(settings, work.folder, progress=False)
    assert weights.read_bytes() == before


SCORE = scorers.SystemScorer.score_views


class Killed:
    """score_views that kills its process, or raises, after `last` calls; counts the pairs scored."""

    def __init__(self, last=None, signal=None):
        self.calls, self.pairs, self.last, self.signal = 0, 0, last, signal

    def __get__(self, scorer, owner):
        def counted(views, videos, texts):
            if self.calls == self.last:
                os.kill(os.getpid(), self.signal)
            self.calls, self.pairs = self.calls + 1, self.pairs + len(texts)
            return SCORE(scorer, views, videos, texts)

        return counted


def killed_worker(**arguments):
    """A job of evaluation whose second process is killed after its first block."""
    if os.environ["RANK"] == "1":
        scorers.SystemScorer.score_views = Killed(1, signal.SIGKILL)
    evaluation.run._work(**arguments)


def test_processes_share_a_run_and_a_killed_one_leaves_a_state_to_go_on_from(work, monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.path.dirname(__file__), str(root() / "lib")]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run, state = "xclip-prompt-0", work.folder / "data" / "state" / "evaluate-xclip-prompt-0"
    settings = runs.run_settings(work.params, "xclip", "prompt", 0)
    runs.train_run(settings, work.folder, progress=False)
    history = pd.read_csv(work.folder / "runs" / run / "history.csv")
    monkeypatch.setattr(scorers.SystemScorer, "score_views", alone := Killed())
    metrics, ranks = evaluation.evaluate_run(work.folder, run, work.params)
    assert alone.calls >= 4 and not state.exists()

    arguments = dict(folder=str(work.folder), run=run, params=work.params.plain(), out=str(tmp_path))
    with pytest.raises(RuntimeError, match="was killed"):
        launch("test_evaluation:killed_worker", arguments, 2)
    done = len([path for path in state.glob("*.npz") if not path.name.startswith(".")])  # not what was being written
    assert 1 <= done < alone.calls
    monkeypatch.setattr(scorers.SystemScorer, "score_views", again := Killed())
    resumed = evaluation.evaluate_run(work.folder, run, work.params)
    assert again.calls == alone.calls - done and 0 < again.pairs < alone.pairs and not state.exists()
    assert resumed[0] == metrics
    pd.testing.assert_frame_equal(resumed[1], ranks)

    two = knobs.validate(knobs.merge(work.params.plain(), {"processes": 2}))
    shared = evaluation.evaluate_run(work.folder, run, two)
    assert shared[0] == metrics and not state.exists()
    pd.testing.assert_frame_equal(shared[1], ranks)

    with pytest.raises(ValueError, match="does not divide by the 3 processes"):
        runs.train_run(settings, work.folder, progress=False, processes=3)
    weights = work.folder / "runs" / run / "weights.safetensors"
    before = weights.read_bytes()
    runs.train_run(settings, work.folder, progress=False, processes=two.processes)
    np.testing.assert_allclose(pd.read_csv(weights.with_name("history.csv")), history, rtol=1e-3)
    weights.write_bytes(before)
    torch.set_num_threads(threads)


def test_a_run_trained_on_a_constant_video_with_held_out_words_says_so(work):
    """Training sees one grey picture; the evaluation uses the videos, and divides the lists."""
    change = {
        "train": {"video": "constant", "holdout": 0.2, "steps": 1},
        "evaluate": {"controls": ["shuffled"], "positives": 0},
    }
    params = knobs.validate(knobs.merge(work.params.plain(), change))
    settings = runs.run_settings(params, "xclip", "word", 1)
    batch = runs.training_batches(settings, work.folder).at(0)
    assert (batch.frames == np.array(BLANK, np.uint8)).all() and set(batch.frames_read) == {4}
    blank, _ = scorers.blank_frames(work.frames("world"))("test00000")
    assert (blank == batch.frames[0]).all()  # the same as the control "blank video"
    runs.train_run(settings, work.folder, progress=False)
    metrics, ranks = evaluation.evaluate_run(work.folder, "xclip-word-1", params)
    assert metrics["trained_on"] == "constant video" and "brittleness" not in metrics
    whole, divided = metrics["posrank"]["verb"], metrics["holdout"]
    assert set(divided) == {"seen", "held-out"} and set(ranks["run"]) - {"xclip-word-1@exchange"} == {"xclip-word-1"}
    assert (
        divided["held-out"]["posrank"]["verb"]["list_length"]
        < divided["seen"]["posrank"]["verb"]["list_length"]
        < whole["list_length"]
    )


@pytest.mark.parametrize("change, trained_on", [({"rule": "exchange"}, None), ({"video": "text"}, "text alone")])
def test_runs_of_rule_exchange_and_of_text_alone_are_evaluated_with_their_videos(work, change, trained_on):
    change = {"train": {"steps": 1, "strategies": ["word"], **change}, "evaluate": {"controls": ["shuffled"], "positives": 0}}
    params = knobs.validate(knobs.merge(work.params.plain(), change))
    runs.train_run(runs.run_settings(params, "xclip", "word", 2), work.folder, progress=False)
    metrics, ranks = evaluation.evaluate_run(work.folder, "xclip-word-2", params)
    assert metrics.get("trained_on") == trained_on and metrics["training"]["captions"] == 36 and len(ranks)
    config = yaml.safe_load((work.folder / "runs" / "xclip-word-2" / "config.yaml").read_text())
    assert ("grouped_videos" in config) == (trained_on is None) and config.get("captions_left_out", 0) == 36 - config["captions"]
    with pytest.raises(ValueError, match=r"leave the strategy prompt out|strategies coarse and word"):
        runs.training_batches(runs.run_settings(params, "xclip", "prompt", 2), work.folder)


@pytest.mark.parametrize("change", [{"rule": "exchange"}, {"video": "text"}])
def test_runs_of_rule_exchange_and_of_text_alone_go_on_to_the_same_bytes_where_they_were_stopped(work, monkeypatch, change):
    made = Batches.at
    train = {"steps": 3, "checkpoint_every": 1, "strategies": ["word"], **change}
    settings = runs.run_settings(knobs.validate(knobs.merge(work.params.plain(), {"train": train})), "xclip", "word", 3)
    files = ("weights.safetensors", "history.csv", "config.yaml")
    whole = runs.train_run(settings, work.folder, progress=False)
    whole = [(whole / name).read_bytes() for name in files]
    asked = []

    def stopped(self, step):
        asked.append(step)
        if step == 2:
            raise KeyboardInterrupt
        return made(self, step)

    monkeypatch.setattr(Batches, "at", stopped)
    with pytest.raises(KeyboardInterrupt):
        runs.train_run(settings, work.folder, progress=False)
    monkeypatch.setattr(Batches, "at", lambda self, step: (asked.append(step), made(self, step))[1])
    asked.clear()
    out = runs.train_run(settings, work.folder, progress=False)
    assert [(out / name).read_bytes() for name in files] == whole and min(asked) > 0


@pytest.mark.parametrize("name", ["../xclip-word-0", "a/b", "", "..", "a\\b", "a\x00b"])
def test_a_path_is_no_name_of_a_run(work, name):
    for call in (evaluation.evaluate_run, evaluation.results):
        with pytest.raises(ValueError, match="no name of a run"):
            call(work.folder, name, work.params)


def test_a_run_that_is_not_there_is_an_error_with_a_remedy(work):
    with pytest.raises(ValueError, match="dvc repro train"):
        runs.load_run(work.folder / "runs" / "xclip-word-9")
    with pytest.raises(ValueError, match="coarse, word"):
        runs.run_settings(work.params, "xclip", "wrod", 0)


def test_figures_and_metrics_are_written_by_the_pipeline_only(work, tmp_path):
    table = pd.DataFrame({"a": [1]})
    work.save_table(table, "t")
    assert not (work.folder / "results" / "tables").exists()
    writing = workspace.Workspace(tmp_path, work.params, "5_report", write=True)
    writing.save_table(table, "t")
    writing.save_metrics({"x": np.float64(1.5)}, "m")
    assert (tmp_path / "results" / "tables" / "5_report" / "t.csv").exists()
    assert json.loads((tmp_path / "metrics" / "m.json").read_text()) == {"x": 1.5}


def test_corrupt_videos_are_counted_and_their_captions_left_out(work, tmp_path):
    build_world(tmp_path / "w", train=3, val=2, test=2, groups=0, frames=4, size=32, workers=1)
    (tmp_path / "w" / "videos" / "test00000.mp4").write_bytes(b"not a video")
    from posrank.captions import load

    captions = load("world", tmp_path / "w")
    store = build(captions, tmp_path / "w", tmp_path / "frames", num_frames=4, size=32, workers=0, progress=False)
    assert "test00000" in store.missing and len(store.ids) == 6
    assert tables.read_table(tmp_path / "frames" / "videos.parquet", "videos")["status"].value_counts()["corrupt"] == 1
