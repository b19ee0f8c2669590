"""Damaged annotation files of every dataset: a table that can be written, or one line that names the file."""

import json
import pickle
import random
import shutil
import warnings
import zipfile

import pytest
from test_captions import account, narrative, write_msrvtt, write_world
from test_captions_didemo_msvd_tgif import write_didemo, write_msvd, write_tgif

from posrank import captions, tables

DIGITS, HUGE = "@digits", "@huge"
NASTY = [
    None, True, False, "", " ", "\ud800", "a\udfffb", "\ufeff", "\u200b", "\x00", "a\nb", "../x", "/x", "a/b", "~",
    "..", "x" * 300,
    "y" * 120_000, "&#0;&amp;lt;b&gt;", "<b>a", "caf\u00c3\u00a9", "nan", "1e999", "1_0", "\u0661", -1, -0.5, 0, 7,
    0.5, 1e308,
    float("nan"), float("inf"), DIGITS, HUGE, [], {}, [[]], [1, 2], [None], {"a": 1}, ["a"], [True, 2], [3, 2],
]

BYTES = (b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b'"', b",", b"\n", b"\r", b"\xc3", b"\xed\xa0\x80", b"[" * 9999)
KINDS = (".json", ".jsonl", ".csv", ".txt", ".tsv", ".pkl", ".zip")


def write_vatex(folder):
    for split, names in (("training", "ab"), ("validation", "cd")):
        data = [{"videoID": name, "enCap": ["a dog runs", "a cat"], "chCap": ["x"]} for name in names]
        (folder / f"vatex_{split}_v1.0.json").write_text(json.dumps(data, indent=0))
    for split, name in zip(("train", "val", "test"), "acd"):
        (folder / f"{split}_list.txt").write_text(name + "\n")


def write_vatex_lines(folder):
    write_vatex(folder)
    for path in folder.glob("*.json"):
        path.unlink()
    lines = [json.dumps({"video_id": n, "gt_captions": ["a dog", "a"]}) + "\n" for n in "acd"]
    (folder / "val.jsonl").write_text("".join(lines))


def write_vln(folder):
    lines = [narrative("a b", 0, "Man", "Background", dataset="UVO_dense_val"),
             narrative("c", "1", "Dog", dataset="UVO_dense_val")]
    (folder / "UVO_dense_val.jsonl").write_text("".join(lines))


def write_vln_authors(folder):
    (folder / "captions.txt").write_text("x##*##0**#**a cat runs\ny##*##0**#**a dog sleeps\n")
    (folder / "vln_oops_test_ids.txt").write_text("y\n")


def write_youcook2(folder):
    steps = [{"segment": [1, 4], "id": 0, "sentence": "stir"}, {"segment": [5, 9.5], "id": 1, "sentence": "fry"}]
    subsets = {"a": "training", "b": "validation"}
    videos = {name: {"subset": subset, "annotations": steps} for name, subset in subsets.items()}
    (folder / "youcookii_annotations_trainval.json").write_text(json.dumps({"database": videos}, indent=0))
    (folder / "validation_youcook.csv").write_text("end,start,task,text,video_id\n9.5,5,1,fry,b\n")


def write_activitynet(folder):
    entry = {"duration": 9.0, "timestamps": [[0, 4.5], [4, 8]], "sentences": [" A man runs.", " He falls."]}
    for name in ("train", "val_1", "val_2"):
        (folder / f"{name}.json").write_text(json.dumps({f"v_{name}": entry}, indent=0))


def write_csv(folder):
    (folder / "captions.csv").write_text(
        "video_id,caption,file,split,caption_id,start,end\n"
        "v,a dog runs,x/v.mp4,train,,1,2\nw,\"a cat, big\",w.mp4,test,c1,,\n")


def write_labels(folder):
    write_didemo(folder)
    (folder / "train_data.json").unlink()
    (folder / "didemo_train_label.csv").write_text("video_path,text\n/x/y/t1.avi,\"a, b\"\n/x/t2.mov,c\n")


def write_questions(folder):
    write_tgif(folder)
    (folder / "Test_question.csv").write_text("gif_name\tquestion\tdescription\ntumblr_b\tq\ta dog\ntumblr_a\tq\tx\n")


