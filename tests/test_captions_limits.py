"""Values that no annotation file holds, archives and pickles that claim more than they are, values in messages."""

import json
import pickle
import resource
import struct
import zipfile

import pytest
from test_captions import write_msrvtt, write_world

from posrank import captions
from posrank.captions import annotation_files, documents
from posrank.messages import did_you_mean, short, unknown

DIGITS = "9" * 5000


def written(folder, name, text):
    (folder / name).write_text(text)
    return folder


def youcook2(folder, segment="[1, 2]", number="0", sentence='"stir"'):
    step = f'{{"segment": {segment},\n"id": {number},\n"sentence": {sentence}}}'
    return written(folder, "youcookii_annotations_trainval.json",
                   f'{{"database": {{"v": {{"subset": "training", "annotations": [\n{step}]}}}}}}')


@pytest.mark.parametrize(("change", "message"), [
    ({"segment": "[true, 2]"}, "two numbers"), ({"segment": "[0, NaN]"}, "end is nan"),
    ({"segment": "[0, Infinity]"}, "end is inf"),
    ({"segment": "[-1, 2]"}, "start is -1"), ({"segment": f"[0, {'9' * 400}]"}, "end is 999.*characters"),
    ({"segment": f"[0, {DIGITS}]"}, "a number of more than 4,300 digits"), ({"segment": "[0, 1e999]"}, "end is inf"),
    ({"segment": "[2, 1]"}, "not after start"), ({"segment": "[2, 2]"}, "not after start"),
    ({"segment": "{}"}, "two numbers"),
    ({"number": "[1]"}, "key 'id'"), ({"number": '{"a": 1}'}, "key 'id'"), ({"number": "null"}, "key 'id'"),
    ({"number": "true"}, "key 'id'"), ({"number": "9" * 400}, "key 'id'"), ({"number": "1.5"}, "key 'id'"),
    ({"number": '"a/b"'}, "slash"), ({"number": '"\\ud800"'}, "surrogate"),
    ({"number": '"' + "x" * 999 + '"'}, "longer than 255"),
    ({"sentence": '"a \\udfff"'}, "half a character"), ({"sentence": "[1]"}, "list, not text"),
    ({"sentence": "true"}, "bool, not text"),
    ({"sentence": '"' + "x" * 100_001 + '"'}, "100,001 characters"),
])
def test_values_are_checked(tmp_path, change, message):
    with pytest.raises(ValueError, match=rf"annotations_trainval\.json, line \d.*{message}") as caught:
        captions.load("youcook2", youcook2(tmp_path, **change))
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(("line", "message"), [
    ({"vidln_id": [1]}, "key 'vidln_id'"), ({"vidln_id": {}}, "key 'vidln_id'"), ({"video_id": None}, "key 'video_id'"),
    ({"dataset_id": "x" * 999, "video_id": "y" * 999}, "longer than 255"),
    ({"actor_narratives": [[]]}, "key 'actor_name'"),
])
def test_lines_are_checked(tmp_path, line, message):
    narratives = [{"actor_name": "x", "caption": "y"}]
    entry = {"vidln_id": 1, "dataset_id": "oops_val", "video_id": "a", "actor_narratives": narratives}
    written(tmp_path, "oops_val.jsonl", json.dumps(entry | line))
    with pytest.raises(ValueError, match=rf"oops_val\.jsonl, line 1.*{message}") as caught:
        captions.load("vln_oops", tmp_path)
    assert len(str(caught.value)) < 700


def patched(path, change):
    """A zip whose first entry in the central directory is changed: change(bytearray, offset)."""
    raw = bytearray(path.read_bytes())
    change(raw, raw.index(b"PK\x01\x02"))
    path.write_bytes(raw)


