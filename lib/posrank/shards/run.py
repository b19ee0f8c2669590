"""Running a step over all shards: in this process, in N processes, or on Ray, to the same bytes.

A shard that is done is left as it is, so a stopped run goes on; the options that a step's shards were made with, and
a digest of those of the steps before, are kept beside them (<step>/options.json), and others are an error. On several
machines with one file system, each takes its share: `part` (i, n) names every n-th shard from the i-th on, as in a
Slurm array.
"""

import json
import os
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

from tqdm.auto import tqdm

from posrank.files import atomic, read_json
from posrank.messages import unknown
from posrank.shards.cut import shards
from posrank.shards.steps import NEEDS, OPTIONS, STEPS, add_counts, path_of, work

EXECUTORS = ("one", "processes", "ray")
FROM = "made from"


def run(folder, step, executor="processes", processes=None, part=(0, 1), progress=True, **options):
    """Do `step` (one of STEPS) on every shard below `folder`; returns the names of those that were made now.

    executor: "one" (this process), "processes" (`processes` of them, None = one per processor) or "ray" (Ray Data,
    the extra posrank[ray], on the cluster that RAY_ADDRESS names or on this machine). options: tagger (step tags);
    rule, level, k, seed, parts, splits, lexicon (step negatives, see posrank.negatives.generate). ValueError for an
    unknown step, executor, part or option, where an earlier step is not done, and where shards of this step were made
    with other options.
    """
    if step not in STEPS or executor not in EXECUTORS:
        raise ValueError(f"step {step!r}, executor {executor!r}: there are {', '.join(STEPS)}; {', '.join(EXECUTORS)}")
    if not 0 <= part[0] < part[1]:
        raise ValueError(f"part {part}: the first number counts from 0 to one less than the second")
    folder, names = Path(folder), shards(folder)
    _check(folder, step, names)
    options = _settle(folder, step, options)
    mine = names[part[0] :: part[1]]
    todo = [(str(folder), step, name, options) for name in mine if not path_of(folder, step, name).exists()]
    how = {"one": _here, "processes": _processes, "ray": _ray}[executor]
    with closing(how(todo, processes)) as done:
        for _ in tqdm(done, desc=step, total=len(todo), unit="shard", disable=not progress):
            pass
    if step == "counts" and all(path_of(folder, step, name).exists() for name in names):
        add_counts(folder)
    return [name for _, _, name, _ in todo]


def _check(folder, step, names):
    for before in NEEDS[step]:
        missing = [name for name in names if not path_of(folder, before, name).exists()]
        if missing:
            raise ValueError(f"{step} needs {before} of every shard, and {len(missing)} of {len(names)} have none: run "
                             f"`python -m posrank shards {before} {folder}` first")
    if "counts" in NEEDS[step] and not (folder / "counts.parquet").exists():
        raise ValueError(f"{folder}/counts.parquet, the sum of all shards, is not there: run "
                         f"`python -m posrank shards counts {folder}`, which only adds what is done")


def _settle(folder, step, options):
    """All options of the step, defaults included, which are those that its shards were made with."""
    known = OPTIONS.get(step, {})
    if strange := [name for name in options if name not in known]:
        raise ValueError(unknown(f"option of step {step}", strange[0], known) if known else
                         f"step {step} has no options, got {strange[0]!r}")
    options = {name: options.get(name, default) for name, default in known.items()}
    told = {name: (value,) if name in ("parts", "splits") and isinstance(value, str) else value
            for name, value in options.items()}
    told = json.dumps({**told, FROM: {before: _digest(folder, before) for before in NEEDS[step]}}, sort_keys=True,
                      default=_plain)
    path = folder / step / "options.json"
    if not path.exists():
        with atomic(path) as temporary:
            temporary.write_text(told + "\n")
    before, now = read_json(path, f"delete {path.parent} and run the step anew"), json.loads(told)
    for name in options:
        if before.get(name) != now[name]:
            raise ValueError(f"{path.parent} was made with {name} = {before.get(name)!r}, not {now[name]!r}: use the "
                             "same, or delete that folder and what was made from it")
    for name in NEEDS[step]:
        if before.get(FROM, {}).get(name) != now[FROM][name]:
            raise ValueError(f"{path.parent} was made from other {name} than those that are there now: delete that "
                             "folder and run the step anew")
    return options


def _digest(folder, step):
    """Of what a step was made with and from, all the steps before it included; None where it does not say."""
    path = folder / step / "options.json"
    return blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.exists() else None


def _plain(value):
    """A number of numpy's, an array, or an object (a lexicon) as JSON can tell it."""
    return value.tolist() if hasattr(value, "tolist") else str(getattr(value, "name", type(value).__name__))


def _here(jobs, processes):
    yield from map(work, jobs)


def _processes(jobs, processes):
    from posrank.video.worker import spread

    for job, name, failure in spread(work, jobs, processes or os.cpu_count()):
        if failure:
            raise OSError(f"{job[1]} of shard {job[2]}: {failure}")
        yield name


def _ray(jobs, processes):
    try:
        import ray
    except ImportError:
        raise ValueError("executor ray needs Ray: install the extra posrank[ray], or choose processes") from None
    if not jobs:
        return
    if not ray.is_initialized():  # a cluster that is there has its own number of processors
        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": processes, "include_dashboard": False}
        ray.init(log_to_driver=False, **local)
    data = ray.data.from_items([{"job": number} for number in range(len(jobs))], override_num_blocks=len(jobs))

    def shard(batch):
        return {"name": [work(jobs[number]) for number in batch["job"]]}

    for row in data.map_batches(shard, batch_size=1).iter_rows():
        yield row["name"]
