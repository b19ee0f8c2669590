"""The frame store: what is in it, what is counted out of it, and that a killed run goes on where it was."""

import shutil

import numpy as np
import pandas as pd
import pytest
from test_video import write

from posrank import frames, schema


def table(videos, files=None):
    return schema.validate(pd.DataFrame({
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
    assert store.counts(["a", "a", "gone", "bad", "elsewhere"]) == {"videos": 4, "videos_missing": 3}
    assert store.counts([]) == {"videos": 0, "videos_missing": 0}
    assert store.summary().values.tolist() == [["all", 6, 3, 1, 2, 1]]
    more = pd.concat([captions, table(["c", "elsewhere"]).assign(split="train")])
    assert store.summary(more).values.tolist() == [["test", 6, 3, 1, 2, 1], ["train", 2, 1, 1, 0, 0]]
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
    (target / "frames.npy").write_bytes(whole[:-100])
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
