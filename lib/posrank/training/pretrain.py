"""The embedded world's CLIP: pretraining by contrast between clips and captions alone (Eq. 2, no word-level negatives).

First images, as CLIP had them: captions are matched to a few frames of many clips by mean pooling. Then whole clips,
through X-CLIP's similarity as well, so that the temporal module starts trained too. The result is `config.json` and
`weights.safetensors`. Deterministic from its seed on one machine; killed, it resumes from the last checkpoint.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from posrank import systems
from posrank.towers.backbone import build_backbone, save_backbone
from posrank.training.identity import code, digests
from posrank.training.losses import coarse_loss
from posrank.training.resume import Resume, written
from posrank.training.steps import take_steps
from posrank.world.grammar import vocabulary
from posrank.world.pool import group_scenes, pool_captions, render_pool

KEPT = ("clip.", "transformerClip.", "frame_position")
"""What of an X-CLIP is trained and saved: towers and temporal module."""


def backbone_config(width=128, vision_layers=3, text_layers=2, pixels=64, patch=16, context=32, stem=(48, 96)):
    """Shapes of the small CLIP: the official layout (per-frame ViT, causal text tower, D = text width, heads of 64)."""
    return dict(
        model=dict(
            embed_dim=width, quick_gelu=True,
            vision_cfg=dict(image_size=pixels, patch_size=patch, width=width, layers=vision_layers, head_width=64),
            text_cfg=dict(context_length=context, width=width, heads=width // 64, layers=text_layers),
        ),
        stem=list(stem), words=vocabulary(), image_mean=[0.45, 0.45, 0.45], image_std=[0.25, 0.25, 0.25],
    )


def augment(clips, generator):
    """uint8 [B, F, H, W, 3] -> float [B, F, 3, H, W] in 0..1: mirrored (no word of the world names a side), shifted by
    up to 3 pixels, brightness and contrast changed by up to 15 %; one draw per clip."""
    clips = clips.permute(0, 1, 4, 2, 3).float() / 255
    batch, _, _, height, width = clips.shape
    mirrored = torch.rand(batch, generator=generator) < 0.5
    clips = torch.where(mirrored[:, None, None, None, None], clips.flip(-1), clips)
    padded = F.pad(clips.flatten(1, 2), (3, 3, 3, 3), mode="replicate").view(*clips.shape[:3], height + 6, width + 6)
    dy, dx = torch.randint(0, 7, (2, batch), generator=generator)
    clips = torch.stack([padded[i, ..., dy[i] : dy[i] + height, dx[i] : dx[i] + width] for i in range(batch)])
    gain, bias = torch.rand(2, batch, 1, 1, 1, 1, generator=generator) * 0.3 - 0.15
    return ((clips - 0.5) * (1 + gain) + 0.5 + bias).clamp(0, 1)


def learning_rate(step, steps, peak, warmup=0.04):
    """Linear warm-up, then a cosine to zero."""
    if step < warmup * steps:
        return peak * (step + 1) / (warmup * steps)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup * steps) / max(1, steps - warmup * steps)))


class HardBatches:
    """Rows of the pool for a batch: groups of clips that share some words and differ in the others. `scene` groups are
    those of the pool (the same two objects, doing different things); a group named by slots, such as "adj1 adj2 prep",
    agrees in these. Without them colours alone tell almost any two clips apart."""

    def __init__(self, scenes, size):
        self.scenes, self.size, self._tables = scenes, size, {}

    def _table(self, slots):
        if slots not in self._tables:
            found = {}
            for row, scene in enumerate(self.scenes):
                found.setdefault(tuple(getattr(scene, slot) for slot in slots.split()), []).append(row)
            self._tables[slots] = [rows for _, rows in sorted(found.items()) if len(rows) >= self.size]
        return self._tables[slots]

    def draw(self, rng, groups):
        """groups {kind: number of groups} -> row numbers, `size` for each group."""
        rows = []
        for kind, number in groups.items():
            if kind == "scene":
                chosen = np.sort(rng.choice(len(self.scenes) // self.size, number, replace=False))
                rows.append((chosen[:, None] * self.size + np.arange(self.size)).ravel())
                continue
            table = self._table(kind)
            for key in rng.choice(len(table), number, replace=False):
                rows.append(rng.choice(table[key], self.size, replace=False))
        return np.concatenate(rows)


def draw_batch(rng, groups, frames, pool, captions, batches, config):
    """Clips [B, frames, 3, H, W] (augmented, normalised) and a caption of each, `groups` of `batches`."""
    rows = batches.draw(rng, groups)
    texts = [captions[row][rng.integers(len(captions[row]))] for row in rows]
    clips = np.stack([pool[row] for row in rows])
    if frames < clips.shape[1]:
        kept = np.sort(rng.permuted(np.tile(np.arange(clips.shape[1]), (len(clips), 1)), axis=1)[:, :frames], axis=1)
        clips = clips[np.arange(len(clips))[:, None], kept]
    pixels = augment(torch.from_numpy(clips), torch.Generator().manual_seed(int(rng.integers(1 << 31))))
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("image_mean", "image_std"))
    return (pixels - mean) / std, texts


def open_pool(folder, groups, group_size, seed, frames, pixels):
    """Clips [groups * group_size, F, H, W, 3] uint8 (rendered where absent), their captions, `HardBatches`."""
    scenes = [scene for group in range(groups) for scene in group_scenes(seed, group, group_size)]
    clips = render_pool(folder / "frames.npy", groups, group_size, seed, frames, pixels)
    return clips, pool_captions(groups, group_size, seed), HardBatches(scenes, group_size)


def _loss(system, ids, pixels, whole_clips):
    """Eq. 2 on mean-pooled frames (as CLIP is trained); with whole clips also on X-CLIP's similarity."""
    text, video = system.encode_text(ids), system.encode_video(pixels)
    pooled = F.normalize(video.frames, dim=-1).mean(1)
    scale = system.clip.logit_scale.exp()
    loss = coarse_loss(scale * F.normalize(text.sentence, dim=-1) @ F.normalize(pooled, dim=-1).T)
    return loss + coarse_loss(system.score(text, video)) if whole_clips else loss


