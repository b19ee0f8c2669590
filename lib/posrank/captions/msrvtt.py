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

from posrank.captions.annotation_files import csv_rows, members, note_once
from posrank.captions.documents import read_json
from posrank.language.markup import clean_text
from posrank.messages import short

VARIANTS = ("9k", "7k", "full", "1k-A")
_FILES = {
    "train_val_videodatainfo.json": "train_val_annotation.zip",
    "test_videodatainfo.json": "test_videodatainfo.json.zip",
}
_JSFUSION = "MSRVTT_JSFUSION_test.csv"
_SPLITS = {"train": "train", "validate": "val", "val": "val", "test": "test"}


def read(folder, rows, variant):
    """The captions of one variant; see the head of this file for files, counts and ids."""
    documents, official, seen, found = _documents(folder), {}, {}, set()
    for video in (video for document in documents for video in document.entries("videos")):
        name = video.text("video_id")
        note_once(seen, name, video.place, "video")
        official[name] = video.choice("split", _SPLITS)
    splits = official if variant == "full" else _lists(folder, variant)
    sentences = _jsfusion(folder) if variant == "1k-A" else {}
    rows.outside = f"video is in no list of variant {variant}"
    for entry in (entry for document in documents for entry in document.entries("sentences")):
        name, caption = entry.text("video_id"), entry.get("caption")
        if name not in official:
            raise entry.wrong(f"video {short(name)} is not among the file's videos: get the file again")
        if caption is None:
            raise entry.wrong("no key 'caption': every sentence needs one")
        if splits.get(name) == "test" and sentences and not _is_listed(sentences[name], caption):
            rows.skip(name, "not the caption that the 1k-A list gives", entry.place)
        else:
            rows.add(splits.get(name), name, caption, entry.place, file=f"{name}.mp4")
            found.add(name)
    for name, (sentence, place) in sentences.items():
        if sentence is not None:
            rows.add("test", name, sentence, place, file=f"{name}.mp4", caption_id=f"{name}#jsfusion")
            found.add(name)
    without = sorted(set(splits) - found)
    if without:
        folder.notes.append(f"{len(without)} listed videos have no caption, the first: {short(without[0])}")


def _documents(folder):
    merged, found = folder.find("MSRVTT_data.json"), []
    for name, archive in _FILES.items():
        path = folder.find(name, archive, f"{name}.zip")
        if path is None and merged is not None:
            return [read_json(merged)]
        if path is None:
            raise folder.absent(f"neither {name} nor its zip")
        member = None
        if path.suffix == ".zip":
            member = next((each for each in members(path) if each.split("/")[-1] == name), None)
            if member is None:
                raise ValueError(f"{path}: the archive holds no {name}: get it again from {folder.source}")
        found.append(read_json(path, member))
    return found


def _lists(folder, variant):
    """{video: split} of the two lists of a variant."""
    train = "MSRVTT_train.7k.csv" if variant == "7k" else "MSRVTT_train.9k.csv"
    splits, seen = {}, {}
    for name, split in ((train, "train"), (_JSFUSION, "test")):
        for place, row in csv_rows(_list_file(folder, name), ("video_id",)):
            video = row["video_id"].strip()
            note_once(seen, video, place, "video")
            splits[video] = split
    return splits


def _jsfusion(folder):
    """{video: [its sentence (None once it was found among the annotated captions), place]}"""
    rows = csv_rows(_list_file(folder, _JSFUSION), ("video_id", "sentence"))
    return {row["video_id"].strip(): [clean_text(row["sentence"]), place] for place, row in rows}


def _is_listed(listed, caption):
    """Whether the caption is the video's listed one, which is then taken: a second one of the same text is not."""
    same = isinstance(caption, str) and clean_text(caption) == listed[0]
    listed[0] = None if same else listed[0]
    return same


def _list_file(folder, name):
    return folder.need(name, more="; the split is defined by it, variant 'full' needs no list")