@pytest.mark.parametrize(("change", "message"), [
    (lambda raw, at: struct.pack_into("<H", raw, at + 8, 1), "encrypted"),
    (lambda raw, at: struct.pack_into("<H", raw, at + 10, 99), "compression method 99"),
    (lambda raw, at: struct.pack_into("<H", raw, at + 10, 12), "compression method 12"),
    (lambda raw, at: struct.pack_into("<I", raw, at + 24, 2**32 - 2), "4,294,967,294 bytes are too many"),
    (lambda raw, at: struct.pack_into("<I", raw, at + 24, 3), "malformed JSON|zip archive"),
    (lambda raw, at: struct.pack_into("<I", raw, at + 42, 2**31), "no readable zip archive"),
    (lambda raw, at: raw.__delitem__(slice(at + 20, None)), "no readable zip archive"),
])
def test_archives(tmp_path, change, message):
    write_msrvtt(tmp_path, zipped=True)
    patched(tmp_path / "train_val_annotation.zip", change)
    with pytest.raises(ValueError, match=rf"train_val_annotation\.zip.*({message})"):
        captions.load("msrvtt", tmp_path)


def test_an_archive_that_lies_about_its_size_is_not_unpacked(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b" " * (1 << 26))
    patched(path, lambda raw, at: struct.pack_into("<I", raw, at + 24, 10))
    with pytest.raises(ValueError, match="no readable zip archive"):
        annotation_files.text_of(path, "x")


def test_files_are_refused_by_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr(annotation_files, "LARGEST", 50)
    with pytest.raises(ValueError, match=r"annotations\.json: \d+ bytes are too many"):
        captions.load("world", write_world(tmp_path))
    monkeypatch.setattr(documents, "LARGEST_LINE", 30)
    with pytest.raises(ValueError, match=r"x\.jsonl, line 2: 31 bytes are too many"):
        list(documents.line_entries(written(tmp_path, "x.jsonl", "{}\n" + " " * 99) / "x.jsonl"))


@pytest.mark.parametrize(("dataset", "name"), [
    ("csv", "captions.csv"), ("csv", "x.csv"), ("vln_oops", "x.jsonl"), ("vatex", "x.jsonl"), ("msvd", "x.csv"),
    ("world", "annotations.json"),
])
def test_a_folder_is_no_file(tmp_path, dataset, name):
    (tmp_path / name).mkdir()
    with pytest.raises(FileNotFoundError, match=r"holds no|holds neither|does not exist"):
        captions.load(dataset, tmp_path)


SHARED_TEXT = ["x" * 5000] * 4
SHARED_TEXT = [SHARED_TEXT * 200] * 200
CYCLE = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(("raw", "message"), [
    (b"]r\xff\xff\xff\x0b.", "no pickle|needed"), (b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7f.", "no pickle"),
    (b"\x80\x05\x96" + b"\xff" * 7 + b"\x00.", "no pickle"), (b"\x8b\xff\xff\xff\x7f.", "no pickle"),
    (pickle.dumps({"a": SHARED_TEXT}), "unpacks to more than"), (pickle.dumps({"a": CYCLE}), "unpacks to more than"),
    (b"]" * 3, "no pickle"),
    (b"I" + DIGITS.encode() + b"\n.", "no pickle"), (b"(dV\\ud800\nN.", "no pickle|needed"), (b"Pa\n.", "no pickle"),
], ids=range(10))
def test_pickles_take_no_more_than_they_hold(tmp_path, raw, message):
    (tmp_path / "raw-captions.pkl").write_bytes(raw)
    for split in ("train", "val", "test"):
        written(tmp_path, f"{split}_list.txt", split)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=rf"raw-captions\.pkl.*({message})"):
        captions.load("msvd", tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_messages_show_values_shortly():
    assert short("abc") == "'abc'" and short(10**5000) == "a number of more than 4,300 digits"
    assert short([10**5000]) == "a list"
    assert short("é" * 9999).endswith("... (10,001 characters)") and len(short(["x" * 9999])) < 230
    assert short("\ud800\n").isprintable()
    assert did_you_mean("MSRVT", ("vatex", "msrvtt")) == " (did you mean 'msrvtt'?)"
    assert did_you_mean("q", ("noun",)) == ""
    assert unknown("variant", "9K", ("9k", "7k")) == "unknown variant '9K' (did you mean '9k'?); known are 9k, 7k"
