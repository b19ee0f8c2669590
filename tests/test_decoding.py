"""What a video file says of itself, and what the readers behind `posrank.video.read_frames` refuse."""

import sys

import av
import numpy as np
import pytest
from test_video import write

from posrank.video import decoding, probing, read_frames
from posrank.video.decoding import DecordFailed, decord_obstacle, read_decord, read_pyav
from posrank.video.probing import Probe, VideoError, probe


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("decoding") / "clip.mp4", frames=12, width=64, height=48, fps=6)


def test_a_probe_says_what_was_written(clip):
    found = probe(str(clip))
    assert (found.frames, found.fps, found.width, found.height, found.edited) == (12, 6.0, 64, 48, False)
    assert "mp4" in found.containers


def test_a_square_video_keeps_its_size(tmp_path):
    found = probe(write(tmp_path / "square.mkv", frames=3, width=32, height=32))
    assert (found.width, found.height) == (32, 32) and "matroska" in found.containers


@pytest.mark.parametrize("make, words, kind", [
    (lambda path: None, "does not exist", "missing"),
    (lambda path: path.mkdir(), "is a folder", "missing"),
    (lambda path: path.write_bytes(b""), "is empty", "corrupt"),
    (lambda path: path.write_bytes(b"no video at all" * 20), "no readable video", "corrupt"),
])
def test_what_is_no_video_is_named_with_its_kind(tmp_path, make, words, kind):
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(VideoError, match=words) as raised:
        probe(path)
    assert str(path) in str(raised.value) and raised.value.kind == kind


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(VideoError, match="no video stream"):
        probe(path)


@pytest.mark.parametrize("lost", [1, 400])
def test_a_cut_matroska_file_says_how_much_is_missing(tmp_path, lost):
    path = write(tmp_path / "whole.mkv")
    assert probe(path).width == 64
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(VideoError, match=f"is cut: {lost} bytes are missing"):
        probe(path)


def test_a_matroska_head_that_stops_early_is_left_to_the_reader(tmp_path):
    path = tmp_path / "head.mkv"
    for head in (b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x81\x00", b"\x1a\x45\xdf\xa3\xff" + bytes(9)):
        path.write_bytes(head)
        with pytest.raises(VideoError, match=r"no readable video|no video stream"):
            probe(path)


def test_decord_is_trusted_only_with_files_that_hide_nothing(monkeypatch):
    plain = Probe(10, 5.0, 64, 48, ("mov", "mp4"), edited=False)
    monkeypatch.setattr(decoding, "_decord", lambda: object())
    assert decord_obstacle(plain) is None
    for change in ({"edited": True}, {"containers": ("avi",)}, {"plain": False}):
        assert decord_obstacle(plain._replace(**change))
    monkeypatch.setattr(decoding, "_decord", lambda: None)
    assert decord_obstacle(plain)
    with pytest.raises(DecordFailed, match="not installed"):
        read_decord(None, None, 64, 48, plain)


def test_pyav_gives_the_picked_frames_in_the_order_asked_for(clip):
    frames = read_pyav(clip, lambda times: np.array([len(times) - 1, 0, 5, 0]), 32, 24, probe(clip))
    assert frames.shape == (4, 24, 32, 3) and frames.dtype == np.uint8
    reds = np.round(frames[:, 2:4, -4:, 0].mean(axis=(1, 2)) / 10).astype(int).tolist()
    assert reds == [11, 0, 5, 0]


def test_pyav_picks_again_where_frames_come_at_other_times(clip):
    """A packet that gives no frame (here: one too many) must not shift those behind it."""
    found = probe(clip)
    wrong = found._replace(times=np.insert(found.times, 3, found.times[3] - 0.01))
    seen = []
    frames = read_pyav(clip, lambda times: (seen.append(len(times)), np.array([6]))[1], 64, 48, wrong)
    assert seen == [13, 12] and round(frames[0, 4:8, -8:, 0].mean() / 10) == 6


def test_a_file_that_promises_more_frames_is_cut():
    probing.check_whole("clip.mp4", 12, 13)
    with pytest.raises(VideoError, match=r"clip\.mp4 is cut: 12 of 20 frames"):
        probing.check_whole("clip.mp4", 12, 20)


def test_an_error_is_one_line_without_its_stack():
    assert probing.short(RuntimeError("\n first\nsecond")) == "first"
    assert probing.short(RuntimeError("")) == "RuntimeError" and len(probing.short(ValueError("x" * 999))) == 200


def test_a_reader_that_is_not_installed_is_named_with_the_remedy(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchcodec.decoders", None)
    with pytest.raises(VideoError, match=r"install the extra posrank\[torchcodec\]"):
        read_frames(clip, 2, 32, reader="torchcodec")
