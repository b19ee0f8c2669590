"""VATEX (Wang et al., ICCV 2019): 10 English captions per video.

Comes in: the official JSON lists of ``{"videoID", "enCap": [10], "chCap": [10]}`` (``vatex_training_v1.0.json``,
``vatex_validation_v1.0.json``, ``vatex_public_test_english_v1.1.json``), or a jsonl file with ``video_id`` and
``gt_captions``; the id lists ``train_list.txt``, ``val_list.txt``, ``test_list.txt`` of the usual (HGR) split.
Variants: ``hgr`` (train 25,991; the official validation set halved into val 1,500 and test 1,500 videos / 15,000
captions: the paper's test set) and ``official`` (by file). Table 1's train (28.9K videos) is the official training
and validation sets together. Chinese captions are not read.
Ids end in the first and last second of the clip; a file that is much longer gets a note in the frame store.
"""

from posrank.captions.annotation_files import absent, find, find_all, folder_of, need, split_lists
from posrank.captions.documents import Document, line_entries
from posrank.captions.rows import Rows
from posrank.messages import short

SOURCE = "https://eric-xw.github.io/vatex-website/download.html; the lists from https://github.com/cshizhe/hgr_v2t"
VARIANTS = ("hgr", "official")
_FILES = (("vatex_training*.json", "train"), ("vatex_validation*.json", "val"), ("vatex_public_test*.json", "test"))


def load(root, variant="hgr"):
    """The captions table; files that are not there are named in ``.attrs["notes"]``."""
    folder = folder_of(root, "vatex")
    rows = Rows("vatex", folder)
    splits = _lists(folder) if variant == "hgr" else None
    videos, at_hand = {}, False
    for pattern, official in _FILES:
        path = find(folder, pattern)
        if path is None:
            rows.notes.append(f"{pattern} is not there: its captions are not available")
            continue
        at_hand = True
        for entry in Document(path).root.entries(what="a list of {videoID, enCap}"):
            _video(rows, videos, entry, "videoID", "enCap", official, splits)
    if not at_hand:
        for path in find_all(folder, "*.jsonl"):
            at_hand = True
            for entry in line_entries(path):
                _video(rows, videos, entry, "video_id", "gt_captions", "val", splits)
    if not at_hand:
        raise absent(folder, "no vatex_*.json", "vatex", SOURCE)
    if splits:
        rows.notes.append(f"{len(set(splits) - set(videos))} listed videos have no captions in the files at hand")
    return rows.table()


def _lists(folder):
    more = "; the split is defined by it, variant 'official' needs no list"
    return split_lists({
        split: need(folder, f"{split}_list.txt", dataset="vatex", source=SOURCE, more=more)
        for split in ("train", "val", "test")
    }, "video ")


def _video(rows, videos, entry, key, captions, official, splits):
    name, captions = entry.text(key), entry.under(captions, list)
    if name in videos:
        raise entry.wrong(f"video {short(name)} is already at {videos[name]()}: keep it once")
    videos[name] = entry.place
    split = official if splits is None else splits.get(name)
    for caption in captions:
        if split is None:
            rows.skip(name, "video is in no list of the split", entry.place)
        else:
            rows.add(split, name, caption, entry.place, file=f"{name}.mp4")
