"""Seconds asked are seconds shown: variable frame rate, late starts, edit lists, every container, both readers."""

import importlib.util
from fractions import Fraction

import av
import numpy as np
import pytest

from posrank.video import VideoError, frame_indices, probe, probing, read_frames

READERS = ["auto", "pyav", *(["decord"] if importlib.util.find_spec("decord") else [])]
# 30 frames in the first second, then one a second
TIMES = [i / 30 for i in range(30)] + list(range(1, 10))


def write(path, times=TIMES, codec="libx264", sound=None, muxer=None):
    """A video whose frame at second t has grey level 14 floor(t); sound: seconds of silence beside it."""
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 600)
        if codec == "libx264":
            stream.options = {"g": "12"}
        track = container.add_stream("aac", rate=16000) if sound else None
        for n in range(int(sound * 16000 / 1024) if sound else 0):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = 16000, n * 1024, Fraction(1, 16000)
            container.mux(track.encode(silence))
        for time in times:
            picture = np.full((32, 32, 3), 14 * int(time), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time * 600), Fraction(1, 600)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track:
            container.mux(track.encode())
    return path


def seconds(path, start, end, reader="auto", num_frames=20, sampling="uniform"):
    frames, read = read_frames(path, num_frames, 32, sampling, start=start, end=end, reader=reader)
    return (frames[:read].mean((1, 2, 3)) / 14).round().astype(int).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("times")


LATE = [2 + time for time in TIMES if time < 8]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("name", "codec", "times", "sound"), [
    ("a.mp4", "libx264", TIMES, None), ("b.mov", "libx264", TIMES, 10), ("c.mkv", "libx264", TIMES, None),
    ("d.webm", "libvpx-vp9", TIMES, None), ("e.webm", "libvpx", TIMES, None), ("late.mp4", "libx264", LATE, None),
    ("late.mkv", "libx264", LATE, None), ("late.webm", "libvpx-vp9", LATE, None), ("sound.mp4", "libx264", LATE, 10),
])
def test_the_frames_of_a_window_are_those_that_a_player_shows(folder, name, codec, times, sound, reader):
    path = folder / name
    if not path.exists():
        write(path, times, codec, sound)
    assert seconds(path, 6, 8, reader) == [6, 7]
    assert seconds(path, 6.2, 6.8, reader) == [6], "one frame is shown all through the window"
    assert seconds(path, 8.5, 99, reader) == [9], "the frame of second 8 is half over"
    assert seconds(path, 8.4, 99, reader) == [8, 9]
    assert seconds(path, 5, 9, reader, sampling="released") == [5, 6, 7, 8]
    assert seconds(path, 4, 9, reader, num_frames=2, sampling="segments") == [4, 7]
    with pytest.raises(VideoError, match=rf"{name}: start is 12 s but the video ends at 10\.0"):
        seconds(path, 12, 14, reader)
    if times is LATE:
        assert seconds(path, None, 2.01, reader) == [2]
        with pytest.raises(VideoError, match=r"end is 1\.5 s but the video shows nothing before 2\.00 s"):
            seconds(path, 0, 1.5, reader)


STEADY = [i / 8 for i in range(80)]
MUXERS = [{"use_editlist": "0"}, {"movflags": "frag_keyframe+empty_moov"}, {"movflags": "cmaf"}]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("sound", [None, 10])
@pytest.mark.parametrize("muxer", MUXERS)
def test_what_b_frames_need_is_no_delay_in_an_mp4_without_an_edit_list(folder, muxer, sound, reader):
    """The decoder waits for two frames, so that all time stamps are a quarter of a second late: no player waits."""
    path = folder / f"steady-{''.join(muxer.values())}-{sound}.mp4"
    if not path.exists():
        write(path, STEADY, sound=sound, muxer=muxer)
    found = probe(path)
    assert found.times == pytest.approx(STEADY, abs=2e-3) and found.begin == pytest.approx(0.25, abs=2e-3)
    assert seconds(path, 6, 8, reader) == [6] * 8 + [7] * 8
    assert seconds(path, 2, 6, reader, sampling="released") == [2, 3, 4, 5]
    late = write(folder / "late-start.mp4", LATE, sound=sound, muxer=muxer)
    # alone, nothing in such a file tells that it starts late; beside sound that starts at 0 it does
    assert seconds(late, 6, 8, reader) == ([6, 7] if sound and "cmaf" not in muxer.values() else [8, 9])


