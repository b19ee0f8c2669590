"""Two readers of video files behind one interface: decord and PyAV.

Comes in: a path, and a function that picks frame numbers once the count of frames is known. Goes out: the frames,
scaled, as uint8 [n, height, width, 3], or a VideoError that names the file and the reason. Used by `posrank.video.sampling`,
which says which reader is taken when.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

_DECORD_CONTAINERS = {"mp4", "mov", "matroska", "webm"}


class VideoError(ValueError):
    """A video that cannot be read; the message names the file and the reason. ``kind``: "missing" or "corrupt"."""

    def __init__(self, message, kind="corrupt"):
        super().__init__(message)
        self.kind = kind


class Probe(NamedTuple):
    """What a file says of itself: frames (0 = it does not say), frames per second, size as shown (rotated),
    container, and whether an edit list hides some of its frames."""

    frames: int
    fps: float
    width: int
    height: int
    containers: tuple
    edited: bool


def probe(path):
    """What a video file says of itself, as a Probe; VideoError where it is missing, empty, or no video."""
    import av

    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        remedy = "put the video there or correct its name in the captions table"
        raise VideoError(f"{path} {what}: {remedy}", kind="missing")
    if path.stat().st_size == 0:
        raise VideoError(f"{path} is empty (0 bytes): get the video again")
    _check_matroska(path)
    try:
        with _open(path) as container:
            stream = _stream(container, path)
            rate = stream.average_rate or stream.guessed_rate or stream.base_rate
            width, height = stream.codec_context.width, stream.codec_context.height
            if width != height:
                # only a decoded frame tells the rotation; on a square it changes nothing here
                frame = next(container.decode(stream), None)
                if frame is None:
                    raise VideoError(f"{path} holds no frame: get the video again")
                width, height = frame.width, frame.height
                if frame.rotation % 180:
                    width, height = height, width
            if not (width and height):
                raise VideoError(f"{path}: its frames have no size: get the video again")
            containers = tuple(container.format.name.split(","))
            edited = False
            if "mp4" in containers:
                container.seek(0)
                edited = any(packet.is_discard for packet in container.demux(stream))
            return Probe(stream.frames or 0, float(rate or 0) or 1.0, width, height, containers, edited)
    except (av.error.FFmpegError, OSError) as problem:
        raise VideoError(f"{path}: no readable video ({_short(problem)}): it may be cut or of another type") from None


def decord_reads(found):
    """Whether decord is installed and to be trusted with a probed file: its container has times, nothing is hidden."""
    return _decord() is not None and not found.edited and bool(_DECORD_CONTAINERS & set(found.containers))


class DecordFailed(Exception):
    """decord cannot read a file; another reader may."""


@lru_cache(maxsize=1)
def _decord():
    """The decord module, silent, or None where it is not installed (it has no wheels for some machines)."""
    try:
        import decord
    except (ImportError, OSError):
        return None
    decord.logging.set_level(decord.logging.QUIET)
    return decord


def read_decord(path, pick, width, height, promised):
    """Frames by decord, uint8 [n, height, width, 3]: those that `pick(count)` numbers (an int array, repeats allowed), in its order.

    promised: frames that the file says it has (0 = it does not say). DecordFailed where decord cannot read it, VideoError where
    it is cut.
    """
    decord = _decord()
    if decord is None:
        raise DecordFailed("decord is not installed")
    reader = None
    try:
        # one thread a file: files are read in parallel; the size is given so that frames are never held in full
        reader = decord.VideoReader(str(path.resolve()), width=width, height=height, num_threads=1)
        count = len(reader)
    except (decord.DECORDError, RuntimeError) as problem:
        raise DecordFailed(_short(problem)) from None
    _check_whole(path, count, promised)
    indices = pick(count)
    try:
        frames = reader.get_batch(indices.tolist()).asnumpy()
    except (decord.DECORDError, RuntimeError, IndexError) as problem:
        raise DecordFailed(_short(problem)) from None
    finally:
        # its read-ahead buffers go with it
        del reader
    if frames.shape != (len(indices), height, width, 3):
        raise DecordFailed(f"frames of shape {frames.shape}")
    return frames


def read_pyav(path, pick, width, height, promised):
    """As `read_decord`, by PyAV; VideoError where the file cannot be decoded or is cut. Frames that an edit list hides are not
    counted."""
    import av

    try:
        with _open(path) as container:
            stream = _stream(container, path)
            hidden = [packet.is_discard for packet in container.demux(stream) if packet.size]
        _check_whole(path, len(hidden), promised)
        count = len(hidden) - sum(hidden)
        # a decoder may give fewer frames than there are packets (broken first ones): choose again among what there is
        for _ in range(2):
            indices = pick(count)
            wanted = set(indices.tolist())
            kept, count = _decode(path, wanted, width, height)
            if len(kept) == len(wanted):
                return np.stack([kept[index] for index in indices.tolist()])
            _check_whole(path, count + sum(hidden), promised)
    except (av.error.FFmpegError, OSError) as problem:
        raise VideoError(f"{path}: cannot be decoded ({_short(problem)}); the file may be cut, get it again") from None
    raise VideoError(f"{path}: its frames cannot be decoded: get the video again")


def _decode(path, wanted, width, height):
    """{index: frame} for the wanted indices, and the number of frames seen up to the last of them."""
    from av.video.reformatter import Interpolation

    kept, seen, last = {}, 0, max(wanted)
    with _open(path) as container:
        stream = _stream(container, path)
        for frame in container.decode(stream):
            if seen in wanted:
                turns = round(frame.rotation / 90) % 4
                w, h = (height, width) if turns % 2 else (width, height)
                pixels = frame.reformat(w, h, format="rgb24", interpolation=Interpolation.BILINEAR).to_ndarray()
                kept[seen] = np.rot90(pixels, turns)
            seen += 1
            if seen > last:
                break
    return kept, seen


def _open(path):
    import av

    # an absolute name cannot be taken for a protocol ("http:...")
    return av.open(str(path.resolve()), metadata_errors="replace")


def _stream(container, path):
    stream = container.streams.best("video")
    if stream is None:
        raise VideoError(f"{path} has no video stream: it holds sound or text only")
    return stream


def _check_whole(path, count, promised):
    """VideoError where a file holds clearly fewer frames than its header promises."""
    if count == 0:
        raise VideoError(f"{path} holds no frame: get the video again")
    if promised and count < 0.95 * promised - 1:
        raise VideoError(f"{path} is cut: {count} of {promised} frames are there; get the video again")


def _check_matroska(path):
    """VideoError where a Matroska or WebM file is shorter than its segment says (FFmpeg plays such a file to where it
    ends).

    Layout: EBML id, size, header; then the segment's id and its size. Sizes are numbers whose leading zero bits tell
    their length; all ones means unknown (a live recording).
    """

    def number(position):
        length = 9 - head[position].bit_length()
        value = int.from_bytes(head[position : position + length], "big") & ((1 << 7 * length) - 1)
        return (None if value == (1 << 7 * length) - 1 else value), position + length

    with open(path, "rb") as file:
        head = file.read(4096)
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return
    try:
        size, position = number(4)
        position += size
        if head[position : position + 4] != b"\x18\x53\x80\x67":
            return
        size, position = number(position + 4)
    except (IndexError, TypeError):
        return
    missing = 0 if size is None else position + size - path.stat().st_size
    if missing > 0:
        raise VideoError(f"{path} is cut: {missing} bytes are missing at its end; get the video again")


def _short(problem):
    """One line of a library's complaint, without its stack, its number, or the file's name once more."""
    if getattr(problem, "strerror", None):
        return str(problem.strerror)[:200]
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return (lines[0] if lines else type(problem).__name__)[:200]
