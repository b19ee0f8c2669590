"""X-CLIP (Ma et al., ACM MM 2022; github.com/xuguohai/X-CLIP): four granularities of one similarity.

video-sentence, video-word, sentence-frame and frame-word scores, each a weighted sum in which every element is
weighted by its own softmax (attention over similarity matrix, tau = 0.01), averaged and scaled by exp(logit_scale).
Parameter names are those of the official state_dict. The branch `fine` is the one of "Beyond Coarse-Grained Matching
in Video-Text Retrieval" (ACCV 2024): prompt outputs go through the shared temporal module, with their own
`global_vp_mat_weight` and `local_vp_mat_weight`, shared frame matrices and no word matrices.
"""

import torch
import torch.nn.functional as F
from torch import nn

from posrank.systems import temporal
from posrank.systems.base import System
from posrank.systems.features import VideoFeatures, masked_mean
from posrank.systems.pairs import AllPairs

TAU = 0.01
WORD_WEIGHTS = ("word_logit_weight", "word_mat_weight", "word_mat_weight2")
FRAME_WEIGHTS = ("frame_logit_weight", "frame_mat_weight", "frame_mat_weight2")


def attended_sum(scores, mask, weight=None, dim=-1):
    """sum over `dim` of (softmax(scores / tau) @ weight) * scores, over the real elements only; 0 without any.

    scores [..., L, ...], mask of real elements (True), broadcast to scores, weight [L, L] or None = identity.

    >>> attended_sum(torch.tensor([0.5, 0.1, 9.0]), torch.tensor([True, True, False]))
    tensor(0.5000)
    """
    attention = (scores / TAU).masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(dim) * mask
    if weight is not None:
        attention = (attention.movedim(dim, -1) @ weight).movedim(-1, dim)
    return (attention * scores * mask).sum(dim)


class XClip(System):
    """X-CLIP. heads: attention heads of the temporal module (None = the text tower's); temporal_layers: None = 4 or
    what the text tower or a pretrained temporal module has, 0 = mean pooling ("meanP")."""

    name = "xclip"

    def __init__(self, backbone, *, num_frames, max_words, prompts=0, heads=None, temporal_layers=None, **shared):
        super().__init__(backbone, num_frames=num_frames, max_words=max_words, prompts=prompts, **shared)
        wide = ("global_mat_weight", "global_vp_mat_weight", "local_mat_weight", "local_vp_mat_weight")
        for names, size in ((wide if prompts else wide[::2], self.width), (WORD_WEIGHTS, max_words),
                            (FRAME_WEIGHTS, num_frames)):
            for name in names:
                setattr(self, name, nn.Parameter(torch.eye(size)))
        temporal.attach(self, backbone, heads, temporal_layers)

    def _video_features(self, frames, mask, branch):
        after = temporal.apply(self, frames, mask)
        return VideoFeatures(after if branch == "fine" else frames, after, mask, branch=branch)

    def _text_side(self, text, branch):
        fine = branch == "fine"
        sentence, words = F.normalize(text.sentence, dim=-1), F.normalize(text.words, dim=-1)
        return {"sentence": sentence, "words": words, "mask": text.mask,
                "global": sentence @ (self.global_vp_mat_weight if fine else self.global_mat_weight),
                "local": words @ (self.local_vp_mat_weight if fine else self.local_mat_weight)}

    def _video_side(self, video):
        pooled = masked_mean(F.normalize(video.after, dim=-1), video.mask)
        mask = torch.ones_like(video.mask) if self.as_released else video.mask
        return {"video": F.normalize(pooled, dim=-1), "frames": F.normalize(video.frames, dim=-1), "mask": mask}

    def _compare(self, text, video, pairs, branch):
        return self.clip.logit_scale.exp() * sum(self._terms(text, video, pairs, branch).values()) / 4

    def terms(self, text_features, video_features):
        """The four scores of all pairs by name, each [T, V]; their mean is the score (which `score` chunks)."""
        branch = video_features.branch
        text, video = self._text_side(text_features, branch), self._video_side(video_features)
        scale = self.clip.logit_scale.exp()
        return {name: scale * scores for name, scores in self._terms(text, video, AllPairs, branch).items()}

    def _terms(self, text, video, pairs, branch):
        """The four scores of each pair, before scale and mean; arrays [pairs..., words, frames] inside."""
        words, frames = text["words"].shape[-2], video["frames"].shape[-2]
        word = [getattr(self, name)[:words, :words] if branch != "fine" else None for name in WORD_WEIGHTS]
        frame = [getattr(self, name)[:frames, :frames] for name in FRAME_WEIGHTS]
        real_word, real_frame = pairs.text(text["mask"]), pairs.video(video["mask"])

        frame_word = pairs.dot(text["local"], video["frames"])
        by_words = attended_sum(frame_word, real_word[..., None], word[1], dim=-2)
        by_frames = attended_sum(frame_word, real_frame[..., None, :], frame[1], dim=-1)
        return {"video_sentence": pairs.dot(text["global"], video["video"]),
                "video_word": attended_sum(pairs.dot(text["words"], video["video"]), real_word, word[0]),
                "sentence_frame": attended_sum(pairs.dot(text["sentence"], video["frames"]), real_frame, frame[0]),
                "frame_word": (attended_sum(by_words, real_frame, frame[2])
                               + attended_sum(by_frames, real_word, word[2])) / 2}
