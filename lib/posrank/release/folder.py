"""The folder of a release: its files, what `release.json` says, and digests that tell when one of them has changed.

In: a folder, or the name of one below data/releases. Out: a `Release`. Nothing here needs captions.
"""

import csv
import json
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from posrank import files
from posrank.messages import did_you_mean
from posrank.release.spans import even

TABLE = {"paper": "edits.parquet", "released": "edits.parquet", "exchange": "groups.parquet"}
"""Rule -> the file that holds its set."""

ABOUT, DATASHEET, CHANGELOG, ERRATA, CROISSANT = (
    "release.json", "datasheet.md", "CHANGELOG.md", "errata.csv", "croissant.json")

ERRATA_COLUMNS = ("list", "version", "what")
TEMPLATES = Path(__file__).parent / "templates"
_NEEDED = ("name", "version", "dataset", "variant", "rule", "level", "digest", "files", "counts", "columns")


class Release(NamedTuple):
    """about: release.json as a dict. table: edits.parquet, one row per list, or groups.parquet, one row per statement,
    with the column `list` (`list_id`). errata: DataFrame list, version, what: faults found since, never corrected in
    place."""

    folder: Path
    about: dict
    table: pd.DataFrame
    errata: pd.DataFrame

    @property
    def name(self):
        return self.about["name"]

    @property
    def rule(self):
        return self.about["rule"]


def read(path_or_name):
    """A release from its folder, or by its name below data/releases -> `Release`.

    FileNotFoundError where there is none (naming the nearest one); ValueError where a file is damaged or missing.
    """
    if isinstance(path_or_name, Release):
        return path_or_name
    folder = _folder(path_or_name)
    about = _about(folder / ABOUT)
    for name, digest in about["files"].items():
        path = files.inside(folder, name, where=ABOUT)
        if not path.is_file():
            raise ValueError(f"{path} is missing: this release is not whole, get it again")
        if file_digest(path) != digest:
            raise ValueError(f"{path} is not the file of release {about['name']} (another digest): get it again")
    table = pd.read_parquet(folder / TABLE[about["rule"]])
    names = zip(table["caption_id"], table["part"])
    table.insert(0, "list", [list_id(about["dataset"], about["rule"], about["level"], *key) for key in names])
    return Release(folder, about, table, _errata(folder / ERRATA))


def releases():
    """Names of the releases below data/releases of the project."""
    return sorted(path.parent.name for path in _home().glob(f"*/{ABOUT}"))


def list_id(dataset, rule, level, caption_id, part):
    """12 hexadecimal digits that name the list of a caption (rule exchange: of a statement's source) and part: a hash,
    which tells nothing of what is in it."""
    key = "\x1f".join((dataset, rule, level, caption_id, part))
    return blake2b(key.encode(), digest_size=6).hexdigest()


def table_digest(*tables):
    """32 hexadecimal digits of tables: columns, rows in order, every value as text; of texts neither case nor the
    amount of white space counts, as in `fingerprint`. Equal captions give an equal digest."""
    found = blake2b(digest_size=16)
    for table in tables:
        for column in table:
            values = ["" if missing else even(str(value)).lower() for value, missing
                      in zip(table[column], table[column].isna())]
            found.update("\x1f".join([column, *values, ""]).encode())
    return found.hexdigest()


def file_digest(path):
    """BLAKE2b of a file's bytes, 32 hexadecimal digits."""
    return blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()


def write_json(path, value):
    """Write a value as JSON for people, too: texts as they are, a line for each item."""
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _home():
    return files.root() / "data" / "releases"


def _folder(path_or_name):
    path = Path(path_or_name)
    if (path / ABOUT).is_file():
        return path
    name = str(path_or_name)
    if not files.unsafe(name) and (_home() / name / ABOUT).is_file():
        return _home() / name
    known = releases()
    raise FileNotFoundError(f"no release {name!r}: neither a folder with {ABOUT} nor a name below {_home()}"
                            f"{did_you_mean(name, known)} (there are: {', '.join(known) or 'none'})")


def _about(path):
    about = files.read_json(path, "get the release again")
    absent = [key for key in _NEEDED if not isinstance(about, dict) or key not in about]
    if absent:
        raise ValueError(f"{path}: key {absent[0]!r} is missing: get the release again")
    if about["rule"] not in TABLE or TABLE[about["rule"]] not in about["files"]:
        raise ValueError(f"{path}: rule {about['rule']!r} without its table; known rules are {', '.join(TABLE)}")
    return about


def _errata(path):
    if not path.is_file():
        return pd.DataFrame(columns=list(ERRATA_COLUMNS), dtype="str")
    with open(path, encoding="utf-8", newline="") as file:
        table = pd.DataFrame(csv.DictReader(file), columns=list(ERRATA_COLUMNS))
    if table.isna().any().any():
        raise ValueError(f"{path}, line {int(table.isna().any(axis=1).argmax()) + 2}: expected the columns "
                         f"{', '.join(ERRATA_COLUMNS)}")
    return table.astype("str")
