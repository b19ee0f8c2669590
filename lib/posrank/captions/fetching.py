"""Official addresses and checksums of annotation files; downloads only where that is asked for.

``data/sources.csv`` says where the files are, ``data/datasets.csv`` of whom and under which terms. A checksum
is that of the copy with which the numbers in docs/real_data.md were measured; owners publish none. Downloads go through
pooch, once and without retries; they are checked against the checksum where it is known, and come into being whole or
not at all. Out of an archive only the named file is taken.
"""

import csv
import hashlib
import tarfile
import tempfile
import zipfile
import zlib
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from posrank.captions.annotation_files import LARGEST_MEMBER, check_size, members, raw_of
from posrank.files import atomic
from posrank.messages import short, unknown


class File(NamedTuple):
    """name: as the loader looks for it; url: of the file, or of an archive that holds `member`; sha256 and size (bytes)
    of the file itself, "" where they are not known; page: what to read where there is no url; needed: yes or no."""

    name: str
    url: str = ""
    sha256: str = ""
    size: str = ""
    member: str = ""
    page: str = ""
    needed: str = "yes"


def _rows(name):
    with (files("posrank.captions") / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TERMS = {row["dataset"]: row["terms"] for row in _rows("datasets.csv")}
SOURCES = {row["dataset"]: row["source"] for row in _rows("datasets.csv")}
FILES = {dataset: [] for dataset in TERMS}
for _row in _rows("sources.csv"):
    FILES[_row.pop("dataset")].append(File(**_row))


def fetch(dataset, folder=None, *, download=False, verify=True, progress=True):
    """Print where a dataset's files are, and return the same as a DataFrame: file, status, size, sha256, address.

    dataset   one of posrank.captions.DATASETS
    folder    where its files are, or shall be; None = nothing is looked at
    download  True = get the files that have an address and are not in `folder` yet; nothing is got without it
    verify    False = keep a download whose checksum is another one than that of the copy that was tested

    status: "at hand" (checksum right, or not known), "at hand, another checksum", "downloaded", "to download", "by
    hand". ValueError for a checksum that differs after a download, OSError with the address where it cannot be reached.
    """
    if dataset not in FILES:
        raise ValueError(unknown("dataset", dataset, FILES))
    if download and folder is None:
        raise ValueError("fetch: downloading needs a folder to put the files in")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for file in FILES[dataset]:
            status = "by hand" if not file.url else "to download"
            target = None if folder is None else Path(folder) / file.name
            if target is not None and target.is_file():
                same = not file.sha256 or hashlib.sha256(target.read_bytes()).hexdigest() == file.sha256
                status = "at hand" if same else "at hand, another checksum"
            elif download and file.url:
                _get(file, target, verify, progress, scratch)
                status = "downloaded"
            address = file.url or file.page
            rows.append((file.name, status, file.size or None, file.sha256, address, file.needed == "yes"))
    table = pd.DataFrame(rows, columns=["file", "status", "size", "sha256", "address", "needed"])
    table["size"] = pd.to_numeric(table["size"]).astype("Int64")
    lines = [f"{dataset}: {TERMS[dataset]}"]
    if table.empty:
        lines.append("  nothing to fetch: the files are yours, or made by the pipeline")
    for row in table.itertuples():
        more = "" if row.needed else " (optional)"
        size = "" if pd.isna(row.size) else f", {row.size:,} bytes"
        lines.append(f"  {row.file}{more}: {row.status}{size}\n    from {row.address}")
        lines += [f"    sha256 {row.sha256}"] * bool(row.sha256)
    print("\n".join(lines))
    return table


def _get(file, target, verify, progress, scratch):
    path = _download(file.url, scratch, progress)
    content = _member(path, file) if file.member else Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if file.sha256 and verify and found != file.sha256:
        raise ValueError(f"{file.url}: {file.name} has sha256 {found}, expected was {file.sha256}: The file was not "
                         "kept. It may have been cut or changed; look at it and use verify=False to keep it, or get "
                         "the file by hand")
    with atomic(target) as temporary:
        temporary.write_bytes(content)


def _download(url, folder, progress):
    """Path of the file at `url`, got with pooch; OSError where it cannot be reached."""
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    try:
        downloader = pooch.HTTPDownloader(progressbar=progress, timeout=60)
        return pooch.retrieve(url, None, None, folder, downloader=downloader)
    except requests.exceptions.RequestException as problem:
        reason = short(str(problem))[1:-1]
        raise OSError(f"{url} cannot be reached ({reason}): try again, or get the file with a browser") from None


def _member(path, file):
    """The bytes of the one file of that name in a zip or tar archive, whatever folder it is in."""
    try:
        if zipfile.is_zipfile(path):
            name = next((name for name in members(path) if _is(name, file.member)), None)
            content = None if name is None else raw_of(path, name, file.url)
        else:
            with tarfile.open(path) as archive:
                entry = next((entry for entry in archive if entry.isfile() and _is(entry.name, file.member)), None)
                content = None
                if entry is not None:
                    check_size(f"{file.url} ({entry.name})", entry.size, LARGEST_MEMBER)
                    content = archive.extractfile(entry).read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as problem:
        raise ValueError(f"{file.url}: no readable archive ({problem}): try again") from None
    if content is None:
        raise ValueError(f"{file.url}: the archive holds no {file.member}: get the file by hand")
    return content


def _is(name, member):
    # "__MACOSX/._name" lies beside the real one in archives made on a Mac
    return PurePosixPath(name).name == member and not name.startswith("__MACOSX")
