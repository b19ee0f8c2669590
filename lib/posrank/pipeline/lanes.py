"""Lanes: several runs of a preset are trained and evaluated side by side, each by a `dvc repro` of its own.

Comes in: a scratch project and how many lanes there are. Goes out: what ``dvc repro evaluate`` makes there. DVC makes
one stage after the other, and a run of the world's size hardly gains from a second core. What runs share is made first,
then each lane takes the next run, and `dvc repro` goes on to the report.
"""

import json
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from posrank.pipeline.machine import cores, memory
from posrank.pipeline.params import asked

RUN = ("train", "evaluate")
"""Stages of each run."""

BESIDE = ("validity", "datasets", "negative_sets")
"""Stages that no run needs: one lane makes them. All others of dvc.yaml but the report are made before the runs."""

RUN_MEMORY = 3
"""GiB of main memory for a run of the world's size."""

BAR_SECONDS = 15
"""A lane's progress bar is shown this often."""


def lane_count(params, asked_for=None):
    """How many runs go side by side: `asked_for`, or one per core that has `RUN_MEMORY`; one alone where runs share a
    GPU, start processes of their own or read more than the world's small videos and weights."""
    if asked_for:
        return asked_for
    train = params["train"]
    if params["processes"] != 1 or (train["dataset"], train["backbone"]) != ("world", "world") or _has_gpu():
        return 1
    return max(1, min(cores(), (memory() or RUN_MEMORY) // RUN_MEMORY))


def _has_gpu():
    import torch

    return torch.cuda.is_available()


def side_by_side(scratch, params, stages, variables, dvc, lanes=None):
    """Make what is stale of the runs of `params` in the project `scratch`, `lane_count` at once.

    `stages` are those of dvc.yaml, `variables` the environment of ``dvc repro``, `dvc` a function that runs it there
    with the words given. Makes nothing where fewer than two runs are stale. Returns whether the report is left to be
    made: False where DVC finds no stale stage. A run that fails lets those beside it end and starts no other:
    ValueError names it.
    """
    if lanes == 1 or len(asked(params)) < 2 or not set(RUN) <= set(stages):
        return True
    found = stale_stages(scratch, variables)
    if not found:
        return found is None
    first = [name for name in stages if name not in (*RUN, *BESIDE, "report") and not stages[name].get("frozen")]
    if any(_of(name, found) for name in first):
        dvc(first)
        found = stale_stages(scratch, variables) or set()
    names = {run: [f"{stage}@{run}" for stage in RUN] for run in asked(params)}
    jobs = [(run, made) for run, made in names.items() if found & set(made)]
    if len(jobs) < 2 or (lanes := lane_count(params, lanes)) < 2:
        return True
    jobs += [("beside", names)] if (names := [each for kind in BESIDE for each in _of(kind, found)]) else []
    lanes = min(lanes, len(jobs))
    # with one thread each, numbers do not depend on how many cores and lanes there are
    threads = variables.get("OMP_NUM_THREADS") or "1"
    print(f"{len(jobs)} jobs in {lanes} lanes, threads of each: {threads}", flush=True)
    _run(jobs, lanes, scratch, {**variables, "OMP_NUM_THREADS": threads})
    return True


def _of(kind, stages):
    return sorted(each for each in stages if each.partition("@")[0] == kind)


def stale_stages(scratch, variables):
    """Set of the stages that ``dvc status`` calls changed; None where it fails (DVC says why when it runs)."""
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=scratch, env=variables,
                          capture_output=True, text=True)
    try:
        return set(json.loads(done.stdout))
    except ValueError:
        return None


def _run(jobs, lanes, scratch, variables):
    """Run all `jobs`, (name, stages) each, with as many processes at once as there are `lanes`."""
    stop, running = threading.Event(), []

    def work(job):
        if not stop.is_set() and not _make(*job, scratch, variables, running):
            stop.set()
            return job[0]

    with ThreadPoolExecutor(lanes) as pool:
        try:
            failed = [name for name in pool.map(work, jobs) if name]
        except BaseException:
            stop.set()
            # a Ctrl-C reached the lanes as well: they end by themselves
            for process in running:
                _end(process)
            raise
    if failed:
        raise ValueError(f"{' and '.join(failed)} stopped: see the lines above that begin with that name; the same "
                         "command goes on from there")


def _end(process, patience=10):
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.terminate()


def _make(name, stages, scratch, variables, running):
    """`dvc repro` of these stages alone, its output line by line behind the job's name; whether all were made."""
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "dvc", "repro", "--single-item", *stages], cwd=scratch,
                               env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    running.append(process)
    for line in shown_lines(iter(lambda: process.stdout.read1(1 << 16), b"")):
        print(f"{name} | {line}", flush=True)
    made = process.wait() == 0
    print(f"{name} | {'done' if made else 'stopped'} after {(time.monotonic() - start) / 60:.1f} min", flush=True)
    return made


def shown_lines(chunks, seconds=BAR_SECONDS, clock=time.monotonic):
    """Lines of text from chunks of bytes: every full line, and of a bar that is drawn over itself (a carriage return
    ends each state) the last state and one every few seconds. Empty lines are left out.

    >>> list(shown_lines([b"one", b" line\\nbar 1\\rbar 2\\r", b"\\nlast"], seconds=60))
    ['one line', 'bar 2', 'last']
    """
    rest, state, shown = b"", b"", clock()
    for chunk in chunks:
        *pieces, rest = re.split(rb"(?<=[\r\n])", rest + chunk)
        for piece in pieces:
            # an empty line ends a bar, whose last state was before it
            state = piece if piece.strip() else state
            if state.strip() and (piece.endswith(b"\n") or clock() - shown >= seconds):
                yield state.decode(errors="replace").strip()
                state, shown = b"", clock()
    if last := rest.strip() or state.strip():
        yield last.decode(errors="replace")
