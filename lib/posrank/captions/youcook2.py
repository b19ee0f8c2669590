"""YouCook2 (Zhou et al., AAAI 2018): cooking videos cut into described steps.

Comes in: ``youcookii_annotations_trainval.json`` and, where it is there, ``validation_youcook.csv`` (end, start,
task, text, video_id), the 3,350 clips on which retrieval is usually tested (MIL-NCE). Each step is a clip
``<video>_<id>`` with start and end. Variants: ``retrieval`` (train 10,337 clips; test = the clips of the csv, the
other validation clips are val; without the csv all 3,492 validation clips are the test set) and ``official`` (train,
val). Table 1's "train 13.8K" is train + all validation clips, its test set the csv's 3,350.
"""

from posrank.captions.annotation_files import csv_rows
from posrank.captions.documents import read_json
from posrank.captions.rows import seconds

VARIANTS = ("retrieval", "official")
_SUBSETS = {"training": "train", "validation": "val"}


def read(folder, rows, variant):
    """The captions; see the head of this file."""
    path = folder.need("youcookii_annotations_trainval.json")
    test, found = _test_clips(folder) if variant == "retrieval" else set(), set()
    for video, entry in read_json(path).items("database"):
        subset = entry.choice("subset", _SUBSETS)
        for step in entry.entries("annotations"):
            start, end = step.child("segment").pair()
            split = subset
            if split == "val" and (test is None or (video, start, end) in test):
                split = "test"
                found.add((video, start, end))
            clip = f"{video}_{step.name('id')}"
            rows.add(split, clip, step.get("sentence"), step.place, file=f"{video}.mp4", start=start, end=end)
    if test and len(test - found):
        folder.notes.append(f"{len(test - found)} clips of validation_youcook.csv are not in the annotations")


def _test_clips(folder):
    """{(video, start, end)} of the retrieval clips; None where their file is not there."""
    path = folder.find("validation_youcook.csv", lost="the test set is all validation clips")
    return path and {
        (row["video_id"].strip(), *(seconds(row[key], key, place) for key in ("start", "end")))
        for place, row in csv_rows(path, ("video_id", "start", "end"))
    }
