"""Anybody's own captions and videos: dataset ``csv``.

Comes in: ``captions.csv`` in `root` (or the only csv file there; or the path of a csv file), UTF-8, with a header
line; comma, semicolon or tab between the columns. Columns: ``video_id``, ``caption`` and at least one of ``file`` (the
video, relative to the folder of videos) and ``split`` (train, val, test; test where there is no such column); optional
``caption_id`` and ``start``, ``end`` (seconds). Without ``file`` the video is ``<video_id>.mp4``. Names of columns and
splits are compared without case, spaces, hyphens and underscores; ``.attrs["notes"]`` say what was read as what.
"""

import re
from functools import partial

from posrank.captions.annotation_files import csv_rows
from posrank.captions.rows import seconds
from posrank.messages import nearest, short

VARIANTS = ("default",)
COLUMNS = {
    "video_id": ("video",),
    "caption": (),
    "file": ("filename", "filepath", "videofile", "videopath"),
    "split": ("subset", "partition"),
    "caption_id": (),
    "start": ("starttime", "startsec", "startseconds", "starts"),
    "end": ("endtime", "endsec", "endseconds", "ends"),
}
"""Column -> further names that mean the same, as `_plain` writes them."""
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "validation": "val", "validate": "val", "valid": "val",
    "test": "test", "testing": "test",
}
_NEAR = 0.75  # share of letters (difflib) from which another name is taken for a slip of the pen
_VIDEO = re.compile(r"\.(mp4|avi|mkv|webm|mov|gif|m4v|mpe?g|3gp|flv|wmv)$", re.IGNORECASE)


def read(folder, rows, variant):
    """The captions of somebody's csv file."""
    path, videos = _file(folder), {}
    folder.path, rows.videos = path, path.parent
    rename = partial(_header, folder.notes)
    for place, row in csv_rows(path, ("video_id", "caption"), delimiter=None, rename=rename):
        if "file" not in row and "split" not in row:
            raise ValueError(f"{path}, line 1: neither a column 'file' nor a column 'split': add at least one of them")
        for column, value in row.items() if "split" not in row else ():
            if column.startswith(" ") and _plain(value) in _SPLITS:
                what = f"column {short(column[1:])} holds splits ({short(value)} in line {place.line})"
                remedy = "rename it to 'split', or remove it where all captions are for testing"
                raise ValueError(f"{path}, line 1: {what}: {remedy}")
        split = _SPLITS.get(_plain(row.get("split", "test")))
        if split is None:
            hint = "; 'dev' is usually val" if _plain(row["split"]).startswith("dev") else ""
            raise ValueError(f"{place()}: split is {short(row['split'])}: use train, val or test{hint}")
        name = row["video_id"].strip()
        start, end = (seconds(row.get(key, "").strip() or None, key, place) for key in ("start", "end"))
        file = row.get("file", "").strip() or (name if _VIDEO.search(name) else f"{name}.mp4")
        known = videos.setdefault(name, (file, start, end, split, place.line))
        if known[:4] != (file, start, end, split):
            other = f"video_id {short(name)} has another file, split, start or end than in line {known[4]}"
            raise ValueError(f"{place()}: {other}: give each video, or each piece of one, an id of its own")
        caption_id = row.get("caption_id", "").strip() or None
        rows.add(split, name, row["caption"], place, file=file, start=start, end=end, caption_id=caption_id)
    if "train" not in {video[3] for video in videos.values()}:
        folder.notes.append(
            "no caption is of split train: negatives draw their words from the others, nothing can be trained"
        )


def _header(notes, header, place):
    """The header with the names of COLUMNS; other columns keep theirs and are noted, slips of the pen are errors."""
    plain = [_plain(name) for name in header]
    known = {}
    for column, others in COLUMNS.items():
        for names in ((_plain(column),), others):
            found = [index for index, name in enumerate(plain) if name in names]
            if len(found) > 1:
                both = " and ".join(short(header[index]) for index in found[:2])
                raise ValueError(f"{place()}: columns {both} both mean {column!r}: rename or remove one of them")
            if found:
                known[found[0]] = column
                break
    notes += [
        f"column {short(header[i])} was read as {name!r}" for i, name in known.items() if plain[i] in COLUMNS[name]
    ]
    left = [index for index in range(len(header)) if index not in known and header[index]]
    for index in left:
        names = {_plain(column): column for column in COLUMNS}
        near = names.get(nearest(plain[index], names, _NEAR))
        if near is not None and near not in known.values():
            what = f"column {short(header[index])} is not known, the nearest is {near!r}"
            raise ValueError(f"{place()}: {what}: rename it, or remove it where something else is meant")
    if left:
        notes.append(f"columns that were not read: {', '.join(short(header[index]) for index in left)}")
    # a column that is not read may have the name of one that is, as "video" beside "video_id"
    return [known.get(index, f" {name}" if name else "") for index, name in enumerate(header)]


def _plain(name):
    return re.sub(r"[\s_-]", "", name).casefold()


def _file(folder):
    if folder.path.is_file():
        return folder.path
    usual = folder.path / "captions.csv"
    found = [path for path in folder.find_all("*.csv") if path.parent == folder.path]
    if usual in found or len(found) == 1:
        return usual if usual in found else found[0]
    what = f"{len(found)} csv files and none is called captions.csv" if found else "no csv file"
    raise FileNotFoundError(f"{folder.path} holds {what}: dataset 'csv' reads {usual} ({folder.source})")
