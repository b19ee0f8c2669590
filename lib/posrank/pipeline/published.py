"""What git keeps of finished presets, and whether it is still what this checkout would make: metrics/published.json.

    python -m posrank.pipeline.published        write the list anew, and print which published numbers are stale

In: the metrics folders (the default preset's is metrics/, another's metrics/<preset>/), their ENVIRONMENT.json and
dvc.lock, params.yaml, dvc.yaml, the code. Out: per preset where it stands, how it was made, and per run its main
numbers, the digest of its lists, its commit, and why it is stale (an empty list: it is current). Numbers of earlier
code are current where the present code was seen to repeat them (`posrank.pipeline.repeated`). A test holds the
committed list against the checkout.
"""

import json
from pathlib import Path

import yaml

from posrank.evaluation import origin
from posrank.files import read_json, root, write_text
from posrank.pipeline import params as knobs
from posrank.pipeline.machine import describe
from posrank.pipeline.repeated import repeats
from posrank.scoring.summary import plain, short
from posrank.training.start_weights import start_weights

LIST, NOTE = "metrics/published.json", "ENVIRONMENT.json"
REMEDY = "restore it from the repository"
DATA_STAGES = ("world", "captions", "tags", "statements", "negatives", "frames")
NOTED = ("command", "seconds", "processor", "cores", "accelerator", "note")
"""What the list takes over from a folder's ENVIRONMENT.json."""


def folders(base):
    """{preset: folder} of what is published below `base`/metrics."""
    metrics = Path(base) / "metrics"
    others = sorted(path for path in metrics.glob("*") if path.is_dir()
                    and path.name not in ("sweeps", "tables", "validity"))
    named = {"default": metrics, **{path.name: path for path in others}}
    return {name: folder for name, folder in named.items() if runs(folder)}


def runs(folder):
    """{name: (path, metrics)} of the runs in a folder and of its sweeps' points ("sweeps/lambda-0.1")."""
    folder, found = Path(folder), {}
    for path in (*sorted(folder.glob("*.json")), *sorted((folder / "sweeps").glob("*.json"))):
        try:
            metrics = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:  # somebody's own file
            continue
        if isinstance(metrics, dict) and "posrank" in metrics and "strategy" in metrics:
            found[path.relative_to(folder).with_suffix("").as_posix()] = path, metrics
    return found


def listing(base):
    """The content of metrics/published.json for the checkout `base`."""
    base, code, out = Path(base), origin.code_digest(base), {}
    same = {code} | repeats(base, code)
    for preset, folder in folders(base).items():
        note = read_json(folder / NOTE, REMEDY, absent={})
        lock = base / "dvc.lock" if preset == "default" else folder / "dvc.lock"
        locked = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages", {}) if lock.is_file() else {}
        try:
            params = knobs.load(base / "params.yaml", preset=preset).plain()
        except ValueError:
            params = None
        entries = {}
        for name, (path, metrics) in runs(folder).items():
            entries[name] = {**{key: metrics.get(key) for key in ("dataset", "split", "rule")},
                             "lists": (metrics.get("lists") or {}).get(metrics.get("rule")), **short(metrics),
                             "commit": note.get("commits", {}).get(name),
                             "processor": note.get("processors", {}).get(name, note.get("processor")),
                             "stale": stale(metrics, name, path, params, same, locked, base)}
        repeated = all(metrics.get("code") in same for _, metrics in runs(folder).values())
        out[preset] = {"folder": folder.relative_to(base).as_posix(), "commit": note.get("commit"),
                       **{key: note.get(key) for key in NOTED},
                       "data": ("not checked: no such preset" if params is None
                                else stale_data(locked, params, base, repeated)),
                       "runs": entries}
    return plain(out)


