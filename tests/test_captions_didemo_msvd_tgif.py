"""Loaders of DiDeMo, MSVD and TGIF, and reading pickles as data: small official files, broken ones, real ones."""

import json
import os
import pickle
from collections import OrderedDict, defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_captions import account, counts, real

from posrank import captions
from posrank.captions.pickles import read_pickle


def moment(number, video, text, times=((1, 1), (0, 2), (0, 2))):
    return {"annotation_id": number, "video": video, "description": text, "times": [list(pair) for pair in times]}


def write_didemo(folder):
    for split, start in (("train", 0), ("val", 10), ("test", 20)):
        data = [moment(start, f"{split}_a.mov", "a dog runs. "), moment(start + 1, f"{split}_a.mp4", "it stops"),
                moment(start + 2, f"{split}_b.", "a cat", [[5, 5]])]
        (folder / f"{split}_data.json").write_text(json.dumps(data, indent=0))
    return folder


def test_didemo_variants(tmp_path):
    paragraphs = captions.load("didemo", write_didemo(tmp_path))
    assert counts(paragraphs) == {"train": (2, 2), "val": (2, 2), "test": (2, 2)} and account(paragraphs)
    # two names of one video, and a name without an ending
    assert paragraphs["caption"].tolist()[:2] == ["a dog runs. it stops", "a cat"]
    assert paragraphs["video_id"].tolist()[:2] == ["train_a", "train_b"]
    assert paragraphs["file"].tolist()[:2] == ["train_a.mov", "train_b.mp4"]
    sentences = captions.load("didemo", tmp_path, "sentences")
    assert counts(sentences)["test"] == (2, 3)
    for whole in (paragraphs, sentences):  # annotators saw the first 30 s
        assert set(whole["start"]) == {0} and set(whole["end"]) == {30}
    moments = captions.load("didemo", tmp_path, "moments").set_index("caption_id")
    assert moments.loc["test_a_20#0", ["start", "end"]].tolist() == [0, 15]
    assert moments.loc["test_b_22#0", ["start", "end"]].tolist() == [25, 30]
    (tmp_path / "test_list.txt").write_text("test_a\n")
    fewer = captions.load("didemo", tmp_path)
    assert counts(fewer)["test"] == (1, 1) and fewer.attrs["dropped"] == {"video is not in test_list.txt": 1}
    assert account(fewer)


def test_didemo_paragraphs_of_csv_files(tmp_path):
    write_didemo(tmp_path)
    (tmp_path / "train_data.json").unlink()
    label = "success,video_path,starts,ends,text\nTrue,/x/y/t1.avi,0,31,\"a, b\"\n"
    (tmp_path / "didemo_train_label.csv").write_text(label)
    table = captions.load("didemo", tmp_path)
    train = table.loc[table["split"] == "train", ["video_id", "caption", "file"]]
    assert train.values.tolist() == [["t1", "a, b", "t1.avi"]]
    assert "train: paragraphs of didemo_train_label.csv" in table.attrs["notes"][0]
    sentences = captions.load("didemo", tmp_path, "sentences")
    assert set(sentences["split"]) == {"val", "test"} and "holds paragraphs only" in sentences.attrs["notes"][0]
    (tmp_path / "didemo_train_label.csv").write_text("video_path,text\n/x/t1.avi,a\n/y/t1.avi,b\n")
    with pytest.raises(ValueError, match=r"didemo_train_label\.csv, line 3: video 't1' is already at .*line 2"):
        captions.load("didemo", tmp_path)


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: d[1].pop("video"), r"line 21, entry \[1\]: no text under key 'video'"),
    (lambda d: d[1].update(annotation_id=20), r"entry \[1\]: annotation_id 20 is already at .*entry \[0\]"),
    (lambda d: d[1].update(video="."), "video '.' is no name"),
    (lambda d: d[1].update(annotation_id="7"), "no whole number under key 'annotation_id'"),
    (lambda d: d[0].update(times=[[1]]), r"\[first, last\] pieces of 5 s"),
    (lambda d: d[0].update(times=[[2, 1]]), r"\[first, last\] pieces of 5 s"),
    (lambda d: d[0].update(times=None), r"\[first, last\] pieces of 5 s"),
    (lambda d: d[0].update(video="../x.mp4"), "slash"),
    (lambda d: d.clear() or d.append([]), "no text under key 'video'"),
])
def test_didemo_refuses(tmp_path, change, message):
    write_didemo(tmp_path)
    path = tmp_path / "test_data.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data, indent=0))
    with pytest.raises(ValueError, match=rf"test_data\.json, .*{message}"):
        captions.load("didemo", tmp_path, "moments")


CLIPS = {"a_1_2": ["a dog runs", "a cat"], "b_0_9": ["a man"], "c_0_9": ["x"]}


