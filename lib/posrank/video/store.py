"""The frame store: the frames of every video of a captions table in one memory-mapped file.

Comes in: a captions table and the folder of videos. Goes out, in one folder: ``videos.parquet`` (video_id, row,
frames_read, status, reason) and ``frames.npy``, uint8 [V, F, H, W, 3] (V = videos whose file exists). Missing and
corrupt videos are counted with their reason and have row -1; they never stop the others. Decoding is spread over
processes and goes on where it was when it is killed and started again (`posrank.video.journal`).
"""

import math
import os
import re
import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from posrank import tables
from posrank.files import inside
from posrank.video.journal import Journal
from posrank.video.sampling import READERS, SAMPLINGS
from posrank.video.worker import decode, spread

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".3g2", ".mts",
    ".m2ts", ".ts", ".vob", ".ogv", ".qt", ".3gpp", ".asf", ".divx",
)
"""Endings under which a video is taken where the named file is not there: MSVD's clips are avi or mp4, for example."""

CLIPS_NAMED_BY_SECONDS = ("vatex", "msvd")
"""Datasets whose video ids end in the first and last second of the clip: much longer files get a note."""


def build(
    captions, videos, folder, *, num_frames, size, sampling="uniform", seed=None, workers=None, reader="auto",
    progress=True, timeout=900.0,
):
    """Decode the videos of a captions table into a frame store in `folder`; returns the FrameStore.

    captions  captions table: video_id, file, start, end are read; a video is one (file, start, end)
    videos    folder that the file names are relative to; they never lead out of it
    num_frames, size, sampling, seed, reader   as in `posrank.video.read_frames`; a seed is made one per video
    workers   processes; None = one per processor, 0 = decode in this process
    timeout   seconds for one video, after which it counts as corrupt; None = no limit

    Raises ValueError for inconsistent input (naming the video), OSError where the disk is full or workers are killed
    from outside again and again, RuntimeError for a fault in a worker that is not the file's (a missing library).
    """
    if sampling not in SAMPLINGS or reader not in READERS:
        raise ValueError(f"sampling {sampling!r}, reader {reader!r}: use {', '.join(SAMPLINGS)}; {', '.join(READERS)}")
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, (int, np.integer)) or workers < 0):
        raise ValueError(f"workers is {workers!r}: give a whole number from 0 on, or None for one per processor")
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if timeout is not None and not (number and timeout > 0):
        raise ValueError(f"timeout is {timeout!r}: give seconds above 0, or None for no limit")
    videos, folder = Path(videos), Path(folder)
    if not videos.is_dir():
        raise FileNotFoundError(f"{videos} is no folder: put the videos there")
    table, jobs = _plan(captions, videos)
    shape = (len(jobs), num_frames, size, size, 3)
    settings = {"num_frames": num_frames, "size": size, "sampling": sampling, "seed": seed, "reader": reader}
    partial = folder.parent / f".{folder.name}.frames.partial"
    journal = Journal(partial, settings, jobs, shape)
    settings = {**settings, "frames": str(journal.frames.resolve()), "offset": journal.offset}
    todo = [job for job in jobs if job["video_id"] not in journal.done]
    try:
        _decode_all(todo, settings, journal, workers, progress, len(jobs), timeout)
    finally:
        journal.close()
    for column in ("frames_read", "status", "reason"):
        found = {video: entry[column] for video, entry in journal.done.items()}
        table[column] = [found.get(video, old) for video, old in zip(table["video_id"], table[column])]
    table.loc[table["status"] != "ok", "row"] = -1
    counts = {status: int(count) for status, count in table["status"].value_counts().sort_index().items()}
    table.attrs.update(shape=list(shape), sampling=sampling, seed=seed, counts=counts, reader=reader)
    folder.mkdir(parents=True, exist_ok=True)
    # the table is what makes a store whole: it goes first and comes last
    (folder / "videos.parquet").unlink(missing_ok=True)
    os.replace(journal.frames, folder / "frames.npy")
    tables.write_table(table, folder / "videos.parquet", "videos")
    shutil.rmtree(partial, ignore_errors=True)
    return FrameStore(folder)


