"""Evaluation of a trained run end to end on a tiny workspace (modules evaluation, runs, workspace)."""

import json

import numpy as np
import pandas as pd
import pytest

from posrank import evaluation, schema, workspace
from posrank import params as knobs
from posrank.frames import build
from posrank.paths import root
from posrank.training import runs
from posrank.world.build import build as build_world

TINY = {
    "world": {"train": 12, "val": 4, "test": 4},
    "train": {"strategies": ["prompt"], "steps": 2, "batch": 4, "n": 1, "checkpoint_every": 1},
    "evaluate": {"bootstrap": 100, "controls": ["shuffled", "blank", "one_frame", "reversed"], "blind": ["unigram", "bigram"]},
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A workspace with a tiny world, its tables and frames, made through `Workspace` alone."""
    folder = tmp_path_factory.mktemp("work")
    params = knobs.validate(knobs.merge(knobs.load(root() / "params.yaml").plain(), TINY))
    work = workspace.Workspace(folder, params)
    for dataset in work.datasets():
        work.negatives(dataset)
        work.frames(dataset)
    return work


def test_a_fresh_workspace_makes_its_tables(work):
    captions, tags = work.captions(), work.tags()
    assert captions["video_id"].nunique() == 20 and set(tags["tagger"]) == {"gold"}
    assert len(work.frames("world").ids) == 20 and work.has_videos("world")


def test_a_run_is_trained_saved_loaded_and_evaluated(work, monkeypatch):
    settings = runs.run_settings(work.params, "xclip", "prompt", 0)
    folder = runs.train_run(settings, work.folder, progress=False)
    assert not (work.folder / "data" / "state" / "xclip-prompt-0.pt").exists()
    system, again = runs.load_run(folder)
    assert again == settings and system.prompts == 1
    metrics, ranks = evaluation.evaluate_run(work.folder, "xclip-prompt-0", work.params)
    assert set(ranks["part"]) == {"noun", "verb", "adj", "adv", "prep"}
    assert {"unigram", "bigram", "shuffled video", "blank video"} == set(metrics["blind"])
    assert {"one frame", "reversed frames"} == set(metrics["controls"])
    assert 0 <= metrics["recall"]["v2t"]["mean"] <= 100 and metrics["strategy"] == "prompt"
    evaluation.write(work.folder, "xclip-prompt-0", metrics, ranks)
    written = json.loads((work.folder / "metrics" / "xclip-prompt-0.json").read_text())
    assert written["posrank"]["noun"]["posrank"] == pytest.approx(metrics["posrank"]["noun"]["posrank"])
    assert len(work.ranks("xclip-prompt-0")) == len(ranks) and work.metrics()[0]["strategy"] == "prompt"


def test_training_again_gives_the_same_bytes(work):
    settings = runs.run_settings(work.params, "xclip", "prompt", 0)
    weights = work.folder / "runs" / "xclip-prompt-0" / "weights.safetensors"
    before = weights.read_bytes()
    runs.train_run(settings, work.folder, progress=False)
    assert weights.read_bytes() == before


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
    build_world(tmp_path / "w", train=3, val=2, test=2, frames=4, size=32, workers=1)
    (tmp_path / "w" / "videos" / "test00000.mp4").write_bytes(b"not a video")
    from posrank.captions import load

    captions = load("world", tmp_path / "w")
    store = build(captions, tmp_path / "w", tmp_path / "frames", num_frames=4, size=32, workers=0, progress=False)
    assert "test00000" in store.missing and len(store.ids) == 6
    assert schema.read_table(tmp_path / "frames" / "videos.parquet", "videos")["status"].value_counts()["corrupt"] == 1
