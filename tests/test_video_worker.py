"""Worker processes: what crashes, hangs, is killed or fails, and who is to blame; nothing starts without end."""

import multiprocessing.spawn
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from test_frames import table
from test_video import write

from posrank.video import store as frames
from posrank.video import worker
from posrank.video.worker import spread

# a shell that starts pytest in the background has it ignore the interrupts that these tests send
signal.signal(signal.SIGINT, signal.default_int_handler)


def act(folder, job):
    """What a worker does in these tests; it runs in another process."""
    verb, *number = job.split()
    marks = Path(folder)
    if verb == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif verb == "hang":
        time.sleep(60)
    elif verb == "killed":  # as the system kills what takes too much memory: so many times, then it works
        tries = len(list(marks.glob("try*")))
        if tries < int(number[0]):
            (marks / f"try{tries}").touch()
            os.kill(os.getpid(), signal.SIGKILL if tries % 2 else signal.SIGTERM)
            time.sleep(5)
    elif verb == "import":
        raise ModuleNotFoundError("No module named 'avv'")
    elif verb == "memory":
        raise MemoryError
    elif verb == "full":
        raise OSError(28, "No space left on device", "frames.npy")
    return verb.upper()


def results(folder, jobs, workers=2, timeout=None):
    done = spread(partial(act, str(folder)), jobs, workers, timeout)
    return {job: (result, failure) for job, result, failure in done}


def test_a_crash_and_a_hang_stay_with_their_job(tmp_path):
    found = results(tmp_path, ["a", "crash", "b", "hang", "c"], timeout=3)
    assert [found[job] for job in "abc"] == [("A", None), ("B", None), ("C", None)]
    assert found["crash"] == (None, "the decoder crashed (SIGSEGV)")
    assert found["hang"] == (None, "the decoder took longer than 3 s")


def test_a_job_whose_worker_is_killed_is_tried_again(tmp_path):
    assert results(tmp_path, ["killed 2", "a"], workers=1) == {"killed 2": ("KILLED", None), "a": ("A", None)}


@pytest.mark.parametrize(("job", "kind", "words"), [
    ("killed 9", OSError,
     r"killed 9: its worker process was killed \(SIG\w+\) 3 times; memory may be short: try fewer"),
    ("import", RuntimeError, "import: ModuleNotFoundError in the worker process: No module named 'avv'"),
    ("memory", RuntimeError, "memory: MemoryError in the worker process"),
    ("full", OSError, r"No space left on device.*frames\.npy"),
])
def test_what_is_not_the_files_fault_ends_everything(tmp_path, job, kind, words):
    with pytest.raises(kind, match=words):
        results(tmp_path, ["a", job, "b"], workers=1)


def test_workers_that_cannot_start_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_SILENCE", 2.0)
    executable = multiprocessing.spawn.get_executable()
    multiprocessing.spawn.set_executable("/bin/false")
    try:
        with pytest.raises(OSError, match="worker processes end before they do anything"):
            results(tmp_path, ["a", "b"], workers=1)
    finally:
        multiprocessing.spawn.set_executable(executable)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "videos").mkdir()
    for name in "abcdefgh":
        write(tmp_path / "videos" / f"{name}.mp4", frames=3, width=32, height=32)
    return tmp_path / "videos"


SCRIPT = """
import sys
import pandas as pd
sys.path[:0] = {paths}
from test_frames import table
from posrank.video import store as frames
print("main", flush=True)
store = frames.build(table(list("abcdefgh")), {folder!r}, {target!r}, num_frames=2, size=16, workers=2, progress=False)
print(len(store), flush=True)
"""


def script(folder, **extra):
    path = folder.parent / "script.py"
    paths = [str(Path(frames.__file__).parents[2]), str(Path(__file__).parent), *map(str, extra.get("paths", ()))]
    path.write_text(SCRIPT.format(paths=paths, folder=str(folder), target=str(folder.parent / "store")))
    return [sys.executable, str(path)]


def test_a_script_without_a_main_guard_runs_once(folder):
    done = subprocess.run(script(folder), capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["main", "8"], done.stderr[-2000:]


def test_a_library_that_is_missing_in_a_worker_is_not_the_videos_fault(folder):
    (folder.parent / "broken").mkdir()
    (folder.parent / "broken" / "av.py").write_text("raise ImportError('libavcodec.so.99 is not there')\n")
    command = script(folder)
    source = Path(command[1]).read_text()
    first = f"sys.path.insert(0, {str(folder.parent / 'broken')!r}); "
    Path(command[1]).write_text(source.replace("print(\"main\"", first + "print(\"main\""))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "RuntimeError: " in done.stderr and "ImportError in the worker process: libavcodec.so.99" in done.stderr
    assert not (folder.parent / "store").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(folder, stop):
    slow = script(folder)
    source = Path(slow[1]).read_text()
    # the workers are kept busy for longer than the test lasts
    Path(slow[1]).write_text(source.replace("store = frames.build", """
from functools import partial
from posrank.video.worker import spread
from test_video_worker import act
for each in spread(partial(act, ""), ["a", "hang", "hang"], 2):
    print("busy", flush=True)
store = frames.build"""))
    process = subprocess.Popen(
        slow, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    assert process.stdout.readline() == "main\n" and process.stdout.readline() == "busy\n"
    process.send_signal(stop)
    process.wait(30)
    deadline = time.time() + 10

    def left():
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and _session(pid) == process.pid]

    while left() and time.time() < deadline:
        time.sleep(0.1)
    found = left()
    for pid in found:
        os.kill(int(pid), signal.SIGKILL)
    assert not found


def _session(pid):
    try:
        return os.getsid(int(pid))
    except OSError:
        return None


@pytest.mark.parametrize("workers", [-1, True, 1.5, "2"])
def test_a_wrong_number_of_workers_is_refused(folder, workers):
    with pytest.raises(ValueError, match=r"workers is .*give a whole number from 0 on"):
        frames.build(table(["a"]), folder, folder.parent / "store", num_frames=2, size=16, workers=workers)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "x", True])
def test_a_limit_that_is_none_is_an_error_and_makes_no_video_corrupt(folder, timeout):
    with pytest.raises(ValueError, match=r"timeout is .*: give seconds above 0"):
        frames.build(table(["a"]), folder, folder.parent / "s", num_frames=2, size=16, workers=1, progress=False,
                     timeout=timeout)
