"""Loaders on small files of the official formats, on broken ones, and on the real ones where they are at hand."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posrank import captions, tables

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "captions"


def real(name):
    if not (SHARED / name).is_dir():
        pytest.skip(f"needs the owners' annotation files: {SHARED / name}")
    return SHARED / name


def counts(table):
    groups = table.groupby("split").agg(videos=("video_id", "nunique"), captions=("caption", "size"))
    return {split: tuple(row) for split, row in groups.iterrows()}


def account(table):
    """Rows read = rows kept + rows reported."""
    return table.attrs["read"] == len(table) + sum(table.attrs["dropped"].values())


WORLD = [
    {"video_id": "w0", "split": "train", "file": "w0.mp4", "captions": [{"caption_id": "w0_0", "caption": "a dog"}]},
    {"video_id": "w1", "split": "test", "file": "w1.mp4", "captions": [
        {"caption_id": "w1_0", "caption": " a\ncat "}, {"caption_id": "w1_1", "caption": "a pig"}]},
]


def write_world(folder, change=None):
    data = json.loads(json.dumps(WORLD))
    if change:
        change(data)
    (folder / "annotations.json").write_text(json.dumps(data, indent=0))
    return folder


def test_world(tmp_path):
    table = captions.load("world", write_world(tmp_path))
    assert table["caption"].tolist() == ["a dog", "a cat", "a pig"]
    assert counts(table) == {"train": (1, 1), "test": (1, 2)}
    assert list(table.columns) == list(tables.TABLES["captions"]) and table.attrs["dropped"] == {}


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: d[1].update(video_id="w0"), "line 1[0-9].*video_id 'w0' is already at .*line 2"),
    (lambda d: d[1].update(video_id="../w"), "line .*it holds a slash"),
    (lambda d: d[1].update(file="../../etc/passwd"), "line .*leads out of"),
    (lambda d: d[1].update(split="dev"), "line .*'dev', not one of train, val, test"),
    (lambda d: d[1]["captions"][0].update(caption_id="w0_0"), "'w0_0' is already used at .*line 7"),
    (lambda d: d[1]["captions"][0].update(caption=["a"]), "line .*list, not text"),
    (lambda d: d[1].pop("captions"), "line .*'captions' is missing"),
    (lambda d: d.insert(0, 3), "line 2.*'video_id' is missing"),
])
def test_world_refuses(tmp_path, change, message):
    with pytest.raises(ValueError, match=rf"annotations\.json, {message}|annotations\.json.*{message}"):
        captions.load("world", write_world(tmp_path, change))


def test_a_caption_without_text_is_counted(tmp_path):
    with pytest.warns(UserWarning, match=r"1 of 3 captions left out .*annotations\.json, line 1"):
        table = captions.load("world", write_world(tmp_path, lambda d: d[1]["captions"][0].update(caption=" ")))
    assert table["caption_id"].tolist() == ["w0_0", "w1_1"] and table.attrs["dropped"] == {"caption without text": 1}
    assert account(table)


def test_unknown_names_get_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'msrvtt'"):
        captions.load("MSR-VTT", tmp_path)
    with pytest.raises(ValueError, match=r"did you mean '9k'\?\); known are 9k, 7k, full"):
        captions.load("msrvtt", tmp_path, "9K")


@pytest.mark.parametrize("dataset", [name for name in captions.DATASETS])
def test_missing_files_say_what_belongs_there(tmp_path, dataset):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        captions.load(dataset, tmp_path)
    with pytest.raises(FileNotFoundError, match="is no folder"):
        captions.load(dataset, tmp_path / "none")
    assert captions.source(dataset)


def test_broken_json_names_the_line(tmp_path):
    text = json.dumps(WORLD, indent=0)
    path = tmp_path / "annotations.json"
    for content, message in (
        (text[:80].encode(), "line [0-9]+: malformed JSON"), (b"", "line 1: the file is empty"),
        (text.replace("a dog", "a d\xf6g").encode("latin-1"), "line 9: byte 0xf6 is no UTF-8"),
        (text.encode("utf-16"), "line 1: .*UTF-16"), (b"[" * 100_000, "line 1: JSON nested too deeply"),
        (b'[{"video_id": "a",\n"video_id": "b"}]', "line 2: key 'video_id' occurs twice"), (b"{}", "a list of videos"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            captions.load("world", tmp_path)
        assert "annotations.json" in str(caught.value)


def test_csv(tmp_path):
    path = tmp_path / "captions.csv"
    rows = ['v,"a dog, big",x/v.mp4,,', "v,a  cat,x/v.mp4,,", "w,one,w.mp4,1,2.5"]
    path.write_text("\n".join(["\ufeffvideo_id,caption,file,start,end", *rows, ""]))
    table = captions.load("csv", tmp_path)
    assert table["caption_id"].tolist() == ["v#0", "v#1", "w#0"] and table["caption"].tolist()[0] == "a dog, big"
    assert table["file"].tolist() == ["x/v.mp4", "x/v.mp4", "w.mp4"] and (table["split"] == "test").all()
    assert table["end"].tolist()[2] == 2.5 and table["start"].isna().tolist() == [True, True, False]
    assert captions.load("csv", path).equals(table)


@pytest.mark.parametrize(("text", "message"), [
    ("video_id,text,file\nv,a,b\n", "line 1: no column named 'caption'"),
    ("video_id,caption\nv,a\n", "line 1: neither a column 'file' nor a column 'split'"),
    ("video_id,caption,file\nv,a,b,c\n", "line 2: 4 columns where the header names 3"),
    ("video_id,caption,file\n\nv/w,a,b.mp4\n", "line 3: video_id 'v/w' .*slash"),
    ("video_id,caption,file\nv,a,/b.mp4\n", "line 2: .*no relative file name"),
    ("video_id,caption,split\nv,a,dev\n", "line 2: split is 'dev'"),
    ("video_id,caption,file,start\nv,a,b,x\n", "line 2: start is 'x'"),
    ("video_id,caption,file,start,end\nv,a,b,2,1\n", "line 2: end .* not after start"),
    ("video_id,caption,file\nv,a,b.mp4\nv,a,c.mp4\n", "line 3: video_id 'v' has another file"),
    ('video_id,caption,file\nv,"a,b\n', "line 2: malformed csv"),
    ("video_id,caption,file,caption_id\nv,a,b,x\nv,c,b,x\n", "line 3: caption_id 'x' is already used at .*line 2"),
    ("", "line 1: the file is empty"),
    ("video_id,caption,file\n", "no caption is left"),
])
def test_csv_refuses(tmp_path, text, message):
    (tmp_path / "captions.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        captions.load("csv", tmp_path)


def write_msrvtt(folder, zipped=False):
    def sentences(name):
        return [{"caption": f"{name} {k}", "video_id": name, "sen_id": k} for k in range(3)]

    parts = {
        "train_val_videodatainfo.json": (("a", "train"), ("b", "validate"), ("t", "train")),
        "test_videodatainfo.json": (("c", "test"), ("d", "test")),
    }
    archives = {"train_val_videodatainfo.json": "train_val_annotation.zip"}
    for name, videos in parts.items():
        data = {"info": {}, "videos": [{"video_id": v, "split": s} for v, s in videos],
                "sentences": [entry for v, _ in videos for entry in sentences(v)]}
        if zipped:
            with zipfile.ZipFile(folder / archives.get(name, f"{name}.zip"), "w") as archive:
                archive.writestr(name, json.dumps(data))
        else:
            (folder / name).write_text(json.dumps(data, indent=0))
    (folder / "MSRVTT_train.9k.csv").write_text("video_id\na\nb\nd\n")
    (folder / "MSRVTT_train.7k.csv").write_text("video_id\na\n")
    (folder / "MSRVTT_JSFUSION_test.csv").write_text("key,video_id,sentence\nr0,c,c 1\nr1,t,a new one\n")
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_msrvtt_variants(tmp_path, zipped):
    write_msrvtt(tmp_path, zipped)
    table = captions.load("msrvtt", tmp_path)
    assert counts(table) == {"train": (3, 9), "test": (2, 6)} and table["caption_id"].tolist()[1] == "a#1"
    assert counts(captions.load("msrvtt", tmp_path, "full")) == {"train": (2, 6), "val": (1, 3), "test": (2, 6)}
    seven = captions.load("msrvtt", tmp_path, "7k")
    assert counts(seven) == {"train": (1, 3), "test": (2, 6)} and account(seven) and seven.attrs["read"] == 15
    single = captions.load("msrvtt", tmp_path, "1k-A")
    assert single[single["split"] == "test"].set_index("caption_id")["caption"].to_dict() == {
        "c#1": "c 1", "t#jsfusion": "a new one"}
    assert account(single)


def test_msrvtt_names_what_is_wrong(tmp_path):
    write_msrvtt(tmp_path)
    path = tmp_path / "train_val_videodatainfo.json"
    data = json.loads(path.read_text())
    data["sentences"][4]["video_id"] = "zz"
    path.write_text(json.dumps(data, indent=0))
    line = path.read_text().split("\n").index('"caption": "b 1",')
    with pytest.raises(ValueError, match=rf"train_val_videodatainfo\.json, line {line}, .*'zz' is not among"):
        captions.load("msrvtt", tmp_path)
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_text("video_id\na\n")
    with pytest.raises(ValueError, match=r"JSFUSION_test\.csv, line 2: video 'a' is already at .*9k\.csv, line 2"):
        captions.load("msrvtt", tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"neither train_val_videodatainfo\.json nor its zip.*Get it from"):
        captions.load("msrvtt", tmp_path)
    (tmp_path / "train_val_annotation.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match="no readable zip archive"):
        captions.load("msrvtt", tmp_path)


def test_msrvtt_real():
    table = captions.load("msrvtt", real("msrvtt"))
    assert counts(table) == {"train": (9000, 180000), "test": (1000, 20000)} and account(table)
    assert "video7960#7" in set(table["caption_id"])


def test_activitynet_from_the_format(tmp_path):
    entry = {"duration": 9.0, "timestamps": [[0, 4.5], [4, 3]], "sentences": [" A man runs.", " He falls."]}
    for name, video in (("train", "v_a"), ("val_1", "v_b"), ("val_2", "v_b")):
        (tmp_path / f"{name}.json").write_text(json.dumps({video: entry}))
    table = captions.load("activitynet", tmp_path)
    assert table["caption"].tolist() == ["A man runs. He falls."] * 2
    assert counts(table)["test"] == (1, 1) and account(table)
    with pytest.warns(UserWarning, match="not in order"):
        clips = captions.load("activitynet", tmp_path, "sentences")
    assert clips["video_id"].tolist() == ["v_a_0", "v_b_0"] and clips["end"].tolist() == [4.5, 4.5] and account(clips)
    (tmp_path / "train.json").write_text(json.dumps({"v_a": {**entry, "timestamps": [[0, 1]]}}))
    with pytest.raises(ValueError, match=r"train\.json, line 1, entry \['v_a'\]: .*same length"):
        captions.load("activitynet", tmp_path)


def test_vatex_from_the_format(tmp_path):
    train = [{"videoID": "a", "enCap": ["x", "y"], "chCap": ["z"]}]
    (tmp_path / "vatex_training_v1.0.json").write_text(json.dumps(train))
    val = [{"videoID": "b", "enCap": ["x"], "chCap": []}, {"videoID": "c", "enCap": ["y"]}]
    (tmp_path / "vatex_validation_v1.0.json").write_text(json.dumps([*val, {"videoID": "d", "enCap": ["y"]}]))
    for split, name in (("train", "a"), ("val", "b"), ("test", "c")):
        (tmp_path / f"{split}_list.txt").write_text(name + "\n")
    table = captions.load("vatex", tmp_path)
    assert counts(table) == {"train": (1, 2), "val": (1, 1), "test": (1, 1)} and account(table)
    assert counts(captions.load("vatex", tmp_path, "official")) == {"train": (1, 2), "val": (3, 3)}


def narrative(video, number, *actors, dataset="oops_val"):
    return json.dumps({"vidln_id": number, "dataset_id": dataset, "video_id": video, "actor_narratives": [
        {"actor_name": actor, "caption": f"{actor} moves."} for actor in actors]}) + "\n"


def test_vln_from_the_format(tmp_path):
    text = narrative("Best Fails... 1", 0, "Man", "background") + narrative("Best Fails... 1", 1, "Dog")
    (tmp_path / "oops_val.jsonl").write_text(text)
    (tmp_path / "oops_train.jsonl").write_text(narrative("b", 0, "Man", dataset="oops_train"))
    table = captions.load("vln_oops", tmp_path)
    assert counts(table) == {"train": (1, 1), "test": (1, 2)} and account(table)
    assert table["caption_id"].tolist()[1:] == ["Best Fails... 1##*##0", "Best Fails... 1##*##1"]
    (tmp_path / "oops_val.jsonl").write_text(text + text)
    twice = r"oops_val\.jsonl, line 3: narrative 'oops_val vidln_id 0' is already at .*line 1"
    with pytest.raises(ValueError, match=twice):
        captions.load("vln_oops", tmp_path)
    (tmp_path / "oops_val.jsonl").write_text(text[:-20])
    with pytest.raises(ValueError, match=r"oops_val\.jsonl, line 2: malformed JSON"):
        captions.load("vln_oops", tmp_path)


def test_youcook2_from_the_format(tmp_path):
    steps = [{"segment": [1, 4], "id": 0, "sentence": "stir"}, {"segment": [5, 9], "id": 1, "sentence": "fry"}]
    subsets = {"a": "training", "b": "validation"}
    videos = {name: {"subset": subset, "annotations": steps} for name, subset in subsets.items()}
    (tmp_path / "youcookii_annotations_trainval.json").write_text(json.dumps({"database": videos}))
    assert counts(captions.load("youcook2", tmp_path)) == {"train": (2, 2), "test": (2, 2)}
    (tmp_path / "validation_youcook.csv").write_text("end,start,task,text,video_id\n9,5,1,fry,b\n")
    assert counts(captions.load("youcook2", tmp_path)) == {"train": (2, 2), "val": (1, 1), "test": (1, 1)}


@pytest.mark.parametrize(("dataset", "folder", "expected"), [
    ("vatex", "vatex", {"val": (1500, 15000), "test": (1500, 15000)}),
    ("vln_uvo", "vln_uvo", {"train": (5606, 12312), "test": (2663, 6561)}),
    ("vln_oops", "vln_sample", {"train": (3, 12)}),
    ("youcook2", "youcook2", {"train": (10337, 10337), "val": (142, 142), "test": (3350, 3350)}),
])
def test_real_files(dataset, folder, expected):
    table = captions.load(dataset, real(folder))
    assert counts(table) == expected and account(table)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_a_value_error(tmp_path, content):
    for dataset, name in (("csv", "captions.csv"), ("world", "annotations.json"), ("vln_oops", "oops_val.jsonl")):
        folder = tmp_path / dataset
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"oops_val|annotations|captions\.csv|no caption is left"):
            captions.load(dataset, folder)
