"""TS2-Net (Liu et al., ECCV 2022; github.com/yuqi657/ts2_net): token shift, token selection, a softmax over frames.

CLS and the three selected patches of every frame go through the temporal module; what stands behind it in the places of
CLS is compared with the sentence, and a softmax over frames (of similarities normalised over frames, times 4) weights
the sum. Parameter names are those of the official state_dict.

as_released: padded frames take part in shift and selection, noise is drawn in evaluation, and the mask of frames is
tiled instead of repeated for each frame's four tokens, so that it hides other tokens than the padded ones.
"""

import torch
import torch.nn.functional as F

from posrank.systems import temporal
from posrank.systems.features import VideoFeatures
from posrank.systems.token_selection import SELECTED
from posrank.systems.token_system import TokenSystem, grouped

SHARPNESS = 4.0
"""Factor on the normalised similarities in the softmax over frames."""
HIDDEN = -1e18
TOKENS = 1 + SELECTED
"""Tokens of a frame in the temporal module."""


class TS2Net(TokenSystem):
    """TS2-Net. heads: attention heads of the temporal module (None = the text tower's); temporal_layers: None = 4 or
    what the text tower or a pretrained module has, 0 = no temporal module; the rest: see token_system.py. The temporal
    module has as many positions as the text tower: num_frames is at most a quarter of them."""

    name = "ts2net"
    reads_words = False

    def __init__(self, backbone, *, heads=None, temporal_layers=None, **shared):
        super().__init__(backbone, **shared)
        temporal.attach(self, backbone, heads, temporal_layers, TOKENS)

    def _group_features(self, head, cls, chosen, mask, branch):
        # tiling as a whole does not fit tokens that go frame by frame: the released mask is misaligned
        tokens = mask.repeat(1, TOKENS) if self.as_released else mask.repeat_interleave(TOKENS, dim=1)
        after = temporal.apply(self, grouped(head, chosen), tokens)
        return VideoFeatures(head, after[:, ::TOKENS], tokens[:, ::TOKENS], branch=branch)

    def _pair_size(self, text, video):
        return video.frames.shape[1]

    def _video_side(self, video):
        frames = F.normalize(video.after, dim=-1)
        return {"frames": frames if self.as_released else frames * video.mask[..., None], "mask": video.mask}

    def _compare(self, text, video, pairs, branch):
        similar = pairs.dot(text["sentence"], video["frames"])
        mask = pairs.video(video["mask"])
        weight = SHARPNESS * F.normalize(similar * mask, dim=-1)
        attention = weight.masked_fill(~mask, HIDDEN).softmax(-1)
        return self.clip.logit_scale.exp() * torch.sum(attention * similar, dim=-1)
