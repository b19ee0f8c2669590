"""A scorer from two encoders: texts and videos become vectors, a score is their cosine.

In: functions that encode lists. Out: a scorer that encodes every video once and every text once a call.
"""

from collections import OrderedDict

import numpy as np

from posrank.scoring.controls import look_up
from posrank.scoring.ranks import whole_number


class FeatureScorer:
    """scorer(video_ids, texts) -> float32 [n], cosines.

    encode_texts: list of texts -> array or tensor [n, d]; encode_videos: list of uint8 arrays [F, H, W, 3], the frames
    that were read -> [n, d]. frames: see posrank.scoring.adapters. text_batch, video_batch: how many are encoded at a
    time; keep: videos whose vectors stay in memory.
    """

    def __init__(self, encode_texts, encode_videos, frames, text_batch=256, video_batch=8, keep=100_000):
        self.encode_texts, self.encode_videos, self.frames = encode_texts, encode_videos, frames
        self.text_batch = whole_number(text_batch, "text_batch", "texts")
        self.video_batch = whole_number(video_batch, "video_batch", "videos")
        self.keep = whole_number(keep, "keep", "videos")
        self._kept = OrderedDict()

    def __call__(self, video_ids, texts):
        if len(video_ids) == 0:
            return np.zeros(0, np.float32)
        names, video = np.unique(np.asarray(video_ids, dtype=object), return_inverse=True)
        unique, text = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
        spoken = _encode(self.encode_texts, unique.tolist(), self.text_batch)
        return (spoken[text] * self.video_vectors(names.tolist())[video]).sum(1)

    def video_vectors(self, names):
        """Unit vectors of the videos -> float32 [n, d]."""
        todo = [name for name in names if name not in self._kept]
        for start in range(0, len(todo), self.video_batch):
            batch = todo[start : start + self.video_batch]
            found = _encode(self.encode_videos, [seen(self.frames, name) for name in batch], len(batch))
            self._kept.update(zip(batch, found))
        rows = np.stack([self._kept[name] for name in names])
        while len(self._kept) > self.keep:
            self._kept.popitem(last=False)
        return rows


def seen(frames, video_id):
    """The frames of a video that were read, uint8 [F, H, W, 3]; ValueError where it has none."""
    shown, read = look_up(frames, video_id)
    if not read:
        raise ValueError(f"video {video_id!r}: no frame was read; leave its captions out")
    return np.array(shown[:read])  # a copy that can be written: a store's frames are mapped from a file


def pooled(vectors, owner, videos):
    """Mean of the unit vectors of each video's frames: tensor [frames, d], owner int [frames] -> [videos, d]."""
    import torch

    unit = torch.nn.functional.normalize(vectors.float(), dim=-1)
    total = torch.zeros(videos, unit.shape[1], device=unit.device)
    return total.index_add_(0, torch.as_tensor(owner, device=unit.device), unit)


def _encode(encode, items, batch):
    """float32 unit vectors [n, d] of items, a batch at a time."""
    found = [_array(encode(items[start : start + batch])) for start in range(0, len(items), batch)]
    vectors = np.concatenate(found).astype(np.float32)
    if vectors.ndim != 2 or len(vectors) != len(items):
        raise ValueError(f"the encoder returned shape {list(vectors.shape)} for {len(items)} items, not one row each")
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _array(values):
    return values.detach().float().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
