"""The journal of a frame store under way: which videos are done, so that a killed run goes on where it was.

Goes out: ``frames.npy`` in a hidden folder, at its full length from the start (a full disk shows at once, not
half-way), and ``journal.jsonl``: the plan's fingerprint, then one line per finished video. A journal of another plan is
thrown away; a finished video counts only while its file keeps its size and time of change.
"""

import hashlib
import json
import os
import shutil

import numpy as np

from posrank.files import atomic


class Journal:
    """What is done of a store under way: ``done`` {video_id: result}; those of changed files and settings are void."""

    def __init__(self, folder, settings, jobs, shape):
        self.folder, self.frames, self.done = folder, folder / "frames.npy", {}
        self._stamps = {job["video_id"]: _stamp(job["path"]) for job in jobs}
        order = [[job["video_id"], job["name"], job["start"], job["end"]] for job in jobs]
        plan = hashlib.blake2b(json.dumps([settings, order]).encode(), digest_size=16).hexdigest()
        path = folder / "journal.jsonl"
        if self.frames.is_file() and path.is_file():
            self._read(path, plan)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if not self.done:
            self._create(shape, path, plan)
        self.offset = np.load(self.frames, mmap_mode="r").offset  # of the first row in the file
        self._file = path.open("a", encoding="ascii")

    def _create(self, shape, path, plan):
        self.folder.mkdir(parents=True, exist_ok=True)
        array = np.lib.format.open_memmap(self.frames, mode="w+", dtype=np.uint8, shape=shape)
        length = self.frames.stat().st_size
        del array
        free = shutil.disk_usage(self.folder).free
        try:
            if hasattr(os, "posix_fallocate") and length:
                with open(self.frames, "r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, length)
        except OSError as problem:
            shutil.rmtree(self.folder, ignore_errors=True)
            sizes = f"{length / 2**30:.2f} GiB are needed and {free / 2**30:.2f} GiB are free"
            remedy = "make room or ask for fewer or smaller frames"
            raise OSError(problem.errno, f"{self.folder}: no room for the frames, {sizes}: {remedy}") from None
        with atomic(path) as temporary:
            temporary.write_text(json.dumps({"plan": plan}) + "\n", encoding="ascii")

    def _read(self, path, plan):
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
        try:
            if not lines or json.loads(lines[0])["plan"] != plan:
                raise ValueError
        except (ValueError, TypeError, KeyError):
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                video, stamp = entry.pop("video_id"), entry.pop("stamp")
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # the last line of a killed run
            if stamp == self._stamps.get(video) and set(entry) == {"frames_read", "status", "reason"}:
                self.done[video] = entry

    def note(self, job, result):
        """Write down a result. The frames are in the file before: a kill loses at most what was being decoded."""
        self.done[job["video_id"]] = result
        entry = {"video_id": job["video_id"], "stamp": self._stamps[job["video_id"]], **result}
        try:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
        except OSError as problem:
            raise OSError(problem.errno, os.strerror(problem.errno), self._file.name) from None

    def close(self):
        self._file.close()


def _stamp(path):
    info = os.stat(path)
    return [info.st_size, info.st_mtime_ns]
