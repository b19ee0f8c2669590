"""Any model on a frozen set: the folder of results, the board of several models, and the command line."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from support_negatives import tagged
from test_scoring_adapters import processor, small, tokenizer
from test_video import write

from posrank import files, release, tables
from posrank.__main__ import main
from posrank.evaluation.external import evaluate_model, name_of, open_model
from posrank.figures.board_page import alike, board, load
from posrank.figures.report import external_table
from posrank.figures.runs import Selection, load_metrics
from posrank.negatives import generate
from posrank.scoring.comparison import pairwise_means
from posrank.video.store import FrameStore

COLOURS = ("red", "blue", "green", "black")
NOUNS = ("car", "ball", "dog")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one frozen set of own captions, and their videos."""
    sentences = [f"a/DT {colour}/JJ {noun}/NN moves/VBZ slowly/RB" for colour in COLOURS for noun in NOUNS]
    captions, tags = tagged(*sentences)
    captions["dataset"] = "csv"
    (tmp_path / "data" / "raw" / "csv").mkdir(parents=True)
    (tmp_path / "videos").mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).touch()
    for video in captions["video_id"][:-1]:
        write(tmp_path / "videos" / f"{video}.mp4", frames=6, width=32, height=32)
    captions["file"] = captions["video_id"] + ".mp4"
    rows = captions.assign(video_id=captions["video_id"])[["video_id", "caption_id", "caption", "file", "split"]]
    rows.to_csv(tmp_path / "data" / "raw" / "csv" / "captions.csv", index=False)
    monkeypatch.setenv("POSRANK_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    negatives = generate(captions, tags=tags, reference=captions, progress=False)
    blind = pd.DataFrame({"judge": "unigram", "part": ["noun", "adj"], "posrank": 0.4, "posrank_low": 0.3, "posrank_high": 0.5})
    captions.attrs["variant"] = "default"
    release.write(negatives, captions, tmp_path / "data" / "releases" / "csv-paper-1.0", blind=blind)
    return tmp_path


def longest(video_ids, texts):
    return [len(text) for text in texts]


def test_a_function_is_evaluated_into_a_folder(project):
    metrics, ranks = evaluate_model(longest, "csv-paper-1.0", project / "data/raw/csv", out=project / "results/longest", b=200, progress=False)
    folder = project / "results/longest"
    assert {path.name for path in folder.iterdir()} == {"ranks.parquet", "scores.parquet", "metrics.json"}
    saved = json.loads((folder / "metrics.json").read_text())
    assert saved == metrics and saved["release"] == "csv-paper-1.0" and saved["videos_missing"] == 0
    scores = tables.read_table(folder / "scores.parquet", "scores")
    assert len(scores) == ranks["negatives"].sum() + len(ranks)
    pd.testing.assert_frame_equal(tables.read_table(folder / "ranks.parquet", "ranks"), ranks)
    assert "strategy" not in saved and set(saved["lists"]) == {"paper"}
    (found,) = load_metrics(shutil.copytree(folder, project / "metrics"), external=True)  # as notebook 5 reads it
    assert external_table(Selection([], [], {}, [found])).loc["longest", "noun"] == saved["posrank"]["noun"]["posrank"]


def test_a_folder_of_another_set_is_not_overwritten(project):
    folder = project / "results/longest"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text('{"release": "other-paper-1.0"}')
    with pytest.raises(ValueError, match=r"of release 'other-paper-1\.0'"):
        evaluate_model(longest, "csv-paper-1.0", project / "data/raw/csv", out=folder, progress=False)


def test_videos_are_read_once_and_missing_ones_are_left_out(project, capsys):
    import transformers

    model = project / "tiny"
    small("clip").save_pretrained(model)
    transformers.CLIPProcessor(processor().image_processor, tokenizer()).save_pretrained(model)
    words = ["evaluate", "--model", f"clip:{model}", "--release", "csv-paper-1.0", "--videos", "videos", "--frames", "2", "--size", "32",
             "--out", "results/tiny", "--shuffled"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert re.search(r"noun 0\.\d{3}", out)
    metrics = json.loads((project / "results/tiny/metrics.json").read_text())
    assert metrics["videos"] == 12 and metrics["videos_missing"] == 1 and "zero_line" in metrics
    store = FrameStore(project / "data/frames/csv-paper-1.0-2x32")
    assert len(store) == 11 and store.frames.shape[1:] == (2, 32, 32, 3)
    before = (project / "data/frames/csv-paper-1.0-2x32/frames.npy").stat().st_mtime_ns
    assert main(words) == 0
    assert (project / "data/frames/csv-paper-1.0-2x32/frames.npy").stat().st_mtime_ns == before
    shutil.copy(project / "videos/v0.mp4", project / "videos/v11.mp4")
    assert main(words) == 0
    assert json.loads((project / "results/tiny/metrics.json").read_text())["videos_missing"] == 0


def test_models_by_a_python_name(project, capsys):
    (project / "mine.py").write_text("def scorer(videos, texts):\n    return [-len(text) for text in texts]\n")
    assert main(["evaluate", "--model", "python:mine:scorer", "--release", "csv-paper-1.0", "--captions", "data/raw/csv"]) == 0
    assert (project / "results" / "python-mine-scorer" / "metrics.json").is_file()
    for model, message in {"python:mine:other": "no attribute", "clipp:x": "did you mean 'clip'", "clip:": "write kind:name",
                           "clip:no/such": "cannot be loaded"}.items():
        assert main(["evaluate", "--model", model, "--release", "csv-paper-1.0", "--videos", "videos", "--size", "32"]) == 1
        assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "--model", "clip:x"])


