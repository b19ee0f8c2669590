"""Official addresses and checksums of annotation files; downloads only where that is asked for.

Downloads go through pooch, once and without retries; they are checked against the checksum where it is known, and come
into being whole or not at all. Out of an archive only the named file is taken.
"""

import hashlib
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pandas as pd

from posrank.captions.annotation_files import LARGEST_MEMBER, check_size, members, raw_of
from posrank.captions.sources import FILES, TERMS
from posrank.files import atomic
from posrank.messages import short

_CHANGED = (
    "The file was not kept. It may have been cut or changed; look at it and use verify=False to keep it, or get "
    "the file by hand"
)


def fetch(dataset, folder=None, *, download=False, verify=True, progress=True, out=None):
    """Print where a dataset's files are, and return the same as a DataFrame: file, status, size, sha256, address.

    dataset   one of posrank.captions.DATASETS
    folder    where its files are, or shall be; None = nothing is looked at
    download  True = get the files that have an address and are not in `folder` yet; nothing is got without it
    verify    False = keep a download whose checksum is another one than that of the copy that was tested
    out       where to print; None = standard output

    status: "at hand" (checksum right, or not known), "at hand, another checksum", "downloaded", "to download", "by
    hand". ValueError for a checksum that differs after a download, OSError with the address where it cannot be reached.
    """
    from posrank.captions import check_name

    check_name(dataset)
    if download and folder is None:
        raise ValueError("fetch: downloading needs a folder to put the files in")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for file in FILES[dataset]:
            status = "by hand" if not file.url else "to download"
            target = None if folder is None else Path(folder) / file.name
            if target is not None and target.is_file():
                same = not file.sha256 or _sha256(target) == file.sha256
                status = "at hand" if same else "at hand, another checksum"
            elif download and file.url:
                _get(file, target, verify, progress, scratch)
                status = "downloaded"
            rows.append((file.name, status, file.size or None, file.sha256, file.url or file.page, file.needed))
    table = pd.DataFrame(rows, columns=["file", "status", "size", "sha256", "address", "needed"])
    table["size"] = table["size"].astype("Int64")
    print(describe(dataset, table), file=out or sys.stdout)
    return table


def describe(dataset, table):
    """The table of `fetch` as lines of text."""
    lines = [f"{dataset}: {TERMS[dataset]}"]
    if table.empty:
        lines.append("  nothing to fetch: the files are yours, or made by the pipeline")
    for row in table.itertuples():
        more = "" if row.needed else " (optional)"
        size = "" if pd.isna(row.size) else f", {row.size:,} bytes"
        lines.append(f"  {row.file}{more}: {row.status}{size}\n    from {row.address}")
        if row.sha256:
            lines.append(f"    sha256 {row.sha256}")
    return "\n".join(lines)


def _get(file, target, verify, progress, scratch):
    known = f"sha256:{file.sha256}" if file.sha256 and verify else None
    if not file.member:
        _download(file.url, known, target.name, target.parent, progress)
        return
    content = _member(_download(file.url, None, None, scratch, progress), file)
    found = hashlib.sha256(content).hexdigest()
    if known and found != file.sha256:
        raise ValueError(f"{file.url}: {file.name} has sha256 {found}, expected was {file.sha256}: {_CHANGED}")
    with atomic(target) as temporary:
        temporary.write_bytes(content)


def _download(url, known, name, folder, progress):
    """Path of the file at `url`, got with pooch: checked, whole or not at all; OSError where it cannot be reached."""
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    try:
        downloader = pooch.HTTPDownloader(progressbar=progress, timeout=60)
        return pooch.retrieve(url, known, name, folder, downloader=downloader)
    except requests.exceptions.RequestException as problem:
        reason = short(str(problem))[1:-1]
        raise OSError(f"{url} cannot be reached ({reason}): try again, or get the file with a browser") from None
    except ValueError as problem:
        raise ValueError(f"{url}: {str(problem).splitlines()[0]} {_CHANGED}") from None


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


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
