"""Frames of small files written here: which frames, which size, both readers alike, and what cannot be read."""

import importlib
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from posrank import video

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "videos"


def _there(name):
    """Whether an optional reader can be loaded: torchcodec also needs FFmpeg's libraries."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError, RuntimeError):
        return False
    return True


READERS = ["pyav", *(name for name in ("decord",) if _there(name)), pytest.param("torchcodec", marks=pytest.mark.skipif(
    not _there("torchcodec.decoders"), reason="torchcodec, or FFmpeg's libraries, are not installed"))]


def write(path, frames=24, width=64, height=48, fps=8, codec="libx264", options=None, muxer=None, pix_fmt="yuv420p"):
    """A video whose frame i has red 10 i, a green patch at the top left and blue in the lower half."""
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.options = {"crf": "10", "g": "6"} if options is None else options
        for i in range(frames):
            pixels = np.zeros((height, width, 3), np.uint8)
            pixels[..., 0] = min(10 * i, 250)
            pixels[: height // 2, : width // 4, 1] = 200
            pixels[height // 2 :, :, 2] = 120
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def numbers(frames):
    """Which frames these are, from the red of the upper right corner."""
    return np.round(frames[:, 4:12, -12:-4, 0].mean(axis=(1, 2)) / 10).astype(int).tolist()


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.mark.parametrize("reader", READERS)
def test_samplings_pick_the_frames_they_say(clip, reader):
    for sampling, expected in (("uniform", [0, 7, 15, 23]), ("released", [0, 8, 16]), ("segments", [2, 8, 14, 20])):
        frames, read = video.read_frames(clip, 4, 32, sampling, reader=reader)
        assert frames.shape == (4, 32, 32, 3) and frames.dtype == np.uint8 and read == len(expected)
        assert numbers(frames[:read]) == expected
        assert not frames[read:].any()


@pytest.mark.parametrize("reader", READERS)
def test_short_videos_and_windows(clip, reader):
    frames, read = video.read_frames(clip, 30, 48, reader=reader)
    assert read == 24 and numbers(frames[:24]) == list(range(24)) and not frames[24:].any()
    frames, read = video.read_frames(clip, 4, 48, start=1.0, end=1.5, reader=reader)
    assert read == 4 and numbers(frames) == [8, 9, 10, 11]
    frames, read = video.read_frames(clip, 4, 48, start=float("nan"), end=0.01, reader=reader)
    assert read == 1 and numbers(frames[:1]) == [0]
    with pytest.raises(video.VideoError, match=r"clip\.mp4: start is 9 s but the video ends at 3\.00 s"):
        video.read_frames(clip, 4, 48, start=9.0)


def test_random_segments_follow_their_seed():
    middle = video.frame_indices(100, 8, 4, "segments")
    drawn = [video.frame_indices(100, 8, 4, "segments", seed=(0, epoch, "v")) for epoch in range(40)]
    assert (np.array(drawn) // 25 == np.arange(4)).all() and len({tuple(d) for d in drawn}) > 30
    assert (drawn[0] == video.frame_indices(100, 8, 4, "segments", seed=(0, 0, "v"))).all()
    assert middle.tolist() == [12, 37, 62, 87]
    assert video.frame_indices(3, 8, 4, "segments", seed=1).tolist() == [0, 1, 2]


def test_released_sampling_thins_out_evenly():
    assert video.frame_indices(300, 29.97, 4, "released").tolist() == [0, 87, 174, 290]
    assert video.frame_indices(20, 0.5, 4, "released").tolist() == [0, 6, 12, 19]


@pytest.mark.parametrize("size", [8, 16, 24, 31, 48, 64, 100])
def test_both_readers_scale_and_crop_alike(clip, size):
    if "decord" not in READERS:
        pytest.xfail("decord is not installed here")
    one, _ = video.read_frames(clip, 3, size, reader="auto")
    two, _ = video.read_frames(clip, 3, size, reader="pyav")
    assert np.abs(one.astype(int) - two).mean() < 2
    # the centre is cut out of 64 x 48: a quarter of the width was green, a third of a side less is left of it
    green = (two[1, size // 8, :, 1] > 100).mean()
    assert green == pytest.approx((64 / 4 - 8) / 48, abs=0.13)


def rotated(source, target, degrees):
    """A copy of an mp4 whose track header says that it is to be shown rotated."""
    data = bytearray(source.read_bytes())
    start = data.index(b"tkhd") + 4
    start += 4 + (32 if data[start] else 20) + 16
    a, b, c, d = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    data[start : start + 36] = struct.pack(">9i", *values)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("reader", ["auto", READERS[0], READERS[-1]])
@pytest.mark.parametrize(("degrees", "corner"), [(90, (4, -5)), (180, (-5, -5)), (270, (-5, 4))])
def test_rotation_is_applied_by_both(tmp_path, clip, reader, degrees, corner):
    path = rotated(clip, tmp_path / "turned.mp4", degrees)
    assert video.probe(path)[2:4] == ((64, 48) if degrees == 180 else (48, 64))
    frames, read = video.read_frames(path, 3, 32, reader=reader)
    assert read == 3
    patch = {corner: frames[1][corner][1] for corner in ((4, 4), (4, -5), (-5, 4), (-5, -5))}
    assert max(patch, key=patch.get) == corner and patch[corner] > 100


def test_frames_hidden_by_an_edit_list_are_left_out(tmp_path):
    # frames that come out of order get an edit list; let it skip the first second
    path = write(tmp_path / "edited.mp4", options={"crf": "10", "bf": "2", "g": "12"})
    assert not video.probe(path).edited
    data = bytearray(path.read_bytes())
    start = data.index(b"elst") + 4
    scale = struct.unpack(">I", data[data.index(b"mdhd") + 16 : data.index(b"mdhd") + 20])[0]
    before = struct.unpack(">i", data[start + 12 : start + 16])[0]
    data[start + 12 : start + 16] = struct.pack(">i", before + scale)
    path.write_bytes(data)
    assert video.probe(path).edited
    for reader in ("auto", "pyav"):
        frames, read = video.read_frames(path, 24, 48, reader=reader)
        assert read == 16 and numbers(frames[:16]) == list(range(8, 24)), reader
    with pytest.raises(video.VideoError, match="edit list"):
        video.read_frames(path, 24, 48, reader="decord")


@pytest.mark.parametrize(("name", "codec", "options"), [
    ("a.avi", "mpeg4", {"qscale": "2", "g": "6"}), ("b.avi", "libx264", {"crf": "10", "g": "6", "bf": "0"}),
    ("c.mkv", "libx264", None), ("d.mov", "libx264", None), ("e.mpg", "mpeg2video", {"g": "6"}),
])
def test_other_containers_give_the_right_frames(tmp_path, name, codec, options):
    path = write(tmp_path / name, fps=25, codec=codec, options=options)
    frames, read = video.read_frames(path, 5, 48)
    assert read == 5
    assert np.abs(np.array(numbers(frames)) - [0, 5, 11, 17, 23]).max() <= (0 if codec == "libx264" else 1)


@pytest.mark.parametrize(("name", "keep", "message"), [
    ("empty.mp4", 0, "is empty"), ("cut.mp4", 0.6, "cut"), ("front.mp4", 0.6, "cut"), ("cut.mkv", 0.6, "is cut"),
    ("cut.avi", 0.6, "cut"),
])
@pytest.mark.parametrize("reader", ["auto", READERS[0], READERS[-1]])
def test_broken_files_are_named(tmp_path, name, keep, message, reader):
    muxer = {"movflags": "faststart"} if name == "front.mp4" else None
    whole = write(tmp_path / name, frames=60, muxer=muxer).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(video.VideoError, match=rf"{name}.*{message}") as caught:
        video.read_frames(tmp_path / name, 4, 32, reader=reader)
    assert caught.value.kind == "corrupt" and isinstance(caught.value, ValueError)


def test_what_is_no_video_is_named(tmp_path):
    with pytest.raises(video.VideoError, match=r"none\.mp4 does not exist") as caught:
        video.read_frames(tmp_path / "none.mp4", 4, 32)
    assert caught.value.kind == "missing"
    (tmp_path / "text.mp4").write_text("no video " * 100)
    with pytest.raises(video.VideoError, match=r"text\.mp4: no readable video"):
        video.read_frames(tmp_path / "text.mp4", 4, 32)
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    with pytest.raises(video.VideoError, match=r"sound\.mp4 has no video stream"):
        video.read_frames(tmp_path / "sound.mp4", 4, 32)


def test_wrong_arguments_name_the_nearest(clip):
    with pytest.raises(ValueError, match="did you mean 'uniform'"):
        video.read_frames(clip, 4, 32, "unifrm")
    with pytest.raises(ValueError, match="num_frames is 0"):
        video.read_frames(clip, 0, 32)
    with pytest.raises(ValueError, match=r"size is 2\.5"):
        video.read_frames(clip, 4, 2.5)


def test_real_clips():
    if not SHARED.is_dir():
        pytest.skip(f"needs real videos: {SHARED}")
    for path in sorted(entry for entry in SHARED.iterdir() if entry.suffix != ".tsv"):
        frames, read = video.read_frames(path, 2, 64, end=1.0)
        assert read == 2 and frames.reshape(2, -1).any(axis=1).all(), path.name