def test_names_make_folders():
    assert name_of("clip:openai/clip vit") == "clip-openai-clip-vit" and name_of("::") == "model"
    assert files.unsafe(name_of("python:../x:y")) is None
    with pytest.raises(ValueError, match="unknown kind of model"):
        open_model("siglip3", None)


def some(project, name, scorer):
    return evaluate_model(scorer, "csv-paper-1.0", project / "data/raw/csv", out=project / "results" / name, b=200, progress=False)


def test_the_board_tells_models_and_sets_apart(project, capsys):
    table = pd.read_csv(project / "data/raw/csv/captions.csv").set_index("video_id")["caption"]

    def right(videos, texts):
        return [float(table[video] == text) for video, text in zip(videos, texts)]

    some(project, "right<script>", right)
    some(project, "longest", longest)
    some(project, "constant", lambda videos, texts: np.zeros(len(texts)))
    found = load(project / "results")
    page = board(found, b=2000)
    assert page.count("<table>") == 1 and "<script>" not in page and "right&lt;script&gt;" in page
    assert "unigram, no video" in page and ">0.400<" in page
    digest = found[0][0]["lists"]["paper"]
    assert digest in page and "Smallest difference" in page

    assert re.search(r"a right.*?1\.000<sup>[bc]( [bc])?</sup>", page)
    other = found[0][0] | {"lists": {"paper": "other"}, "run": "elsewhere"}
    assert board([*found, (other, found[0][1])], b=200).count("<table>") == 2
    assert main(["board", str(project / "results")]) == 0 and (project / "results/board.html").is_file()
    (project / "results" / "constant" / "metrics.json").write_text("{")
    assert main(["board", str(project / "results")]) == 1
    assert "no JSON" in capsys.readouterr().err


def test_groups_that_cannot_be_told_apart():
    pairs = [("a", "b", 0.5), ("a", "c", 0.01), ("b", "c", 0.4), ("a", "d", 0.001), ("b", "d", 0.001), ("c", "d", 0.001)]
    means = pd.DataFrame(pairs, columns=["run", "other", "p_holm"])
    assert alike(["a", "b", "c", "d"], means) == [["a", "b"], ["b", "c"]]
    assert alike(["a"], means.iloc[:0]) == []


def test_tests_of_means_find_what_is_there():
    def ranks(shift, seed):
        better = np.clip(np.random.default_rng(seed).integers(0, 12, 400) - shift, 0, 20)
        frame = pd.DataFrame({"run": "r", "caption_id": [f"c{n}" for n in range(200)] * 2, "video_id": [f"v{n}" for n in range(200)] * 2,
                              "part": ["noun"] * 200 + ["verb"] * 200, "better": better, "equal": 0, "negatives": 20})
        return frame.assign(reciprocal_rank=1 / (better + 1))

    found = pairwise_means({"low": ranks(0, 1), "same": ranks(0, 2), "high": ranks(5, 3)}, b=500).set_index(["run", "other"])
    assert found.loc[("low", "high"), "p_holm"] < 0.001 and found.loc[("low", "same"), "p"] > 0.01
    row = found.loc[("low", "high")]
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["detectable"] == pytest.approx((row["high"] - row["low"]) / 3.92 * 2.8, rel=0.01)
    equal = pairwise_means({"one": ranks(0, 1), "two": ranks(0, 1)}, b=100)
    assert equal["p"].tolist() == [1]
