"""What the numbers of a run were made from, as digests: the ranked lists, and data, parameters and code behind.

In: tables, files, dvc.yaml. Out: short hexadecimal texts that `metrics/<run>.json` carries. Two runs can be compared
where `lists` agree; a published file is current where `inputs` and `code` are those of the present checkout
(`posrank.pipeline.published`). Files are hashed as DVC hashes them (md5), to compare with dvc.lock; all else by
`posrank.training.identity.digest`.
"""

import hashlib
import json
import re
from pathlib import Path

import yaml

from posrank.training.identity import digest
from posrank.training.start_weights import start_weights

HOME = Path(__file__).resolve().parents[3]
"""The project whose code runs: a checkout, or a preset's scratch copy of it."""

SOURCE = "results/source"
"""Copies of the notebooks' code, on which stages depend."""

FIGURES = "lib/posrank/figures"
"""Code that draws what was measured: a change there changes no number."""


def lists_digest(negatives):
    """Digest of a negatives table: which sentences each caption is ranked among, per part of speech."""
    return _rows_digest(negatives, ["part", "caption_id", "sentence"])


def captions_digest(captions):
    """Digest of a captions table: ids, videos and texts."""
    return _rows_digest(captions, ["caption_id", "video_id", "caption"])


def _rows_digest(table, columns):
    """Digest of the rows' texts in `columns`, whatever their order."""
    return digest(table[columns].astype("str").sort_values(columns))


def file_digest(path):
    """md5 of a file, or of a folder as DVC computes it (ending in ".dir"); None where there is neither."""
    path = Path(path)
    if path.is_dir():
        files = sorted(_files(path), key=lambda file: file.relative_to(path).as_posix())
        listed = [{"md5": file_digest(file), "relpath": file.relative_to(path).as_posix()} for file in files]
        return hashlib.md5(json.dumps(listed).encode(), usedforsecurity=False).hexdigest() + ".dir"
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _files(path):
    """The file itself, or all files below a folder in order, without compiled code."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in found if file.is_file() and "__pycache__" not in file.parts]


def data_digests(folder, run, settings, rules):
    """Digests of the data behind a run in the workspace `folder`: captions, tags, statements, frames, negatives of each
    rule, start weights (a model's name where they are no files of the world), trained weights."""
    data, dataset, backbone = Path(folder) / "data", settings["dataset"], settings["build"]["backbone"]
    own = start_weights(backbone, settings["system"])
    return {
        **{name: file_digest(data / name / f"{dataset}.parquet") for name in ("captions", "tags", "statements")},
        "frames": file_digest(data / "frames" / dataset),
        "negatives": {rule: file_digest(data / "negatives" / f"{dataset}-{rule}.parquet") for rule in rules},
        "start": file_digest(data / "world" / own) if own else str(backbone),
        "weights": file_digest(Path(folder) / "runs" / run / "weights.safetensors"),
    }


def stages(home=HOME):
    """The stages of a project's dvc.yaml, {} where it has none."""
    path = Path(home) / "dvc.yaml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("stages", {}) if path.is_file() else {}


def behind(name, found):
    """`name` and all stages of `found` (those of dvc.yaml) whose outputs it needs, directly or not. Frozen stages are
    left out: git keeps what they made."""
    chain = [name] if name in found else []
    for stage in chain:
        needed = found[stage].get("deps", [])
        for other, entry in found.items():
            if other not in chain and not entry.get("frozen"):
                made = [out for out in outputs(entry) if not out.startswith((SOURCE, "results/notebooks"))]
                chain += [other] if any(_inside(dep, out) for dep in needed for out in made) else []
    return chain


def outputs(stage):
    """Paths of a stage's outputs, plots and metrics."""
    listed = [*stage.get("outs", []), *stage.get("plots", []), *stage.get("metrics", [])]
    return [next(iter(each)) if isinstance(each, dict) else each for each in listed]


def _inside(dep, out):
    """Whether the output lies at or below the dependency, or the other way round; `${...}` stands for any text."""
    return all(re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".*", re.escape(a)), b)
               or re.fullmatch(re.sub(r"\\\$\\\{.*?\\\}", ".*", re.escape(b)), a)
               for a, b in zip(dep.split("/"), out.split("/")))


def code_digest(home=HOME):
    """Digest of the code that makes a run's numbers: what stage `evaluate` of dvc.yaml and the stages behind it name
    below lib/, but the figures, and the code cells of their notebooks. None where there is no dvc.yaml."""
    home, found = Path(home), stages(home)
    named = {dep for stage in behind("evaluate", found) for dep in found[stage].get("deps", [])}
    if not named:
        return None
    notebooks = [home / "notebooks" / Path(dep).with_suffix(".ipynb").name for dep in named if dep.startswith(SOURCE)]
    code = {file.relative_to(home).as_posix(): file for dep in named if dep.startswith("lib/")
            for file in _files(home / dep)}
    hashed = {name: file_digest(file) for name, file in code.items() if not name.startswith(FIGURES)}
    return digest([hashed, {path.name: _code_cells(path) for path in notebooks}])


def _code_cells(path):
    """Sources of a notebook's code cells, without the `parameters` cell."""
    if not path.is_file():
        return ""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
                     and "parameters" not in cell["metadata"].get("tags", []))


def value_at(params, key):
    """The value of a dotted key in a nested dict; None where there is none."""
    for part in key.split("."):
        params = params.get(part) if isinstance(params, dict) else None
    return params


def params_digest(params, system, home=HOME):
    """Digest of the parameters that a run of `system` depends on: those that dvc.yaml names for stage `evaluate` and
    the stages behind it. `params`: a plain dict. The world's own count for the world alone. None without dvc.yaml."""
    found = stages(home)
    dataset = params["train"]["dataset"]
    chain = [stage for stage in behind("evaluate", found) if stage != "world" or dataset == "world"]
    keys = sorted({key.replace("${item.system}", system) for stage in chain for key in found[stage].get("params", [])})
    if not keys:
        return None
    return digest({key: value_at(params, key) for key in keys})
