"""What a video file says of itself: container, size, rate, and when each of its frames is shown.

Comes in: a path. Goes out: a Probe, or a VideoError that names the file and the reason. Only the containers of videos
are opened (`FORMATS`): a playlist, a list of files or a picture sequence is refused whatever it is called, so a file
never leads to another one. `posrank.video.decoding` reads the frames.
"""

import errno
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posrank.video.layout import has_edit_list, missing_bytes, starts_as

FORMATS = frozenset((
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "gif", "mpeg", "mpegts", "mpegvideo", "m4v",
    "asf", "asf_o", "flv", "live_flv", "ogg", "rm", "dv", "ivf", "nut", "obu", "h264", "hevc", "mxf", "wtv",
    "yuv4mpegpipe",
))
"""FFmpeg's names of the containers that are read; none of them opens a second file."""
# opened only to say what they are
_SOUND = frozenset(("mp3", "flac", "wav", "aac", "aiff", "caf", "ape", "wv"))
_PICTURES = frozenset(("ico", "apng"))
_PICTURE_CODECS = frozenset((
    "mjpeg", "mjpegb", "ljpeg", "jpegls", "jpeg2000", "jpegxl", "png", "apng", "gif", "webp", "bmp", "tiff", "targa",
    "ppm", "pgm", "pbm", "pam", "pcx", "sgi", "qoi", "psd", "exr", "dpx",
))
# what an MP4 calls itself where it is a picture (AVIF, HEIC)
_PICTURE_BRANDS = frozenset(("avif", "heic", "heix", "heim", "heis", "heif", "mif1", "miaf", "j2ki", "jpeg"))
_STILL = "a still picture, no video"
# formats whose times count from zero, so that a late start is a late start; elsewhere the first time may be any number
_OWN_CLOCK = frozenset(("mp4", "matroska"))
MOST_PIXELS = 2**26
_MOST_REORDERED = 16
"""Frames that wait for a later one in any codec (H.264's bound)."""
_LIMIT = {"max_pixels": str(MOST_PIXELS)}  # FFmpeg makes no room for a larger frame, neither in opening nor in decoding


class VideoError(ValueError):
    """A video that cannot be read; the message names the file and the reason. ``kind``: "missing" or "corrupt"."""

    def __init__(self, message, kind="corrupt"):
        super().__init__(message)
        self.kind = kind


class Probe(NamedTuple):
    """What a file says of itself.

    frames, fps    number of frames (0 = it does not say) and frames per second on average
    width, height  as shown, after rotation
    containers     FFmpeg's names of the container
    edited         whether an edit list hides some frames
    times, end     float64 [n], the second at which each shown frame appears; the second at which the last one goes
    plain          whether it holds one video stream and starts as its container does: any FFmpeg takes it for that
    timed          False where nothing tells when a frame is shown: neither presentation times nor an even rate
    begin          the time stamp, in seconds, from which `times` count
    """

    frames: int
    fps: float
    width: int
    height: int
    containers: tuple
    edited: bool
    times: np.ndarray = np.empty(0)
    end: float = 0.0
    plain: bool = True
    timed: bool = True
    begin: float = 0.0


def probe(path):
    """What a video file says of itself, as a Probe; VideoError where it is missing, empty, a picture, or no video."""
    import av

    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is a link to nothing" if path.is_symlink() else "does not exist"
        remedy = "put the video there or correct its name in the captions table"
        raise VideoError(f"{path} {what}: {remedy}", kind="missing")
    try:
        if path.stat().st_size == 0:
            raise VideoError(f"{path} is empty (0 bytes): get the video again")
        with open(path, "rb") as file:
            head = file.read(4096)
        if missing := missing_bytes(path, head):
            raise VideoError(f"{path} is cut: {missing} bytes are missing at its end; get the video again")
        with open_video(path) as container:
            names = frozenset(container.format.name.split(","))
            if names & _PICTURES or any(name.endswith("_pipe") for name in names):
                raise VideoError(f"{path}: {_STILL}")
            stream = video_stream(container, path)
            rate = stream.average_rate or stream.guessed_rate or stream.base_rate
            fps = float(rate or 0) or 1.0
            width, height = _size(container, stream, path)
            container.seek(0)
            begin = _zero(container)
            times, last, besides, timed, delay = _times(container, stream, fps, begin)
            if delay and not has_edit_list(path):
                times, begin = times - delay, begin + delay
            check_whole(path, len(times) + besides, stream.frames)
            codec, brand = stream.codec_context.codec.canonical_name, container.metadata.get("major_brand", "").strip()
            if len(times) == 1 and (codec in _PICTURE_CODECS or brand in _PICTURE_BRANDS):
                raise VideoError(f"{path}: {_STILL}")
            if not len(times):
                raise VideoError(f"{path} holds no frame: get the video again")
            plain = len(container.streams.video) == 1 and starts_as(head, names)
            end = float(times[-1]) + max([last, 1 / fps, *np.diff(times[-2:])])
            count, edited = stream.frames or 0, besides > 0
            if "avi" in names:
                count, edited = min(count, len(times)), False
            return Probe(count, fps, width, height, tuple(sorted(names)), edited, times, end, plain, timed, begin)
    except (av.error.FFmpegError, OSError) as problem:
        raise refusal(path, problem) from None


def open_video(path):
    """PyAV's container of the file."""
    import av

    # an absolute name cannot be taken for a protocol ("http:..."); what is on no list is refused before it is read
    pipes = {name for name in av.formats_available if name.endswith("_pipe")}
    formats = ",".join(sorted(FORMATS | _SOUND | _PICTURES | pipes))
    options = {"format_whitelist": formats, "protocol_whitelist": "file", **_LIMIT}
    return av.open(str(path.resolve()), metadata_errors="replace", options=options)