@pytest.mark.parametrize("reader", READERS)
def test_a_late_start_by_an_edit_list_stays_also_where_it_is_as_long_as_b_frames_need(folder, reader):
    source, path = write(folder / "source.mp4", STEADY, muxer={"use_editlist": "0"}), folder / "edited.mp4"
    with av.open(str(source)) as packets, av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(packets.streams.video[0])
        for packet in packets.demux(packets.streams.video[0]):
            if packet.size:
                packet.stream = copy
                target.mux(packet)
    found = probe(path)
    assert b"elst" in path.read_bytes() and found.begin == 0 and found.times[0] == pytest.approx(0.25)
    assert seconds(path, 6.25, 8.25, reader) == [6] * 8 + [7] * 8


@pytest.mark.parametrize("reader", ["auto", "pyav"])
def test_an_avi_with_empty_places_is_whole_and_timed(folder, reader):
    path = write(folder / "dropped.avi", codec="mpeg4")
    found = probe(path)
    assert found.frames == len(found.times) == len(TIMES) and not found.edited
    assert seconds(path, 6, 8, reader) == [6, 7]


@pytest.mark.parametrize("reader", ["auto", "pyav"])
def test_an_avi_with_b_frames_is_timed_where_its_rate_is_even_and_refused_elsewhere(folder, reader):
    path = write(folder / "even.avi", [i / 30 for i in range(300)])
    assert set(seconds(path, 6, 8, reader)) == {6, 7}, "the order of frames and the rate tell the times"
    path = write(folder / "uneven.avi")
    assert seconds(path, None, None, reader, num_frames=5) == [0, 0, 0, 0, 9], "whole files need no times"
    for start, end in ((6, 8), (None, 8), (6, float("nan"))):
        with pytest.raises(VideoError, match=r"uneven\.avi does not say when its frames are shown .*convert it to MP4"):
            seconds(path, start, end, reader)


