"""Publishing: a finished preset's metrics, report tables and dvc.lock go to where git keeps them.

Comes in: the scratch project of a preset. Goes out: ``metrics/<preset>/`` (the default's: ``metrics/`` itself), with
ENVIRONMENT.json that says how they were made and lists the files, so that the next call deletes what it wrote itself
and nothing else. The default preset also updates the project's dvc.lock and the README's pictures and tables.
"""

import json
import shutil
from pathlib import Path

from posrank.files import atomic, inside, read_json, write_text

LAST_RUN = ".last_run.json"
"""In the scratch project: how long the last run that had anything to do took, and of which commit it was."""
NOTE = "ENVIRONMENT.json"
FIGURES = {"posrank.png": "5_report/fig6_posrank.png", "world.png": "1_datasets/world.png"}
"""Pictures of the README -> figures of the default preset."""


def publish(base, scratch, name):
    """Copy what preset `name` made in `scratch` into metrics/ of the project `base`; returns the folder and a count."""
    from posrank.pipeline import published

    if not any((scratch / "metrics").glob("*.json")) or not (scratch / "dvc.lock").is_file():
        raise ValueError(f"preset {name} has no metrics yet: run make repro PRESET={name} first")
    default = name == "default"
    target = base / "metrics" / ("" if default else name)
    if not target.resolve().is_relative_to((base / "metrics").resolve()):
        raise ValueError(f"{target} leads out of {base / 'metrics'}: remove that link")
    made = {str(path.relative_to(scratch / "metrics")): path for path in sorted((scratch / "metrics").rglob("*.json"))
            if path.name not in (NOTE, Path(published.LIST).name)}
    count = len(made)
    tables = scratch / "results" / "tables" / "5_report"
    made |= {f"tables/{path.name}": path for path in sorted(tables.glob("*.csv"))}
    if default:
        _copy(scratch / "dvc.lock", base / "dvc.lock")
    else:
        made["dvc.lock"] = scratch / "dvc.lock"
    for old in set(_written(target / NOTE)) - set(made):
        inside(target, old).unlink(missing_ok=True)
    changed = []
    for relative, path in made.items():
        copy = target / relative
        if not copy.is_file() or copy.read_bytes() != path.read_bytes():
            changed.append(relative.removesuffix(".json"))
        _copy(path, copy)
    last = read_json(scratch / LAST_RUN, "delete it", absent={})
    note = {**published.note(target, name, last, changed), "files": sorted(made)}
    write_text(target / NOTE, json.dumps(note, indent=2) + "\n")
    print("\n".join(published.told(published.write(base))))
    _illustrate(base, scratch, pictures=FIGURES if default else {})
    return target, count


def _written(note):
    """The files that an earlier call wrote, by its note; nothing where there is none that can be read."""
    try:
        listed = json.loads(note.read_text(encoding="utf-8")).get("files", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [name for name in listed if isinstance(name, str)]


def _illustrate(base, scratch, pictures):
    """Bring the README's pictures and the tables of results up to date; what a project does not have is left out."""
    from posrank.figures import readme

    for name, figure in pictures.items():
        if (scratch / "results" / "figures" / figure).is_file():
            _copy(scratch / "results" / "figures" / figure, base / "docs" / "figures" / name)
    if readme.pages(base):
        readme.main()


def _copy(path, target):
    with atomic(target) as temporary:
        shutil.copyfile(path, temporary)