def stale(metrics, name, path, params, same, locked, base):
    """Why a published run is not what the checkout `base` would make, as a list of reasons; [] = it is current.

    params: of its preset (None: params.yaml has no such preset any more); same: digests of the checkout's code and of
    code with the same numbers; locked: stages of the dvc.lock that was published with it.
    """
    inputs, reasons = metrics.get("inputs"), []
    if params is None:
        reasons.append("params.yaml has no such preset")
    if inputs is None:
        return [*reasons, "carries no digests"]
    start = own = None
    if params is not None:
        whole, start = knobs.merge(params, metrics.get("change", {})), str(inputs.get("start"))
        own = start_weights(knobs.Params(whole).train_for(metrics["system"])["backbone"], metrics["system"])
        if inputs.get("params") != origin.params_digest(whole, metrics["system"], base):
            reasons.append("other parameters")
    if metrics.get("code") not in same:
        reasons.append("other code")
    # the world's own start weights are files that git keeps; others have a name
    if own and start.endswith(".dir") and start != origin.file_digest(Path(base) / "data" / "world" / own):
        reasons.append("other start weights")
    made = {entry["path"]: entry["md5"] for stage in locked.values() for entry in stage.get("outs", [])}
    dataset = metrics["dataset"]
    data = {f"data/captions/{dataset}.parquet": inputs["captions"], f"data/tags/{dataset}.parquet": inputs["tags"],
            f"data/frames/{dataset}": inputs["frames"], f"data/statements/{dataset}.parquet": inputs.get("statements"),
            **{f"data/negatives/{dataset}-{rule}.parquet": digest for rule, digest in inputs["negatives"].items()},
            **({} if name.startswith("sweeps/")
               else {f"metrics/{name}.json": origin.file_digest(path),
                     f"runs/{name}/weights.safetensors": inputs["weights"]})}
    return reasons + [f"{name} is not that of dvc.lock" for name, digest in data.items() if made.get(name) != digest]


def stale_data(locked, params, base, repeated=False):
    """Stages of DATA_STAGES in a published dvc.lock that the checkout `base` would run anew, with the reason.

    repeated: whether their code is known to make the same as the checkout's.
    """
    found = []
    for stage, entry in locked.items():
        if stage.partition("@")[0] not in DATA_STAGES:
            continue
        code = [dep["path"] for dep in entry.get("deps", []) if dep["path"].startswith("lib/") and not repeated
                and origin.file_digest(Path(base) / dep["path"]) != dep["md5"]]
        values = {key: value for file in entry.get("params", {}).values() for key, value in file.items()}
        changed = [key for key, value in values.items() if origin.value_at(params, key) != value]
        found += [f"{stage}: {', '.join(code + changed)}"] if code or changed else []
    return found


def note(folder, preset, last, changed):
    """Content of ENVIRONMENT.json in the metrics folder `folder`: how and on what it was made, and the commit and the
    processor of each run.

    last: seconds, commit and date of the last repro; changed: the runs that it made anew; others keep theirs.
    """
    before, machine = read_json(Path(folder) / NOTE, REMEDY, absent={}), describe()
    commits = before.get("commits", {})
    old = {"commits": commits,
           "processors": dict.fromkeys(commits, before.get("processor")) | before.get("processors", {})}
    new = {"commits": last.get("commit"), "processors": machine["processor"]}
    by_run = {key: {name: new[key] if name in changed else old[key].get(name) for name in runs(folder)} for key in new}
    how = {key: last.get(key) for key in ("seconds", "commit", "date")}
    return {"preset": preset, "command": f"make repro PRESET={preset}", **how, **by_run, **machine}


def write(base):
    """Write metrics/published.json of the checkout `base`, one line a run; returns what `listing` returns."""
    found = listing(base)
    lines = []
    for preset, entry in found.items():
        rows = ",\n".join(f"   {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}"
                          for name, row in entry["runs"].items())
        head = "".join(f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n"
                       for key, value in entry.items() if key != "runs")
        lines.append(f' {json.dumps(preset)}: {{\n{head}  "runs": {{\n{rows}\n  }}\n }}')
    write_text(Path(base) / LIST, "{\n" + ",\n".join(lines) + "\n}\n")
    return found


def told(found):
    """Lines for a person: which published numbers are current, which are stale and why."""
    for preset, entry in found.items():
        old = {name: row["stale"] for name, row in entry["runs"].items() if row["stale"]}
        reasons = "; ".join(dict.fromkeys(reason for each in old.values() for reason in each
                                          if " is not that of " not in reason))
        state = (f"{len(old)} of {len(entry['runs'])} runs are stale ({reasons or 'not of the published dvc.lock'})"
                 if old else "current")
        yield f"{preset}: {state}: {', '.join(old)}" if old and len(old) < len(entry["runs"]) else f"{preset}: {state}"
        if entry["data"]:
            stages = [entry["data"]] if isinstance(entry["data"], str) else entry["data"]
            yield f"  its dvc.lock is stale: {'; '.join(stages)}"


def main():
    print("\n".join(told(write(root()))))


if __name__ == "__main__":
    main()