class FrameStore:
    """Frames by video_id: ``frames, frames_read = store[video_id]``, ``store.rows(ids)`` for many.

    Attributes: table (the videos table), frames (memory-mapped uint8 [V, F, H, W, 3]), ids (videos that can be read, in
    order), missing ({video_id: reason} of the others). Raises FileNotFoundError or ValueError where the folder holds no
    whole store.
    """

    def __init__(self, folder):
        folder = Path(folder)
        self.table = tables.read_table(folder / "videos.parquet", "videos")
        path = folder / "frames.npy"
        try:
            self.frames = np.load(path, mmap_mode="r", allow_pickle=False)
        except FileNotFoundError:
            raise FileNotFoundError(f"{path} does not exist: make the frames again (dvc repro)") from None
        except (ValueError, EOFError, IsADirectoryError) as problem:
            raise ValueError(f"{path} cannot be read ({problem}): make the frames again (dvc repro)") from problem
        good = self.table["status"] == "ok"
        fits = self.frames.ndim == 5 and self.frames.dtype == np.uint8
        if not fits or (good & (self.table["row"] >= len(self.frames))).any():
            holds = f"{path} holds {self.frames.dtype} {self.frames.shape}"
            raise ValueError(f"{holds}, which does not fit videos.parquet beside it: make both again (dvc repro)")
        self.ids = self.table.loc[good, "video_id"].tolist()
        self.missing = dict(zip(self.table.loc[~good, "video_id"], self.table.loc[~good, "reason"]))
        self._rows = dict(zip(self.ids, self.table.loc[good, "row"].tolist()))
        self._read = dict(zip(self.ids, self.table.loc[good, "frames_read"].tolist()))

    def __len__(self):
        return len(self.ids)

    def __contains__(self, video_id):
        return video_id in self._rows

    def __getitem__(self, video_id):
        """Frames uint8 [F, H, W, 3] and frames_read of one video; ValueError with the reason where it has none."""
        row = self._row(video_id)
        return self.frames[row], self._read[video_id]

    def rows(self, ids):
        """Frames uint8 [n, F, H, W, 3] (a copy) and frames_read int64 [n] of many videos, in the order of `ids`."""
        ids = list(ids)
        rows = np.array([self._row(video) for video in ids], dtype=np.int64)
        return np.asarray(self.frames[rows]), np.array([self._read[video] for video in ids], dtype=np.int64)

    def report(self):
        """DataFrame status, reason, videos: how many were read and why the others were not (file names left out)."""
        # what a reason says after the file's name
        reason = self.table["reason"].str.replace(r"^.*?(?=: | is | does | holds | has )", "", regex=True)
        groups = self.table.assign(reason=reason.str.lstrip(": ")).groupby(["status", "reason"], as_index=False)
        counts = groups.agg(videos=("video_id", "size"))
        return counts.sort_values(["videos", "status", "reason"], ascending=[False, True, True], ignore_index=True)

    def _row(self, video_id):
        row = self._rows.get(video_id)
        if row is None:
            reason = self.missing.get(video_id, "it is not in videos.parquet")
            raise ValueError(f"no frames of video {video_id!r}: {reason}")
        return row


def _plan(captions, videos):
    """Videos table with what is known before decoding, and the decoding jobs of the files that exist."""
    columns = tables.validate(captions, "captions")[["video_id", "file", "start", "end", "dataset"]]
    distinct = columns.drop_duplicates(["video_id", "file", "start", "end"])
    twice = distinct[distinct["video_id"].duplicated()]
    if len(twice):
        what = f"video {twice['video_id'].iloc[0]!r} has more than one file, start or end in the captions table"
        raise ValueError(f"{what}: give each its own video_id (or make one store per dataset)")
    jobs, records, listings = [], [], {}
    for video, file, start, end, dataset in distinct.itertuples(index=False, name=None):
        name = file or f"{video}.mp4"
        path = _locate(inside(videos, name, where=f"video {video!r}"), listings)
        if path is None:
            what = "is a link to nothing" if (videos / name).is_symlink() else "does not exist"
            reason = f"{name} {what}: put the video there or correct its name in the captions table"
            records.append((video, -1, 0, "missing", reason))
            continue
        records.append((video, len(jobs), 0, "corrupt", ""))
        jobs.append({
            "video_id": video, "path": str(path), "name": str(path.relative_to(videos)), "row": len(jobs),
            "start": None if math.isnan(start) else start, "end": None if math.isnan(end) else end,
            "seconds": _seconds_in_id(video) if dataset in CLIPS_NAMED_BY_SECONDS and math.isnan(start) else None,
        })
    return pd.DataFrame(records, columns=list(tables.TABLES["videos"])), jobs


def _seconds_in_id(video):
    """Length of a clip whose id ends in its first and last second ("G9zN5TTuGO4_179_189"), else None."""
    found = re.search(r"_(\d{1,9})_(\d{1,9})$", video)
    length = int(found[2]) - int(found[1]) if found else 0
    return length if length > 0 else None


def _locate(path, listings):
    """The file itself, or one of the same name with another video's ending, or None. Folders are listed once."""
    if path.parent not in listings:
        names, stems = [], {}
        if path.parent.is_dir():
            names = sorted(name for name in os.listdir(path.parent) if os.path.isfile(path.parent / name))
        for name in names:
            if os.path.splitext(name)[1].lower() in SUFFIXES:
                stems.setdefault(os.path.splitext(name)[0], name)
        listings[path.parent] = (set(names), stems)
    names, stems = listings[path.parent]
    if path.name in names:
        return path
    known = os.path.splitext(path.name)[1].lower() in SUFFIXES
    other = stems.get(os.path.splitext(path.name)[0] if known else path.name)
    return path.with_name(other) if other else None


def _decode_all(todo, settings, journal, workers, progress, total, timeout):
    """Decode `todo`, noting each result."""
    from tqdm.auto import tqdm

    if workers == 0 or not todo:
        results = ((job, decode(settings, job), None) for job in todo)
    else:
        # a process costs a second to start, so there is one for eight videos where nobody says how many
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        count = min(workers, len(todo)) if workers else min(processors, max(1, len(todo) // 8))
        results = spread(partial(decode, settings), todo, count, timeout)
    bar = tqdm(total=total, initial=total - len(todo), desc="frames", unit="video", disable=not progress)
    with bar, closing(results):
        for job, result, failure in results:
            broken = {"frames_read": 0, "status": "corrupt", "reason": f"{job['name']}: {failure}; get the video again"}
            journal.note(job, broken if failure else result)
            bar.update()
