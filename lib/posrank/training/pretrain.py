"""The embedded world's CLIP, pretrained as CLIP was: on pictures with alt text, and only then, briefly, on clips.

Stills: pictures and alt texts that name things and how they look are matched by contrast (Eq. 2). Clips: the same with
a few frames of clips, and tags of one word ("spinning", "upward", "behind") are chosen among the words of their part,
so that the towers and X-CLIP's temporal module can tell motions apart. How long the clips are shown is the dose: how
much of verbs, adverbs and prepositions the weights know before any training of the paper's. No caption of the world is
seen, and no word-level negative.
"""

import math
import random
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from posrank import systems
from posrank.towers.backbone import build_backbone, load_backbone, save_backbone
from posrank.training.identity import code, digests
from posrank.training.losses import coarse_loss
from posrank.training.resume import Resume, written
from posrank.training.steps import take_steps
from posrank.world.grammar import ALT, PLAIN, alt_text, vocabulary
from posrank.world.pool import render_pool, scene
from posrank.world.words import ADVERBS, PREPOSITIONS, VERBS, participle

KEPT = ("clip.", "transformerClip.", "frame_position")
"""What of an X-CLIP is trained and saved: towers and temporal module."""
TAGS = {"verb": tuple(map(participle, VERBS)), "adv": ADVERBS, "prep": PREPOSITIONS}
"""Part of speech -> the tags that a clip can have, in the order of `posrank.world.words.WORDS`."""


def backbone_config(width=128, vision_layers=2, text_layers=2, pixels=64, patch=16, context=32, stem=(48, 96)):
    """Shapes of the small CLIP: the official layout (per-frame ViT, causal text tower, D = text width, heads of 64)."""
    return dict(
        model=dict(
            embed_dim=width, quick_gelu=True,
            vision_cfg=dict(image_size=pixels, patch_size=patch, width=width, layers=vision_layers, head_width=64),
            text_cfg=dict(context_length=context, width=width, heads=width // 64, layers=text_layers),
        ),
        stem=list(stem), words=vocabulary(), image_mean=[0.45, 0.45, 0.45], image_std=[0.25, 0.25, 0.25],
    )


def augment(clips, rng):
    """uint8 [B, F, H, W, 3] -> float [B, F, 3, H, W] in 0..1, shifted by up to 3 pixels, brightness and contrast
    changed by up to 15 %; one draw of `rng` (numpy) per clip. Not mirrored: adverbs name sides."""
    clips = torch.from_numpy(np.ascontiguousarray(clips)).permute(0, 1, 4, 2, 3).float() / 255
    batch, frames, _, height, width = clips.shape
    padded = F.pad(clips.flatten(1, 2), (3, 3, 3, 3), mode="replicate").view(batch, frames, 3, height + 6, width + 6)
    dy, dx = rng.integers(0, 7, (2, batch))
    clips = torch.stack([padded[i, ..., dy[i] : dy[i] + height, dx[i] : dx[i] + width] for i in range(batch)])
    gain, bias = torch.from_numpy(rng.uniform(-0.15, 0.15, (2, batch, 1, 1, 1, 1)).astype(np.float32))
    return ((clips - 0.5) * (1 + gain) + 0.5 + bias).clamp(0, 1)


def learning_rate(step, steps, peak, warmup=0.04):
    """Linear warm-up, then a cosine to zero."""
    if step < warmup * steps:
        return peak * (step + 1) / (warmup * steps)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup * steps) / max(1, steps - warmup * steps)))


class Pool:
    """Pictures (kind "stills") or clips of the pool with their scenes: `draw(rng, batch)` -> rows, pixels [B, F, 3, H,
    W] normalised."""

    def __init__(self, folder, kind, number, seed, frames, config, workers=None):
        pixels = config["model"]["vision_cfg"]["image_size"]
        self.path = Path(folder) / f"{kind}.npy"
        self.shown = render_pool(self.path, kind, number, seed, frames, pixels, workers)
        self.scenes = [scene(kind, seed, i)[0] for i in range(number)]
        self.mean, self.std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("image_mean", "image_std"))

    def draw(self, rng, batch):
        rows = rng.choice(len(self.scenes), batch, replace=False)
        return rows, (augment(np.stack([self.shown[row] for row in rows]), rng) - self.mean) / self.std

    def alt_texts(self, rows, rng, plain):
        """An alt text of each row; a share `plain` of them names the two things alone."""
        choice = random.Random(int(rng.integers(1 << 31)))
        return [alt_text(self.scenes[row], choice.choice(PLAIN if choice.random() < plain else ALT)) for row in rows]

    def tag_targets(self, rows):
        """{part: the number of each row's word among `TAGS`, int64 [B]}."""
        def word(row, part):
            given = getattr(self.scenes[row], part)
            return participle(given) if part == "verb" else given

        return {part: torch.tensor([tags.index(word(row, part)) for row in rows]) for part, tags in TAGS.items()}


def still_loss(system, ids, pixels):
    """Eq. 2 between pictures [B, 1, 3, H, W] and their alt texts, by CLIP's similarity alone."""
    text, video = system.encode_text(ids), system.encode_video(pixels)
    return coarse_loss(pooled_scores(system, text, video))


def pooled_scores(system, text, video):
    """CLIP's similarity of sentences to mean-pooled frames, times the temperature: [T, V]."""
    pooled = F.normalize(F.normalize(video.frames, dim=-1).mean(1), dim=-1)
    return system.clip.logit_scale.exp() * F.normalize(text.sentence, dim=-1) @ pooled.T


