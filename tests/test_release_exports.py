"""Exports: the files hold the lists, order and ids tell nothing, and the real packages read them, where they are installed."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
from support_negatives import world

from posrank import release
from posrank.negatives import exchange, generate
from posrank.release.exporting import key_of
from posrank.scoring import chance


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two releases of the world's captions, and the captions."""
    captions, tags = world(300)
    home = tmp_path_factory.mktemp("releases")
    negatives = generate(captions, tags=tags, splits=["test"], progress=False)
    paper = release.write(negatives, captions, home / "world-paper-1.0")
    statements, lists = exchange(captions, tags=tags, progress=False)
    return captions, {"paper": paper, "exchange": release.write(lists, captions, home / "world-exchange-1.0", statements)}


def exported(made, rule, kind, folder):
    captions, releases = made
    out, count = release.export(releases[rule], kind, captions, folder)
    assert out == folder and count == len(releases[rule].table)
    assert "do not give it away" in (folder / "README.md").read_text()
    return releases[rule].about, folder


def jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("rule", ["paper", "exchange"])
def test_mteb_files_hold_the_lists_in_an_order_that_tells_nothing(made, tmp_path, rule):
    about, folder = exported(made, rule, "mteb", tmp_path / "mteb")
    rows = jsonl(folder / "lists.jsonl")
    texts, negatives = release.build(made[1][rule], made[0])
    lengths = negatives.groupby(["caption_id", "part"], sort=False).size() + 1
    assert [len(row["candidates"]) for row in rows] == lengths.tolist()
    captions = texts.set_index("caption_id")["caption"]
    for row, (caption_id, _) in zip(rows, lengths.index):
        assert row["candidates"][row["true"]] == captions[caption_id]
        assert list(row["candidates"]) == sorted(row["candidates"])
        assert all(key == key_of(row["id"], text) for key, text in row["candidates"].items())
    if rule == "paper":
        places = [list(row["candidates"]).index(row["true"]) / (len(row["candidates"]) - 1) for row in rows]
        assert abs(np.mean(places) - 0.5) < 4 * np.std(places) / len(places) ** 0.5
    assert len({key for row in rows for key in row["candidates"]}) == sum(len(row["candidates"]) for row in rows)
    assert set(about["counts"]) == set(json.loads((folder / "about.json").read_text())["parts"])


