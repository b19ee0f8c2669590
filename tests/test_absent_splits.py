"""A dataset without captions of a split that is asked for: every stage says so, with the file and the remedy."""

import numpy as np
import pytest
import torch

from posrank import evaluation, tables
from posrank.evaluation import subject
from posrank.files import root
from posrank.pipeline import params as knobs
from posrank.pipeline import stages
from posrank.training import runs, sources

SETTINGS = dict(dataset="csv", strategy="word", system="clip", seed=0, batch=2, rule="paper", n=1, n_per="part")


class Store:
    """A frame store of two videos."""

    ids = ("v0", "v1")
    rows = None

    def __init__(self, folder):
        pass


@pytest.fixture
def base(tmp_path, monkeypatch):
    """Makes a folder with the captions and tags of a csv dataset of one split, and an empty set of negatives."""
    monkeypatch.setattr(sources, "FrameStore", Store)
    monkeypatch.setattr(subject, "FrameStore", Store)
    monkeypatch.setattr(
        subject, "load_run", lambda folder: (torch.nn.Linear(1, 1), {"dataset": "csv", "strategy": "word"})
    )

    def make(split, videos=("v0", "v1")):
        raw = tmp_path / "data" / "raw" / "csv"
        raw.mkdir(parents=True)
        lines = [f"{video},a red car stands near the wall,{split}" for video in videos]
        (raw / "captions.csv").write_text("\n".join(["video_id,caption,split", *lines]) + "\n")
        stages.captions(params(), tmp_path, "csv")
        tables.write_table(
            tables.empty("negatives"), tmp_path / "data" / "negatives" / "csv-paper.parquet", "negatives"
        )
        return tmp_path

    return make


def params(**changes):
    return knobs.validate(knobs.merge(knobs.load(root() / "params.yaml").plain(), changes))


def test_negatives_name_dataset_split_file_and_remedy(base):
    folder = base("train")
    with pytest.raises(
        ValueError, match=r"csv has no captions of the splits test \(it has: train.*csv\.parquet.*negatives\.splits"
    ):
        stages.negatives(params(negatives={"splits": ["test"]}), folder, "csv", "paper")


@pytest.mark.parametrize(
    "split, videos, words",
    [
        (
            "test",
            ("v0",),
            r"csv: no captions of the split 'train' in .*csv\.parquet \(splits there: test\).*train\.dataset",
        ),
        (
            "train",
            ("v7", "v8"),
            r"csv: none of the 2 captions of the split 'train' in .*csv\.parquet has a video in .*frames",
        ),
    ],
)
def test_training_without_captions_is_refused(base, split, videos, words):
    with pytest.raises(ValueError, match=words):
        runs.training_batches(SETTINGS, base(split, videos))


def test_evaluation_of_a_split_without_captions_is_refused(base):
    words = r"csv has no captions with frames in the split 'test' of .*csv\.parquet \(.*: train\).*evaluate\.split"
    with pytest.raises(ValueError, match=words):
        evaluation.evaluate_run(base("train"), "clip-word-0", params(evaluate={"split": "test"}))


def test_evaluation_of_a_split_without_negatives_is_refused(base, monkeypatch):
    class Scorer:
        frames = np.zeros(1)

        def together(self, videos):
            return self

    monkeypatch.setattr(subject.scorers, "SystemScorer", lambda *given, **more: Scorer())
    monkeypatch.setattr(subject.sharing, "share_videos", lambda *given: None)
    monkeypatch.setattr(evaluation.run, "coarse_recall", lambda *given: None)
    monkeypatch.setattr(evaluation.run, "identity", lambda *given: "")
    chosen = params(evaluate={"split": "test", "rules": ["paper"], "controls": [], "blind": [], "positives": 0})
    with pytest.raises(
        ValueError, match=r"csv: .*csv-paper\.parquet holds no negatives of the split 'test': .*negatives\.splits"
    ):
        evaluation.evaluate_run(base("test"), "clip-word-0", chosen)
