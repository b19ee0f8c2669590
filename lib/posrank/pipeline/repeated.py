"""Whether the committed code repeats an earlier commit's numbers, bit for bit: metrics/repeated.json.

    python -m posrank.pipeline.repeated COMMIT

Published runs take hours, and much code behind them changes no number (an error message, a shorter function). Here both
commits make the smallest run of each kind (KINDS) and the negatives at full size (LISTS) on this machine, with the
present params.yaml, and everything that DVC tracks is compared: videos, captions, tags, negatives, frames, weights,
ranks, scores and metrics. If all is equal, the earlier code's digest is written down, and runs published with it count
as current (`published.stale`).

In: a git checkout without changed files, the name of a commit. Out: the list of differences, and metrics/repeated.json
if there is none. The two clones stay in .presets/, so a stopped call goes on where it was.
"""

import functools
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import yaml

from posrank.evaluation import origin
from posrank.files import read_json, root, write_text
from posrank.messages import command
from posrank.pipeline.machine import checkout, git, processor
from posrank.pipeline.scratch import environment

LIST, REMEDY = "metrics/repeated.json", "restore it from the repository"
_SMALL = {"world": {"train": 160, "val": 24, "test": 32, "groups": 28, "train_groups": 160},
          "train": {"steps": 4, "batch": 16, "n": 2, "checkpoint_every": 2},
          "evaluate": {"bootstrap": 200, "controls": ["shuffled", "blank", "one_frame", "reversed"]}}
KINDS = {
    "systems": {"train": {"systems": ["clip", "frozen", "xclip", "ts2net", "ucofia"]}},
    "natural": {"world": {"captions": "natural"},
                "train": {"strategies": ["coarse", "word", "phrase"], "holdout": 0.2}},
    "exchange": {"train": {"rule": "exchange", "strategies": ["word"], "holdout": 0.2, "seeds": [1]}},
    "constant": {"train": {"video": "constant", "strategies": ["word"]}},
    "text": {"train": {"video": "text", "strategies": ["coarse", "word", "phrase"]}},
}
"""Presets of small runs that together use what published presets and sweeps use: name -> changes of the defaults."""
LISTS = {"lists": {}, "lists_natural": {"world": {"captions": "natural"}}}
"""Presets of which all negatives are made, at full size: a rare list is in no small world."""


@functools.partial(command, stopped="stopped; the same command goes on from here")
def main(argv=None):
    """Compare and write the result; returns 1 where something differs."""
    words = sys.argv[1:] if argv is None else argv
    if len(words) != 1:
        raise ValueError("name one commit: python -m posrank.pipeline.repeated COMMIT")
    base = root()
    now, date = checkout(base)
    if now is None or now.endswith("+"):
        raise ValueError("commit the changes of lib, notebooks, params.yaml and dvc.yaml first: commits are compared")
    old = git(base, "rev-parse", "--short=7", f"{words[0]}^{{commit}}").strip()
    made = {commit: _make(base, commit, name) for commit, name in ((old, old), (now, "now"))}
    codes = {commit: origin.code_digest(folder) for commit, folder in made.items()}
    found = {kind: {commit: numbers(folder / ".presets" / kind) for commit, folder in made.items()}
             for kind in (*KINDS, *LISTS)}
    wrong = [f"{kind}: {name}" for kind, sides in found.items() for name in differences(sides[old], sides[now])]
    if wrong:
        print("\n".join(["these differ:", *wrong]))
        return 1
    entry = {"commit": old, "by": now, "date": date, "processor": processor(),
             "compared": {kind: len(sides[now]) for kind, sides in found.items()}}
    before = read_json(base / LIST, REMEDY, absent={})
    kept = before.get("repeats", {}) if before.get("code") == codes[now] else {}
    note = {"code": codes[now], "repeats": {**kept, codes[old]: entry}}
    write_text(base / LIST, json.dumps(note, indent=1) + "\n")
    print(f"{now} repeats all {sum(entry['compared'].values())} results of {old}; written down in {LIST}")
    return 0


def _make(base, commit, name):
    """A clone of `base` at `commit` below .presets/, in which all KINDS and LISTS were made; returns its folder."""
    clone = Path(base) / ".presets" / f"repeated-{name}"
    if not clone.is_dir():
        git(base, "clone", "--quiet", "--no-checkout", str(base), str(clone))
    git(clone, "fetch", "--quiet", str(base), "HEAD")
    git(clone, "checkout", "--quiet", "--force", "--detach", commit)
    text = (Path(base) / "params.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("\npresets:\n")
    changes = {kind: _merged(_SMALL, change) for kind, change in KINDS.items()} | LISTS
    presets = "".join(f"  {kind}: {json.dumps(change)}\n" for kind, change in changes.items())
    paper = rest[rest.index("\npaper:\n"):] if "\npaper:\n" in rest else "\n"
    write_text(clone / "params.yaml", f"{head}\npresets:\n{presets}{paper}")
    for kind in changes:
        print(f"{commit}: {kind}", flush=True)
        targets = ("evaluate", "validity") if kind in KINDS else ("negatives",)
        words = [sys.executable, "-m", "posrank", "repro", kind, *targets]
        if subprocess.run(words, cwd=clone, env=environment(clone)).returncode:
            raise ValueError(f"{commit} could not make preset {kind} in {clone}: see the message above")
    return clone


def _merged(a, b):
    """
    >>> _merged({"train": {"steps": 4}}, {"train": {"seeds": [1]}})
    {'train': {'steps': 4, 'seeds': [1]}}
    """
    return {key: {**a.get(key, {}), **b.get(key, {})} for key in {**a, **b}}


def numbers(workspace):
    """{path: digest} of what DVC made in a preset's folder, but executed notebooks and copies of code. Of a run's
    metrics all counts but the digest of the code, of its ranks every row (the file names those metrics)."""
    stages = yaml.safe_load((workspace / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    found = {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])
             if not out["path"].startswith((origin.SOURCE, "results/notebooks"))}
    for path in found:
        if path.startswith("metrics/") and path.endswith(".json"):
            metrics = json.loads((workspace / path).read_text(encoding="utf-8"))
            found[path] = origin.digest({key: value for key, value in metrics.items() if key != "code"})
        elif path.startswith("results/ranks/"):
            found[path] = origin.digest(pd.read_parquet(workspace / path))
    return found


def differences(one, other):
    """Paths whose digests differ, or that one side lacks.

    >>> differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    ['b', 'c']
    """
    return sorted(path for path in {**one, **other} if one.get(path) != other.get(path))


def repeats(base, code):
    """Digests of earlier code whose numbers the code of digest `code` repeats, by metrics/repeated.json."""
    note = read_json(Path(base) / LIST, REMEDY, absent={})
    return set(note["repeats"]) if note and note["code"] == code else set()


if __name__ == "__main__":
    sys.exit(main())