def module(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("rule", ["paper", "exchange"])
def test_lmms_eval_files_score_a_constant_at_chance(made, tmp_path, rule):
    about, folder = exported(made, rule, "lmms-eval", tmp_path / "lmms")
    utils = module(folder / "utils.py", "lmms_utils")
    for part in about["counts"]:
        rows = jsonl(next(folder.glob(f"*_{part}.jsonl")))
        same = [utils.process_results(row, [(1.0, False)] * len(row["choices"])) for row in rows]
        assert utils.mean([one["posrank"] for one in same]) == pytest.approx(chance([len(row["choices"]) for row in rows]))
        right = [utils.process_results(row, [(float(n != row["answer"]), n == 0) for n in range(len(row["choices"]))]) for row in rows]
        assert utils.mean([one["posrank"] for one in right]) == utils.mean([one["first"] for one in right]) == 1
        assert same[0]["posrank"]["video_id"] == rows[0]["video_id"]
        assert utils.doc_to_choice(rows[0]) == rows[0]["choices"]
    answers = [row["answer"] for path in folder.glob("*.jsonl") for row in jsonl(path)]
    assert len(set(answers)) > 1


def test_sugarcrepe_files_hold_one_pair_per_list(made, tmp_path):
    about, folder = exported(made, "paper", "sugarcrepe", tmp_path / "crepe")
    for part, counts in about["counts"].items():
        rows = json.loads((folder / f"{part}.json").read_text())
        assert len(rows) == counts["lists"]
        assert all(set(row) == {"filename", "caption", "negative_caption"} for row in rows.values())
        assert all(row["caption"] != row["negative_caption"] for row in rows.values())


@pytest.mark.parametrize("kind", ["mteb", "lmms-eval"])
def test_pieces_of_files_are_named_as_clips_to_be_cut(made, tmp_path, kind):
    captions, releases = made
    pieces = captions.assign(file="long.mp4", start=1.0, end=2.5)
    folder, _ = release.export(releases["paper"], kind, pieces, tmp_path / "x")
    cuts = pd.read_csv(folder / "clips.csv")
    videos = {row["video"] for path in folder.glob("*.jsonl") for row in jsonl(path)}
    assert set(cuts["clip"]) == videos and (cuts[["file", "start", "end"]] == ["long.mp4", 1.0, 2.5]).all(axis=None)
    assert "clips.csv" in (folder / "README.md").read_text()


def test_an_unknown_kind_is_an_error(made, tmp_path):
    with pytest.raises(ValueError, match="did you mean 'mteb'"):
        release.export(made[1]["paper"], "mtebb", made[0], tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("rule", ["paper", "exchange"])
def test_mteb_reads_the_task_and_a_constant_model_gets_chance(made, tmp_path, rule, monkeypatch):
    mteb = pytest.importorskip("mteb", reason="mteb is not installed (extra export)")
    about, folder = exported(made, rule, "mteb", tmp_path / "mteb")
    task = module(folder / "task.py", f"task_{rule}").PoSRank()

    class Constant:
        """The same score for every sentence of a list, or the true one in front."""

        def __init__(self, right=None):
            self.right = right or {}

        @property
        def mteb_model_meta(self):
            return mteb.get_model_meta("mteb/baseline-random-encoder")

        def index(self, corpus, **options):
            self.texts = dict(zip(corpus["id"], corpus["text"]))

        def search(self, queries, *, top_ranked, **options):
            return {query: {key: float(key == self.right.get(query)) for key in top_ranked[query]}
                    for query in queries["id"]}

    def scores(model):
        task.load_data()
        return {part: task._evaluate_subset(model, task.dataset[part]["test"], encode_kwargs={}, hf_split="test",
                                            hf_subset=part, timer=mteb.timing.TimingStack()) for part in task.dataset}

    assert set(task.hf_subsets) == set(about["counts"])
    rows = jsonl(folder / "lists.jsonl")
    for part, found in scores(Constant()).items():
        n = about["counts"][part]["lists"]
        assert abs(found[task.metadata.main_score] - about["chance"][part]) < 4 * 0.3 / n**0.5, part
        assert task.dataset[part]["test"]["queries"].num_rows == n
    for found in scores(Constant({row["id"]: row["true"] for row in rows})).values():
        assert found[task.metadata.main_score] == pytest.approx(1)


@pytest.mark.parametrize("rule", ["paper", "exchange"])
def test_lmms_eval_reads_the_tasks_and_a_constant_model_gets_chance(made, tmp_path, rule, monkeypatch):
    pytest.importorskip("lmms_eval.api.task", reason="lmms-eval is not installed (it wants av < 16: an environment of its own)", exc_type=ImportError)
    from lmms_eval.tasks import TaskManager, get_task_dict

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf" / "datasets"))
    about, folder = exported(made, rule, "lmms-eval", tmp_path / "lmms")
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    tasks = get_task_dict(names, manager)
    assert set(tasks) == set(names)
    for name, task in tasks.items():
        part = name.rpartition("_")[2]
        docs = task.test_docs()
        assert len(docs) == about["counts"][part]["lists"]
        made_ = [task.process_results(doc, [(0.5, False)] * len(task.doc_to_choice(doc))) for doc in docs]
        assert task.aggregation()["posrank"]([one["posrank"] for one in made_]) == pytest.approx(about["chance"][part], abs=1e-5)
        about_it = {"split": "test", "task": name, "doc_id": 0, "repeats": 1}
        requests = task.construct_requests(0, task.doc_to_text(docs[0]), metadata=about_it)
        assert len(requests) == len(docs[0]["choices"]) and task.config.cluster_key == "video_id"


def test_clip_benchmark_reads_the_pairs(made, tmp_path):
    pytest.importorskip("clip_benchmark", reason="clip-benchmark is not installed (extra export)")
    found = pytest.importorskip("clip_benchmark.datasets.sugar_crepe")
    from PIL import Image

    _, folder = exported(made, "paper", "sugarcrepe", tmp_path / "crepe")
    rows = json.loads((folder / "noun.json").read_text())
    for row in rows.values():
        Image.new("RGB", (4, 4)).save(tmp_path / row["filename"])
    data = found.SugarCrepe(root=str(tmp_path), ann_file=str(folder / "noun.json"))
    assert len(data) == len(rows)
    assert data[0][1] == [next(iter(rows.values()))["caption"], next(iter(rows.values()))["negative_caption"]]