CASES = {
    "world": ("world", write_world), "msrvtt": ("msrvtt", write_msrvtt),
    "msrvtt zip": ("msrvtt", lambda f: write_msrvtt(f, True)),
    "vatex": ("vatex", write_vatex), "vatex lines": ("vatex", write_vatex_lines), "vln_uvo": ("vln_uvo", write_vln),
    "vln_oops": ("vln_oops", write_vln_authors), "youcook2": ("youcook2", write_youcook2),
    "didemo": ("didemo", write_didemo),
    "didemo csv": ("didemo", write_labels), "activitynet": ("activitynet", write_activitynet),
    "msvd json": ("msvd", lambda f: write_msvd(f, "json")), "msvd pickle": ("msvd", lambda f: write_msvd(f, "pickle")),
    "msvd csv": ("msvd", lambda f: write_msvd(f, "csv")), "tgif": ("tgif", write_tgif),
    "tgif qa": ("tgif", write_questions),
    "csv": ("csv", write_csv),
}


def places(value, found=()):
    """Every (container, key) of a JSON value."""
    found = list(found)
    for key in range(len(value)) if isinstance(value, list) else list(value) if isinstance(value, dict) else ():
        found.append((value, key))
        found += places(value[key])
    return found


def change_value(rng, value):
    """The JSON value with one or two of its values, or a key, replaced, removed or repeated."""
    for _ in range(rng.choice((1, 1, 2))):
        spots = places(value)
        if not spots or rng.random() < 0.03:
            return rng.choice(NASTY)
        where, key = rng.choice(spots)
        kind = rng.random()
        if kind < 0.1:
            del where[key]
        elif kind < 0.25 and isinstance(where, dict):
            where[str(rng.choice(NASTY))] = where.pop(key)
        elif kind < 0.3 and isinstance(where, list):
            where.append(where[key])
        else:
            where[key] = json.loads(json.dumps(rng.choice(NASTY)))
    return value


def as_json(value):
    return json.dumps(value).replace(f'"{DIGITS}"', "9" * 5000).replace(f'"{HUGE}"', "9" * 400).encode()


def change_bytes(rng, raw):
    raw = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at, kind = rng.randrange(len(raw) + 1), rng.randrange(5)
        if kind == 0:
            raw[at:at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            del raw[at:at + rng.choice((1, 3, 40))]
        elif kind == 2:
            raw[at:at] = raw[max(at - rng.choice((2, 30)), 0):at]
        elif kind == 3:
            raw[at:at] = rng.choice(BYTES)
        else:
            raw = raw[:at]
    return bytes(raw)


def change_cells(rng, text, mark):
    rows = [line.split(mark) for line in text.split("\n")]
    row = rng.choice(rows)
    value = rng.choice([value for value in NASTY if not isinstance(value, (list, dict))])
    row[rng.randrange(len(row))] = {None: "", DIGITS: "9" * 5000, HUGE: "9" * 400}.get(value, str(value))
    return "\n".join(mark.join(row) for row in rows).encode("utf-8", "surrogatepass")


def change_file(rng, path):
    raw = path.read_bytes()
    kind = rng.random()
    if (kind < 0.35 and path.suffix != ".jsonl") or path.suffix not in KINDS:
        raw = change_bytes(rng, raw)
    elif path.suffix == ".json":
        raw = as_json(change_value(rng, json.loads(raw)))
    elif path.suffix == ".jsonl":
        lines = raw.splitlines()
        at = rng.randrange(len(lines))
        lines[at] = as_json(change_value(rng, json.loads(lines[at])))
        raw = b"\n".join(lines) if kind < 0.7 else change_bytes(rng, raw)
    elif path.suffix == ".pkl":
        if kind < 0.7:
            raw = pickle.dumps(change_value(rng, pickle.loads(raw)), protocol=rng.randrange(6))
        else:
            raw = change_bytes(rng, raw)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            name = archive.namelist()[0]
            data = json.loads(archive.read(name))
        method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr(name, as_json(change_value(rng, data)))
        return
    else:
        raw = change_cells(rng, raw.decode(), "\t" if b"\t" in raw else ",")
    path.write_bytes(raw)


def attack(case, folder, rng):
    """Load a damaged copy of a case's files and check what comes of it."""
    dataset, write = CASES[case]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder)
    files = sorted(folder.iterdir())
    change_file(rng, rng.choice(files))
    variant = rng.choice(captions.variants(dataset))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = captions.load(dataset, folder, variant)
    except (ValueError, FileNotFoundError) as problem:
        text = str(problem)
        assert str(folder) in text and "\n" not in text and len(text) < 1500 and text.isprintable(), text
    else:
        assert account(table)
        tables.write_table(table, folder / "table.parquet", "captions")


@pytest.mark.parametrize("case", CASES)
def test_damaged_files(tmp_path, case):
    rng = random.Random(f"{case} 20260101")
    for _ in range(30):
        attack(case, tmp_path / "files", rng)
