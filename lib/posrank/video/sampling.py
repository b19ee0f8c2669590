"""Decode and sample frames of a video file.

The short side is scaled to the size (bilinear, while decoding), then the centre is cut out. Pixels are taken as square,
as the released code does: a file whose pixels are not (a DVD) is not stretched to the shape that a player shows.

Two readers give the same frames: decord, and PyAV where decord is not installed, fails, or cannot be trusted. decord
counts frames wrongly after a jump in files without presentation times (AVI: frame 38 of an H.264 AVI came out as
frame 8), so only the MP4/MOV and Matroska/WebM families go to it; and where an edit list hides frames (a cut made
without re-encoding) it gives others than asked, so such files go to PyAV, which shows what a player shows; so do those
with a key frame that is broken or too large, since decord bounds no frame's size. Both apply
the rotation stored in the file, both read the stream that FFmpeg calls the best one. torchcodec (the extra
posrank[torchcodec], for machines that decord has no wheel for) reads what is asked of it by name.

Seconds are those of a player's clock: the presentation times of the frames, after the edit list. In MP4/MOV and
Matroska/WebM the clock starts at 0, also where the first picture appears later (a track that starts after the sound);
in an MP4 with B-frames and no edit list (most fragmented files) it starts at the first picture, whose time stamp is
the time that a decoder needs before it. Other containers count from any number, there the clock starts at the first
time stamp of the file. An AVI says in which order its frames come and at which rate, or where the rate is uneven when
each is decoded: with B-frames that is not when it is shown, so a window on such a file is refused.
"""

import hashlib
import math
from pathlib import Path

import numpy as np

from posrank.messages import short, unknown
from posrank.video.decoding import DecordFailed, read_decord, read_pyav, read_torchcodec
from posrank.video.probing import MOST_PIXELS, VideoError, probe

SAMPLINGS = ("uniform", "released", "segments")
READERS = ("auto", "decord", "pyav", "torchcodec")
_TOLERANCE = 1e-6
"""Seconds: times are sums of floats."""
BLANK = (123, 117, 104)
"""The one colour of a video that shows nothing: the mean of CLIP's normalisation (red, green, blue)."""


def read_frames(path, num_frames, size, sampling="uniform", start=None, end=None, *, seed=None, reader="auto"):
    """Frames of a video: uint8 [num_frames, size, size, 3], RGB, and the number of frames read.

    num_frames, size  whole numbers from 1 on
    sampling          "uniform" | "released" | "segments", see `frame_indices`
    start, end        seconds (see above); only frames shown in [start, end) take part; None or NaN = the whole file
    seed              segments only: None = the middle frames, else a random frame of each segment, the same for
                      equal seeds (a number, a text or a tuple such as (seed, epoch, video_id))
    reader            "auto" (decord or PyAV) | "decord" | "pyav" | "torchcodec"

    A video with fewer frames than asked gives them all, in order; the rest is zero and frames_read tells. Raises
    VideoError (a ValueError) naming the file where it is missing, empty, cut, no video, or shows nothing in
    [start, end).
    """
    for name, value in (("num_frames", num_frames), ("size", size)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} is {value!r}: give a whole number from 1 on")
    for name, value, known in (("sampling", sampling, SAMPLINGS), ("reader", reader, READERS)):
        if value not in known:
            raise ValueError(unknown(name, value, known))
    path = Path(path)
    found = probe(path)
    width, height = scaled_size(found.width, found.height, size)
    if width * height > MOST_PIXELS:
        raise VideoError(f"{path}: {found.width} x {found.height} pixels are too long a strip to be scaled to {size}")

    if not (found.timed or _seconds("start", start) is None is _seconds("end", end)):
        remedy = "convert it to MP4, or give neither start nor end"
        raise VideoError(f"{path} does not say when its frames are shown (B-frames at an uneven rate): {remedy}")

    def pick(times):
        try:
            last = max(found.end, times[-1])
            return frame_indices(len(times), found.fps, num_frames, sampling, start, end, seed, times, last)
        except ValueError as problem:
            raise VideoError(f"{path}: {problem}") from None

    frames = read_torchcodec(path, pick, width, height, found) if reader == "torchcodec" else None
    if reader in ("auto", "decord"):
        try:
            frames = read_decord(path, pick, width, height, found)
        except DecordFailed as problem:
            if reader == "decord":
                raise VideoError(f"{path}: cannot be decoded ({problem})") from None
    if frames is None:
        frames = read_pyav(path, pick, width, height, found)
    result = np.zeros((num_frames, size, size, 3), dtype=np.uint8)
    top, left = round((height - size) / 2), round((width - size) / 2)
    result[: len(frames)] = frames[:, top : top + size, left : left + size]
    return result, len(frames)


