"""Addresses and checksums: nothing is downloaded unasked, and what is downloaded is checked."""

import functools
import hashlib
import http.server
import io
import socket
import tarfile
import threading
import zipfile

import pytest

from posrank import captions
from posrank.captions import fetching
from posrank.captions.fetching import FILES, TERMS, File


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """(folder, address): what lies in the folder is served under the address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "site"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def use(monkeypatch, *files):
    monkeypatch.setitem(fetching.FILES, "didemo", files)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_every_dataset_has_terms_and_addresses():
    assert set(FILES) == set(TERMS) == set(captions.DATASETS)
    for files in FILES.values():
        for file in files:
            assert (file.url.startswith(("https://", "http://")) or file.page) and len(file.sha256) in (0, 64)
            assert file.needed in ("yes", "no") and (not file.size or file.size.isdecimal())


@pytest.mark.parametrize("dataset", captions.DATASETS)
def test_nothing_is_downloaded_unasked(tmp_path, monkeypatch, capsys, dataset):
    def refuse(*args, **kwargs):
        raise AssertionError("a download")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    table = captions.fetch(dataset, tmp_path)
    assert set(table["status"]) <= {"by hand", "to download"} and not list(tmp_path.iterdir())
    printed = capsys.readouterr().out
    assert all(name in printed for name in table["file"]) and TERMS[dataset] in printed


def test_download_is_checked(tmp_path, monkeypatch, site):
    (folder, address), target = site, tmp_path / "raw"
    source, url = folder / "source", f"{address}/source"
    source.write_bytes(b"abc")
    use(monkeypatch, File("x.json", url, sha(b"abc"), "3"), File("y.json", url), File("z", page="by mail"))
    table = captions.fetch("didemo", target, download=True, progress=False)
    assert table["status"].tolist() == ["downloaded", "downloaded", "by hand"]
    assert (target / "x.json").read_bytes() == b"abc"
    assert captions.fetch("didemo", target)["status"].tolist() == ["at hand", "at hand", "by hand"]
    (target / "x.json").write_bytes(b"abd")
    assert captions.fetch("didemo", target)["status"].tolist()[0] == "at hand, another checksum"
    (target / "x.json").unlink()
    source.write_bytes(b"ab")
    with pytest.raises(ValueError, match=r"source: x\.json has sha256 .*expected was .* The file was not kept"):
        captions.fetch("didemo", target, download=True, progress=False)
    assert [path.name for path in target.iterdir()] == ["y.json"]
    captions.fetch("didemo", target, download=True, verify=False, progress=False)
    assert (target / "x.json").read_bytes() == b"ab"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_member_of_an_archive(tmp_path, monkeypatch, site, kind):
    path, url = site[0] / "a", f"{site[1]}/a"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("__MACOSX/x.txt", "wrong")
            archive.writestr("in/x.txt", "right")
    else:
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo("../in/x.txt")
            info.size = 5
            archive.addfile(info, io.BytesIO(b"right"))
    use(monkeypatch, File("x.txt", url, sha(b"right"), "5", member="x.txt"))
    captions.fetch("didemo", tmp_path / "raw", download=True, progress=False)
    assert (tmp_path / "raw" / "x.txt").read_text() == "right"
    assert [p.name for p in (tmp_path / "raw").iterdir()] == ["x.txt"]
    use(monkeypatch, File("y.txt", url, member="y.txt"))
    with pytest.raises(ValueError, match=r"the archive holds no y\.txt"):
        captions.fetch("didemo", tmp_path / "raw", download=True, progress=False)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ValueError, match=r"archive"):
        captions.fetch("didemo", tmp_path / "raw", download=True, progress=False)


def test_what_cannot_be_reached(tmp_path, monkeypatch, site):
    for url in (f"{site[1]}/none", "http://127.0.0.1:9/x"):
        use(monkeypatch, File("x", url))
        with pytest.raises(OSError, match=f"{url} cannot be reached .* get the file with a browser"):
            captions.fetch("didemo", tmp_path / "raw", download=True, progress=False)
    with pytest.raises(ValueError, match="needs a folder"):
        captions.fetch("didemo", download=True)
    with pytest.raises(ValueError, match="did you mean 'didemo'"):
        captions.fetch("DiDeMo")