def write_msvd(folder, kind):
    for split, name in (("train", "a_1_2"), ("val", "b_0_9")):
        (folder / f"{split}_list.txt").write_text(name + "\n")
    if kind == "json":
        (folder / "captions_msvd.json").write_text(json.dumps(CLIPS))
    if kind == "pickle":
        tokens = {clip: [text.split() for text in texts] for clip, texts in CLIPS.items()}
        (folder / "raw-captions.pkl").write_bytes(pickle.dumps(tokens, protocol=2))
    if kind == "csv":
        lines = ["VideoID,Start,End,WorkerID,Source,AnnotationTime,Language,Description"]
        pairs = [(clip, text) for clip, texts in CLIPS.items() for text in texts]
        lines += [f"{clip[0]},{clip[2]},{clip[4]},1,clean,9,English,{text}" for clip, text in pairs]
        lines += ["a,1,2,1,clean,9,Turkish,bir"]
        (folder / "MSR Video Description Corpus.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("kind", ["json", "pickle", "csv"])
def test_msvd_forms_give_one_table(tmp_path, kind):
    table = captions.load("msvd", write_msvd(tmp_path, kind))
    assert counts(table) == {"train": (1, 2), "val": (1, 1)} and account(table)
    assert table["caption_id"].tolist() == ["a_1_2#0", "a_1_2#1", "b_0_9#0"]
    assert table["caption"].tolist() == ["a dog runs", "a cat", "a man"] and table["file"][0] == "a_1_2.avi"
    assert table.attrs["dropped"]["clip is in no list of the split"] == 1
    assert table.attrs["dropped"].get("not English", 0) == (kind == "csv")
    assert captions.load("msvd", tmp_path, kind).equals(table)
    other = "json" if kind != "json" else "csv"
    with pytest.raises(FileNotFoundError, match=f"no file of variant '{other}'"):
        captions.load("msvd", tmp_path, other)


def test_msvd_csv_split_by_name(tmp_path):
    (tmp_path / "x_test.csv").write_text("VideoID,Start,End,Description\na,1,2,A dog.\n")
    assert counts(captions.load("msvd", tmp_path)) == {"test": (1, 1)}
    (tmp_path / "x_test.csv").write_text("VideoID,Start,End,Description\na,1,x,A dog.\n")
    with pytest.raises(ValueError, match=r"x_test\.csv, line 2: VideoID, Start and End"):
        captions.load("msvd", tmp_path)
    (tmp_path / "x_test.csv").rename(tmp_path / "corpus.csv")
    with pytest.raises(FileNotFoundError, match="its name tells no split"):
        captions.load("msvd", tmp_path)


@pytest.mark.parametrize(("data", "message"), [
    ({"a_1_2": [["a", 3]]}, r"\['a_1_2'\]\[0\]: a token is no text"), ({"a_1_2": [4]}, "is int, not text"),
    ({"a_1_2": "a dog"}, "list of captions"), ({3: []}, "list of captions"), ([], "is needed"),
    ({"a/b": ["x"]}, "slash"),
])
def test_msvd_refuses(tmp_path, data, message):
    write_msvd(tmp_path, None)
    (tmp_path / "raw-captions.pkl").write_bytes(pickle.dumps(data))
    with pytest.raises(ValueError, match=rf"raw-captions\.pkl.*{message}"):
        captions.load("msvd", tmp_path)


def test_lists_that_overlap(tmp_path):
    write_msvd(tmp_path, "json")
    (tmp_path / "test_list.txt").write_text("\na_1_2\n")
    twice = r"test_list\.txt, line 2: clip 'a_1_2' is already at .*train_list\.txt, line 1"
    with pytest.raises(ValueError, match=twice):
        captions.load("msvd", tmp_path)


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_run_nothing(tmp_path, protocol):
    path, mark = tmp_path / "x.pkl", tmp_path / "mark"
    for evil in (Evil(os.mkdir, str(mark)), Evil(eval, "1"), Evil(getattr, "a", "upper"), {"a": Evil(bytearray, 9)}):
        path.write_bytes(pickle.dumps(evil, protocol=protocol))
        with pytest.raises(ValueError, match=r"x\.pkl, byte \d+: .*not allowed"):
            read_pickle(path)
    assert not mark.exists()
    good = {"a": [["x", "é"]], "o": OrderedDict(b=1), "d": defaultdict(list, c=[2.5])}
    path.write_bytes(pickle.dumps(good, protocol=protocol))
    assert read_pickle(path) == good
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match="byte"):
        read_pickle(path)


def test_pickle_of_python_2_and_trailing_bytes(tmp_path):
    path = tmp_path / "x.pkl"
    path.write_bytes(b"(dp0\nS'a'\np1\n(lp2\nS'caf\\xc3\\xa9'\np3\nas.")
    assert read_pickle(path) == {"a": ["café"]}
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ValueError, match="something follows"):
        read_pickle(path)


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_pickle_of_data_or_a_value_error(tmp_path, content):
    (tmp_path / "x.pkl").write_bytes(content)
    try:
        read_pickle(tmp_path / "x.pkl")
    except ValueError as problem:
        assert "x.pkl" in str(problem)


