"""YouCook2 (Zhou et al., AAAI 2018): cooking videos cut into described steps.

Comes in: ``youcookii_annotations_trainval.json`` and, where it is there, ``validation_youcook.csv`` (end, start,
task, text, video_id), the 3,350 clips on which retrieval is usually tested (MIL-NCE). Each step is a clip
``<video>_<id>`` with start and end. Variants: ``retrieval`` (train 10,337 clips; test = the clips of the csv, the
other validation clips are val; without the csv all 3,492 validation clips are the test set) and ``official`` (train,
val). Table 1's "train 13.8K" is train + all validation clips, its test set the csv's 3,350.
"""

from posrank.captions.rows import Rows
from posrank.reading import Document, csv_rows, find, folder_of, need

SOURCE = "http://youcook2.eecs.umich.edu/download; validation_youcook.csv from https://github.com/antoine77340/MIL-NCE_HowTo100M"
VARIANTS = ("retrieval", "official")
_SUBSETS = {"training": "train", "validation": "val"}


def load(root, variant="retrieval"):
    """The captions table; see the head of this file."""
    folder, rows = folder_of(root, "youcook2"), Rows("youcook2")
    name = "youcookii_annotations_trainval.json"
    document = Document(need(folder, name, dataset="youcook2", source=SOURCE))
    videos = document.data.get("database") if isinstance(document.data, dict) else None
    if not isinstance(videos, dict):
        raise document.wrong((), "no object 'database'")
    test = _test_clips(folder, rows) if variant == "retrieval" else set()
    found = set()
    for video, entry in videos.items():
        steps = ("database", video)
        if not isinstance(entry, dict) or not isinstance(entry.get("annotations"), list):
            raise document.wrong(steps, "no list 'annotations'")
        if entry.get("subset") not in _SUBSETS:
            raise document.wrong(steps, f"subset is {entry.get('subset')!r}, not training or validation")
        for index, step in enumerate(entry["annotations"]):
            here = (*steps, "annotations", index)
            start, end = _segment(document, here, step)
            split = _SUBSETS[entry["subset"]]
            if variant == "retrieval" and split == "val" and (test is None or (video, start, end) in test):
                split = "test"
                found.add((video, start, end))
            place = _place(document, here)
            clip = f"{video}_{step['id']}"
            rows.add(split, clip, step.get("sentence"), place, file=f"{video}.mp4", start=start, end=end)
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
        try:
            clips.add((row["video_id"].strip(), float(row["start"]), float(row["end"])))
        except ValueError:
            raise ValueError(f"{path}, line {line}: start or end is no number (seconds)") from None
    return clips


def _segment(document, here, step):
    window = step.get("segment") if isinstance(step, dict) else None
    if not isinstance(window, list) or len(window) != 2 or not all(isinstance(x, (int, float)) for x in window):
        raise document.wrong(here, "'segment' must be two numbers (seconds)")
    if "id" not in step:
        raise document.wrong(here, "no key 'id'")
    if not 0 <= window[0] < window[1]:
        raise document.wrong(here, f"segment {window} is not in order")
    return float(window[0]), float(window[1])


def _place(document, steps):
    return lambda: document.at(*steps)
