"""Batches: which captions a step sees, with their videos' frames and their fresh negatives.

Comes in: the training captions, a source of frames, a source of negatives. Goes out: a `Batch` per step that depends on
(seed, step) alone, so that a resumed run and an undisturbed one see the same. The captions of a batch belong to
distinct videos: the diagonal of the similarity is then the only truth.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from posrank.training.identity import digests
from posrank.training.prefetch import Prefetch
from posrank.video import BLANK


@dataclass
class Batch:
    """B captions. `texts`: the captions, then (rule exchange) the `true` statements of the lists, then all negatives;
    `owner` [negatives]: list of each; `rows` [lists]: the caption whose video a list is ranked for, None = a list each;
    `frames` uint8 [B, F, H, W, 3]; `frames_read` [B]; `epoch` from 0; `anchors`: another caption of each video, where
    text alone is trained."""

    caption_ids: list
    texts: list
    owner: np.ndarray
    frames: np.ndarray
    frames_read: np.ndarray
    epoch: int
    rows: np.ndarray | None = None
    true: int = 0
    anchors: list | None = None


def epoch_order(video_ids, batch, seed, epoch):
    """Row numbers of one epoch, [batches, batch]: rounds of one caption per video, each round shuffled and cut into
    batches.

    Every caption comes up once an epoch, except what does not fill a batch at the end of a round; which that is changes
    from epoch to epoch. ValueError where there are fewer videos than a batch has captions.
    """
    rng = np.random.default_rng([seed, epoch])
    videos = pd.Series(video_ids).iloc[rng.permutation(len(video_ids))]
    # the n-th caption of each video, in shuffled order, belongs to round n
    rounds = videos.groupby(videos).cumcount()
    there = int((rounds == 0).sum())
    if there < batch:
        raise ValueError(f"a batch of {batch} captions needs {batch} videos and there are {there}; lower train.batch")
    rows = [rng.permutation(members.index.to_numpy()) for _, members in rounds.groupby(rounds)]
    return np.concatenate([row[: len(row) // batch * batch].reshape(-1, batch) for row in rows])


def constant_video(frames):
    """A source of frames in which every video is one and the same: `BLANK`, all frames read. What a model learns from
    it, the text alone teaches."""

    def constant(video_ids):
        shown, _ = frames(video_ids[:1])
        size = (len(video_ids), *shown.shape[1:])
        return np.broadcast_to(np.array(BLANK, np.uint8), size).copy(), np.full(len(video_ids), shown.shape[1])

    return constant


def no_video(video_ids):
    """A source of frames that reads none, for training on text alone."""
    return np.zeros((len(video_ids), 0), np.uint8), np.zeros(len(video_ids), np.int64)


class Batches:
    """The batches of a run.

    captions: table of the training captions (caption_id, video_id, caption); frames: video ids -> (uint8 [n, F, H, W,
    3], frames_read [n]); negatives: a TrainingNegatives or None; share: function that picks this process's rows;
    made_of: things by name (see posrank.training.identity.digest) that frames and negatives come from, such as the
    files of a frame store; anchored: each caption comes with another one of its video (every video has two or more).
    """

    def __init__(self, captions, frames, negatives, *, batch, seed, share=lambda rows: rows, made_of=None,
                 anchored=False):
        self.ids = captions["caption_id"].to_numpy(dtype=object)
        self.videos = captions["video_id"].to_numpy(dtype=object)
        self.texts = captions["caption"].to_numpy(dtype=object)
        self.frames, self.negatives, self.batch, self.seed, self.share = frames, negatives, batch, seed, share
        self.made_of = made_of or {}
        self.anchored, self._of_video = anchored, captions.groupby("video_id").indices
        self._epoch, self._order = None, None
        self.per_epoch = len(epoch_order(self.videos, batch, seed, 0))

    def marks(self):
        """Digests of all that the batches come from, by name."""
        captions = [list(column) for column in (self.ids, self.videos, self.texts)]
        return digests(captions=captions, negatives=getattr(self.negatives, "attrs", None), **self.made_of)

    def at(self, step):
        """The `Batch` of a step (from 0)."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, epoch_order(self.videos, self.batch, self.seed, epoch)
        rows = self.share(self._order[number])
        ids, texts = list(self.ids[rows]), list(self.texts[rows])
        owner, true, lists = np.zeros(0, dtype=np.int64), None, None
        if self.negatives is not None:
            true, lists, negatives, owner = self.negatives.lists(ids, epoch)
            texts += [*(true or ()), *negatives]
        frames, read = self.frames(list(self.videos[rows]))
        anchors = [self._other_caption(row, epoch) for row in rows] if self.anchored else None
        return Batch(ids, texts, owner, frames, read, epoch, None if true is None else lists, len(true or ()), anchors)

    def _other_caption(self, row, epoch):
        """Another caption of the row's video, another one in each epoch."""
        others = [other for other in self._of_video[self.videos[row]] if other != row]
        return self.texts[others[epoch % len(others)]]

    def between(self, first, last, device=None, ahead=2):
        """Batches of steps first .. last - 1, the next ones made while one is used: a `Prefetch` for `with`."""
        return Prefetch(self.at, first, last, device=device, ahead=ahead)
