"""Workers started from one call: their results, their errors, their deaths (module training.launch).

Each start of torchrun costs seconds, so that few tests share them.
"""

import json
import os
import signal
import subprocess
import time

import pytest

from posrank.training import launch as module
from posrank.training.distributed import World, join_world
from posrank.training.launch import _error, launch, processes_of


def fail(out):
    """A job of which the second process fails while the first waits for it."""
    world = join_world()
    if world.rank == 1:
        raise ValueError("train.batch is odd")
    world.barrier()


def die(out):
    """A job of which the second process is killed while the first waits for it."""
    world = join_world()
    if world.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    world.barrier()


def rank_of(out):
    """A job whose results come back."""
    return out, join_world().rank


@pytest.fixture
def importable(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_results_come_back_and_the_caller_is_as_before(importable):
    before = signal.getsignal(signal.SIGINT), dict(os.environ)
    assert launch("test_training_launch:rank_of", {"out": "x"}, 2) == [("x", 0), ("x", 1)]
    assert (signal.getsignal(signal.SIGINT), dict(os.environ)) == before


def test_the_error_of_a_worker_is_raised_once_and_as_it_was(importable, capfd):
    with pytest.raises(ValueError, match=r"^train\.batch is odd$"):
        launch("test_training_launch:fail", {"out": ""}, 2)
    assert "Traceback" not in capfd.readouterr().err


def test_a_killed_worker_is_an_error_that_says_so(importable):
    began = time.time()
    with pytest.raises(RuntimeError, match=r"one of the 2 processes was killed.*goes on from there"):
        launch("test_training_launch:die", {"out": ""}, 2)
    assert time.time() - began < 300  # and not the half hour of a collective's patience


def test_the_first_cause_is_told_not_the_neighbours_complaint(tmp_path):
    notes = ((0, "RuntimeError: gloo: peer closed", 1), (1, "KeyError: 'v1'", 3), (2, "ValueError: later", 4))
    for rank, message, when in notes:
        note = {"message": {"message": message, "extraInfo": {"py_callstack": "File x", "timestamp": str(when)}}}
        (tmp_path / str(rank)).mkdir()
        (tmp_path / str(rank) / "error.json").write_text(json.dumps(note))
    found = _error(tmp_path, 2)
    assert isinstance(found, RuntimeError) and "KeyError: 'v1'" in str(found) and "File x" in str(found)


def test_processes_are_a_number_or_one_per_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert processes_of(3) == 3 and processes_of("auto") == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert processes_of("auto") == 2 and processes_of(2) == 2
    with pytest.raises(ValueError, match="at most 2"):
        processes_of(4)


def test_workers_end_with_the_process_that_started_them(monkeypatch):
    class Ended(Exception):
        pass

    def end(status):
        raise Ended

    monkeypatch.setattr(module.os, "_exit", end)
    gone = subprocess.Popen(["true"])
    gone.wait()
    with pytest.raises(Ended):
        module._end_with(gone.pid)


def test_a_world_of_one_collects_its_own():
    assert World().collect(3) == [3] and World().collect(3, everywhere=False) == [3]