def clip_loss(scorers, text, video, tags, targets, share):
    """Alt texts by contrast (Eq. 2) plus `share` times the choice of each clip's tags among those of their part, summed
    over `scorers`: functions of (text, video) -> scores [T, V]."""
    total = 0.0
    for score in scorers:
        total = total + coarse_loss(score(text, video))
        scores, start = score(tags, video).T, 0
        for part, words in TAGS.items():
            total = total + share * F.cross_entropy(scores[:, start : start + len(words)], targets[part])
            start += len(words)
    return total


def main(out, params):
    """Stage `pretrain`: the section `pretrain` of params.yaml -> the folders `out` (the weak dose), `out`_none and
    `out`_strong. The pool stands beside them."""
    chosen = params.pretrain
    config = backbone_config(pixels=params.world.size)
    common = dict(pool=Path(out).parent / "pool", seed=chosen.seed, config=config, words=chosen.max_words,
                  weight_decay=chosen.weight_decay)
    start = pretrain_stills(f"{out}_none", number=chosen.stills.number, **_steps(chosen.stills), **common)
    for dose, folder in (("weak", out), ("strong", f"{out}_strong")):
        pretrain_clips(folder, start, number=chosen.clips.number, frames=chosen.clips.frames, share=chosen.clips.share,
                       steps=getattr(chosen.clips, dose), batch=chosen.clips.batch, lr=chosen.clips.lr, **common)
    return Path(out)


def _steps(section):
    return dict(steps=section.steps, batch=section.batch, lr=section.lr)


def pretrain_stills(out, pool, *, number, steps, batch, lr, weight_decay, seed, words, config, plain=0.3, every=250):
    """Pretrain a new backbone on `number` pictures and write the folder `out` with `history.csv` (step, loss, lr)."""
    stills = Pool(pool, "stills", number, seed, 1, config)
    torch.manual_seed(seed)
    system = systems.build("clip", backbone=build_backbone(config, seed), num_frames=1, max_words=words)

    def batch_loss(step):
        rng = np.random.default_rng([seed, 0, step])
        rows, pixels = stills.draw(rng, batch)
        return still_loss(system, system.tokenizer(stills.alt_texts(rows, rng, plain), words), pixels)

    marks = dict(settings=[number, steps, batch, lr, weight_decay, seed, words, config, plain], pool=stills.path)
    return _pretrain(out, pool, system, batch_loss, steps, lr, weight_decay, config, marks, every, "pretrain.stills.lr")


def pretrain_clips(out, start, pool, *, number, frames, steps, batch, lr, share, weight_decay, seed, words, config,
                   plain=0.0, every=50):
    """Go on from the backbone folder `start` with `number` clips of `frames` frames, and write the folder `out`."""
    clips = Pool(pool, "clips", number, seed, frames, config)
    torch.manual_seed(seed)
    system = systems.build("xclip", backbone=load_backbone(start), num_frames=frames, max_words=words)
    tags = system.tokenizer([word for part in TAGS.values() for word in part], words)

    def batch_loss(step):
        rng = np.random.default_rng([seed, 1, step])
        rows, pixels = clips.draw(rng, batch)
        text = system.encode_text(system.tokenizer(clips.alt_texts(rows, rng, plain), words))
        return clip_loss((system.score, partial(pooled_scores, system)), text, system.encode_video(pixels),
                         system.encode_text(tags), clips.tag_targets(rows), share)

    marks = dict(settings=[number, frames, steps, batch, lr, share, weight_decay, seed, words, config, plain],
                 pool=clips.path)
    return _pretrain(out, pool, system, batch_loss, steps, lr, weight_decay, config, marks, every, "pretrain.clips.lr")


def _pretrain(out, pool, system, batch_loss, steps, lr, weight_decay, config, marks, every, rate):
    """Take the steps and write the backbone; killed, it resumes from the last checkpoint in `pool`."""
    out = Path(out)
    system.train()
    named = [(name, p) for name, p in system.named_parameters() if name.startswith(KEPT)]
    resume = Resume(Path(pool) / f"{out.name}.pt", digests(**marks, weights=system.state_dict(), code=code(
        "training", "systems", "towers", "world")), every)
    history = match(system, named, batch_loss, steps=steps, lr=lr, weight_decay=weight_decay, resume=resume,
                    what=out.name, rate=rate)
    save_backbone(out, config, {k: v for k, v in system.state_dict().items() if k.startswith(KEPT)})
    save_history(out / "history.csv", ("step", "loss", "lr"), history, every=25)
    resume.remove()
    return out


def match(system, named, batch_loss, *, steps, lr, weight_decay, resume=None, fresh=None, what, rate):
    """Train the parameters `named`, (name, parameter) pairs, of a system on batch_loss(step), a scalar; returns
    [step, loss, rate] a step. resume, fresh: see `posrank.training.steps.take_steps`; rate: the key of lr."""

    def losses(first):
        for step in range(first, steps):
            loss = batch_loss(step)
            yield loss, lambda loss=loss: {"loss": round(loss.item(), 5)}

    return take_steps(system, decayed_adamw(named, lr, weight_decay), losses, steps, columns=("loss",), clip=1.0,
                      clipped=[p for _, p in named], resume=resume, fresh=fresh, what=what, remedy=f"lower {rate}",
                      rate=lambda peak, step: learning_rate(step, steps, peak))


def decayed_adamw(named, lr, weight_decay):
    """AdamW on named parameters: matrices decay, biases, norms and scales do not."""
    groups = [dict(params=[p for _, p in named if p.ndim >= 2], weight_decay=weight_decay),
              dict(params=[p for _, p in named if p.ndim < 2], weight_decay=0.0)]  # fmt: skip
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98))


def save_history(path, columns, history, every):
    """Write every `every`-th row of a history as csv."""
    rows = pd.DataFrame([row for row in history if row[0] % every == 0], columns=columns)
    with written(path) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\r\n")
