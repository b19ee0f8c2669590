"""The mteb task of an export by itself: which data it hands on. Where mteb is installed, test_release_exports.py runs it;
here stand-ins keep what they are given, so that the task is tested without it too."""

import importlib.util
import json
import shutil
import sys
from types import ModuleType, SimpleNamespace

import pytest

from posrank.release.exporting import TEMPLATES

ABOUT = {"name": "PoSRankSmall1_0", "title": "small-1.0", "parts": ["noun", "adv"], "digest": "d1", "dataset": "csv"}
ROWS = [
    {"id": "q1", "part": "noun", "video": "a.mp4", "true": "k2", "candidates": {"k1": "a cat", "k2": "a dög"}},
    {"id": "q2", "part": "adv", "video": "sub/b.mp4", "true": "k3", "candidates": {"k3": "up", "k4": "down", "k5": "in"}},
    {"id": "q3", "part": "noun", "video": "b.mp4", "true": "k6", "candidates": {"k6": "a cat", "k7": "a pig"}},
]


class Dataset:
    """The columns that were given, and the kinds that they were cast to."""

    def __init__(self, columns, kinds):
        self.columns, self.kinds = columns, kinds

    @classmethod
    def from_dict(cls, columns):
        return cls(columns, {})

    def cast_column(self, name, kind):
        return Dataset(self.columns, {**self.kinds, name: type(kind).__name__})


class Task:
    data_loaded = False


class Video:
    pass


@pytest.fixture
def task(tmp_path, monkeypatch):
    """The task of a folder that holds ROWS, read as Python reads it there."""
    (tmp_path / "about.json").write_text(json.dumps(ABOUT), encoding="utf-8")
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    (tmp_path / "lists.jsonl").write_text(lines, encoding="utf-8")
    shutil.copyfile(TEMPLATES / "mteb_task.py", tmp_path / "task.py")
    names = {
        "datasets": {"Dataset": Dataset, "Video": Video}, "mteb": {}, "mteb.abstasks": {},
        "mteb.abstasks.retrieval": {"AbsTaskRetrieval": Task}, "mteb.abstasks.task_metadata": {"TaskMetadata": SimpleNamespace},
        "mteb.abstasks.retrieval_dataset_loaders": {"RetrievalSplitData": SimpleNamespace},
    }
    for name, values in names.items():
        module = ModuleType(name)
        module.__dict__.update(values)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("POSRANK_VIDEOS", raising=False)
    spec = importlib.util.spec_from_file_location("a_task", tmp_path / "task.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PoSRank()


def loaded(task):
    task.load_data()
    assert {tuple(splits) for splits in task.dataset.values()} == {("test",)} and task.data_loaded
    return {part: splits["test"] for part, splits in task.dataset.items()}


def test_the_task_names_itself_and_its_parts_as_the_export_does(task, tmp_path):
    about = task.metadata
    assert about.name == "PoSRankSmall1_0" and about.dataset == {"path": str(tmp_path), "revision": "d1"}
    assert about.eval_langs == {"noun": ["eng-Latn"], "adv": ["eng-Latn"]} and about.eval_splits == ["test"]
    assert (about.category, about.modalities, about.main_score) == ("v2t", ["video", "text"], "mrr_at_100")


def test_each_part_holds_its_own_queries_and_sentences(task):
    found = loaded(task)
    assert list(found) == ["noun", "adv"]
    assert found["noun"].queries.columns == {"id": ["q1", "q3"], "video": ["a.mp4", "b.mp4"]}
    assert found["noun"].corpus.columns == {"id": ["k1", "k2", "k6", "k7"], "text": ["a cat", "a dög", "a cat", "a pig"]}
    assert found["adv"].corpus.columns["id"] == ["k3", "k4", "k5"]


def test_a_query_ranks_its_own_list_of_which_one_is_true(task):
    found = loaded(task)
    assert found["noun"].relevant_docs == {"q1": {"k2": 1}, "q3": {"k6": 1}}
    assert found["noun"].top_ranked == {"q1": ["k1", "k2"], "q3": ["k6", "k7"]}
    assert found["adv"].top_ranked == {"q2": ["k3", "k4", "k5"]}


def test_videos_are_columns_of_files_where_their_folder_is_named_and_names_where_not(task, tmp_path, monkeypatch):
    assert loaded(task)["adv"].queries.columns["video"] == ["sub/b.mp4"] and loaded(task)["adv"].queries.kinds == {}
    monkeypatch.setenv("POSRANK_VIDEOS", str(tmp_path / "videos"))
    task.data_loaded = False
    queries = loaded(task)["adv"].queries
    assert queries.columns["video"] == [str(tmp_path / "videos" / "sub" / "b.mp4")] and queries.kinds == {"video": "Video"}


def test_what_is_loaded_is_not_read_again(task, tmp_path):
    before = loaded(task)
    (tmp_path / "lists.jsonl").unlink()
    assert loaded(task) == before
