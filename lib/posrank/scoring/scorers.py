"""Scorers: every model behind one call, scorer(video_ids, texts) -> one number per pair (two equally long lists in).

* SystemScorer: a system of posrank.systems (or anything with its surface) and its frames;
* BlindScorer: a language model that never sees the video;
* of posrank.scoring.controls: any scorer with the wrong video, and frames with something taken away.
A plain function is a scorer too. torch is imported only where a system is run.
"""

from collections import OrderedDict
from contextlib import contextmanager
from copy import copy

import numpy as np

from posrank.scoring import controls
from posrank.scoring.controls import blank_frames, look_up, one_frame, reversed_frames, unwrap  # noqa: F401
from posrank.scoring.ranks import whole_number


class SystemScorer:
    """Scores of a system: each video is encoded once and kept, texts in chunks; no autocast, so fp32 stays fp32.

    system: has the surface of posrank.systems.System. frames: a mapping (a FrameStore) or function video_id -> (uint8
    frames [F, H, W, 3], frames_read), or the frames alone. branch: coarse | fine | released_test. text_batch,
    video_batch: how many are encoded at a time. keep: videos whose features stay in memory, the latest used ones. seed:
    for systems that draw noise while encoding, set per batch of videos. Texts that become the same tokens are scored
    once per video and call, so that such a tie is exact. ValueError names a video without frames.
    """

    def __init__(self, system, frames, branch="coarse", text_batch=512, video_batch=16, keep=4096, seed=0):
        self.system, self.frames, self.branch, self.seed = system, frames, branch, seed
        self.text_batch = whole_number(text_batch, "text_batch", "texts")
        self.video_batch = whole_number(video_batch, "video_batch", "videos")
        self.keep = whole_number(keep, "keep", "videos")
        self._features, self._together = OrderedDict(), {}

    def __call__(self, video_ids, texts):
        """Two lists of n -> float32 [n]."""
        return self.score_views([self], video_ids, texts)[:, 0]

    def score_views(self, views, video_ids, texts):
        """Scores under several views of the videos, with every text encoded once -> float32 [n, len(views)]. views:
        scorers of the same system with other frames, branches or videos (ShuffledVideo, ConstantVideo around one)."""
        import torch

        if len(video_ids) == 0:
            return np.zeros((0, len(views)), np.float32)
        with inference(self.system):
            input_ids = self.system.tokenize(list(texts))
            names, video = np.unique(np.asarray(video_ids, dtype=object), return_inverse=True)
            _, token_row = np.unique(np.asarray(input_ids.cpu()), axis=0, return_inverse=True)
            pairs, first, back = np.unique(np.stack([video, token_row.ravel()], axis=1), axis=0, return_index=True,
                                           return_inverse=True)
            scores = np.zeros((len(pairs), len(views)), np.float32)
            for start in range(0, len(pairs), self.text_batch):
                part = slice(start, start + self.text_batch)  # pairs are sorted by video: few videos in each part
                mine, index = np.unique(pairs[part, 0], return_inverse=True)
                text = self.system.encode_text(self._put(input_ids[torch.as_tensor(first[part])]))
                for column, view in enumerate(views):
                    scorer, shown = unwrap(view, names[mine].tolist())
                    shown, place = np.unique(np.asarray(shown, dtype=object), return_inverse=True)
                    owner = torch.as_tensor(place[index])
                    values = self.system.score_aligned(text, scorer.video_features(shown.tolist()), owner)
                    scores[part, column] = values.float().cpu().numpy()
        return scores[back.ravel()]

    def similarity(self, texts, video_ids):
        """All pairs, for coarse recall: [T] texts and [V] videos -> float32 [T, V]."""
        scores = self.all_pairs(texts, video_ids, lambda text, videos: {"score": self.system.score(text, videos)})
        return scores.get("score", np.zeros((len(texts), len(video_ids)), np.float32))

    def all_pairs(self, texts, video_ids, compare):
        """`compare` (text and video features -> {name: scores [t, v]}) on all pairs -> {name: float32 [T, V]}."""
        texts, video_ids, out = list(texts), list(video_ids), {}
        with inference(self.system):
            for column in range(0, len(video_ids), self.keep):
                videos = self.video_features(video_ids[column : column + self.keep])
                for row in range(0, len(texts), self.text_batch):
                    text = self.system.encode_text(self._put(self.system.tokenize(texts[row : row + self.text_batch])))
                    for name, scores in compare(text, videos).items():
                        full = out.setdefault(name, np.zeros((len(texts), len(video_ids)), np.float32))
                        full[row : row + self.text_batch, column : column + self.keep] = scores.float().cpu().numpy()
        return out

    def together(self, video_ids):
        """Fix which videos are encoded in one batch: ``video_batch`` at a time, in this order. Returns the scorer. A
        video's features then do not depend, in their last digits, on what was asked for before: a resumed or shared
        evaluation gives the ranks of an undisturbed one."""
        names = list(dict.fromkeys(video_ids))
        self._together = {name: batch for batch in self._cut(names) for name in batch}
        return self

    def batches(self):
        """The batches that `together` made."""
        return list({batch[0]: batch for batch in self._together.values()}.values())

    def remember(self, video_ids, features):
        """Keep features that another process encoded."""
        features = features.to(next(self.system.parameters()).device)
        self._features |= {name: features[i : i + 1] for i, name in enumerate(video_ids)}

    def video_features(self, video_ids):
        """Features of the videos, in order (as many rows as ids), encoding those that are not kept yet."""
        with inference(self.system):
            found = {name: self._features[name] for name in video_ids if name in self._features}
            for batch in self._in_batches([name for name in dict.fromkeys(video_ids) if name not in found]):
                features = self.encode(batch)
                found |= {name: features[i : i + 1] for i, name in enumerate(batch)}
            for name in [*(name for name in found if name not in self._features), *dict.fromkeys(video_ids)]:
                self._features[name] = found[name]
                self._features.move_to_end(name)
            while len(self._features) > self.keep:
                self._features.popitem(last=False)
            rows = [found[name] for name in video_ids]
            return rows[0] if len(rows) == 1 else type(rows[0]).cat(rows)

    def with_frames(self, frames):
        """The same scorer in front of other frames."""
        other = copy(self)
        other.frames, other._features = frames, OrderedDict()
        return other

    def _in_batches(self, todo):
        """Lists of videos to be encoded at a time: whole batches of `together`, what is in none of them as it comes."""
        fixed = {self._together[name][0]: self._together[name] for name in todo if name in self._together}
        free = [name for name in todo if name not in self._together]
        return [*fixed.values(), *self._cut(free)]

    def _cut(self, names):
        return [names[start : start + self.video_batch] for start in range(0, len(names), self.video_batch)]

    def encode(self, names):
        """Features of the videos `names` in one batch, whatever is kept."""
        import torch

        shown = [look_up(self.frames, name) for name in names]
        frames, read = np.stack([frames for frames, _ in shown]), np.array([read for _, read in shown])
        video, mask = self.system.prepare(frames, read)
        devices = [video.device] if video.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(controls.number_of(self.seed, *names))
            return self.system.encode_video(self._put(video), self._put(mask), branch=self.branch)

    def _put(self, tensor):
        return tensor.to(next(self.system.parameters()).device)


from_system = SystemScorer
"""The name of a scorer in `posrank.evaluate(from_system(system, store), negatives, captions)`."""


class BlindScorer:
    """A language model as a scorer: ``model.score(texts)``, whatever the video (see posrank.language.ngrams)."""

    def __init__(self, model):
        if not callable(getattr(model, "score", None)):
            raise ValueError(f"model: a {type(model).__name__} has no score(texts); give what "
                             "posrank.language.ngrams.fit returns")
        self.model = model

    def __call__(self, video_ids, texts):
        return self.model.score(texts)


@contextmanager
def inference(system):
    """Evaluation mode without gradients and autocast, and back to the mode the system was in."""
    import torch

    training = system.training
    if training:
        system.eval()
    try:
        with torch.inference_mode(), torch.autocast(next(system.parameters()).device.type, enabled=False):
            yield
    finally:
        if training:
            system.train()
