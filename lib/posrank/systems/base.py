"""System: what the systems share. Texts and videos become features once; features become scores, in chunks.

A subclass says how features look on the two sides (`_text_side`, `_video_side`) and how a pair is scored (`_compare`,
written once for all pairs and for groups, see pairs.py). Padding is masked, except with `as_released`.
"""

import copy

import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import nn

from posrank.systems.features import TextFeatures, VideoFeatures, unpack
from posrank.systems.inputs import check_attention, check_index, check_video, check_whole, check_words, normalise
from posrank.systems.pairs import AllPairs, Grouped, group
from posrank.towers.backbone import load_backbone
from posrank.towers.image import add_prompts, encode_image
from posrank.towers.shift import frames_in_order
from posrank.towers.text import context_length, encode_text
from posrank.towers.tokenizer import sentences

BRANCHES = ("coarse", "fine", "released_test")
BUDGET = 2**23
"""Numbers in the largest array of one chunk of scores (32 MiB in fp32; about ten such arrays live at once)."""


class System(nn.Module):
    """A text tower, a video tower and a similarity; `posrank.systems.build` makes one. Attributes: name, num_frames
    (F), max_words (L), prompts (T), as_released, tokenizer, image_mean, image_std, image_size, settings (the arguments
    of `build`), dropped (keys of an official checkpoint that were not used)."""

    name = "system"
    reads_words = True  # does the similarity look at single words?
    pretrained = ("clip.",)  # names of the parameters that come pretrained: a learning rate of their own
    load_backbone = staticmethod(load_backbone)

    def __init__(self, backbone, *, num_frames, max_words, prompts=0, as_released=False):
        super().__init__()
        for what, value, low in (("num_frames", num_frames, 1), ("max_words", max_words, 3), ("prompts", prompts, 0)):
            check_whole(what, value, low)
        context = self._take_towers(backbone, num_frames, prompts, as_released)
        if max_words > context:
            raise ValueError(f"max_words={max_words} is more than the text tower's {context} positions; choose at most "
                             f"{context}")
        self.tokenizer, self.image_size = backbone.tokenizer, backbone.image_size
        self.num_frames, self.max_words, self.prompts, self.as_released = num_frames, max_words, prompts, as_released
        self.dropped, self.fill = (), as_released  # fill: videos up to num_frames, as the official loaders do
        for name in ("image_mean", "image_std"):
            self.register_buffer(name, torch.tensor(getattr(backbone, name), dtype=torch.float32), persistent=False)
        self.settings = dict(num_frames=num_frames, max_words=max_words, prompts=prompts, as_released=as_released)

    def _take_towers(self, backbone, num_frames, prompts, as_released):
        """Copies of the backbone's towers, with prompts; returns how many tokens the text tower can read."""
        if self.reads_words and not isinstance(backbone.model, CLIP):
            raise ValueError(
                f"the system {self.name!r} reads single words and needs open_clip's CLIP class (a causal text tower), "
                f"not a {type(backbone.model).__name__}; choose another backbone, or the system 'clip', which takes any"
            )
        self.clip = copy.deepcopy(backbone.model)
        if prompts:
            add_prompts(self.clip.visual, prompts)
        return context_length(self.clip)

    @property
    def width(self):
        """D, the length of CLIP's features."""
        visual = self.clip.visual
        return visual.positional_embedding.shape[1] if visual.proj is None else visual.proj.shape[1]

    # inputs

    def tokenize(self, texts):
        """Sentences -> [n, max_words] int64: SOT, tokens, EOT (the largest id), zeros."""
        texts = sentences(texts)
        if self.tokenizer is None:
            raise ValueError("this system was built from towers without a tokenizer; give a backbone that has one "
                             "(load_backbone)")
        return self.tokenizer(texts, self.max_words)

    def prepare(self, frames, frames_read=None):
        """uint8 frames [V, F, H, W, 3] and the number read per video [V] -> normalised video [V, F, 3, H, W] with zeros
        beyond `frames_read`, as in the CLIP4Clip family, and mask [V, F]."""
        return normalise(frames, frames_read, self.image_mean, self.image_std)

    def encode_text(self, input_ids, attention_mask=None):
        """Token ids [n, L] -> `TextFeatures`. attention_mask [n, L], 1 for real tokens; None = up to and with EOT.
        `as_released` ignores it, as the official code does."""
        # released matrices mix all positions, padding among them
        input_ids = check_words(input_ids, self.max_words, fill=self.as_released)
        if not self.reads_words:
            return TextFeatures(encode_text(self.clip, input_ids))
        words, mask = encode_text(self.clip, input_ids, "pad" if self.as_released else "auto", tokens=True)
        ends = input_ids.argmax(1)
        sentence = words[torch.arange(len(words), device=words.device), ends]
        if self.as_released:
            mask = torch.ones_like(mask)
        else:  # nothing reads the columns behind the longest sentence
            longest = int(ends.max()) + 1 if len(ends) else 1
            words, mask = words[:, :longest], mask[:, :longest]
        if attention_mask is not None and not self.as_released:
            mask = check_attention(attention_mask, mask)
        return TextFeatures(sentence, words, mask)

    def encode_video(self, video, video_mask=None, branch="coarse", topk_indicator=None):
        """Normalised frames [V, F, 3, H, W] and mask [V, F] (None = all real) -> `VideoFeatures` of one branch: coarse
        (CLS) | fine (the mean of the prompts' outputs) | released_test (those, for the coarse similarity).
        topk_indicator, for systems that select tokens: the selection itself, [V * F, 3, patches] or [V, F, 3, patches],
        rows that sum to 1 (None = chosen by the scores); in training the scores' gradient is that of a drawn selection
        all the same."""
        return self.encode_branches(video, video_mask, (branch,), topk_indicator)[branch]

    def encode_branches(self, video, video_mask=None, branches=("coarse", "fine"), topk_indicator=None):
        """Several branches from one pass through the image tower -> {branch: VideoFeatures}."""
        for branch in branches:
            if branch not in BRANCHES:
                raise ValueError(f"branch {branch!r} is none of {', '.join(BRANCHES)}")
            if branch != "coarse" and not self.prompts:
                raise ValueError(f"branch {branch!r} reads visual prompts and this system has none; build it with "
                                 "prompts=1")
        video, mask = check_video(video, video_mask, self.num_frames, fill=self.fill)
        return self._encode_branches(video.to(self.image_mean.dtype), mask, branches, topk_indicator)

    def _encode_branches(self, video, mask, branches, topk_indicator):
        heads, _ = self._encode_frames(video, self._frames_run(mask), branches)
        return {branch: self._video_features(heads[branch], mask, branch) for branch in branches}

    def _frames_run(self, mask):
        """The frames that the image tower runs [V, F]: the real ones, with as_released all."""
        return torch.ones_like(mask) if self.as_released else mask

    def _encode_frames(self, video, real, branches, patches=False):
        """{branch: CLS or prompt features [V, F, D], zeros where a frame is not run}, and the `ImageTokens` of the n
        frames that are run (real [V, F] with n True)."""
        prompted = any(branch != "coarse" for branch in branches)
        first_patch = prompted and self.as_released  # the released code reads token 1 for the prompt
        images = video.flatten(0, 1) if bool(real.all()) else video[real]
        with frames_in_order(self.clip.visual, real):
            tokens = encode_image(self.clip.visual, images, patches=patches or first_patch)
        heads = {"coarse": unpack(tokens.cls, real)}
        if prompted:
            prompt = tokens.patches[:, 0] if first_patch else tokens.prompts.mean(1)
            heads["fine"] = heads["released_test"] = unpack(prompt, real)
        return heads, tokens

    def _video_features(self, frames, mask, branch):
        return VideoFeatures(frames, None, mask, branch=branch)

    # scores

    def _text_side(self, text, branch):
        """What `_compare` reads of n texts: {name: array [n, ...]}."""
        return {"sentence": F.normalize(text.sentence, dim=-1)}

    def _pair_size(self, text, video):
        """Numbers that one pair needs in the largest array of `_compare`."""
        return 1 if text.words is None else text.words.shape[1] * video.frames.shape[1]

    def score(self, text_features, video_features):
        """All pairs: T texts and V videos -> [T, V], in fp32 (fp64 stays), computed in chunks of bounded memory."""
        return self._all_pairs(text_features, video_features, lambda *sides: self._compare(*sides, AllPairs,
                                                                                          video_features.branch))

    def _all_pairs(self, text_features, video_features, compare):
        """`compare` (two sides -> [..., t, v]) on all pairs of texts and videos, in chunks -> [..., T, V]."""
        text, video = _checked(text_features, video_features)
        size = self._pair_size(text, video)
        with torch.autocast(video.device.type, enabled=False):
            videos = self._video_side(video)
            # at least 16 texts a chunk, so that products stay large
            wide = max(1, min(len(video), BUDGET // (size * 16)))
            rows = max(1, BUDGET // (size * wide))
            parts = [{name: x[v : v + wide] for name, x in videos.items()} for v in range(0, max(1, len(video)), wide)]
            out = []
            for start in range(0, max(1, len(text)), rows):
                texts = self._text_side(text[start : start + rows], video.branch)
                out.append(torch.cat([compare(texts, part) for part in parts], dim=-1))
        return torch.cat(out, dim=-2)

    def score_aligned(self, text_features, video_features, index=None):
        """Text i with video index[i] -> [n]; index None = text i with video i. A video that owns many texts (a caption
        and its negatives) stands once beside all of them."""
        text, video = _checked(text_features, video_features)
        if index is None:
            if len(text) != len(video):
                raise ValueError(f"{len(text)} texts and {len(video)} videos: equally many, or an index of each text's "
                                 "video")
            index = torch.arange(len(text), device=video.device)
        index = check_index(index).to(video.device)
        if index.shape != (len(text),) or (len(index) and not 0 <= int(index.min()) <= int(index.max()) < len(video)):
            raise ValueError(f"index must hold one video number below {len(video)} for each of the {len(text)} texts")
        branch = video.branch
        row, grid = group(index, len(video))
        step = max(1, BUDGET // (self._pair_size(text, video) * grid.shape[1]))
        with torch.autocast(video.device.type, enabled=False):
            videos = self._video_side(video)
            scores = []
            for start in range(0, len(row), step):
                cells = grid[start : start + step]
                texts = self._text_side(_take(text, cells.clamp_min(0).flatten()), branch)
                texts = {name: x.unflatten(0, cells.shape) for name, x in texts.items()}
                part = {name: _take(x, row[start : start + step]) for name, x in videos.items()}
                scores.append(self._compare(texts, part, Grouped, branch)[cells >= 0])
        if not scores:
            return video.frames.new_zeros(0)
        place = torch.empty_like(index)
        place[grid[grid >= 0]] = torch.arange(len(index), device=index.device)
        return torch.cat(scores)[place]

    def similarity(self, input_ids, video, video_mask=None, *, branch="coarse", attention_mask=None,
                   topk_indicator=None):
        """Token ids [T, L] and videos [V, F, 3, H, W] with mask [V, F] -> scores of all pairs [T, V].

        branch: see `encode_video`; attention_mask: see `encode_text`. ValueError for what these two refuse.

        >>> from posrank.systems import build
        >>> shapes = dict(embed_dim=64, vision_cfg=dict(image_size=32, patch_size=16, width=64, layers=1),
        ...               text_cfg=dict(context_length=16, width=64, heads=1, layers=1))
        >>> backbone = dict(model=shapes, words=["a", "dog", "runs"], image_mean=[0.5] * 3, image_std=[0.5] * 3)
        >>> system = build("clip", backbone=backbone, num_frames=2, max_words=8).eval()
        >>> ids = system.tokenize(["a dog runs", "a dog"])
        >>> video, mask = system.prepare(torch.zeros(3, 2, 32, 32, 3, dtype=torch.uint8))
        >>> scores = system.similarity(ids, video, mask)
        >>> scores.shape, bool((scores[:, 0] == scores[:, 1]).all())      # three videos, all of them black
        (torch.Size([2, 3]), True)
        """
        text = self.encode_text(input_ids, attention_mask)
        return self.score(text, self.encode_video(video, video_mask, branch, topk_indicator))


def _checked(text, video):
    """Both features, half precision made fp32; ValueError where they are something else."""
    if not isinstance(text, TextFeatures) or not isinstance(video, VideoFeatures):
        kinds = f"{type(text).__name__} and {type(video).__name__}"
        raise ValueError(f"scores need what encode_text and what encode_video return, not {kinds}")
    return [x.to(torch.float32) if x._first().dtype in (torch.float16, torch.bfloat16) else x for x in (text, video)]


def _take(rows, index):
    """Rows of features or of a tensor; themselves, uncopied, where the index is all of them in order."""
    everything = len(index) == len(rows) and bool((index == torch.arange(len(rows), device=index.device)).all())
    return rows if everything else rows[index]