def progress(plan, number):
    """(step, steps) of entry `number` within its cycle: the learning rate rises and falls once per cycle."""
    cycle = plan[number][0]["cycle"]
    first = next(i for i, (phase, _) in enumerate(plan) if phase["cycle"] == cycle)
    return number - first, sum(phase["cycle"] == cycle for phase, _ in plan)


def main(out, params):
    """Stage `pretrain`: the section `pretrain` of params.yaml -> the folder `out`; the pool stands beside it."""
    chosen = params.pretrain.plain()
    phases = list(chosen.pop("phases").values())
    words = chosen.pop("max_words")
    return pretrain(out, Path(out).parent / "pool", phases=phases, frames=params.world.frames, pixels=params.world.size,
                    words=words, **chosen)


def pretrain(out, pool, *, seed, groups, group_size, phases, lr, weight_decay, frames, pixels, words, config=None,
             threads=None, checkpoint_every=250):
    """Pretrain and write the backbone folder `out`; the clips are rendered into `pool` first (kept for the next time).

    phases: list of dict(cycle, steps, frames, groups): cycle of the learning rate, frames per clip (fewer than it has:
    images), groups per batch by kind (see HardBatches). Writes `history.csv` (step, frames, loss, lr).
    """
    out, pool = Path(out), Path(pool)
    if threads:
        torch.set_num_threads(threads)
    clips, captions, batches = open_pool(pool, groups, group_size, seed, frames, pixels)
    config = config or backbone_config(pixels=pixels)
    torch.manual_seed(seed)
    system = systems.build("xclip", backbone=build_backbone(config, seed), num_frames=frames, max_words=words)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    system.to(device).train()
    named = [(n, p) for n, p in system.named_parameters() if n.startswith(KEPT)]
    optimizer = decayed_adamw(named, lr, weight_decay)
    plan = [(phase, step) for phase in phases for step in range(phase["steps"])]

    def losses(first):
        for phase, step in plan[first:]:
            rng = np.random.default_rng([seed, phase["frames"], step])
            shown, texts = draw_batch(rng, phase["groups"], phase["frames"], clips, captions, batches, config)
            ids = system.tokenizer(texts, words)
            loss = _loss(system, ids.to(device), shown.to(device), whole_clips=phase["frames"] == frames)
            yield loss, lambda loss=loss, shown=phase["frames"]: {"frames": shown, "loss": round(loss.item(), 5)}

    marks = digests(settings=[seed, lr, weight_decay, words, config, phases], weights=system.state_dict(),
                    frames=pool / "frames.npy", captions=captions, code=code("training", "systems", "towers", "world"))
    resume = Resume(pool / "checkpoint.pt", marks, checkpoint_every)
    history = take_steps(system, optimizer, losses, len(plan), columns=("frames", "loss"), clip=1.0,
                         clipped=[p for _, p in named], resume=resume,
                         rate=lambda peak, number: learning_rate(*progress(plan, number), peak), what="pretrain")
    save_backbone(out, config, {k: v for k, v in system.state_dict().items() if k.startswith(KEPT)})
    save_history(out / "history.csv", ("step", "frames", "loss", "lr"), history, every=25)
    resume.remove()
    return out


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
