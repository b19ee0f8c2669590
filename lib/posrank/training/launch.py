"""Several processes from one call: a notebook, a stage or a test starts workers under torchrun and waits for them.

In: the name of a function ("module:name"), its arguments (what JSON can hold) and a number of processes. Out: the function
has run in each of them, as one world (`posrank.training.distributed.join_world`); its results are the files that it wrote.
Progress bars of the first process are shown as they come. An error in a worker is raised here, once; a worker that was
killed is an error that says so. Workers end with the process that started them.

Who starts torchrun by hand (several machines, a cluster) does not need this: docs/several_machines.md.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

PLAIN = {"ValueError": ValueError, "FileNotFoundError": FileNotFoundError, "OSError": OSError}
"""Errors whose message says what to do: raised again as what they were. Others come with the worker's traceback."""


def processes_of(value):
    """The number of processes that `processes` in params.yaml asks for: a number, or auto = one per GPU (1 without).

    ValueError where there are fewer GPUs than processes.
    """
    import torch

    devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if value == "auto":
        return max(1, devices)
    if devices and value > devices:
        raise ValueError(f"processes = {value}, but there are {devices} GPUs here: set it to at most {devices}, or to auto")
    return int(value)


def under_torchrun():
    """Is this process one of several that torchrun started?"""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def launch(function, arguments, processes):
    """Call `function` ("module:name") with the mapping `arguments` in `processes` processes, and wait for all of them.

    Raises what the first failing worker raised (ValueError and OSError as they are, all else as a RuntimeError with its
    traceback), and RuntimeError where one ended without a word.
    """
    with tempfile.TemporaryDirectory(prefix="posrank-") as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"function": function, "arguments": arguments}), encoding="utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        environment = {**os.environ, "LOGLEVEL": "CRITICAL", "POSRANK_LAUNCHER": str(os.getpid())}
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
        process = subprocess.Popen([*command, "-m", __spec__.name, str(job)], env=environment, stderr=subprocess.PIPE)
        shown = []
        reader = threading.Thread(target=_show, args=(process.stderr, Path(folder), shown), daemon=True)
        reader.start()
        try:
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            reader.join(timeout=10)
        if status:
            raise _error(Path(folder), processes, b"".join(shown).decode("utf-8", "replace"))


def _show(stream, folder, shown):
    """Pass on what workers say until one of them fails: what torchrun says then is no help."""
    terminal, failed = sys.__stderr__, False
    while piece := stream.read1(65536):
        shown[:] = [*shown[-20:], piece]
        failed = failed or b"torch/distributed/elastic" in piece or any(folder.glob("error-*"))
        if terminal is not None and not failed:
            terminal.write(piece.decode("utf-8", "replace"))
            terminal.flush()


def _error(folder, processes, last):
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("error-*.json")]
    # a worker whose neighbour is gone fails in its next message to it
    causes = sorted((error for error in found if not error["by_neighbour"]), key=lambda error: error["when"])
    if not causes:
        last = "\n".join(line for line in last.splitlines()[-12:] if line.strip())
        return RuntimeError(
            f"one of the {processes} processes ended without a word: most often memory ran out, or it was killed. What was "
            f"finished is kept; the same call goes on from there. Its last words:\n{last}"
        )
    first = causes[0]
    if first["kind"] in PLAIN:
        return PLAIN[first["kind"]](first["message"])
    return RuntimeError(f"process {first['rank']} of {processes} failed with {first['kind']}: {first['message']}\n{first['traceback']}")


def main(argv=None):
    """A worker: run the job, and note what went wrong."""
    job = Path((argv or sys.argv[1:])[0])
    rank = int(os.environ["RANK"])
    told = json.loads(job.read_text(encoding="utf-8"))
    threading.Thread(target=_end_with, args=(int(os.environ["POSRANK_LAUNCHER"]),), daemon=True).start()
    try:
        module, name = told["function"].split(":")
        getattr(importlib.import_module(module), name)(**told["arguments"])
    except BaseException as problem:
        error = dict(
            rank=rank, when=time.time(), kind=type(problem).__name__, message=str(problem), traceback=traceback.format_exc(),
            by_neighbour=_by_neighbour(problem),
        )
        temporary = job.with_name(f"half-{rank}")
        temporary.write_text(json.dumps(error), encoding="utf-8")
        os.replace(temporary, job.with_name(f"error-{rank}.json"))
        # no clean-up: it would wait for the others
        os._exit(1)
    import torch.distributed as dist

    if dist.is_initialized():
        dist.destroy_process_group()


def _by_neighbour(problem):
    words = ("gloo", "nccl", "connection", "peer", "broken pipe", "tcpstore")
    return isinstance(problem, (RuntimeError, KeyboardInterrupt)) and (
        isinstance(problem, KeyboardInterrupt) or any(word in str(problem).lower() for word in words)
    )


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


if __name__ == "__main__":
    main()
