"""Coarse retrieval: recall at 1, 5, 10 in both directions (Section 5), for videos with one or many captions.

In: similarity [captions, videos] (higher = closer; array, memory map or tensor) and, per caption, the column of its own
video. Out: {"t2v": {...}, "v2t": {...}}, each with R@1, R@5, R@10, their "mean" (percent), MdR and MnR (ranks from 1).

Text to video: every caption is a query, ranked over all videos. Video to text, two styles:
* clip4clip (CLIP4Clip, X-CLIP, TS2-Net, UCoFiA): a video's captions are one item that scores as its best caption; the
  rank is counted in such items, so it is at most the number of videos.
* frozen (Frozen in Time): captions are ranked one by one; a video's rank is that of its best-ranked own caption.
Videos without captions are distractors for text queries, and neither queries nor items the other way.

Ties: both families settle them by accident of the sort. Here a tied block is in random order: R@k is the probability of
a hit, MdR and MnR use the expected rank. Without ties the numbers equal the originals'. Nothing is sorted.
"""

import numpy as np

from posrank.scoring.ranks import as_array, counts

KS = (1, 5, 10)
STYLES = ("clip4clip", "frozen")
CELLS = 4_000_000  # similarities looked at in one step: about 100 MB with all temporaries


def recall(similarity, caption_video, style="clip4clip"):
    """Retrieval metrics of a similarity matrix.

    similarity [C, V]: finite or infinite numbers, higher is closer. caption_video [C]: for each caption the column of
    its own video. style: "clip4clip" or "frozen" (they differ in v2t only). Returns {"t2v": m, "v2t": m} with m's keys
    "R@1", "R@5", "R@10", "mean" (percent), "MdR", "MnR" (ranks, from 1). Raises ValueError for shapes or indices that
    do not fit, NaN, no captions, or an unknown style.

    Three captions of two videos; caption 1 finds the wrong video first, and video 1's best caption is beaten:

    >>> m = recall([[.9, .8], [.3, .4], [.1, .7]], [0, 0, 1])
    >>> m["t2v"]["R@1"].__round__(1), m["t2v"]["MnR"].__round__(3), m["v2t"]["R@1"], m["v2t"]["MnR"]
    (66.7, 1.333, 50.0, 1.5)
    """
    if style not in STYLES:
        raise ValueError(f"style: expected one of {', '.join(STYLES)}, got {style!r}")
    similarity, own = _checked(similarity, caption_video)
    return {"t2v": rank_metrics(*_text_to_video(similarity, own)),
            "v2t": rank_metrics(*_video_to_text(similarity, own, style))}


def rank_metrics(better, tied, own=1):
    """Metrics of queries whose right item comes after ``better`` others and shares its score with ``tied`` others.

    better, tied: int [n]; own: how many right items the tied block holds (the first of them counts). In a random order
    of the block the expected rank is better + 1 + tied / (own + 1), and a hit within k is missed only if all of the
    block's first k - better places go to others.

    >>> rank_metrics([0, 2], [1, 0])["R@1"], rank_metrics([0, 2], [1, 0])["MnR"]
    (25.0, 2.25)
    """
    better, tied, own = counts(better, "better"), counts(tied, "tied"), counts(own, "own")
    if better.ndim != 1 or not len(better) or tied.shape != better.shape or own.shape not in ((), better.shape):
        raise ValueError(f"better, tied: expected two lists of one length, got shapes {list(better.shape)} and "
                         f"{list(tied.shape)}")
    own = np.broadcast_to(own, better.shape)
    rank = better + 1 + tied / (own + 1)
    metrics = {}
    for k in KS:
        missed = np.ones(len(better))
        for place in range(k):  # the place-th draw from the block is an "other" one
            drawn = place < k - better
            left = np.maximum(tied - place, 0)
            missed = np.where(drawn, missed * left / np.maximum(left + own, 1), missed)
        metrics[f"R@{k}"] = float(100 * (1 - missed).mean())
    metrics["mean"] = float(np.mean([metrics[f"R@{k}"] for k in KS]))
    return metrics | {"MdR": float(np.median(rank)), "MnR": float(rank.mean())}


def _checked(similarity, caption_video):
    similarity = as_array(similarity, "similarity")
    if similarity.ndim != 2 or 0 in similarity.shape:
        raise ValueError(f"similarity: expected a non-empty [captions, videos], got shape {list(similarity.shape)}")
    captions, videos = similarity.shape
    own = as_array(caption_video, "caption_video")
    if own.shape != (captions,):
        raise ValueError(f"caption_video: expected one column per caption, shape [{captions}], got {list(own.shape)}")
    if own.dtype == bool:
        raise ValueError("caption_video: expected column numbers, got booleans (a mask?)")
    wrong = (own != np.floor(own)) | (own < 0) | (own >= videos)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"caption_video: caption {row} points to column {own[row]}; expected 0..{videos - 1}")
    for rows in _blocks(captions, videos):
        missing = np.isnan(similarity[rows])
        if missing.any():
            row, column = np.argwhere(missing)[0].tolist()
            raise ValueError(f"similarity: NaN for caption {rows.start + row} and video {column}")
    return similarity, own.astype(np.int64)


def _blocks(n, width):
    step = max(1, CELLS // max(1, width))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def _text_to_video(similarity, own):
    better, tied = np.zeros((2, len(own)), np.int64)
    for rows in _blocks(*similarity.shape):
        block = np.asarray(similarity[rows])
        right = block[np.arange(len(block)), own[rows]][:, None]
        better[rows] = (block > right).sum(1)
        tied[rows] = (block == right).sum(1) - 1
    return better, tied


def _video_to_text(similarity, own, style):
    order = np.argsort(own, kind="stable")  # of captions by video, never of scores
    videos, starts = np.unique(own[order], return_index=True)
    found = np.zeros((3, len(videos)), np.int64)
    for part in _blocks(len(videos), len(own)):
        block = np.asarray(similarity[:, videos[part]])
        owner = own
        if style == "clip4clip":  # items are videos, each with the score of its best caption
            block, owner = np.maximum.reduceat(block[order], starts, axis=0), videos
        mine = owner[:, None] == videos[part]
        right = np.where(mine, block, -np.inf).max(0)
        equal = block == right
        found[:, part] = (block > right).sum(0), (equal & ~mine).sum(0), (equal & mine).sum(0)
    return tuple(found)
