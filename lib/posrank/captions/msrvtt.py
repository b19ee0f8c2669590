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

from posrank.captions.annotation_files import absent, csv_rows, find, folder_of, line_place, members, need
from posrank.captions.documents import Document
from posrank.captions.rows import Rows
from posrank.language.markup import clean_text
from posrank.messages import short

SOURCE = (
    "the MSR-VTT release (train_val_annotation.zip, test_videodatainfo.json.zip); the lists are in msrvtt_data.zip of "
    "https://github.com/ArrowLuo/CLIP4Clip/releases"
)
VARIANTS = ("9k", "7k", "full", "1k-A")
_FILES = {
    "train_val_videodatainfo.json": "train_val_annotation.zip",
    "test_videodatainfo.json": "test_videodatainfo.json.zip",
}
_JSFUSION = "MSRVTT_JSFUSION_test.csv"
_SPLITS = {"train": "train", "validate": "val", "val": "val", "test": "test"}


def load(root, variant="9k"):
    """The captions table of one variant; see the head of this file for files, counts and ids."""
    folder = folder_of(root, "msrvtt")
    documents = [document.root for document in _documents(folder)]
    rows, official = Rows("msrvtt", folder), {}
    for document in documents:
        for video in document.entries("videos"):
            name = video.text("video_id")
            if name in official:
                raise video.wrong(f"video {short(name)} is described twice: keep one entry")
            official[name] = video.choice("split", _SPLITS)
    splits = official if variant == "full" else _lists(folder, variant)
    sentences = _jsfusion(folder) if variant == "1k-A" else {}
    outside = f"video is in no list of variant {variant}"
    for document in documents:
        for entry in document.entries("sentences"):
            name, caption = entry.text("video_id"), entry.get("caption")
            if name not in official:
                raise entry.wrong(f"video {short(name)} is not among the file's videos: get the file again")
            if caption is None:
                raise entry.wrong("no key 'caption': every sentence needs one")
            split = splits.get(name)
            if split is None:
                rows.skip(name, outside, entry.place)
            elif split == "test" and sentences and not _is_listed(sentences[name], caption):
                rows.skip(name, "not the caption that the 1k-A list gives", entry.place)
            else:
                rows.add(split, name, caption, entry.place, file=f"{name}.mp4")
    for name, (sentence, place) in sentences.items():
        if sentence is not None:
            rows.add("test", name, sentence, place, file=f"{name}.mp4", caption_id=f"{name}#jsfusion")
    table = rows.table()
    without = sorted(set(splits) - set(table["video_id"]))
    if without:
        table.attrs["notes"].append(f"{len(without)} listed videos have no caption, the first: {short(without[0])}")
    return table


def _documents(folder):
    merged = find(folder, "MSRVTT_data.json")
    found = []
    for name, archive in _FILES.items():
        path = find(folder, name, archive, f"{name}.zip")
        if path is None and merged is not None:
            return [Document(merged)]
        if path is None:
            raise absent(folder, f"neither {name} nor its zip", "msrvtt", SOURCE)
        if path.suffix != ".zip":
            found.append(Document(path))
            continue
        inside = [member for member in members(path) if member.split("/")[-1] == name]
        if not inside:
            raise ValueError(f"{path}: the archive holds no {name}: get it again from {SOURCE}")
        found.append(Document(path, inside[0]))
    return found


def _lists(folder, variant):
    """{video: split} of the two lists of a variant."""
    train = "MSRVTT_train.7k.csv" if variant == "7k" else "MSRVTT_train.9k.csv"
    splits = {}
    for path, split in ((_list_file(folder, train), "train"), (_list_file(folder, _JSFUSION), "test")):
        for line, row in csv_rows(path, ("video_id",)):
            video = row["video_id"].strip()
            if video in splits:
                known = f"is already listed ({splits[video]})"
                raise ValueError(f"{path}, line {line}: video {short(video)} {known}: keep it once")
            splits[video] = split
    return splits


def _jsfusion(folder):
    """{video: [its sentence (None once it was found among the annotated captions), place]}"""
    path = _list_file(folder, _JSFUSION)
    return {
        row["video_id"].strip(): [clean_text(row["sentence"]), line_place(path, line)]
        for line, row in csv_rows(path, ("video_id", "sentence"))
    }


def _is_listed(listed, caption):
    """Whether the caption is the video's listed one, which is then taken: a second one of the same text is not."""
    same = isinstance(caption, str) and clean_text(caption) == listed[0]
    listed[0] = None if same else listed[0]
    return same


def _list_file(folder, name):
    more = "; the split is defined by it, variant 'full' needs no list"
    return need(folder, name, dataset="msrvtt", source=SOURCE, more=more)
