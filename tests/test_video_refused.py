"""What is no video: pictures, covers, playlists, lists of files, broken and hostile files, whatever they are called."""

import io
import random
import struct
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image, features
from test_video import write

from posrank.video import VideoError, probing, read_frames

READERS = ["auto", "pyav", "decord"]


def picture(kind):
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)).save(data, kind)
    return data.getvalue()


def cover(path, codec="libmp3lame", video=None, picture_codec="mjpeg", attached=True):
    """Sound (and perhaps a video) with a cover picture."""
    from av.stream import Disposition

    with av.open(str(path), "w", format="mp4" if path.suffix == ".m4a" else None) as container:
        sound = container.add_stream(codec, rate=44100)
        moving = container.add_stream("libx264", rate=8) if video else None
        still = container.add_stream(picture_codec, rate=1)
        for stream, side in ((moving, 32), (still, 64)):
            if stream is not None:
                stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        still.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24"}.get(picture_codec, "yuv420p")
        if attached:
            still.disposition = Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
        packets = [*still.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 200, np.uint8))), *still.encode()]
        packets += [*sound.encode(frame), *sound.encode()]
        for n in range(video or 0):
            packets += moving.encode(av.VideoFrame.from_ndarray(np.full((32, 32, 3), 10 * n, np.uint8)))
        packets += moving.encode() if moving else []
        container.mux(packets)
    return path


@pytest.mark.parametrize("name", ["clip.mp4", "clip.png", "clip", ""])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "JPEG2000", "PPM", "ICO", "AVIF"])
def test_a_picture_is_no_video(tmp_path, kind, name):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this build of Pillow writes no AVIF")
    name = name or f"clip.{ {'JPEG': 'jpg', 'JPEG2000': 'jp2', 'TIFF': 'tif'}.get(kind, kind.lower()) }"
    (tmp_path / name).write_bytes(picture(kind))
    for reader in READERS:
        with pytest.raises(VideoError, match=rf"{name}: a still picture, no video"):
            read_frames(tmp_path / name, 2, 32, reader=reader)


@pytest.mark.parametrize(("name", "options"), [
    ("song.mp3", {}), ("song.m4a", {"codec": "aac"}), ("song.mp4", {"codec": "aac", "attached": False}),
    ("song.mkv", {"codec": "aac", "attached": False}),
    ("song.mov", {"codec": "aac", "picture_codec": "png", "attached": False}),
])
def test_a_cover_is_no_video(tmp_path, name, options):
    cover(tmp_path / name, **options)
    with pytest.raises(VideoError, match="a still picture, no video"):
        read_frames(tmp_path / name, 2, 32)


def test_a_video_with_a_cover_shows_the_video(tmp_path):
    path = cover(tmp_path / "v.mp4", "aac", video=6)
    for reader in ("auto", "pyav"):
        frames, read = read_frames(path, 6, 32, reader=reader)
        assert read == 6 and frames[3].mean() == pytest.approx(30, abs=3)


def test_a_video_of_one_frame_is_a_video(tmp_path):
    for name, codec in (("a.mp4", "libx264"), ("b.webm", "libvpx-vp9"), ("c.avi", "mpeg4")):
        options = None if codec == "libx264" else {}
        assert read_frames(write(tmp_path / name, frames=1, codec=codec, options=options), 2, 32)[1] == 1


