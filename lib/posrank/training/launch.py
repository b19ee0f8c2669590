"""Several processes from one call: a notebook, a stage or a test starts workers (torch's elastic_launch).

Workers end with the process that started them, and never run its script. Who starts torchrun by hand (several machines,
a cluster) does not need this: docs/several_machines.md.
"""

import importlib
import json
import logging
import os
import signal
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from posrank.video.processes import without_script

PLAIN = {"ValueError": ValueError, "FileNotFoundError": FileNotFoundError, "OSError": OSError}
"""Errors whose message says what to do: raised again as what they were. Others come with the worker's traceback."""
NEIGHBOURS = ("gloo", "nccl", "connection", "peer", "broken pipe", "tcpstore", "keyboardinterrupt", "signalexception")
"""Words in the error of a worker that fails because another one is gone."""


def processes_of(value):
    """The number that `processes` in params.yaml asks for: a number, or auto = one per GPU (1 without). ValueError
    where there are fewer GPUs than processes."""
    import torch

    devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if value == "auto":
        return max(1, devices)
    if devices and value > devices:
        raise ValueError(f"processes = {value}, but there are {devices} GPUs here: set it to at most {devices}, or to "
                         "auto")
    return int(value)


def under_torchrun():
    """Is this process one of several that torchrun started?"""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def launch(function, arguments, processes):
    """Call `function` ("module:name") with the mapping `arguments` (what can be pickled) in `processes` processes, one
    world (`posrank.training.distributed.join_world`) -> the list of their results. Raises what the first failing worker
    raised (ValueError and OSError as they are, all else as a RuntimeError with its traceback), RuntimeError where one
    was killed."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    with tempfile.TemporaryDirectory(prefix="posrank-", ignore_cleanup_errors=True) as folder:
        config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=processes, run_id=uuid.uuid4().hex,
                              rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0,
                              logs_specs=DefaultLogsSpecs(log_dir=folder))
        try:
            with without_script(), _surroundings(processes):
                found = elastic_launch(config, _work)(function, arguments, os.getpid())
        except ChildFailedError as problem:
            raise _error(Path(folder), processes, problem.get_first_failure()[1].signal_name()) from None
    return [found[rank] for rank in range(processes)]


@contextmanager
def _surroundings(processes):
    """Threads for the workers, no log of torch's launcher; afterwards environment and signal handlers as they were."""
    before, handlers = dict(os.environ), {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number)
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)}
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("torch.distributed.elastic"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    os.environ["LOGLEVEL"] = "CRITICAL"
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    try:
        yield
    except Exception as problem:
        if type(problem).__name__ == "SignalException":  # torch's own handlers turn an interrupt into this
            raise KeyboardInterrupt from None
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(before)


def _error(folder, processes, killed_by=None):
    """The error that the notes of failed workers in `folder` (torch's error.json) tell."""
    notes = [json.loads(path.read_text(encoding="utf-8"))["message"] for path in folder.rglob("error.json")]
    # a worker whose neighbour is gone fails in its next message to it
    causes = [note for note in notes if not any(word in note["message"].lower() for word in NEIGHBOURS)]
    if not causes:
        how = f" ({killed_by})" if killed_by not in (None, "<N/A>") else ""
        return RuntimeError(f"one of the {processes} processes was killed{how}: most often memory ran out. What was "
                            "finished is kept; the same call goes on from there")
    first = min(causes, key=lambda note: int(note["extraInfo"]["timestamp"]))
    kind, _, message = first["message"].partition(": ")
    if kind in PLAIN:
        return PLAIN[kind](message)
    return RuntimeError(f"one of the {processes} processes failed with {kind}: "
                        f"{message}\n{first['extraInfo']['py_callstack']}")


def _work(function, arguments, launcher):
    """A worker: end with the launcher, run the function, leave the process group."""
    threading.Thread(target=_end_with, args=(launcher,), daemon=True).start()
    module, name = function.split(":")
    found = getattr(importlib.import_module(module), name)(**arguments)
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()
    return found


def _end_with(launcher):
    """End this process when the one that started it is gone (a notebook's kernel that was killed, say)."""
    while os.name == "posix":
        try:
            os.kill(launcher, 0)
        except ProcessLookupError:
            os._exit(1)
        except PermissionError:
            pass
        time.sleep(1)
