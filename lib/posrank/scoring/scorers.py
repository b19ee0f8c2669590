"""Scorers: every model behind one call, scorer(video_ids, texts) -> one number per pair (two equally long lists in).

* SystemScorer: a system of posrank.systems (or anything with its surface) and its frames;
* BlindScorer: a language model that never sees the video; Negated: the opposite preference of any scorer;
* ShuffledVideo, ConstantVideo: any scorer with the wrong, or one and the same, video (the zero lines of a table);
* blank_frames, one_frame, reversed_frames: frames with something taken away, to put in front of a SystemScorer.
A plain function is a scorer too. torch is imported only where a system is run.
"""

import hashlib
from collections import OrderedDict

import numpy as np

from posrank.scoring.ranks import as_array, whole_number
from posrank.video import BLANK


class SystemScorer:
    """Scores of a system: each video is encoded once and kept, texts in chunks; no autocast, so fp32 stays fp32.

    system: has tokenize, prepare, encode_text, encode_video and score_aligned (posrank.systems.System). frames: a
    mapping (a FrameStore) or function video_id -> (uint8 frames [F, H, W, 3], frames_read), or the frames alone.
    branch: coarse | fine | released_test. text_batch, video_batch: how many are encoded at a time. keep: videos whose
    features stay in memory, the latest used ones. seed: for systems that draw noise while encoding; it is set per
    batch of videos.

    Texts that become the same tokens (cut at the context length, or lower-cased) are scored once per video and call, so
    that such a tie is exact. Raises ValueError naming the video without frames.
    """

    def __init__(self, system, frames, branch="coarse", text_batch=512, video_batch=16, keep=4096, seed=0):
        self.system, self.frames, self.branch, self.seed = system, frames, branch, seed
        self.text_batch = whole_number(text_batch, "text_batch", "texts")
        self.video_batch, self.keep = whole_number(video_batch, "video_batch", "videos"), whole_number(keep, "keep", "videos")
        self._features, self._together = OrderedDict(), {}

    def __call__(self, video_ids, texts):
        """Two lists of n -> float32 [n]."""
        return self.score_views([self], video_ids, texts)[:, 0]

    def score_views(self, views, video_ids, texts):
        """Scores under several views of the videos, with every text encoded once -> float32 [n, len(views)].

        views: scorers of the same system: other frames or branches (SystemScorer), other videos (ShuffledVideo,
        ConstantVideo around one).
        """
        import torch

        if len(video_ids) == 0:
            return np.zeros((0, len(views)), np.float32)
        with inference(self.system):
            input_ids = self.system.tokenize(list(texts))
            names, video = np.unique(np.asarray(video_ids, dtype=object), return_inverse=True)
            _, token_row = np.unique(np.asarray(input_ids.cpu()), axis=0, return_inverse=True)
            pairs, first, back = np.unique(
                np.stack([video, token_row.ravel()], axis=1), axis=0, return_index=True, return_inverse=True
            )
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
        texts, video_ids = list(texts), list(video_ids)
        out = np.zeros((len(texts), len(video_ids)), np.float32)
        with inference(self.system):
            for column in range(0, len(video_ids), self.keep):
                columns = slice(column, column + self.keep)
                videos = self.video_features(video_ids[columns])
                for row in range(0, len(texts), self.text_batch):
                    rows = slice(row, row + self.text_batch)
                    text = self.system.encode_text(self._put(self.system.tokenize(texts[rows])))
                    out[rows, columns] = self.system.score(text, videos).float().cpu().numpy()
        return out

    def together(self, video_ids):
        """Fix which videos are encoded in one batch: ``video_batch`` at a time, in this order. Returns the scorer.

        A video's features then do not depend, in their last digits, on what was asked for before: a resumed or shared
        evaluation gives the ranks of an undisturbed one.
        """
        names = list(dict.fromkeys(video_ids))
        batches = [names[start : start + self.video_batch] for start in range(0, len(names), self.video_batch)]
        self._together = {name: batch for batch in batches for name in batch}
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
        options = dict(text_batch=self.text_batch, video_batch=self.video_batch, keep=self.keep, seed=self.seed)
        other = SystemScorer(self.system, frames, self.branch, **options)
        other._together = self._together
        return other

    def _in_batches(self, todo):
        """Lists of videos to be encoded at a time: whole batches of `together`, what is in none of them as it comes."""
        fixed = {self._together[name][0]: self._together[name] for name in todo if name in self._together}
        free = [name for name in todo if name not in self._together]
        return [*fixed.values(), *(free[start : start + self.video_batch] for start in range(0, len(free), self.video_batch))]

    def encode(self, names):
        """Features of the videos `names` in one batch, whatever is kept."""
        import torch

        shown = [look_up(self.frames, name) for name in names]
        frames, read = np.stack([frames for frames, _ in shown]), np.array([read for _, read in shown])
        video, mask = self.system.prepare(frames, read)
        devices = [video.device] if video.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(_number(self.seed, *names))
            return self.system.encode_video(self._put(video), self._put(mask), branch=self.branch)

    def _put(self, tensor):
        return tensor.to(next(self.system.parameters()).device)


