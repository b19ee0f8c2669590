"""VATEX (Wang et al., ICCV 2019): 10 English captions per video.

Comes in: the official JSON lists of ``{"videoID", "enCap": [10], "chCap": [10]}`` (``vatex_training_v1.0.json``,
``vatex_validation_v1.0.json``, ``vatex_public_test_english_v1.1.json``), or a jsonl file with ``video_id`` and
``gt_captions``; the id lists ``train_list.txt``, ``val_list.txt``, ``test_list.txt`` of the usual (HGR) split.
Variants: ``hgr`` (train 25,991; the official validation set halved into val 1,500 and test 1,500 videos / 15,000
captions: the paper's test set) and ``official`` (by file). Table 1's train (28.9K videos) is the official training
and validation sets together. Chinese captions are not read.
Ids end in the first and last second of the clip; a file that is much longer gets a note in the frame store.
"""

from itertools import chain

from posrank.captions.annotation_files import note_once
from posrank.captions.documents import line_entries, read_json

VARIANTS = ("hgr", "official")
_FILES = {"vatex_training*.json": "train", "vatex_validation*.json": "val", "vatex_public_test*.json": "test"}


def read(folder, rows, variant):
    """The captions; files that are not there are noted."""
    splits = None
    if variant == "hgr":
        for split in ("train", "val", "test"):
            folder.need(f"{split}_list.txt", more="; the split is defined by it, variant 'official' needs no list")
        splits = folder.split_lists("video", "{}_list.txt")
    paths = {pattern: folder.find(pattern, lost="its captions are not available") for pattern in _FILES}
    listed = [
        (entry, "videoID", "enCap", split)
        for pattern, split in _FILES.items() if paths[pattern]
        for entry in read_json(paths[pattern]).entries(what="a list of {videoID, enCap}")
    ]
    lines = [] if any(paths.values()) else folder.find_all("*.jsonl")
    if not lines and not any(paths.values()):
        raise folder.absent("no vatex_*.json")
    seen = {}
    for entry, video_key, captions_key, official in chain(
        listed, ((entry, "video_id", "gt_captions", "val") for path in lines for entry in line_entries(path))
    ):
        name = entry.text(video_key)
        note_once(seen, name, entry.place, "video")
        for caption in entry.under(captions_key, list):
            rows.add(official if splits is None else splits.get(name), name, caption, entry.place, file=f"{name}.mp4")
    if splits:
        folder.notes.append(f"{len(set(splits) - set(seen))} listed videos have no captions in the files at hand")
