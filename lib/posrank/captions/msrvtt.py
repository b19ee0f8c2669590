"""MSR-VTT (Xu et al., CVPR 2016): 10,000 videos, 20 captions each.

Comes in, unchanged: ``train_val_videodatainfo.json`` and ``test_videodatainfo.json`` (or the zips
``train_val_annotation.zip`` and ``test_videodatainfo.json.zip``; or the merged ``MSRVTT_data.json``) and the lists
``MSRVTT_train.9k.csv``, ``MSRVTT_train.7k.csv``, ``MSRVTT_JSFUSION_test.csv`` of the usual splits.

Variants:

* 9k: train 9,000 videos / 180,000 captions; test = 1k-A (JSFUSION), 1,000 videos with ALL their 20,000 captions: the
  rows of the paper's Tables 1 and 2
* 7k: train 7,010 / 140,200; the same test set
* full: the official split, train 6,513 / val 497 / test 2,990
* 1k-A: as 9k, but the test set has the one caption per video of the JSFUSION list (1,000): what retrieval recall on
  "1k-A" usually means

Caption ids are ``video7960#7``, a running index per video in file order. In the JSFUSION list 965 of 1,000 sentences
are the exact text of an annotated caption and take its id; the others are ``video7020#jsfusion``.
"""

from posrank.captions.rows import Rows, clean
from posrank.reading import Document, csv_rows, find, folder_of, members

SOURCE = (
    "the MSR-VTT release (train_val_annotation.zip, test_videodatainfo.json.zip); the lists are in msrvtt_data.zip of "
    "https://github.com/ArrowLuo/CLIP4Clip/releases"
)
VARIANTS = ("9k", "7k", "full", "1k-A")
_SPLITS = {"train": "train", "validate": "val", "val": "val", "test": "test"}


def load(root, variant="9k"):
    """The captions table of one variant; see the head of this file for files, counts and ids."""
    folder = folder_of(root, "msrvtt")
    documents = _documents(folder)
    rows = Rows("msrvtt")
    official = {}
    for document in documents:
        for index, video in enumerate(_list(document, "videos")):
            steps = ("videos", index)
            name, split = _text(document, video, "video_id", steps), _text(document, video, "split", steps)
            if split not in _SPLITS:
                raise document.wrong(steps, f"split is {split!r}, not one of {', '.join(_SPLITS)}")
            if name in official:
                raise document.wrong(steps, f"video {name!r} is described twice: keep one entry")
            official[name] = _SPLITS[split]
    splits = official if variant == "full" else _lists(folder, variant)
    sentences = _jsfusion(folder) if variant == "1k-A" else {}
    outside = f"video is in no list of variant {variant}"
    for document in documents:
        for index, entry in enumerate(_list(document, "sentences")):
            steps = ("sentences", index)
            name = _text(document, entry, "video_id", steps)
            place = _place(document, steps)
            if name not in official:
                raise document.wrong(steps, f"video {name!r} is not among the file's videos: get the file again")
            if "caption" not in entry:
                raise document.wrong(steps, "no key 'caption': every sentence needs one")
            split = splits.get(name)
            if split is None:
                rows.skip(name, outside, place)
            elif split == "test" and sentences and not _is_listed(sentences, name, entry["caption"]):
                rows.skip(name, "not the caption that the 1k-A list gives", place)
            else:
                rows.add(split, name, entry["caption"], place, file=f"{name}.mp4")
    for name, (sentence, place) in sentences.items():
        if sentence is not None:
            rows.add("test", name, sentence, place, file=f"{name}.mp4", caption_id=f"{name}#jsfusion")
    table = rows.table()
    without = sorted(set(splits) - set(table["video_id"]))
    if without:
        table.attrs["notes"].append(f"{len(without)} listed videos have no caption, the first: {without[0]}")
    return table


def _documents(folder):
    merged = find(folder, "MSRVTT_data.json")
    wanted = (("train_val_videodatainfo.json", "train_val_annotation.zip"), ("test_videodatainfo.json",) * 2)
    found = []
    for name, archive in wanted:
        path = find(folder, name)
        if path is not None:
            found.append(Document(path))
            continue
        path = find(folder, archive if archive.endswith(".zip") else f"{archive}.zip", f"{name}.zip")
        if path is not None:
            inside = [member for member in members(path) if member.split("/")[-1] == name]
            if not inside:
                raise ValueError(f"{path}: the archive holds no {name}: get it again from {SOURCE}")
            found.append(Document(path, inside[0]))
            continue
        if merged is not None:
            return [Document(merged)]
        raise FileNotFoundError(
            f"{folder} holds neither {name} nor its zip: dataset 'msrvtt' needs it. Get it from {SOURCE} and put it, "
            f"unchanged, into {folder}"
        )
    return found


def _lists(folder, variant):
    """{video: split} of the two lists of a variant."""
    name = "MSRVTT_train.7k.csv" if variant == "7k" else "MSRVTT_train.9k.csv"
    splits = {}
    for file, split in ((name, "train"), ("MSRVTT_JSFUSION_test.csv", "test")):
        path = _list_file(folder, file)
        for line, row in csv_rows(path, ("video_id",)):
            video = row["video_id"].strip()
            if video in splits:
                raise ValueError(
                    f"{path}, line {line}: video {video!r} is already listed ({splits[video]}): keep it once"
                )
            splits[video] = split
    return splits


def _jsfusion(folder):
    """{video: [its sentence, or None once it was found among the annotated captions; place]}"""
    path = _list_file(folder, "MSRVTT_JSFUSION_test.csv")
    return {
        row["video_id"].strip(): [clean(row["sentence"]), lambda line=line: f"{path}, line {line}"]
        for line, row in csv_rows(path, ("video_id", "sentence"))
    }


def _list_file(folder, name):
    path = find(folder, name)
    if path is None:
        raise FileNotFoundError(
            f"{folder} holds no {name}: the split is defined by it. Get it from {SOURCE} and put it into {folder}, or "
            "use variant 'full', which needs no list"
        )
    return path


def _is_listed(sentences, video, caption):
    entry = sentences[video]
    if entry[0] is not None and isinstance(caption, str) and clean(caption) == entry[0]:
        entry[0] = None
        return True
    return False


def _list(document, key):
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise document.wrong((), f"no list {key!r}: the official file is an object with 'videos' and 'sentences'")
    return data[key]


def _text(document, entry, key, steps):
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value:
        raise document.wrong(steps, f"no text under key {key!r}")
    return value


def _place(document, steps):
    return lambda: document.at(*steps)
