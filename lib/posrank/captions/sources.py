"""Where the official annotation files are: addresses, sizes and checksums, as a table (data/sources.csv).
 Goes out: FILES, {dataset: (File, ...)}, and TERMS, {dataset: under which terms the owners give it}. A checksum is that
of the copy with which the numbers in docs/real_data.md were measured; owners publish none. Files without an address are
got by hand, where `page` says.
"""

import csv
from importlib.resources import files
from typing import NamedTuple


class File(NamedTuple):
    """name: as the loader looks for it; url: of the file, or of an archive that holds `member`; sha256 and size (bytes)
    of the file itself, "" and 0 where they are not known; page: what to read where there is no url."""

    name: str
    url: str = ""
    sha256: str = ""
    size: int = 0
    member: str = ""
    page: str = ""
    needed: bool = True


TERMS = {
    "world": "MIT, as this project",
    "csv": "yours",
    "msrvtt": "Microsoft Research, for research; videos under their owners' terms",
    "vatex": "annotations CC BY 4.0; videos under YouTube's terms",
    "vln_uvo": "annotations CC BY 4.0; videos of UVO (Kinetics) under their owners' terms",
    "vln_oops": "annotations CC BY 4.0; videos of Oops under their owners' terms",
    "youcook2": "for research, as its site says; videos under YouTube's terms",
    "didemo": "annotations BSD 2-Clause; each video under its own Creative Commons licence (video_licenses.txt there)",
    "activitynet": "for research, as its site says; videos under YouTube's terms",
    "msvd": "for research, as its site says; videos under YouTube's terms",
    "tgif": "for research, as its repository says; GIFs under their owners' terms",
}


def _read():
    found = {dataset: () for dataset in TERMS}
    with (files("posrank.captions") / "data" / "sources.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            dataset, size, needed = row.pop("dataset"), int(row.pop("size") or 0), row.pop("needed") == "yes"
            found[dataset] += (File(**row, size=size, needed=needed),)
    return found


FILES = _read()
