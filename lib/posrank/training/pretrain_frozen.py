"""Frozen's own pretraining on the world: what ImageNet, DistilBERT's distillation and WebVid are to the official one.

The image tower of the world's CLIP is inflated over time. The text tower is a small DistilBERT: first it learns to give
what CLIP's text tower gives for the captions of the pool (distillation, text alone), then both towers are trained by
contrast between whole clips and captions (Frozen's loss; no word-level negatives). Deterministic from its seed on one
machine; a killed contrast phase resumes from its last checkpoint.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from posrank import systems
from posrank.towers.backbone import load_backbone, save_backbone
from posrank.towers.frozen import PARTS, build_frozen, from_clip
from posrank.towers.text import encode_text
from posrank.training.identity import code, digests
from posrank.training.losses import coarse_loss
from posrank.training.pretrain import decayed_adamw, draw_batch, learning_rate, open_pool, save_history
from posrank.training.resume import Resume
from posrank.training.steps import take_steps


def frozen_config(clip_config, frames, layers=2):
    """Shapes of the small Frozen beside a small CLIP (`backbone_config`): its image tower over time, a DistilBERT as
    wide as its text tower, its vocabulary and its common space."""
    model, vision = clip_config["model"], clip_config["model"]["vision_cfg"]
    width, text = vision["width"], model["text_cfg"]["width"]
    return dict(
        video=dict(
            image_size=vision["image_size"], patch_size=vision["patch_size"], width=width, layers=vision["layers"],
            heads=width // vision["head_width"], num_frames=frames, activation="quick_gelu", eps=1e-5, norm_pre=True,
            stem=clip_config["stem"],
        ),
        text=dict(
            dim=text, n_layers=layers, n_heads=max(1, text // 64), hidden_dim=4 * text,
            max_position_embeddings=model["text_cfg"]["context_length"], dropout=0.0, attention_dropout=0.0,
        ),
        projection=model["embed_dim"], words=clip_config["words"], image_mean=clip_config["image_mean"],
        image_std=clip_config["image_std"],
    )


def start(clip, config, seed=0):
    """The backbone before its training: random DistilBERT, video tower and its projection from the CLIP."""
    made, towers = build_frozen(config, seed), from_clip(clip, config["video"]["num_frames"])
    made.video_model.load_state_dict(towers.video_model.state_dict())
    with torch.no_grad():
        made.vid_proj[0].weight.copy_(towers.vid_proj.weight)
        made.vid_proj[0].bias.zero_()
    made.new_time = False
    return made


def distil(system, teacher, captions, *, steps, batch, lr, seed, words):
    """Teach the text tower of a Frozen `system` the CLIP `teacher`'s sentence vectors -> losses (1 - cosine)."""
    parts = [system.text_model, system.txt_proj]
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.98), weight_decay=0.01)
    rng = np.random.default_rng([seed, 1])

    def losses(first):
        for _ in range(first, steps):
            texts = [captions[row] for row in rng.integers(len(captions), size=batch)]
            ids = system.tokenizer(texts, words).to(system.image_mean.device)
            with torch.no_grad():
                target = encode_text(teacher, ids)
            loss = 1 - F.cosine_similarity(system.encode_text(ids).sentence, target).mean()
            yield loss, lambda loss=loss: {"loss": round(loss.item(), 5)}

    history = take_steps(system, optimizer, losses, steps, columns=("loss",), what="distil",
                         rate=lambda peak, step: learning_rate(step, steps, peak))  # fmt: skip
    return [loss for _, loss, _ in history]


def contrast(system, batches, *, steps, lr, weight_decay, resume=None, fresh=None):
    """Train all of a Frozen `system` on batch(step) -> (ids, video); returns [step, loss, rate] a step. resume: a
    Resume, where it goes on; fresh: called where it starts anew."""

    def losses(first):
        for step in range(first, steps):
            ids, video = batches(step)
            loss = coarse_loss(system.score(system.encode_text(ids), system.encode_video(video)))
            yield loss, lambda loss=loss: {"loss": round(loss.item(), 5)}

    optimizer = decayed_adamw(list(system.named_parameters()), lr, weight_decay)
    return take_steps(system, optimizer, losses, steps, columns=("loss",), clip=1.0, clipped=system.parameters(),
                      rate=lambda peak, step: learning_rate(step, steps, peak), resume=resume, fresh=fresh,
                      what="contrast")


def main(out, params):
    """Stage `pretrain_frozen`: `pretrain` (the pool) and `pretrain_frozen` of params.yaml -> the folder `out`."""
    out, chosen = Path(out), params.pretrain_frozen.plain()
    pool = {key: params.pretrain[key] for key in ("groups", "group_size")} | {"pool_seed": params.pretrain.seed}
    return pretrain(out, out.parent / "pretrained", out.parent / "pool", frames=params.world.frames,
                    pixels=params.world.size, words=params.pretrain.max_words, **pool, **chosen)


def pretrain(out, clip_folder, pool, *, seed, groups, group_size, pool_seed, frames, pixels, words, distil_steps,
             distil_batch, distil_lr, steps, batch, lr, weight_decay):
    """Pretrain and write the backbone folder `out`, from the CLIP in `clip_folder` and the clips in `pool`.

    batch: groups of `group_size` clips in a batch by kind (see posrank.training.pretrain.HardBatches). Writes
    `history.csv` (step, loss, learning rate) beside the weights.
    """
    out, pool = Path(out), Path(pool)
    clips, captions, hard = open_pool(pool, groups, group_size, pool_seed, frames, pixels)
    clip = load_backbone(clip_folder)
    config = frozen_config(json.loads((Path(clip_folder) / "config.json").read_text()), frames)
    torch.manual_seed(seed)
    system = systems.build("frozen", backbone=start(clip, config, seed), num_frames=frames, max_words=words).train()
    flat = [text for texts in captions for text in texts]
    resume = Resume(pool / "checkpoint_frozen.pt", digests(
        settings=[seed, words, batch, group_size, distil_steps, distil_batch, distil_lr, steps, lr, weight_decay],
        weights=system.state_dict(), teacher=clip.model.state_dict(), frames=pool / "frames.npy", captions=captions,
        code=code("training", "systems", "towers", "world"),
    ), every=50)

    def fresh():
        distil(system, clip.model, flat, steps=distil_steps, batch=distil_batch, lr=distil_lr, seed=seed, words=words)

    def batches(step):
        rng = np.random.default_rng([seed, 2, step])
        shown, texts = draw_batch(rng, batch, frames, clips, captions, hard, config)
        return system.tokenizer(texts, words), shown

    history = contrast(system, batches, steps=steps, lr=lr, weight_decay=weight_decay, resume=resume, fresh=fresh)
    save_backbone(out, config, {k: v for k, v in system.state_dict().items() if k.startswith(PARTS)})
    save_history(out / "history.csv", ("step", "loss", "lr"), history, every=10)
    resume.remove()
    return out
