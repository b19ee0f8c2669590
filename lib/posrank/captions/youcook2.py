"""YouCook2 (Zhou et al., AAAI 2018): cooking videos cut into described steps.

Comes in: ``youcookii_annotations_trainval.json`` and, where it is there, ``validation_youcook.csv`` (end, start,
task, text, video_id), the 3,350 clips on which retrieval is usually tested (MIL-NCE). Each step is a clip
``<video>_<id>`` with start and end. Variants: ``retrieval`` (train 10,337 clips; test = the clips of the csv, the
other validation clips are val; without the csv all 3,492 validation clips are the test set) and ``official`` (train,
val). Table 1's "train 13.8K" is train + all validation clips, its test set the csv's 3,350.
"""

from posrank.captions.annotation_files import csv_rows, find, folder_of, line_place, need
from posrank.captions.documents import Document
from posrank.captions.rows import Rows, seconds

SOURCE = (
    "http://youcook2.eecs.umich.edu/download; validation_youcook.csv from "
    "https://github.com/antoine77340/MIL-NCE_HowTo100M"
)
VARIANTS = ("retrieval", "official")
_SUBSETS = {"training": "train", "validation": "val"}


def load(root, variant="retrieval"):
    """The captions table; see the head of this file."""
    folder = folder_of(root, "youcook2")
    path = need(folder, "youcookii_annotations_trainval.json", dataset="youcook2", source=SOURCE)
    rows = Rows("youcook2", path)
    test = _test_clips(folder, rows) if variant == "retrieval" else set()
    found = set()
    for video, entry in Document(path).root.items("database"):
        subset = entry.choice("subset", _SUBSETS)
        for step in entry.entries("annotations"):
            start, end = step.child("segment").pair()
            split = subset
            if variant == "retrieval" and split == "val" and (test is None or (video, start, end) in test):
                split = "test"
                found.add((video, start, end))
            clip = f"{video}_{step.name('id')}"
            rows.add(split, clip, step.get("sentence"), step.place, file=f"{video}.mp4", start=start, end=end)
    if test and len(test - found):
        rows.notes.append(f"{len(test - found)} clips of validation_youcook.csv are not in the annotations")
    return rows.table()


def _test_clips(folder, rows):
    path = find(folder, "validation_youcook.csv")
    if path is None:
        rows.notes.append("validation_youcook.csv is not there: the test set is all validation clips")
        return None
    clips = set()
    for line, row in csv_rows(path, ("video_id", "start", "end")):
        place = line_place(path, line)
        clips.add((row["video_id"].strip(), *(seconds(row[key], key, place) for key in ("start", "end"))))
    return clips