def frame_indices(
    count, fps, num_frames, sampling="uniform", start=None, end=None, seed=None, times=None, video_end=None
):
    """Which frames to read of a video of `count` frames: increasing whole numbers, at most `num_frames`.

    uniform   evenly spaced from the first to the last frame
    released  one frame per second (every int(fps)-th), and evenly spaced ones of these where they are too many: what
              the CLIP4Clip family does (dataloaders/rawvideo_util.py, slice_framepos 2); in a window the frame on
              screen at each whole second after its start
    segments  the frames are cut into num_frames pieces; the middle frame of each, or with a seed a random one (Frozen
              in Time, base/base_dataset.py; as there, a piece's last frame is not drawn)

    start, end  seconds; a frame belongs to the window [start, end) where it appears in it, where more than half of its
                time on screen lies in it, or where it is on screen all through it. ValueError where nothing is shown
    times       float [count], when each frame appears; None = i / fps
    video_end   second at which the last frame goes; None = 1 / fps after it came

    >>> frame_indices(10, 2.0, 4).tolist()
    [0, 3, 6, 9]
    >>> frame_indices(10, 2.0, 4, "released").tolist()
    [0, 2, 4, 8]
    >>> frame_indices(10, 2.0, 4, "segments").tolist()
    [0, 3, 5, 8]
    >>> frame_indices(3, 1.0, 4, start=6.2, end=6.8, times=[0.0, 6.0, 7.0]).tolist()
    [1]
    """
    if count < 1:
        raise ValueError("no frames")
    start, end = _seconds("start", start), _seconds("end", end)
    if start is not None or end is not None:
        times = np.arange(count) / fps if times is None else np.asarray(times, dtype=np.float64)
        stop = times[-1] + 1 / fps if video_end is None else video_end
        candidates = _shown(times, stop, start or 0.0, math.inf if end is None else end, sampling == "released")
    else:
        candidates = np.arange(0, count, max(1, int(fps)) if sampling == "released" else 1)
    total = len(candidates)
    if sampling == "segments":
        kept = min(num_frames, total)
        edges = np.linspace(0, total, kept + 1).astype(int)
        if seed is None:
            return candidates[(edges[:-1] + edges[1:] - 1) // 2]
        digest = hashlib.blake2b(repr(seed).encode(), digest_size=16).digest()
        random = np.random.default_rng(int.from_bytes(digest, "little"))
        lengths = np.maximum(edges[1:] - edges[:-1] - 1, 1)
        return candidates[edges[:-1] + random.integers(0, lengths)]
    if total <= num_frames:
        return candidates
    return candidates[np.linspace(0, total - 1, num_frames, dtype=int)]


def scaled_size(width, height, size):
    """Width and height with the short side scaled to `size`, the long side rounded down, as torchvision's Resize does.

    >>> scaled_size(320, 240, 224), scaled_size(240, 320, 224)
    ((298, 224), (224, 298))
    """
    if width <= height:
        return size, max(size, int(size * height / width))
    return max(size, int(size * width / height)), size


def _seconds(name, value):
    try:
        number = math.nan if value is None else float(value)
        if isinstance(value, (bool, np.bool_, str, bytes)) or number < 0 or number == math.inf:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is {short(value, 60)} s: give seconds from 0 on") from None
    return None if math.isnan(number) else number


def _shown(times, stop, start, end, each_second):
    """Frames of the window [start, end), or of these the one on screen at each whole second after its start."""
    if end <= start:
        raise ValueError(f"end ({end:g} s) is not after start ({start:g} s)")
    if start >= stop - _TOLERANCE:
        raise ValueError(f"start is {start:g} s but the video ends at {stop:.2f} s")
    if end <= times[0] + _TOLERANCE:
        raise ValueError(f"end is {end:g} s but the video shows nothing before {times[0]:.2f} s")
    first, last = np.searchsorted(times, [start - _TOLERANCE, end - _TOLERANCE])
    if first > 0:
        until = times[first] if first < len(times) else stop
        in_window = min(until, end) - start
        if first == last or in_window > (until - times[first - 1]) / 2 + _TOLERANCE:
            first -= 1
    if not each_second:
        return np.arange(first, last)
    # the first frame of the window stands for its start, also where it appears a moment later
    appears = np.concatenate([[start], times[first + 1 : last]])
    goes = np.append(appears[1:], min(stop, end))
    whole = start + np.ceil(appears - start - _TOLERANCE)
    return first + np.flatnonzero(whole < goes - _TOLERANCE)