U = "https://38.media.tumblr.com/{}/tumblr_{}.gif"


def write_tgif(folder):
    rows = [(U.format("f1", "a"), "a man sings"), (U.format("f2", "b"), "a dog, a \"cat\""),
            (U.format("f2", "b"), "two"),
            (U.format("f3", "a"), "the same name"), (U.format("f4", "c"), "in no list")]
    (folder / "tgif-v1.0.tsv").write_text("".join(f"{url}\t{text}\n" for url, text in rows))
    for split, url in (("train", rows[0][0]), ("val", rows[3][0]), ("test", rows[1][0])):
        (folder / f"{split}.txt").write_text(url + "\n")
    return folder


def test_tgif(tmp_path):
    table = captions.load("tgif", write_tgif(tmp_path))
    assert table["caption_id"].tolist() == ["tumblr_a#0", "tumblr_b#0", "tumblr_b#1", "tumblr_a~f3#0"]
    assert table["split"].tolist() == ["train", "test", "test", "val"] and table["caption"][1] == 'a dog, a "cat"'
    assert table["file"][0] == "tumblr_a.gif" and account(table) and table.attrs["read"] == 5
    (tmp_path / "val.txt").unlink()
    assert captions.load("tgif", tmp_path).attrs["notes"] == ["val.txt is not there: its GIFs are in no split"]
    with open(tmp_path / "tgif-v1.0.tsv", "a") as file:
        file.write("\nno url here\n")
    with pytest.raises(ValueError, match=r"tgif-v1\.0\.tsv, line 7: not of the form URL<TAB>sentence"):
        captions.load("tgif", tmp_path)
    (tmp_path / "test.txt").write_text(U.format("f1", "a"))
    with pytest.raises(ValueError, match=r"test\.txt, line 1: GIF .* is already at .*train\.txt, line 1"):
        captions.load("tgif", tmp_path)


def test_tgif_without_its_lists(tmp_path):
    (tmp_path / "tgif-v1.0.tsv").write_text("http://x/a.gif\ta\n")
    with pytest.raises(FileNotFoundError, match=r"none of train\.txt, val\.txt, test\.txt"):
        captions.load("tgif", tmp_path)


def test_tgif_qa(tmp_path):
    write_tgif(tmp_path)
    (tmp_path / "Test_frameqa_question.csv").write_text(
        "gif_name\tquestion\tdescription\ntumblr_b\tq\ta \"dog\nz\tq\tx\ntumblr_b\tq2\ta \"dog\n")
    table = captions.load("tgif", tmp_path, "qa")
    assert table["caption"].tolist() == ['a "dog'] and account(table) and table.attrs["read"] == 3


@pytest.mark.parametrize(("dataset", "folder", "variant", "expected"), [
    ("didemo", "didemo", None, {"train": (8362, 8362), "val": (1065, 1065), "test": (1004, 1004)}),
    ("didemo", "didemo", "sentences", {"val": (1065, 4180), "test": (1004, 4021)}),
    ("msvd", "msvd", None, {"train": (1200, 48774), "val": (100, 4290), "test": (670, 27763)}),
    ("msvd", "msvd_raw", None, {"val": (100, 4291), "test": (670, 27768)}),
    ("tgif", "tgif", "qa", {"val": (54, 71), "test": (6683, 11041)}),
])
def test_real_files(dataset, folder, variant, expected):
    table = captions.load(dataset, real(folder), variant)
    assert counts(table) == expected and account(table)


FILES = {
    "msrvtt": "MSRVTT_data.json", "vatex": "vatex_validation_v1.0.json", "vln_uvo": "UVO_dense_val.jsonl",
    "youcook2": "youcookii_annotations_trainval.json", "didemo": "test_data.json", "activitynet": "val_1.json",
    "msvd": "captions_msvd.json", "tgif": "tgif-v1.0.tsv",
}


@pytest.mark.parametrize("dataset", FILES)
@given(content=st.one_of(st.binary(max_size=120), st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "videos", "sentences", "video_id", "enCap", "videoID", "database", "video", "timestamps", "actor_narratives",
    ]), inner, max_size=4), max_leaves=8).map(lambda data: json.dumps(data).encode())))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_gives_a_table_or_names_the_file(tmp_path, dataset, content):
    for name in ("train.txt", "val.txt", "train_list.txt", "val_list.txt", "test_list.txt"):
        (tmp_path / name).write_text(f"{name}\n")
    for name in ("MSRVTT_train.9k.csv", "MSRVTT_JSFUSION_test.csv"):
        (tmp_path / name).write_text(f"video_id\n{name}\n")
    (tmp_path / "train.json").write_text("{}")
    (tmp_path / FILES[dataset]).write_bytes(content)
    try:
        assert account(captions.load(dataset, tmp_path))
    except (ValueError, FileNotFoundError) as problem:
        assert FILES[dataset] in str(problem) or "no caption is left" in str(problem)
