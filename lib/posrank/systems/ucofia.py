"""UCoFiA (Wang et al., ICCV 2023; github.com/Ziyang412/UCoFiA): three levels, from coarse to fine.

video-sentence, sentence-frame and pixel-word scores, averaged. The last two are sums that weight each element by two
softmaxes with a linear map between them (interactive similarity aggregation, ISA); "pixels" are CLS and the patches
that TS2-Net's selection chooses, and their level has no logit scale. Parameter names are the official ones.

The official repository holds three copies (`variant`): `train` computes the loss and is the one followed here;
`eval_t2v` and `eval_v2t`, which evaluate, leave out `local_mat_weight1`, and `eval_t2v` has another score predictor.
Their Sinkhorn-Knopp normalisation is in posrank.scoring.sinkhorn_recall. The branch `fine` reads prompts at the video
and the frame level; the pixel level is that of `coarse`.
"""

import torch
import torch.nn.functional as F
from torch import nn

from posrank.systems import temporal
from posrank.systems.features import VideoFeatures, masked_mean
from posrank.systems.pairs import AllPairs
from posrank.systems.token_selection import SELECTED, ScorePredictor, VideoScorePredictor
from posrank.systems.token_system import TokenSystem, grouped

TAU = 0.01
HIDDEN = -1e30
"""Added to the logits of what is not real: exp underflows to zero."""
VARIANTS = ("train", "eval_t2v", "eval_v2t")
LEVELS = ("video_sentence", "sentence_frame", "pixel_word")


def interactive_sum(scores, mask, weight, dim=-1):
    """sum over `dim` of softmax((softmax(scores / tau) @ weight) / tau) * scores, over the real elements (none: 0).

    scores [..., L, ...], mask of real elements (True), broadcast to scores, weight [L, L].

    >>> interactive_sum(torch.tensor([0.5, 0.1, 9.0]), torch.tensor([True, True, False]), torch.eye(3))
    tensor(0.5000)
    """
    hidden = torch.zeros(mask.shape, dtype=scores.dtype, device=scores.device).masked_fill(~mask, HIDDEN)
    attention = torch.add(hidden, scores, alpha=1 / TAU).softmax(dim)
    attention = (attention.movedim(dim, -1) @ weight).movedim(-1, dim)
    attention = torch.add(hidden, attention, alpha=1 / TAU).softmax(dim)
    return (attention * scores).sum(dim) * mask.any(dim)


class UCoFiA(TokenSystem):
    """UCoFiA. heads: attention heads of the temporal module (None = the text tower's); temporal_layers: None = 4 or
    what the text tower or a pretrained module has, 0 = mean pooling; variant: train | eval_t2v | eval_v2t; the rest:
    see token_system.py."""

    name = "ucofia"

    def __init__(self, backbone, *, num_frames, max_words, heads=None, temporal_layers=None, variant="train", **shared):
        if variant not in VARIANTS:
            raise ValueError(f"variant={variant!r} is none of {', '.join(VARIANTS)}, the copies of UCoFiA's repository")
        self.predictor = VideoScorePredictor if variant == "eval_t2v" else ScorePredictor
        super().__init__(backbone, num_frames=num_frames, max_words=max_words, **shared)
        self.variant = variant
        pixels = num_frames * (1 + SELECTED)
        wide = ("global_mat_weight", "global_mat_weight_1", "local_mat_weight")
        for names, size in (
            (wide + (("local_mat_weight1",) if variant == "train" else ()), self.width),
            (("frame_logit_weight",), num_frames),
            (("word_mat_weight", "word_mat_weight2"), max_words),
            (("pixel_mat_weight", "pixel_mat_weight2"), pixels),
        ):
            for name in names:
                setattr(self, name, nn.Parameter(torch.eye(size)))
        temporal.attach(self, backbone, heads, temporal_layers)
        self.settings["variant"] = variant

    def _group_features(self, head, cls, chosen, mask, branch):
        return VideoFeatures(head, temporal.apply(self, head, mask), mask, grouped(cls, chosen), branch)

    def _pair_size(self, text, video):
        return text.words.shape[1] * video.pixels.shape[1]

    def _text_side(self, text, branch):
        sentence = F.normalize(text.sentence, dim=-1)
        return {"sentence": sentence, "global": sentence @ self.global_mat_weight,
                "local": F.normalize(text.words, dim=-1) @ self.local_mat_weight, "mask": text.mask}

    def _video_side(self, video):
        pooled = F.normalize(masked_mean(F.normalize(video.after, dim=-1), video.mask), dim=-1)
        return {"video": pooled @ self.global_mat_weight_1, "frames": F.normalize(video.frames, dim=-1),
                "pixels": video.pixels @ self.local_mat_weight1 if self.variant == "train" else video.pixels,
                "mask": torch.ones_like(video.mask) if self.as_released else video.mask}

    def _compare(self, text, video, pairs, branch):
        return sum(self._levels(text, video, pairs)) / len(LEVELS)

    def _levels(self, text, video, pairs):
        """The three scores of each pair, in the order of LEVELS; arrays [pairs..., words, pixels] inside."""
        scale = self.clip.logit_scale.exp()
        words, frames = text["local"].shape[-2], video["frames"].shape[-2]
        pixels = video["pixels"].shape[-2]
        by_word = (m[:words, :words] for m in (self.word_mat_weight, self.word_mat_weight2))
        by_pixel = (m[:pixels, :pixels] for m in (self.pixel_mat_weight, self.pixel_mat_weight2))
        (word, word2), (pixel, pixel2) = by_word, by_pixel
        real_word, real_frame = pairs.text(text["mask"]), pairs.video(video["mask"])
        real_pixel = real_frame.repeat_interleave(1 + SELECTED, dim=-1)

        pixel_word = pairs.dot(text["local"], video["pixels"])
        over_words = interactive_sum(pixel_word, real_word[..., None], word, dim=-2)
        over_pixels = interactive_sum(pixel_word, real_pixel[..., None, :], pixel, dim=-1)
        sentence_frame = pairs.dot(text["sentence"], video["frames"])
        return (scale * pairs.dot(text["global"], video["video"]),
                scale * interactive_sum(sentence_frame, real_frame, self.frame_logit_weight[:frames, :frames]),
                (interactive_sum(over_words, real_pixel, pixel2) + interactive_sum(over_pixels, real_word, word2)) / 2)

    def levels(self, text_features, video_features):
        """The three scores of all pairs by name, each [T, V], in chunks; their mean is the score."""
        def compare(text, video):
            return torch.stack(self._levels(text, video, AllPairs))

        return dict(zip(LEVELS, self._all_pairs(text_features, video_features, compare)))