def test_motion_of_picture_codecs_is_a_video(tmp_path):
    pictures = [Image.fromarray(np.full((32, 32, 3), 60 * n, np.uint8)) for n in range(4)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    assert read_frames(tmp_path / "a.gif", 9, 32)[1] == 4


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"
FILES = {
    "x.m3u8": PLAYLIST, "x.mp4": PLAYLIST, "c.mp4": "ffconcat version 1.0\nfile {name}\n",
    "c.ffconcat": "ffconcat version 1.0\nfile {name}\n", "c.mkv": "ffconcat version 1.0\nfile '{target}'\n",
    "d.mpd": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
             '<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
              '</Representation></AdaptationSet></Period></MPD>',
    "s.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "t.ans": "\x1b[31mred\x1b[0m text\n" * 9, "t.txt": "text\n" * 99,
    "s.srt": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
    "v.mp4": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{target}'/></svg>", "v.svg": "<svg></svg>",
    "l.mp4": "<svg",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_never_opens_another_one(tmp_path, name):
    target = write(tmp_path / "outside.mp4")
    path = tmp_path / name
    path.write_text(FILES[name].format(target=f"file://{target}", name=target.name))
    for reader in READERS:
        with pytest.raises(VideoError, match=f"{name}: (no readable video|a still picture)"):
            read_frames(path, 2, 32, reader=reader)


def test_a_name_never_asks_for_a_sequence_of_pictures(tmp_path):
    for n in range(1, 4):
        (tmp_path / f"x{n}.png").write_bytes(picture("PNG"))
    clip = write(tmp_path / "clip.mp4").rename(tmp_path / "x%d.png")
    with pytest.raises(VideoError):
        read_frames(clip, 2, 32)


def test_a_codec_without_a_decoder_is_named(tmp_path):
    path = write(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoError, match=r"a\.mp4"):
        read_frames(path, 2, 32)


def test_strange_shapes_and_seconds(tmp_path):
    path = write(tmp_path / "strip.mp4", frames=2, width=4000, height=2)
    with pytest.raises(VideoError, match="too long a strip"):
        read_frames(path, 2, 512)
    path = write(tmp_path / "a.mp4")
    assert read_frames(path, 2, 32, start=0, end=1e308)[1] == 2
    with pytest.raises(VideoError, match=r"start is 1e\+308 s but the video ends"):
        read_frames(path, 2, 32, start=1e308)


def gif(width, height):
    """A GIF of three pictures of one pixel on a screen of that size."""
    picture = b"\x21\xf9\4\0\x0a\0\0\0\x2c" + bytes(4) + b"\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff" + 3 * picture + b";"


@pytest.mark.parametrize("reader", ["auto", "pyav"])
def test_frames_of_absurd_size_are_refused_by_what_they_declare(tmp_path, monkeypatch, reader):
    path = tmp_path / "a.gif"
    path.write_bytes(gif(16_000, 16_001))
    with pytest.raises(VideoError, match=r"a\.gif: .*2\^26"):
        read_frames(path, 2, 32, reader=reader)
    path.write_bytes(gif(64, 64))
    assert read_frames(path, 2, 32, reader=reader)[1] == 2
    monkeypatch.setattr(probing, "_LIMIT", {"max_pixels": "1000"})
    small, large = (write(
        tmp_path / name, frames=2, width=side, height=side, codec="mpeg2video", options={}).read_bytes()
                    for name, side in (("s.ts", 16), ("l.ts", 64)))
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes(small + large)
    with pytest.raises(VideoError, match=r"mixed\.ts"):
        read_frames(mixed, 4, 32, reader=reader)


CONTAINERS = {
    "a.mp4": "libx264", "b.mkv": "libx264", "c.webm": "libvpx", "d.avi": "mpeg4", "e.mpg": "mpeg1video",
    "f.ts": "libx264",
    "g.flv": "flv", "h.mov": "mjpeg",
}


def mutated(data, rng):
    """A few faults of the kinds that broken files have: bits, runs of bytes, pieces lost, doubled or moved, a cut."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(min(len(data), rng.choice((64, 2048, len(data)))))
        length = rng.choice((1, 4, 16, 200))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            data[at : at + length] = bytes([rng.choice((0, 0x7F, 0x80, 0xFF))]) * length
        elif kind == 3:
            data[at:at] = data[rng.randrange(len(data)) :][:length]
        elif len(data) > 100:
            del data[at : at + length * rng.choice((1, 1, 50))]
        data = data or bytearray(1)
    return bytes(data)


def test_mutated_files_give_frames_or_a_video_error(tmp_path):
    rng, refused, deadline = random.Random(5), 0, time.monotonic() + 12
    whole = {}
    for name, codec in CONTAINERS.items():
        pixels = {"pix_fmt": "yuvj420p"} if codec == "mjpeg" else {}
        whole[name] = write(tmp_path / name, frames=6, width=32, height=24, fps=25, codec=codec,
                            options=None if codec == "libx264" else {}, **pixels).read_bytes()
    done = 0
    for turn in range(40):
        for name, data in whole.items():
            path = tmp_path / f"{turn}{name}"
            path.write_bytes(mutated(data, rng))
            start, end = rng.choice(((None, None), (0.05, 0.1), (0.0, 1e6)))
            sampling = rng.choice(("uniform", "released", "segments"))
            # decord may crash on broken files, which is why the store reads in processes of its own; here PyAV alone
            try:
                frames, read = read_frames(path, 3, 32, sampling, start, end, reader="pyav")
            except VideoError as problem:
                assert path.name in str(problem) and "\n" not in str(problem)
                refused += 1
            else:
                assert frames.shape == (3, 32, 32, 3) and frames.dtype == np.uint8 and 1 <= read <= 3
            done += 1
        if time.monotonic() > deadline:
            break
    assert 0.05 * done < refused < 0.95 * done
