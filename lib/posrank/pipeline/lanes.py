"""Lanes: several runs of a preset, or points of a sweep, are made side by side, each by a `dvc repro` of its own.

Comes in: a scratch project and how many lanes there are. Goes out: what ``dvc repro evaluate`` makes there. DVC makes
one stage after the other, and a run of the world's size hardly gains from a second core. What runs share is made first,
then each lane takes the next run, and `dvc repro` goes on to the report.
"""

import json
import queue
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
    """How many runs go side by side: `asked_for`, or one per core that has `RUN_MEMORY`.

    None = DVC makes them one after the other, with all cores: where one lane is asked for, and by itself where runs
    share a GPU, start processes of their own or read more than the world's small videos and weights.
    """
    if asked_for:
        return asked_for if asked_for > 1 else None
    from posrank.training.start_weights import START_WEIGHTS

    train = params["train"]
    small = train["dataset"] == "world" and train["backbone"] in START_WEIGHTS
    if params["processes"] != 1 or not small or _has_gpu():
        return None
    return max(1, min(cores(), (memory() or RUN_MEMORY) // RUN_MEMORY))


def _has_gpu():
    import torch

    return torch.cuda.is_available()


def side_by_side(scratch, params, stages, variables, dvc, lanes=None):
    """Make what is stale of the runs of `params` in the project `scratch`, `lane_count` at once.

    `stages` are those of dvc.yaml, `variables` the environment of ``dvc repro``, `dvc` a function that runs it there
    with the words given. A single stale run goes this way as well: the last one after an interruption has one thread
    like those before it. Returns whether the report is left to be made: False where DVC finds no stale stage.
    ValueError names a run that failed (`in_lanes`).
    """
    if lanes == 1 or not set(RUN) <= set(stages):
        return True
    found = stale_stages(scratch, variables)
    if not found:
        return found is None
    first = [name for name in stages if name not in (*RUN, *BESIDE, "report") and not stages[name].get("frozen")]
    if any(_of(name, found) for name in first):
        dvc(first)
        found = stale_stages(scratch, variables) or set()
    names = {run: [f"{stage}@{run}" for stage in RUN] for run in asked(params)}
    jobs = {run: made for run, made in names.items() if found & set(made)}
    if not jobs or (lanes := lane_count(params, lanes)) is None:
        return True
    if beside := [each for kind in BESIDE for each in _of(kind, found)]:
        jobs["beside"] = beside

    def make(name, lane):
        return repro_lines(name, ["--single-item", *jobs[name]], scratch, variables)

    in_lanes(list(jobs), make, lanes, f"preset {scratch.name}, run")
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


def in_lanes(names, make, lanes, what):
    """Call ``make(name, lane)`` for each name, `lanes` of them at a time; `lane` counts from 0 and is free again when
    the call returns. Where one returns False, those beside it end and no other begins: ValueError says `what` and the
    names."""
    free, stop = queue.SimpleQueue(), threading.Event()
    for lane in range(min(lanes, len(names))):
        free.put(lane)
    print(f"{len(names)} jobs in {free.qsize()} lanes: {', '.join(names)}", flush=True)

    def work(name):
        if stop.is_set():
            return True
        lane, made = free.get(), False
        try:
            made = make(name, lane)
        finally:
            free.put(lane)
            if not made:
                stop.set()
        return made

    with ThreadPoolExecutor(free.qsize()) as pool:
        try:
            made = dict(zip(names, pool.map(work, names)))
        except BaseException:
            stop.set()
            raise
    if failed := [name for name in names if not made[name]]:
        raise ValueError(f"{what} {' and '.join(failed)} stopped: see the lines above that begin with that name; the "
                         "same command goes on from there")


def repro_lines(name, words, scratch, variables):
    """`dvc repro` with these words in the project `scratch`, its output line by line behind a name; whether all was
    made. Each has one thread, where `variables` do not say otherwise: so numbers do not depend on how many cores and
    lanes there are."""
    start = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "dvc", "repro", *words], cwd=scratch, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={"OMP_NUM_THREADS": "1", **variables}) as process:
        for line in shown_lines(iter(lambda: process.stdout.read1(1 << 16), b"")):
            print(f"{name} | {line}", flush=True)
    made = process.returncode == 0
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