def from_system(system, frames, **options):
    """A SystemScorer: ``posrank.evaluate(from_system(system, store), negatives, captions)``."""
    return SystemScorer(system, frames, **options)


def look_up(frames, video_id):
    """(uint8 frames [F, H, W, 3], frames_read) of a video from a mapping or function; ValueError where it has none."""
    try:
        shown = frames(video_id) if callable(frames) else frames[video_id]
    except KeyError as error:
        raise ValueError(f"no frames for video {video_id!r}; read them first, or leave its captions out") from error
    if isinstance(shown, tuple):
        return np.asarray(shown[0]), int(shown[1])
    return np.asarray(shown), len(shown)


class BlindScorer:
    """A language model as a scorer: ``model.score(texts)``, whatever the video (see posrank.language.ngrams)."""

    def __init__(self, model):
        if not callable(getattr(model, "score", None)):
            raise ValueError(f"model: a {type(model).__name__} has no score(texts); give what posrank.language.ngrams.fit returns")
        self.model = model

    def __call__(self, video_ids, texts):
        return self.model.score(texts)


class Negated:
    """Minus the score of another scorer: does preferring the *unlikely* text pay?"""

    def __init__(self, scorer):
        self.scorer = scorer

    def __call__(self, video_ids, texts):
        return -as_array(self.scorer(video_ids, texts)).astype(np.float64)


class ShuffledVideo:
    """Every video replaced by another one, always the same: a fixed permutation of ``video_ids`` that moves each.

    The videos form one ring in an order drawn from ``seed``, independent of the order they are given in; each is shown
    the next one's frames. Raises ValueError with fewer than two different ids, and for an id that is not among them.

    >>> shuffled = ShuffledVideo(lambda videos, texts: videos, ["v1", "v2", "v3"])
    >>> all(a != b for a, b in zip(shuffled(["v1", "v2", "v3"], ["", "", ""]), ["v1", "v2", "v3"]))
    True
    """

    def __init__(self, scorer, video_ids, seed=0):
        ring = sorted(set(video_ids), key=lambda name: (_number(seed, "shuffled video", name), name))
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

    def __call__(self, video_ids, texts):
        return self.scorer(self.show(video_ids), texts)


class ConstantVideo:
    """Every video replaced by one and the same."""

    def __init__(self, scorer, video_id):
        self.scorer, self.video_id = scorer, video_id

    def show(self, video_ids):
        """The one video, as often as there are ``video_ids``."""
        return [self.video_id] * len(video_ids)

    def __call__(self, video_ids, texts):
        return self.scorer(self.show(video_ids), texts)


def unwrap(scorer, video_ids):
    """(the innermost scorer, the videos that it is shown for ``video_ids``) of ShuffledVideo, ConstantVideo or a plain
    scorer."""
    while hasattr(scorer, "show"):
        video_ids, scorer = scorer.show(video_ids), scorer.scorer
    return scorer, video_ids


def blank_frames(frames, colour=BLANK):
    """The same videos as one flat colour, by default the mean of CLIP's normalisation -> a function video_id -> frames.

    ``colour``: red, green, blue in 0..255; the number of frames read stays.
    """

    def blank(video_id):
        shown, read = look_up(frames, video_id)
        return np.broadcast_to(np.array(colour, np.uint8), shown.shape).copy(), read

    return blank


def one_frame(frames):
    """The same videos with their middle frame in place of every frame read -> a function video_id -> frames."""

    def still(video_id):
        shown, read = look_up(frames, video_id)
        shown = shown.copy()
        shown[:read] = shown[max(read - 1, 0) // 2]
        return shown, read

    return still


def reversed_frames(frames):
    """The same videos played backwards (only the frames that were read) -> a function video_id -> frames."""

    def backwards(video_id):
        shown, read = look_up(frames, video_id)
        return np.concatenate([shown[:read][::-1], shown[read:]]), read

    return backwards


def _number(*keys):
    """A reproducible 63-bit number from keys."""
    digest = hashlib.blake2b("\x1f".join(map(str, keys)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class inference:
    """Evaluation mode without gradients and autocast, and back to the mode the system was in."""

    def __init__(self, system):
        self.system = system

    def __enter__(self):
        import torch

        self.was_training = self.system.training
        if self.was_training:
            self.system.eval()
        kind = next(self.system.parameters()).device.type
        self.contexts = [torch.inference_mode(), torch.autocast(kind, enabled=False)]
        for context in self.contexts:
            context.__enter__()

    def __exit__(self, *problem):
        for context in reversed(self.contexts):
            context.__exit__(*problem)
        if self.was_training:
            self.system.train()
