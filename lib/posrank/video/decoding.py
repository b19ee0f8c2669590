"""Three readers of video files behind one interface: decord, PyAV and torchcodec.

Comes in: a path, its Probe, and a function that picks frame numbers from the times of the frames. Goes out: the frames,
scaled, as uint8 [n, height, width, 3], or a VideoError that names the file and the reason. `posrank.video.sampling`
says which reader is taken when.
"""

from functools import lru_cache

import numpy as np

from posrank.video.probing import VideoError, check_whole, each_of, open_video, refusal, short, video_stream

_DECORD_CONTAINERS = frozenset(("mp4", "matroska"))


def decord_obstacle(found):
    """Why decord cannot be trusted with a probed file, or None: its container needs times, and nothing is hidden."""
    if _decord() is None:
        return "decord is not installed"
    if found.edited:
        return "an edit list hides frames, which decord does not follow"
    if not (found.plain and _DECORD_CONTAINERS & set(found.containers)):
        return "decord is not sure to count its frames rightly"
    return None


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


def read_decord(path, pick, width, height, found):
    """Frames by decord, uint8 [n, height, width, 3]: those that `pick(times)` numbers (an int array, repeats
    allowed), in its order; times as in `found`, the file's Probe.

    DecordFailed where decord cannot read it or counts other frames than the file has, VideoError where it is cut.
    """
    if obstacle := decord_obstacle(found):
        raise DecordFailed(f"{obstacle}: use another reader")
    _check_key_frames(path)
    decord, reader = _decord(), None
    try:
        # one thread a file: files are read in parallel; the size is given so that frames are never held in full
        reader = decord.VideoReader(str(path.resolve()), width=width, height=height, num_threads=1)
        count = len(reader)
    except (decord.DECORDError, RuntimeError) as problem:
        raise DecordFailed(short(problem)) from None
    check_whole(path, count, found.frames)
    if count != len(found.times):
        raise DecordFailed(f"decord finds {count} frames where the file has {len(found.times)}")
    indices = pick(found.times)
    try:
        frames = reader.get_batch(indices.tolist()).asnumpy()
    except (decord.DECORDError, RuntimeError, IndexError) as problem:
        raise DecordFailed(short(problem)) from None
    finally:
        # its read-ahead buffers go with it
        del reader
    if frames.shape != (len(indices), height, width, 3):
        raise DecordFailed(f"frames of shape {frames.shape}")
    return frames


def _check_key_frames(path):
    """DecordFailed where a key frame, at which frames change their size, cannot be decoded within `MOST_PIXELS`: decord
    knows no limit, and a file of some kilobytes could take all memory."""
    import av

    with open_video(path) as container:
        stream = video_stream(container, path)
        try:
            for packet in each_of(container.demux(stream)):
                if packet.is_keyframe or not packet.size:
                    stream.codec_context.decode(packet if packet.size else None)
        except (av.error.FFmpegError, OSError) as problem:
            raise DecordFailed(f"a frame is broken or has more than 2^26 pixels: {short(problem)}") from None


def read_torchcodec(path, pick, width, height, found):
    """As `read_decord`, by torchcodec, where it and FFmpeg's libraries are installed. VideoError where they are not,
    or it cannot read the file, or finds other frames than the file has."""
    import av

    try:
        from torchcodec.decoders import VideoDecoder
    except (ImportError, OSError, RuntimeError) as problem:
        raise VideoError(f"{path}: the reader torchcodec cannot be loaded ({short(problem)}): install the extra "
                         "posrank[torchcodec] and FFmpeg, or choose another reader") from None
    if found.edited:
        raise VideoError(f"{path}: an edit list hides frames, which torchcodec does not follow: choose another reader")
    try:
        decoder = VideoDecoder(path, dimension_order="NHWC")
        count = len(decoder)
        check_whole(path, count, found.frames)
        if count != len(found.times):
            raise VideoError(f"{path}: torchcodec finds {count} frames where the file has {len(found.times)}: choose "
                             "another reader")
        frames = decoder.get_frames_at(pick(found.times).tolist()).data.numpy()
        return np.stack([_scaled(av.VideoFrame.from_ndarray(frame), width, height) for frame in frames])
    except (RuntimeError, IndexError, OSError) as problem:
        raise VideoError(f"{path}: cannot be decoded ({short(problem)})") from None


def read_pyav(path, pick, width, height, found):
    """As `read_decord`, by PyAV; VideoError where the file cannot be decoded or is cut. Frames that an edit list
    hides are not counted."""
    import av

    times = found.times
    try:
        # a decoder may give fewer frames than there are packets (broken first ones): choose again among what there is
        for _ in range(2):
            indices = pick(times)
            kept, seen = _decode(path, set(indices.tolist()), width, height, times, found.begin)
            if seen is None:
                return np.stack([kept[index] for index in indices.tolist()])
            if not found.edited:
                check_whole(path, len(seen), found.frames)
            if not seen:
                break
            times = np.maximum.accumulate([time if time is not None else i / found.fps for i, time in enumerate(seen)])
    except (av.error.FFmpegError, OSError) as problem:
        raise refusal(path, problem, "cannot be decoded") from None
    raise VideoError(f"{path}: its frames cannot be decoded: get the video again")


def _decode(path, wanted, width, height, times, begin):
    """{index: frame} of the wanted indices and None; where frames do not come at `times` after the time stamp `begin`,
    when they do come."""
    kept, seen, last, right = {}, [], max(wanted), True
    with open_video(path) as container:
        stream = video_stream(container, path)
        timed = container.format.name != "avi"
        for index, frame in enumerate(each_of(container.decode(stream))):
            time = float(frame.pts * stream.time_base) - begin if timed and frame.pts is not None else None
            seen.append(time)
            right = right and index < len(times) and (time is None or abs(time - times[index]) < 2e-3)
            if right and index in wanted:
                turns = round(frame.rotation / 90) % 4
                w, h = (height, width) if turns % 2 else (width, height)
                kept[index] = np.rot90(_scaled(frame, w, h), turns)
            if right and index == last:
                return kept, None
    return kept, seen


def _scaled(frame, width, height):
    """A frame of PyAV -> uint8 [height, width, 3]."""
    from av.video.reformatter import Interpolation

    return frame.reformat(width, height, format="rgb24", interpolation=Interpolation.BILINEAR).to_ndarray()
