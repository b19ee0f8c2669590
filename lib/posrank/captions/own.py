"""Anybody's own captions and videos: dataset ``csv``.

Comes in: ``captions.csv`` in `root` (or the only csv file there; or the path of a csv file), UTF-8, with a header
line. Columns: ``video_id``, ``caption`` and at least one of ``file`` (the video, relative to the folder of videos)
and ``split`` (train, val, test; test where there is no such column); optional ``caption_id`` and ``start``, ``end``
(seconds). Without ``file`` the video is ``<video_id>.mp4``. Goes out: the captions table.
"""

import math
from pathlib import Path

from posrank.captions.rows import Rows
from posrank.reading import csv_rows, folder_of

VARIANTS = ("default",)
SOURCE = "your own captions: a header line video_id,caption,file,split and one line per caption"
_SPLITS = {"train": "train", "val": "val", "validation": "val", "validate": "val", "test": "test"}


def load(root, variant="default"):
    """The captions table of somebody's csv file."""
    path = _file(root)
    rows, windows = Rows("csv"), {}
    for line, row in csv_rows(path, ("video_id", "caption")):
        if "file" not in row and "split" not in row:
            raise ValueError(f"{path}, line 1: neither a column 'file' nor a column 'split': add at least one of them")
        place = f"{path}, line {line}"
        split = row.get("split", "test").strip().lower()
        if split not in _SPLITS:
            raise ValueError(f"{place}: split is {row['split']!r}: use train, val or test")
        name = row["video_id"].strip()
        start, end = _seconds(row, "start", place), _seconds(row, "end", place)
        if start is not None and end is not None and end <= start:
            raise ValueError(f"{place}: end ({end:g} s) is not after start ({start:g} s): correct the times")
        file = row.get("file", "").strip() or f"{name}.mp4"
        known = windows.setdefault(name, (file, start, end, _SPLITS[split], line))
        if known[:4] != (file, start, end, _SPLITS[split]):
            raise ValueError(
                f"{place}: video_id {name!r} has another file, split, start or end than in line {known[4]}: give each "
                "video, or each piece of one, an id of its own"
            )
        rows.add(
            _SPLITS[split], name, row["caption"], lambda line=line: f"{path}, line {line}", file=file, start=start,
            end=end, caption_id=(row.get("caption_id") or "").strip() or None,
        )
    return rows.table()


def _file(root):
    path = Path(root)
    if path.is_file():
        return path
    folder = folder_of(root, "csv")
    if (folder / "captions.csv").is_file():
        return folder / "captions.csv"
    found = sorted(folder.glob("*.csv"))
    if len(found) == 1:
        return found[0]
    what = "no csv file" if not found else f"{len(found)} csv files and none is called captions.csv"
    raise FileNotFoundError(f"{folder} holds {what}: dataset 'csv' reads {folder / 'captions.csv'} ({SOURCE})")


def _seconds(row, key, place):
    text = (row.get(key) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{place}: {key} is {text!r}: write seconds as a number from 0 on, or leave it empty")
    return value
