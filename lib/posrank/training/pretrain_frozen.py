"""Frozen's own pretraining on the world: what ImageNet, DistilBERT's distillation and WebVid are to the official one.

The image tower of the world's CLIP is inflated over time. The text tower is a small DistilBERT: first it learns to give
what CLIP's text tower gives for alt texts and tags (distillation, text alone), then both towers are trained on clips
as the CLIP was (contrast with alt texts, choice of tags; no word-level negatives), by Frozen's similarity.
Deterministic from its seed on one machine; a killed second phase resumes from its last checkpoint.
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
from posrank.training.pretrain import TAGS, Pool, clip_loss, learning_rate, match, save_history
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
                         remedy="lower pretrain_frozen.distil_lr",
                         rate=lambda peak, step: learning_rate(step, steps, peak))  # fmt: skip
    return [loss for _, loss, _ in history]


def main(out, params):
    """Stage `pretrain_frozen`: `pretrain` (the pool) and `pretrain_frozen` of params.yaml -> the folder `out`."""
    out, clips = Path(out), params.pretrain.clips
    pool = dict(number=clips.number, share=clips.share, pool_seed=params.pretrain.seed)
    return pretrain(out, out.parent / "pretrained", out.parent / "pool", frames=clips.frames,
                    words=params.pretrain.max_words, **pool, **params.pretrain_frozen.plain())


def pretrain(out, clip_folder, pool, *, seed, number, pool_seed, frames, words, distil_steps, distil_batch, distil_lr,
             steps, batch, lr, share, weight_decay):
    """Pretrain and write the backbone folder `out`, from the CLIP in `clip_folder` and `number` clips in `pool`.

    share: weight of the choice of tags (posrank.training.pretrain.clip_loss). Writes `history.csv` (step, loss,
    learning rate) beside the weights.
    """
    out, pool = Path(out), Path(pool)
    clip = load_backbone(clip_folder)
    clip_config = json.loads((Path(clip_folder) / "config.json").read_text())
    config = frozen_config(clip_config, frames)
    clips = Pool(pool, "clips", number, pool_seed, frames, clip_config)
    torch.manual_seed(seed)
    system = systems.build("frozen", backbone=start(clip, config, seed), num_frames=frames, max_words=words).train()
    tags = system.tokenizer([word for part in TAGS.values() for word in part], words)
    resume = Resume(pool / "checkpoint_frozen.pt", digests(
        settings=[seed, words, batch, number, share, distil_steps, distil_batch, distil_lr, steps, lr, weight_decay],
        weights=system.state_dict(), teacher=clip.model.state_dict(), pool=clips.path,
        code=code("training", "systems", "towers", "world"),
    ), every=50)

    def fresh():
        rows, rng = range(number), np.random.default_rng([seed, 0])
        texts = [text for _ in range(3) for text in clips.alt_texts(rows, rng, 0)]
        texts += [word for part in TAGS.values() for word in part]
        distil(system, clip.model, texts, steps=distil_steps, batch=distil_batch, lr=distil_lr, seed=seed, words=words)

    def batch_loss(step):
        rng = np.random.default_rng([seed, 2, step])
        rows, pixels = clips.draw(rng, batch)
        text = system.encode_text(system.tokenizer(clips.alt_texts(rows, rng, 0), words))
        return clip_loss((system.score,), text, system.encode_video(pixels), system.encode_text(tags),
                         clips.tag_targets(rows), share)

    history = match(system, list(system.named_parameters()), batch_loss, steps=steps, lr=lr, weight_decay=weight_decay,
                    resume=resume, fresh=fresh, what="contrast",
                    rate="pretrain_frozen.lr")
    save_backbone(out, config, {k: v for k, v in system.state_dict().items() if k.startswith(PARTS)})
    save_history(out / "history.csv", ("step", "loss", "lr"), history, every=10)
    resume.remove()
    return out