def grown(path, codec, sizes):
    """A video whose frames change their size: grey steps on the left, white on the right, dark below."""
    parts = []
    for part, (width, height) in enumerate(sizes):
        file = path.with_suffix(f".{part}.mkv")
        with av.open(str(file), "w") as container:
            stream = container.add_stream(codec, rate=5)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"bf": "0", "x264-params": "repeat-headers=1"} if codec == "libx264" else {}
            for n in range(5):
                picture = np.full((height, width, 3), 20 + 20 * n + 100 * part, np.uint8)
                picture[:, width // 2 :] = 250
                picture[height // 2 :] //= 2
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        parts.append(av.open(str(file)))
    with av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(parts[0].streams.video[0])
        for part, source in enumerate(parts):
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.pts, packet.dts, packet.stream = packet.pts + 1000 * part, packet.dts + 1000 * part, copy
                    target.mux(packet)
    return path


@pytest.mark.parametrize("sizes", [((64, 64), (128, 128)), ((128, 128), (64, 64)), ((64, 64), (128, 64))])
@pytest.mark.parametrize(("name", "codec"), [("g.webm", "libvpx"), ("g.mkv", "libx264"), ("g.mp4", "libx264")])
def test_frames_that_change_their_size_are_scaled_alike_by_all_readers(tmp_path, name, codec, sizes):
    path = grown(tmp_path / name, codec, sizes)
    steps = [20, 40, 60, 80, 100, 120, 140, 160, 180, 200]
    for reader in READERS:
        frames, read = read_frames(path, 10, 32, reader=reader)
        for row, right, divisor in ((8, 8, 1), (24, 8, 2)):
            assert np.abs(frames[:, row, right, 0] - np.array(steps) / divisor).max() < 4 and read == 10
        assert np.abs(frames[:, 8, 24, 0].astype(int) - 250).max() < 4


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("name", "codec"), [("g.webm", "libvpx"), ("v.webm", "libvpx-vp9"), ("g.mp4", "libx264")])
def test_frames_that_grow_too_large_are_refused_with_the_reason(tmp_path, monkeypatch, name, codec, reader):
    path = grown(tmp_path / name, codec, ((64, 64), (128, 128)))
    assert read_frames(path, 10, 32, reader=reader)[1] == 10
    monkeypatch.setitem(probing._LIMIT, "max_pixels", "10000")
    with pytest.raises(VideoError, match=rf"{name}: cannot be decoded .*(more than 2\^26 pixels|Invalid data)"):
        read_frames(path, 10, 32, reader=reader)


@pytest.mark.parametrize("name", ["t.ts", "f.flv"])
def test_containers_without_a_clock_count_from_their_first_time_stamp(folder, name):
    path = write(folder / name, [7 + time for time in TIMES])
    assert seconds(path, 5, 7) == [12, 13]


@pytest.mark.parametrize("reader", ["auto", "pyav"])
@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_cut_without_encoding_is_timed_as_a_player_shows_it(folder, name, reader):
    """As by `ffmpeg -ss 3.5 -c copy`: packets from the key frame on; an MP4 hides what comes before by an edit list."""
    whole = write(folder / "whole.mp4", [i / 8 for i in range(80)])
    with av.open(str(whole)) as source, av.open(str(folder / name), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        source.seek(round(3.5 / stream.time_base), stream=stream)
        for packet in source.demux(stream):
            if packet.size:
                packet.pts -= round(3.5 / stream.time_base)
                packet.dts -= round(3.5 / stream.time_base)
                packet.stream = copy
                target.mux(packet)
    found = probe(folder / name)
    shift = 3.5 if name == "cut.mp4" else 3.0  # Matroska has no edit list: a player shows it from the key frame on
    assert found.edited == (name == "cut.mp4")
    shown = seconds(folder / name, 1, 3, reader, num_frames=30)
    assert shown == [int(shift + 1 + i / 8) for i in range(16)]


def test_windows_of_a_list_of_times():
    steady = dict(count=100, fps=29.97, num_frames=100)
    inside = frame_indices(**steady, start=1, end=2)
    assert inside.tolist() == list(range(30, 60)), "a frame that is nearly over when the window starts is left out"
    assert frame_indices(**steady, sampling="released", start=1, end=4).tolist() == [30, 59, 89]
    assert frame_indices(3, 1.0, 9, end=1e308, times=[0, 1, 5], video_end=6).tolist() == [0, 1, 2]
    assert frame_indices(3, 1.0, 9, "released", 0, 1e300, times=[0, 1, 5], video_end=1e12).tolist() == [0, 1, 2]
    for start, end, words in (
        (6, 7, "ends at 6.00"), (1e308, None, "ends at"), (2, 1, "not after"), (-1, 2, "from 0 on"),
        (1, float("inf"), "from 0"),
    ):
        with pytest.raises(ValueError, match=words):
            frame_indices(3, 1.0, 9, start=start, end=end, times=[0, 1, 5], video_end=6)


@pytest.mark.parametrize("odd", ["1", b"1", True, [1], 10**400, -1, float("inf"), 1j, object()])
def test_seconds_that_are_none_are_named(odd):
    for window in ({"start": odd}, {"end": odd}):
        with pytest.raises(ValueError, match=r"^(start|end) is .* s: give seconds from 0 on$"):
            frame_indices(10, 2.0, 4, **window)
