"""Frozen in Time (Bain et al., ICCV 2021; github.com/m-bain/frozen-in-time): two encoders and a cosine.

A space-time transformer with divided attention reads the frames, DistilBERT the sentence; CLS of each is projected to a
common space, and the score is cosine / 0.05, the temperature of the official NormSoftmaxLoss. The branch `fine` reads
the mean of the prompts' outputs in the place of CLS, and `released_test` scores the same way. Parameter names are those
of the official state_dict; prompts are `video_model.vpt_embedding`.

as_released: frames that are not there are zeros and take part, and a new temporal attention starts as the official one.
Else they are masked, and it starts as a copy of the spatial one (see posrank.towers.spacetime).
"""

import copy
from pathlib import Path

import torch
import torch.nn.functional as F

from posrank.systems.base import System
from posrank.systems.features import TextFeatures, VideoFeatures
from posrank.systems.inputs import check_attention, normalise
from posrank.towers.distilbert import encode_sentences, real_tokens
from posrank.towers.frozen import load_frozen, make_projections
from posrank.towers.text import check_ids, encode_text

TEMPERATURE = 0.05
EPS = 1e-8


class Frozen(System):
    """Frozen. projection: size of the common space (None = the backbone's); a number starts both projections anew.
    temporal_start: copied | released | random, the start of a temporal attention that is not pretrained (None =
    released with as_released, else copied)."""

    name = "frozen"
    reads_words = False
    pretrained = ("text_model.", "video_model.")

    @staticmethod
    def load_backbone(spec):
        """A FrozenBackbone: from an official checkpoint's file, or whatever posrank.towers.frozen.load_frozen takes."""
        if isinstance(spec, (str, Path)) and Path(spec).is_file():
            from posrank.systems.official import frozen_backbone

            return frozen_backbone(spec)
        return load_frozen(spec)

    def __init__(self, backbone, *, as_released=False, projection=None, temporal_start=None, **shared):
        super().__init__(backbone, as_released=as_released, **shared)
        self.fill = False  # missing frames are the tower's own affair
        if backbone.new_time:
            self.video_model.start_time(temporal_start or ("released" if as_released else "copied"))
        self.txt_proj, self.vid_proj = (copy.deepcopy(part) for part in (backbone.txt_proj, backbone.vid_proj))
        if projection is not None:
            width = self.video_model.pos_embed.shape[-1]
            self.txt_proj, self.vid_proj = make_projections(self._text_width(), width, projection)
        self.settings |= dict(projection=projection, temporal_start=temporal_start)

    def _take_towers(self, backbone, num_frames, prompts, as_released):
        self.text_model, self.video_model = copy.deepcopy(backbone.text_model), copy.deepcopy(backbone.video_model)
        if num_frames != self.video_model.num_frames:
            self.video_model.fit_frames(num_frames)
        if prompts and getattr(self.video_model, "vpt_embedding", None) is None:
            self.video_model.add_prompts(prompts)
        if self._causal:
            return self.text_model.positional_embedding.shape[0]
        return self.text_model.config.max_position_embeddings

    @property
    def _causal(self):
        """Is the text tower the text half of a CLIP?"""
        return hasattr(self.text_model, "token_embedding")

    def _text_width(self):
        if not self._causal:
            return self.text_model.config.dim
        projection = self.text_model.text_projection
        return self.text_model.positional_embedding.shape[1] if projection is None else projection.shape[1]

    def prepare(self, frames, frames_read=None):
        """uint8 frames [V, F, H, W, 3] and the number read per video [V] -> normalised video [V, F', 3, H, W], mask [V,
        F']. Of more than num_frames frames, one of each of num_frames equal segments is taken: the middle one, in
        training a random one (of torch's generator), as by the official loader. Frames beyond `frames_read` are 0."""
        if len(frames) and frames.shape[1] > self.num_frames:
            frames, frames_read = self._segments(torch.as_tensor(frames), frames_read)
        return normalise(frames, frames_read, self.image_mean, self.image_std)

    def _segments(self, frames, frames_read):
        read = torch.full((len(frames),), frames.shape[1]) if frames_read is None else torch.as_tensor(frames_read)
        kept = read.clamp(max=self.num_frames)
        segment = torch.arange(self.num_frames)
        # edges as whole numbers, in the way of np.linspace(0, read, kept + 1).astype(int)
        edges = torch.arange(self.num_frames + 1) * read[:, None] // kept[:, None].clamp_min(1)
        start, end = edges[:, :-1], edges[:, 1:]
        chosen = (start + end - 1) // 2
        if self.training:
            chosen = start + (torch.rand(start.shape) * (end - start)).long()
        chosen = torch.where(segment < kept[:, None], chosen, 0).to(frames.device)
        return frames[torch.arange(len(frames), device=frames.device)[:, None], chosen], kept

    def encode_text(self, input_ids, attention_mask=None):
        """Token ids [n, L] -> `TextFeatures` (sentence only). attention_mask [n, L], 1 for real tokens; None = all but
        padding (id 0), used in both forms, as in the official code. The text half of a CLIP reads up to EOT."""
        check_ids(input_ids)
        mask = real_tokens(input_ids)
        if attention_mask is not None:
            mask = check_attention(attention_mask, torch.ones_like(mask))
        columns = torch.arange(input_ids.shape[1], device=mask.device)
        real = columns <= input_ids.argmax(1, keepdim=True) if self._causal else mask
        if bool(real[:, self.max_words :].any()):
            raise ValueError(f"a sentence has more than max_words={self.max_words} tokens; system.tokenize cuts it")
        input_ids, mask = input_ids[:, : self.max_words], mask[:, : self.max_words]
        if self._causal:
            return TextFeatures(self.txt_proj(encode_text(self.text_model, input_ids)))
        return TextFeatures(self.txt_proj(encode_sentences(self.text_model, input_ids, mask)))

    def _encode_branches(self, video, mask, branches, topk_indicator):
        """One pass through the video tower; `frames` of the features are [V, 1, D]."""
        out = self.vid_proj(self.video_model(video, None if self.as_released else mask))
        heads = {b: out[:, :1] if b == "coarse" else out[:, 1:].mean(1, keepdim=True) for b in branches}
        one = torch.ones(len(video), 1, dtype=torch.bool, device=video.device)
        return {b: VideoFeatures(heads[b], None, one, branch=b) for b in branches}

    def _text_side(self, text, branch):
        return {"sentence": F.normalize(text.sentence, dim=-1, eps=EPS)}

    def _video_side(self, video):
        return {"video": F.normalize(video.frames[:, 0], dim=-1, eps=EPS)}

    def _compare(self, text, video, pairs, branch):
        return pairs.dot(text["sentence"], video["video"]) / TEMPERATURE
