"""DiDeMo (Hendricks et al., ICCV 2017): Flickr videos of at most 30 s, about four sentences each. BSD 2-Clause.

Comes in: ``train_data.json``, ``val_data.json``, ``test_data.json``, each a list of ``{"annotation_id", "description",
"video", "times": [[first, last], ...], ...}``; where one is missing ``didemo_<split>_label.csv`` with the columns
video_path and text (one paragraph per video). Videos outside of a list ``<split>_list.txt`` count as dropped.

Variants:

* paragraphs: one caption per video, its sentences joined in file order; video-paragraph retrieval
* sentences: every sentence is a caption of its whole video. Table 1's test row counts these (1,004 videos / 4,021
  captions); its "train" row (41.2K captions) is train + val + test together
* moments: a clip per sentence, ``<video>_<annotation_id>``; the time that most annotators chose, in pieces of 5 s

A "whole video" is its first 30 s (`start` 0, `end` 30): annotators saw no more, though some files go on.

Oddities: files are mp4, mov, avi, mts and others, or have no ending at all ("name."). In val and test 62 videos go by
two names that differ in the ending only; they are one video here, as in the usual retrieval splits (8,395 / 1,065 /
1,004 videos; by file name val and test have 1,094 and 1,037).
"""

from collections import Counter
from pathlib import PurePosixPath

from posrank.captions.annotation_files import csv_rows, list_of_ids, note_once
from posrank.captions.documents import read_json
from posrank.messages import short

VARIANTS = ("paragraphs", "sentences", "moments")
_PIECE = 5.0  # seconds: the unit of "times"
_SHOWN = {"start": 0.0, "end": 30.0}  # what the annotators saw
_MOST = 10**6  # pieces: no video is that long


def read(folder, rows, variant):
    """The captions; splits that are not there are noted."""
    missing = 0
    for split in ("train", "val", "test"):
        rows.outside = f"video is not in {split}_list.txt"
        listed = folder.find(f"{split}_list.txt")
        names = listed and {_stem(name) for name in list_of_ids(listed)}
        path = folder.find(f"{split}_data.json", f"{split}_data.json.zip")
        label = folder.find(f"didemo_{split}_label.csv")
        if path is not None:
            root = read_json(path, f"{split}_data.json" if path.suffix == ".zip" else None)
            captions = _sentences(root, variant)
        elif label is not None and variant == "paragraphs":
            captions = _paragraphs(label)
            folder.notes.append(f"{split}: paragraphs of {label.name}, as {split}_data.json is not there")
        else:
            more = f" ({label.name} holds paragraphs only)" if label is not None else ""
            folder.notes.append(f"{split}_data.json is not there{more}: its captions are not available")
            missing += 1
            continue
        for video, clip, text, place, more in captions:
            rows.add(split if names is None or video in names else None, clip, text, place, **more)
    if missing == 3:
        raise folder.absent("none of train_data.json, val_data.json, test_data.json")


def _sentences(root, variant):
    """Yield (video, clip, caption, place, {file, start, end}) of an official file."""
    entries, paragraphs = root.entries(what="a list of {annotation_id, video, description, times}"), {}
    files = _files(entries)
    for entry in entries:
        video, text = _stem(entry.get("video")), entry.get("description")
        if variant == "sentences":
            yield video, video, text, entry.place, {"file": files[video], **_SHOWN}
        elif variant == "moments":
            clip = f"{video}_{entry.get('annotation_id')}"
            yield video, clip, text, entry.place, {"file": files[video], **_moment(entry)}
        else:
            paragraphs.setdefault(video, (entry.place, []))[1].append(text.strip())
    for video, (place, sentences) in paragraphs.items():
        yield video, video, " ".join(filter(None, sentences)), place, {"file": files[video], **_SHOWN}


def _files(entries):
    """{video: file} after checking the entries; of two names of a video the first one with an ending."""
    files, ids = {}, {}
    for entry in entries:
        for key, kind in (("video", str), ("description", str), ("annotation_id", int)):
            if type(entry.get(key)) is not kind:
                what = "text" if kind is str else "whole number"
                raise entry.wrong(f"no {what} under key {key!r}: an official entry has it")
        name = entry.get("video")
        if not _stem(name).strip():
            raise entry.wrong(f"video {short(name)} is no name: an official entry has one")
        note_once(ids, entry.get("annotation_id"), entry.place, "annotation_id")
        if not files.get(_stem(name)):
            files[_stem(name)] = "" if name.endswith(".") else name
    return {video: file or f"{video}.mp4" for video, file in files.items()}


def _paragraphs(path):
    """As `_sentences`, of a file with a paragraph per video."""
    seen = {}
    for place, row in csv_rows(path, ("video_path", "text")):
        file = PurePosixPath(row["video_path"].strip().replace("\\", "/")).name
        video = _stem(file)
        if not video:
            raise ValueError(f"{place()}: video_path {short(row['video_path'])} names no file: correct it")
        note_once(seen, video, place, "video")
        yield video, video, row["text"], place, {"file": f"{video}.mp4" if file.endswith(".") else file, **_SHOWN}


def _moment(entry):
    """{start, end} in seconds of the pair that most annotators gave (of several as frequent the first)."""
    pairs = entry.get("times")
    good = isinstance(pairs, list) and pairs and all(
        isinstance(pair, list) and [type(n) for n in pair] == [int, int] and 0 <= pair[0] <= pair[1] < _MOST
        for pair in pairs
    )
    if not good:
        raise entry.wrong("'times' must be a list of [first, last] pieces of 5 s, whole numbers in order")
    (first, last), _ = Counter(map(tuple, pairs)).most_common(1)[0]
    return {"start": first * _PIECE, "end": (last + 1) * _PIECE}


def _stem(name):
    """A video's name without its ending; "a.b.mp4" is a.b, "name." is name."""
    return name.rpartition(".")[0] if "." in name else name
