"""Videos that are in two splits, or in the captions table under two ids.

Comes in: a captions table and, where it is known, the folder of its files. Goes out: one line for each kind of
repetition, with count and example. A file is the same where its path is ("./a.mp4" is "a.mp4") or, where it is at
hand, where the disk says so (links; capital letters on a file system that does not tell them apart). Pieces of one
file in two splits are no repetition as long as their times do not overlap.
"""

import os
import posixpath
from contextlib import suppress
from pathlib import Path

from posrank.messages import short


def repeated_files(captions, folder=None):
    """Yield the lines about a captions table; `folder`: where its files may be."""
    videos = captions[["video_id", "split", "file", "start", "end"]].drop_duplicates()
    splits = videos.groupby("video_id", sort=False)["split"].nunique()
    twice = splits.index[splits > 1]
    if len(twice):
        yield f"videos in two splits: {len(twice)}, the first: {short(twice[0])}: keep each in one of them"
    videos = videos[videos["file"] != ""].drop_duplicates("video_id")
    whole = videos[["start", "end"]].isna().all(axis=1)
    videos = videos.assign(key=[_key(file, folder) for file in videos["file"]], whole=whole)
    keys = videos.groupby("key", sort=False)
    videos = videos[(keys["split"].transform("nunique") > 1) | (keys["whole"].transform("sum") > 1)]
    across, within = [], []
    for _, rows in videos.groupby("key", sort=False):
        _pairs(rows, across, within)
    for pairs, where, remedy in (
        (across, "in two splits", "what a model is tested on was trained on; keep each file in one split"),
        (within, "in one split", "retrieval cannot tell them apart; give each file one id"),
    ):
        if pairs:
            one, other = pairs[0]
            yield (
                f"files with two ids {where}: {len(pairs)}, the first: {short(one.file)} is {short(one.video_id)} "
                f"({one.split}), {short(other.file)} is {short(other.video_id)} ({other.split}): {remedy}"
            )


def _key(file, folder):
    name = posixpath.normpath(file.replace("\\", "/"))
    with suppress(OSError):
        if folder is not None:
            found = os.stat(Path(folder, name))
            return f"{found.st_dev}/{found.st_ino}"
    return name


def _pairs(rows, across, within):
    """Add the pairs of neighbours (by start) of one file whose times overlap; in one split, whole files only."""
    last = None
    rows = rows.assign(start=rows["start"].fillna(0), end=rows["end"].fillna(float("inf")))
    for row in rows.sort_values(["start", "end"], kind="stable").itertuples():
        if last is not None and row.start < last.end:
            if row.split != last.split:
                across.append((last, row))
            elif row.whole and last.whole:
                within.append((last, row))
        if last is None or row.end >= last.end:
            last = row
