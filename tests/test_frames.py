"""The frame store: what is in it, what is counted out of it, and that a killed run goes on where it was."""

import json
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from test_video import write

from posrank import tables
from posrank.captions import load
from posrank.video import store as frames


def table(videos, files=None):
    return tables.validate(pd.DataFrame({
        "dataset": "d", "split": "test", "video_id": videos, "caption_id": [f"{v}#{n}" for n, v in enumerate(videos)],
        "caption": "a dog", "file": files or [f"{v}.mp4" for v in videos],
    }), "captions")


@pytest.fixture
def folder(tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, count in (("a", 8), ("b", 3), ("c", 12)):
        write(videos / f"{name}.mp4", frames=count, width=32, height=32)
    (videos / "bad.mp4").write_bytes((videos / "a.mp4").read_bytes()[:300])
    (videos / "none.mp4").touch()
    return videos


@pytest.mark.parametrize("workers", [0, 2])
def test_store_holds_what_can_be_read_and_counts_the_rest(folder, workers):
    captions = table(["a", "a", "gone", "bad", "b", "none", "c"])
    store = frames.build(
        captions, folder, folder.parent / "store", num_frames=4, size=16, workers=workers, progress=False
    )
    assert store.ids == ["a", "b", "c"] and len(store) == 3 and "a" in store and "bad" not in store
    assert store.frames.dtype == np.uint8 and store.frames.shape[1:] == (4, 16, 16, 3)
    one, read = store["b"]
    assert read == 3 and one[:3].any() and not one[3].any()
    many, counts = store.rows(["c", "a"])
    assert many.shape == (2, 4, 16, 16, 3) and counts.tolist() == [4, 4] and (many[1] == store["a"][0]).all()
    status = store.table.set_index("video_id")["status"]
    assert status.to_dict() == {"a": "ok", "gone": "missing", "bad": "corrupt", "b": "ok", "none": "corrupt", "c": "ok"}
    assert store.table.attrs["counts"] == {"corrupt": 2, "missing": 1, "ok": 3}
    assert store.missing["none"] == "none.mp4 is empty (0 bytes): get the video again"
    assert store.report()["videos"].sum() == 6
    with pytest.raises(ValueError, match=r"'gone': gone\.mp4 does not exist"):
        store["gone"]
    with pytest.raises(ValueError, match=r"'x': it is not in videos\.parquet"):
        store.rows(["a", "x"])
    # nothing is left beside the store, and a second reading finds the same
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["store", "videos"]
    assert (frames.FrameStore(folder.parent / "store").rows(["b"])[0] == one).all()


def test_a_killed_run_goes_on(folder, monkeypatch):
    captions, target = table(["a", "b", "c"]), folder.parent / "store"
    options = {"num_frames": 4, "size": 16, "workers": 0, "progress": False}
    seen = []

    def decode(settings, job, real=frames.decode):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(job["video_id"])
        return real(settings, job)

    monkeypatch.setattr(frames, "decode", decode)
    with pytest.raises(KeyboardInterrupt):
        frames.build(captions, folder, target, **options)
    assert seen == ["a", "b"] and not target.exists()
    # the last line of a killed run may be half a line; a file that changed is read again
    with open(folder.parent / ".store.frames.partial" / "journal.jsonl", "a") as journal:
        journal.write('{"video_id": "c", "fra')
    write(folder / "b.mp4", frames=5, width=32, height=32)
    seen.clear()
    monkeypatch.setattr(frames, "decode", lambda s, j, real=frames.decode: (seen.append(j["video_id"]), real(s, j))[1])
    monkeypatch.undo()
    store = frames.build(captions, folder, target, **options)
    assert store["b"][1] == 4 and store["a"][1] == 4 and store["c"][1] == 4
    again = frames.build(captions, folder, folder.parent / "other", **options)
    assert (store.frames[:] == again.frames[:]).all()


def test_resuming_skips_what_is_done_and_other_settings_start_afresh(folder, monkeypatch):
    captions, target = table(["a", "b", "c"]), folder.parent / "store"
    calls = []

    def counting(settings, job, real=frames.decode):
        calls.append(job["video_id"])
        if len(calls) == 3:
            raise RuntimeError("stop")
        return real(settings, job)

    monkeypatch.setattr(frames, "decode", counting)
    with pytest.raises(RuntimeError):
        frames.build(captions, folder, target, num_frames=4, size=16, workers=0, progress=False)
    frames.build(captions, folder, target, num_frames=4, size=16, workers=0, progress=False)
    assert calls == ["a", "b", "c", "c"]
    shutil.rmtree(target)
    calls[:] = ["x", "x"]
    with pytest.raises(RuntimeError):
        frames.build(captions, folder, target, num_frames=4, size=16, workers=0, progress=False)
    frames.build(captions, folder, target, num_frames=2, size=16, workers=0, progress=False)
    assert calls[-3:] == ["a", "b", "c"]


@pytest.mark.parametrize("content", [b"[1]", b'"x"', b"null", b"7", b'{"a": 1}', b'{"video_id": "b", "stamp": [1, 2]}'])
@pytest.mark.parametrize("place", ["head", "tail"])
def test_a_journal_of_other_lines_is_no_obstacle(folder, monkeypatch, content, place):
    target, options = folder.parent / "store", {"num_frames": 2, "size": 16, "workers": 0, "progress": False}

    def stop(settings, job, real=frames.decode):
        if job["video_id"] == "b":
            raise KeyboardInterrupt
        return real(settings, job)

    with monkeypatch.context() as patched:
        patched.setattr(frames, "decode", stop)
        with pytest.raises(KeyboardInterrupt):
            frames.build(table(["a", "b"]), folder, target, **options)
    (journal,) = folder.parent.glob(".*/journal.jsonl")
    journal.write_bytes((content if place == "head" else journal.read_bytes() + content) + b"\n")
    assert frames.build(table(["a", "b"]), folder, target, **options).ids == ["a", "b"]


def test_another_ending_is_found_and_names_stay_inside(folder):
    shutil.copy(folder / "a.mp4", folder / "clip.one.mkv")
    captions = table(["v", "w"], ["clip.one.avi", "a"])
    store = frames.build(captions, folder, folder.parent / "s", num_frames=2, size=16, workers=0, progress=False)
    assert store.ids == ["v", "w"]
    with pytest.raises(ValueError, match="leads out of"):
        frames.build(table(["v"], ["../a.mp4"]), folder, folder.parent / "s", num_frames=2, size=16)
    with pytest.raises(ValueError, match="'v' has more than one file"):
        frames.build(table(["v", "v"], ["a.mp4", "b.mp4"]), folder, folder.parent / "s", num_frames=2, size=16)
    with pytest.raises(FileNotFoundError, match="is no folder"):
        frames.build(captions, folder / "zz", folder.parent / "s", num_frames=2, size=16)


def test_a_store_that_is_not_whole_is_refused(folder):
    target = folder.parent / "store"
    frames.build(table(["a", "b"]), folder, target, num_frames=2, size=16, workers=0, progress=False)
    whole = (target / "frames.npy").read_bytes()
    for broken in (whole[:-100], b"", b"text"):
        (target / "frames.npy").write_bytes(broken)
        with pytest.raises(ValueError, match=r"frames\.npy cannot be read"):
            frames.FrameStore(target)
    np.save(target / "frames.npy", np.zeros((1, 2, 16, 16, 3), np.uint8))
    with pytest.raises(ValueError, match="does not fit"):
        frames.FrameStore(target)
    (target / "frames.npy").unlink()
    with pytest.raises(FileNotFoundError, match="make the frames again"):
        frames.FrameStore(target)


def test_no_room_is_said_at_once(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("posrank.video.journal.os.posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="no room for the frames"):
        frames.build(table(["a"]), folder, folder.parent / "s", num_frames=2, size=16, workers=0, progress=False)
    assert not (folder.parent / "s").exists()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_disk_that_fills_up_is_named(folder, monkeypatch, workers):
    """/dev/full takes what is written, and says that there is no room."""
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(frames, "Journal", Full)
    with pytest.raises(OSError, match=r"No space left on device: '.*full"):
        frames.build(table(["a"]), folder, folder.parent / "s", num_frames=2, size=16, workers=workers, progress=False)


class Full(frames.Journal):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.frames = Path("/dev/full")
        self.offset = 0


def test_links_that_lead_nowhere_are_counted(folder):
    (folder / "gone.mp4").symlink_to(folder / "nothing.mp4")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "below").symlink_to(folder / "below")
    (folder / "inside").mkdir()
    (folder / "inside" / "up").symlink_to(folder)
    captions = table(["a", "gone", "loop", "x"], ["a.mp4", "gone.mp4", "loop.mp4", "below/x.mp4"])
    store = frames.build(captions, folder, folder.parent / "s", num_frames=2, size=16, workers=0, progress=False)
    assert store.ids == ["a"] and set(store.table["status"]) == {"ok", "missing"}
    assert store.missing["gone"].startswith("gone.mp4 is a link to nothing: put the video there")
    assert store.report().values.tolist()[0][:2] == ["missing",
        "is a link to nothing: put the video there or correct its name "
                                                     "in the captions table"]


@pytest.mark.parametrize(("dataset", "video", "noted"), [
    ("vatex", "-Hn_k_000012_000014", True), ("vatex", "-Hn_k_000012_000022", False),
    ("msvd", "mv89psg6zh4_33_34", True),
    ("msvd", "mv89psg6zh4_33_46", False), ("msrvtt", "video_33_34", False), ("vatex", "plain", False),
    ("vatex", "a_9_3", False),
])
def test_a_file_much_longer_than_its_id_says_gets_a_note(folder, dataset, video, noted):
    write(folder / f"{video}.mp4", frames=48, width=32, height=32)  # 6 s
    captions = table([video, "a"]).assign(dataset=dataset)
    store = frames.build(captions, folder, folder.parent / "s", num_frames=2, size=16, workers=0, progress=False)
    assert store.ids == [video, "a"] and not store.missing
    notes = store.report().set_index("reason")["videos"].to_dict()
    note = "is much longer than the clip that its id names: cut it to those seconds"
    assert notes == ({"": 1, note: 1} if noted else {"": 2})


def test_didemo_reads_the_first_30_seconds(folder):
    """A second of the file is a frame whose red is 6 times the second (one frame per second)."""
    with av.open(str(folder / "long.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt, stream.options = 32, 32, "yuv420p", {"crf": "10"}
        for second in range(40):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), 6 * second, np.uint8))))
        container.mux(stream.encode())
    source = folder.parent / "didemo"
    source.mkdir()
    entry = {"annotation_id": 1, "video": "long.mp4", "description": "a dog runs in", "times": [[5, 5]] * 4}
    (source / "test_data.json").write_text(json.dumps([entry]))
    for variant, first, last in (("paragraphs", 0, 29), ("sentences", 0, 29), ("moments", 25, 29)):
        captions = load("didemo", source, variant)
        target = folder.parent / variant
        store = frames.build(captions, folder, target, num_frames=40, size=16, workers=0, progress=False)
        shown, read = store[captions["video_id"][0]]
        assert (shown[:read].mean((1, 2, 3)) / 6).round().tolist() == list(range(first, last + 1))