def video_stream(container, path):
    """The video stream that FFmpeg calls the best one; covers and thumbnails of a file are none."""
    from av.stream import Disposition

    best = container.streams.best("video")
    videos = [each for each in (best, *container.streams.video) if each is not None]
    moving = [each for each in videos if not each.disposition & Disposition.attached_pic]
    if not moving:
        raise VideoError(f"{path}: {_STILL}" if videos else f"{path} has no video stream: it holds sound or text only")
    if moving[0].codec_context is None:
        raise VideoError(f"{path}: there is no decoder for its codec: convert the video to H.264")
    moving[0].codec_context.options = _LIMIT
    return moving[0]


def each_of(items):
    """Packets or frames of PyAV; OSError for its IndexError where a broken file brings up a new stream."""
    try:
        yield from items
    except IndexError:
        raise OSError("a packet of a stream that the file does not declare") from None


def _size(container, stream, path):
    """Width and height as shown."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise VideoError(f"{path}: its frames have {width} x {height} pixels, more than 2^26: scale the video down")
    if width != height:
        # only a decoded frame tells the rotation; on a square it changes nothing here
        frame = next(each_of(container.decode(stream)), None)
        if frame is None:
            raise VideoError(f"{path} holds no frame: get the video again")
        width, height = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
    if not (width and height):
        raise VideoError(f"{path}: its frames have no size, or more than 2^26 pixels: get it again, or scale it down")
    return width, height


def _times(container, stream, fps, begin):
    """Times of the shown frames (float64 [n], seconds, increasing), how long the last is shown, how many the file
    counts besides them (those that an edit list hides, and an AVI's empty places: a frame is shown on), whether the
    times are right (decoding times of B-frames at an uneven rate are not), and by how much an MP4 without an edit list
    would show all of them too late: the first frame's wait for the decoder, as B-frames need it. 0 elsewhere: decoding
    that begins later, or waits longer than any B-frame needs, is a late start."""
    rows = [
        (packet.pts, packet.dts, packet.duration or 0, packet.is_discard)
        for packet in each_of(container.demux(stream)) if packet.size
    ]
    shown = [row[:3] for row in rows if not row[3]]
    besides = len(rows) - len(shown)
    # AVI knows the order of frames only, so its n-th shown frame stands at its n-th time
    for column in (1,) if container.format.name == "avi" else (0, 1):
        if shown and all(row[column] is not None for row in shown):
            stamps = sorted((row[column], row[2]) for row in shown)
            unit = float(stream.time_base or 0)
            times = np.array([stamp for stamp, _ in stamps], dtype=np.float64) * unit - begin
            if column == 1 and container.format.name == "avi":
                besides = max(besides, stamps[-1][0] + 1 - len(shown))
            uneven = len({later - sooner for (sooner, _), (later, _) in pairwise(stamps)}) > 1
            b_frames = stream.codec_context.has_b_frames
            early = [row[1] for row in rows[: _MOST_REORDERED + 1]]
            # the first frame is shown when a later one, with nothing to wait for, is decoded
            delayed = b_frames and "mp4" in container.format.name and early[0] == 0 and stamps[0][0] in early[1:]
            return times, stamps[-1][1] * unit, besides, not (column and uneven and b_frames), times[0] * delayed
    return np.arange(len(shown)) / fps, 1 / fps, besides, True, 0.0


def _zero(container):
    """The time stamp, in seconds, from which a player counts where B-frames delay nothing."""
    if _OWN_CLOCK & set(container.format.name.split(",")) or container.start_time is None:
        return 0.0
    return container.start_time / 1e6


def check_whole(path, count, promised):
    """VideoError where a file holds clearly fewer frames than its header promises."""
    if count == 0:
        raise VideoError(f"{path} holds no frame: get the video again")
    if promised and count < 0.95 * promised - 1:
        raise VideoError(f"{path} is cut: {count} of {promised} frames are there; get the video again")


def refusal(path, problem, what="no readable video"):
    """The VideoError for a library's complaint; what is not the file's fault is given back as it is."""
    if problem.errno in (errno.EMFILE, errno.ENFILE):
        return problem
    if problem.errno == errno.EINVAL and what == "no readable video":
        if _is_picture(path):
            return VideoError(f"{path}: {_STILL}")
        return VideoError(
            f"{path}: no readable video (its content is of no video container that is read; playlists, file lists and "
            "picture sequences are not followed): convert it to mp4"
        )
    if problem.errno == errno.EINVAL:  # FFmpeg's word for a picture larger than `_LIMIT`, too
        problem = "its data are broken, or a frame has more than 2^26 pixels"
    return VideoError(f"{path}: {what} ({short(problem)}): it may be cut or of another type; get the video again")


def _is_picture(path):
    """Whether the bytes of a file are those of a picture; by its name (x.jpg) FFmpeg would take it for a sequence."""
    import av

    formats = ",".join(sorted(name for name in av.formats_available if name.endswith("_pipe") or name in _PICTURES))
    try:
        with open(path, "rb") as file:
            head = BytesIO(file.read(2**20))
        with av.open(head, options={"format_whitelist": formats, **_LIMIT}):
            return True
    except (av.error.FFmpegError, OSError, ValueError):
        return False


def short(problem):
    """One line of a library's complaint, without its stack, its number, or the file's name once more."""
    if getattr(problem, "strerror", None):
        return str(problem.strerror)[:200]
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0].strip()[:200]
