"""Root, workspace, atomic writing, and names that must not lead anywhere else."""

import os

import pytest

from posrank import files


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("POSRANK_ROOT", raising=False)
    monkeypatch.delenv("POSRANK_WORKSPACE", raising=False)
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def make(folder):
    (folder / "data" / "captions").mkdir(parents=True)


def test_root_is_found_from_below_and_can_be_set(project, monkeypatch, tmp_path_factory):
    assert files.root() == project
    other = tmp_path_factory.mktemp("other")
    monkeypatch.setenv("POSRANK_ROOT", str(other))
    assert files.root() == other
    monkeypatch.setenv("POSRANK_ROOT", str(other / "none"))
    with pytest.raises(ValueError, match="POSRANK_ROOT"):
        files.root()


def test_workspace_prefers_the_root_then_the_default_preset(project, monkeypatch):
    assert files.workspace() == project
    make(project / ".presets" / "default")
    assert files.workspace() == project / ".presets" / "default"
    make(project)
    assert files.workspace() == project
    monkeypatch.setenv("POSRANK_WORKSPACE", str(project / "notebooks"))
    assert files.workspace() == project / "notebooks"


def test_atomic_replaces_on_success_only(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with files.atomic(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_text("one")
        assert not path.exists()
    with pytest.raises(KeyboardInterrupt), files.atomic(path) as temporary:
        temporary.write_text("tw")
        raise KeyboardInterrupt
    assert path.read_text() == "one" and os.listdir(path.parent) == ["a.txt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_is_told_with_the_files_name(tmp_path):
    told = pytest.raises(OSError, match=r"No space left on device: .*a\.txt")
    with told, files.atomic(tmp_path / "a.txt"), open("/dev/full", "w") as full:
        full.write("x" * 10)
    with pytest.raises(OSError, match=r"a\.txt: no room"), files.atomic(tmp_path / "a.txt"):
        raise OSError("no room")
    assert os.listdir(tmp_path) == []


def test_atomic_folder(tmp_path):
    for text in ("one", "two"):
        with files.atomic(tmp_path / "d", folder=True) as temporary:
            (temporary / text).write_text(text)
    assert os.listdir(tmp_path / "d") == ["two"] and os.listdir(tmp_path) == ["d"]


BAD = ["a/b", "a\\b", "/a", "..", ".", "a..b", "../a", "a\0", "a\nb", "", "  ", "x" * 300, "\ud800"]
GOOD = ["video7960#7", "-4wsuPCjDBc_5_15", "Wait for it... (May 2017) 24", "id##*##1", "größe"]


@pytest.mark.parametrize("name", BAD)
def test_unsafe_names_are_refused(name):
    with pytest.raises(ValueError, match="rename it"):
        files.safe_name(name, "video_id")


@pytest.mark.parametrize("name", GOOD)
def test_real_names_are_kept(name):
    assert files.safe_name(name) == name


def test_inside_stays_inside(tmp_path):
    assert files.inside(tmp_path, "train/clip 1.mp4") == tmp_path / "train" / "clip 1.mp4"
    for name in ("../a.mp4", "a/../../b", "/etc/passwd", "C:\\a", "~/a", "", "a\0b", "..\\a"):
        with pytest.raises(ValueError, match="give"):
            files.inside(tmp_path, name)


def test_a_full_disk_is_named_with_the_file(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device: '.*made\.json'"), files.atomic(tmp_path / "made.json"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"hello", b"\xff\xfe", b"\0" * 9, b"[" * 100_000])
def test_a_file_that_is_no_json_is_named_with_what_to_do(tmp_path, content):
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"m\.json.*: no JSON .*; make it again$") as caught:
        files.read_json(tmp_path / "m.json", "make it again")
    assert "\n" not in str(caught.value)
