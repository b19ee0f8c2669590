"""Official addresses and checksums of annotation files; downloads only where that is asked for.

Comes in: a dataset's name and, to check or to download, the folder of its files. Goes out: a table of the files (printed,
too). Downloads go through urllib, are checked against size and checksum where those are known, and come into being whole or
not at all. Out of an archive only the named file is taken.
"""

import hashlib
import io
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

import pandas as pd

from posrank.captions.sources import FILES, TERMS
from posrank.paths import atomic

_CHUNK = 1 << 20


def fetch(dataset, folder=None, *, download=False, verify=True, progress=True, out=None):
    """Print where a dataset's files are, and return the same as a DataFrame: file, status, size, sha256, address.

    dataset   one of posrank.captions.DATASETS
    folder    where its files are, or shall be; None = nothing is looked at
    download  True = get the files that have an address and are not in `folder` yet; nothing is got without it
    verify    False = keep a download whose checksum is another one than that of the copy that was tested
    out       where to print; None = standard output

    status: "at hand" (checksum right, or none known), "at hand, another checksum", "downloaded", "to download", "by hand".
    ValueError for a checksum or size that differs after a download (the file is not kept), OSError with the address where
    it cannot be reached.
    """
    from posrank.captions import check_name

    check_name(dataset)
    if download and folder is None:
        raise ValueError("fetch: downloading needs a folder to put the files in")
    rows, archives = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for file in FILES[dataset]:
            status = "by hand" if not file.url else "to download"
            target = None if folder is None else Path(folder) / file.name
            if target is not None and target.is_file():
                same = not file.sha256 or _sha256(target) == file.sha256
                status = "at hand" if same else "at hand, another checksum"
            elif download and file.url:
                _get(file, target, verify, progress, archives, Path(scratch))
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


def _get(file, target, verify, progress, archives, scratch):
    if file.member:
        if file.url not in archives:
            archives[file.url] = scratch / f"{len(archives)}"
            _download(file.url, archives[file.url], progress)
        content = _member(archives[file.url], file)
    else:
        path = scratch / "file"
        _download(file.url, path, progress)
        content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if verify and file.sha256 and found != file.sha256:
        raise ValueError(
            f"{file.url}: {file.name} has {len(content):,} bytes and sha256 {found}, expected were {file.size:,} bytes and "
            f"{file.sha256}: the file was not kept. It may have been cut or changed; look at it and use verify=False to keep it"
        )
    with atomic(target) as temporary:
        temporary.write_bytes(content)


def _download(url, path, progress):
    from tqdm.auto import tqdm

    request = urllib.request.Request(url, headers={"User-Agent": "posrank"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer, open(path, "wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            name = PurePosixPath(url).name
            with tqdm(total=total or None, desc=name, unit="B", unit_scale=True, disable=not progress) as bar:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
            if total and file.tell() != total:
                raise ValueError(f"{url}: {file.tell():,} of {total:,} bytes arrived: try again")
    except urllib.error.URLError as problem:
        raise OSError(f"{url} cannot be reached ({problem.reason}): try again, or get the file with a browser") from None
    except TimeoutError:
        raise OSError(f"{url} does not answer: try again, or get the file with a browser") from None


def _member(path, file):
    """The bytes of the one file of that name in a zip or tar archive, whatever folder it is in."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if _is(name, file.member)]
                return archive.read(names[0])
        with tarfile.open(path) as archive:
            names = [entry for entry in archive.getmembers() if entry.isfile() and _is(entry.name, file.member)]
            return io.BufferedReader(archive.extractfile(names[0])).read()
    except IndexError:
        raise ValueError(f"{file.url}: the archive holds no {file.member}: get the file by hand") from None
    except (zipfile.BadZipFile, zipfile.zlib.error, tarfile.TarError, EOFError) as problem:
        raise ValueError(f"{file.url}: no readable archive ({problem}): try again") from None


def _is(name, member):
    # "__MACOSX/._name" lies beside the real one in archives made on a Mac
    return PurePosixPath(name).name == member and not name.startswith("__MACOSX")


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
