"""Worker processes: many small jobs, any of which may crash, hang or be killed without harm to the others.

`decode` is the frame store's function: it reads one video and writes its frames in place into ``frames.npy``. Nothing
here imports pandas or torch.
"""

import multiprocessing.connection
import os
import signal
import threading
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess

from pebble import ProcessExpired, ProcessPool

from posrank.video.probing import VideoError, probe
from posrank.video.processes import without_script
from posrank.video.sampling import read_frames

# a decoder that runs wild ends by one of these; any other signal came from outside (no memory left, a scheduler)
_CRASHES = {getattr(signal, f"SIG{name}", None) for name in ("SEGV", "BUS", "FPE", "ILL", "ABRT", "TRAP", "SYS")}
_TRIES = 3
_SILENCE = 120.0
"""Seconds in which a pool must start or end one job."""


def decode(settings, job):
    """Decode one video and write its frames to their place. Returns {"frames_read", "status", "reason"}.

    settings  frames (path of frames.npy), offset (bytes before the first row), num_frames, size, sampling, seed, reader
    job       video_id, path, name (how messages call the file), row, start, end, seconds (what its id says; or None)

    A fault of the file is a status; OSError names frames.npy where it cannot be written.
    """
    seed = settings["seed"]
    try:
        frames, count = read_frames(
            job["path"], settings["num_frames"], settings["size"], settings["sampling"], job["start"], job["end"],
            seed=None if seed is None else (seed, job["video_id"]), reader=settings["reader"],
        )
        # twice as long and more: the whole upload, not the clip cut out of it
        long = job["seconds"] is not None and probe(job["path"]).end > 2 * job["seconds"] + 1
    except VideoError as problem:
        return {"frames_read": 0, "status": problem.kind, "reason": str(problem).replace(job["path"], job["name"])}
    note = f"{job['name']} is much longer than the clip that its id names: cut it to those seconds" if long else ""
    try:
        with open(settings["frames"], "r+b") as target:
            target.seek(settings["offset"] + job["row"] * frames.nbytes)
            target.write(frames.data)
    except OSError as problem:
        raise OSError(problem.errno, os.strerror(problem.errno), settings["frames"]) from None
    return {"frames_read": count, "status": "ok", "reason": note}


def spread(function, jobs, workers, timeout=None):
    """Run ``function(job)`` for every job in worker processes; yields (job, result, failure) as they come.

    failure is None, or what the job did to its worker: a crash, or no end within `timeout` seconds (result is None).
    A job whose worker was killed from outside is tried again, and raises OSError when that happens three times. An
    exception of the function ends everything: OSError and ValueError as they are, any other as a RuntimeError that
    names job, type and message. function and jobs travel by pickle; the caller's script is not imported again.
    """
    waiting, killed, broken = deque(enumerate(jobs)), Counter(), 0
    while waiting:
        pool, running = ProcessPool(workers, initializer=_end_with_parent, context=_Context()), {}
        try:
            while waiting or running:
                while waiting and len(running) < 2 * workers:
                    future = _schedule(pool, function, waiting[0][1], timeout)
                    running[future] = waiting.popleft()
                done, _ = wait(running, _SILENCE, FIRST_COMPLETED)
                if not done and not any(future.running() for future in running):
                    raise BrokenProcessPool("no job is started")
                for future in done:
                    number, job = running[future]
                    try:
                        result, failure = _outcome(future, job, timeout)
                    except _Killed as problem:
                        killed[number] += 1
                        if killed[number] == _TRIES:
                            raise OSError(f"{_name(job)}: {problem} {_TRIES} times; {_REMEDY}") from None
                        waiting.append(running.pop(future))
                        continue
                    del running[future]
                    broken = 0
                    yield job, result, failure
        except BrokenProcessPool as problem:
            # idle workers were killed, or none can start: the jobs go to a new pool
            broken += 1
            if broken == _TRIES:
                raise OSError(f"worker processes end before they do anything ({problem}); {_REMEDY}") from None
            waiting.extendleft(running.values())
        finally:
            pool.stop()
            pool.join()


_REMEDY = "memory may be short: try fewer workers, or workers=0, which shows the error itself"


class _Killed(Exception):
    """A worker ended by something that is not its job's fault."""


def _schedule(pool, function, job, timeout):
    try:
        return pool.schedule(function, (job,), timeout=timeout)
    except RuntimeError as problem:
        raise BrokenProcessPool(str(problem)) from None


def _outcome(future, job, timeout):
    """(result, failure) of a finished job."""
    try:
        return future.result(), None
    except BrokenProcessPool:
        raise
    except ProcessExpired as death:
        # pebble's workers answer SIGTERM by exit status 15
        number = -death.exitcode if death.exitcode < 0 else 15 if death.exitcode == 15 else 0
        name = signal.Signals(number).name if number in set(signal.Signals) else f"exit status {death.exitcode}"
        if number in _CRASHES:
            return None, f"the decoder crashed ({name})"
        raise _Killed(f"its worker process was killed ({name})") from None
    except TimeoutError:
        if future.exception().args[:1] == ("Task timeout",):
            return None, f"the decoder took longer than {timeout:g} s"
        raise
    except (OSError, ValueError):
        raise
    except Exception as problem:
        raise RuntimeError(f"{_name(job)}: {type(problem).__name__} in the worker process: {problem}") from problem


def _name(job):
    return job["name"] if isinstance(job, dict) else str(job)[:80]


def _end_with_parent():
    """End this worker as soon as the process that started it is gone, also in the middle of a job."""

    def watch():
        multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Process(SpawnProcess):
    @staticmethod
    def _Popen(process):
        with without_script():
            return SpawnProcess._Popen(process)


class _Context(SpawnContext):
    Process = _Process
