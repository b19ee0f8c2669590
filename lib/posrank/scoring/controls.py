"""What a run is shown instead of its videos: shuffled, blank, one frame, frames in reverse order.

In: names of `evaluate.controls`, the run's scorer, the videos. Out: a scorer per row of the report. One frame and
reversed frames still show the right video: they are controls, not blind rows.
"""

import hashlib

import numpy as np

from posrank.video import BLANK

CONTROLS = {"shuffled": "shuffled video", "blank": "blank video", "one_frame": "one frame",
            "reversed": "reversed frames"}
"""Parameter value -> name of the row."""


def views(names, scorer, videos, seed=0):
    """{row: scorer} of what a run is shown instead of its videos; `names` of CONTROLS, `scorer` the run's own,
    `videos` the ids of all that it may be asked about."""
    changed = {"blank": blank_frames, "one_frame": one_frame, "reversed": reversed_frames}
    out = {}
    for name in names:
        view = scorer.with_frames(changed[name](scorer.frames)) if name in changed else scorer
        if name == "shuffled":
            view = ShuffledVideo(view, videos, seed)
        if name == "blank":  # all blank videos are alike: one is enough
            view = ConstantVideo(view, videos[0])
        out[CONTROLS[name]] = view
    return out


def look_up(frames, video_id):
    """(uint8 frames [F, H, W, 3], frames_read) of a video from a mapping or function; ValueError where it has none."""
    try:
        shown = frames(video_id) if callable(frames) else frames[video_id]
    except KeyError as error:
        raise ValueError(f"no frames for video {video_id!r}; read them first, or leave its captions out") from error
    if isinstance(shown, tuple):
        return np.asarray(shown[0]), int(shown[1])
    return np.asarray(shown), len(shown)


class OtherVideo:
    """A scorer that is shown other videos, those that ``show`` names."""

    def __call__(self, video_ids, texts):
        return self.scorer(self.show(video_ids), texts)


class ShuffledVideo(OtherVideo):
    """Every video replaced by another one, always the same: the next in a ring of ``video_ids`` in an order drawn from
    ``seed``, independent of the order given. ValueError with fewer than two ids, and for an id not given.

    >>> shuffled = ShuffledVideo(lambda videos, texts: videos, ["v1", "v2", "v3"])
    >>> all(a != b for a, b in zip(shuffled(["v1", "v2", "v3"], ["", "", ""]), ["v1", "v2", "v3"]))
    True
    """

    def __init__(self, scorer, video_ids, seed=0):
        ring = sorted(set(video_ids), key=lambda name: (number_of(seed, "shuffled video", name), name))
        if len(ring) < 2:
            raise ValueError(f"video_ids: shuffling needs at least two different videos, got {len(ring)}")
        self.scorer = scorer
        self.shown = dict(zip(ring, ring[1:] + ring[:1]))

    def show(self, video_ids):
        """The videos that are shown in the places of ``video_ids``."""
        try:
            return [self.shown[name] for name in video_ids]
        except KeyError as error:
            raise ValueError(f"video {error.args[0]!r} is not among the videos that were shuffled") from error


class ConstantVideo(OtherVideo):
    """Every video replaced by one and the same."""

    def __init__(self, scorer, video_id):
        self.scorer, self.video_id = scorer, video_id

    def show(self, video_ids):
        """The one video, as often as there are ``video_ids``."""
        return [self.video_id] * len(video_ids)


def unwrap(scorer, video_ids):
    """(innermost scorer, videos that it is shown for ``video_ids``) of controls or a plain scorer."""
    while hasattr(scorer, "show"):
        video_ids, scorer = scorer.show(video_ids), scorer.scorer
    return scorer, video_ids


def blank_frames(frames, colour=BLANK):
    """The same videos as one flat ``colour`` (red, green, blue in 0..255; the mean of CLIP's normalisation) -> a
    function video_id -> (frames, frames_read). The number of frames read stays."""
    return _with_change(frames, lambda shown, read: np.broadcast_to(np.array(colour, np.uint8), shown.shape).copy())


def one_frame(frames):
    """The same videos with their middle frame in place of every frame read -> a function, as `blank_frames`."""

    def still(shown, read):
        return np.concatenate([shown[[max(read - 1, 0) // 2] * read], shown[read:]])

    return _with_change(frames, still)


def reversed_frames(frames):
    """The same videos played backwards (only the frames that were read) -> a function, as `blank_frames`."""
    return _with_change(frames, lambda shown, read: np.concatenate([shown[:read][::-1], shown[read:]]))


def _with_change(frames, change):
    def view(video_id):
        shown, read = look_up(frames, video_id)
        return change(shown, read), read

    return view


def number_of(*keys):
    """A reproducible 63-bit number from keys."""
    digest = hashlib.blake2b("\x1f".join(map(str, keys)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
