"""A process that decodes videos into a frame file, and the handle that the parent holds on it.

Comes in: one line of JSON with the settings, then one line per video, on standard input. Goes out: the frames, written
in place into ``frames.npy``; one line of JSON per video on standard output. A process of its own, because a broken
video can crash a decoder: the parent then counts that video as corrupt and starts another worker. Started with
``python -m posrank.video.worker``, so it needs no guard in the caller's script; it imports neither pandas nor torch.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from posrank.video import VideoError, read_frames


def decode(settings, job):
    """Decode one video and write its frames to their place. Returns {"frames_read", "status", "reason"}.

    settings  frames (path of frames.npy), offset (bytes before the first row), num_frames, size, sampling, seed, reader
    job       video_id, path, name (how messages call the file), row, start, end
    """
    seed = settings["seed"]
    try:
        frames, count = read_frames(
            job["path"], settings["num_frames"], settings["size"], settings["sampling"], job["start"], job["end"],
            seed=None if seed is None else (seed, job["video_id"]), reader=settings["reader"],
        )
    except VideoError as problem:
        return {"frames_read": 0, "status": problem.kind, "reason": str(problem).replace(job["path"], job["name"])}
    data = memoryview(frames).cast("B")
    position = settings["offset"] + job["row"] * len(data)
    target = os.open(settings["frames"], os.O_WRONLY)
    try:
        while data:
            written = os.pwrite(target, data, position)
            data, position = data[written:], position + written
    finally:
        os.close(target)
    return {"frames_read": count, "status": "ok", "reason": ""}


class Worker:
    """A worker process; `run` gives it one video and waits for the answer."""

    def __init__(self, settings, timeout=900.0):
        self.settings, self.timeout, self.process = settings, timeout, None

    def run(self, job):
        """As `decode`, in the other process; a crash or `timeout` seconds without an answer count as a corrupt
        video."""
        if self.process is None:
            self._start()
        timer = threading.Timer(self.timeout, self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except (BrokenPipeError, OSError):
            answer = ""
        finally:
            timer.cancel()
        if answer.endswith("\n"):
            result = json.loads(answer)
            if "fatal" in result:
                raise OSError(result["fatal"])
            return result
        code = self.process.wait()
        self.process = None
        reason = f"{job['name']}: the decoder broke off (exit status {code}); the file may be damaged, get it again"
        return {"frames_read": 0, "status": "corrupt", "reason": reason}

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process = None

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _start(self):
        # this very package, wherever it was imported from; one thread per process, processes are what is parallel
        library = str(Path(__file__).resolve().parents[2])
        search = os.pathsep.join([library, *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "posrank.video.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="ascii", env=environment,
        )
        self.process.stdin.write(json.dumps(self.settings) + "\n")


def main():
    """Answer jobs until standard input ends."""
    # decoders may print; keep the answers on a channel of their own
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        try:
            result = decode(settings, json.loads(line))
        except OSError as problem:
            result = {"fatal": str(problem)}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
