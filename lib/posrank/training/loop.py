"""The training loop (Section 6): coarse, word-level, phrase-level and prompted training of any system.

Comes in: a system, its batches, the settings of one run. Goes out: trained weights and `history.csv`. Eq. 4 at every step:
coarse loss over the (global) batch, plus lambda times the loss of each video against its caption's negatives; strategy
`prompt` computes the second from the visual prompts' output. Every `checkpoint_every` steps the state is written atomically,
and a run that was killed goes on from there to the same weights: whatever is random depends on (seed, step) alone.
"""

import hashlib
import json
import math
from pathlib import Path

import pandas as pd
import torch
from tqdm.auto import tqdm

from posrank.paths import atomic
from posrank.training.bertadam import BertAdam, clamp_logit_scale, parameter_groups
from posrank.training.distributed import World
from posrank.training.losses import coarse_loss, fine_loss

STRATEGIES = {"coarse": None, "word": "word", "phrase": "phrase", "prompt": "phrase", "zeroshot": None}
"""Strategy -> level of its training negatives (None = no negatives). zeroshot: no step is taken, weights stay as loaded."""

COLUMNS = ("step", "loss", "coarse", "fine", "lr")


def rate(step, steps, warmup, schedule="cosine"):
    """Factor on the learning rate: linear up to 1 over the first `warmup` share of the steps, then half a cosine to 0, or 1."""
    up = warmup * steps
    if step < up:
        return (step + 1) / (up + 1)
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - up) / max(1.0, steps - up)))


def fine_scores(system, text, video, owner, captions):
    """Scores of each video with its caption and that caption's negatives: [B, 1 + N], and which of them exist.

    text: features of `captions` captions followed by all negatives; owner [negatives]: row of the caption.
    """
    index = torch.cat([torch.arange(captions, device=owner.device), owner])
    flat = system.score_aligned(text, video, index.to(video.device))
    owner = owner.to(flat.device)
    counts = torch.bincount(owner, minlength=captions)
    # negatives come grouped by owner: the place of each within its row
    column = 1 + torch.arange(len(owner), device=flat.device) - (counts.cumsum(0) - counts)[owner]
    width = 1 + int(counts.max()) if len(owner) else 1
    scores = flat.new_zeros(captions, width).index_put((owner, column), flat[captions:])
    scores = torch.cat([flat[:captions, None], scores[:, 1:]], dim=1)
    valid = torch.arange(width, device=flat.device) <= counts[:, None]
    return scores, valid


def step_losses(system, batch, settings, world):
    """Coarse and fine loss of one batch (fine is None for strategy coarse)."""
    device = system.image_mean.device
    captions = len(batch.caption_ids)
    ids = system.tokenize(batch.texts).to(device)
    video, mask = system.prepare(batch.frames, batch.frames_read)
    prompted = settings["strategy"] == "prompt"
    with torch.autocast(device.type, torch.bfloat16, enabled=settings["bf16"]):
        text = system.encode_text(ids)
        branches = system.encode_branches(video, mask, ("coarse", "fine") if prompted else ("coarse",))
    own = text[:captions]
    similarity = system.score(world.gather(own, system.max_words), world.gather(branches["coarse"]))
    coarse = coarse_loss(similarity, settings["coarse_reduce"])
    if settings["strategy"] == "coarse":
        return coarse, None
    owner = torch.as_tensor(batch.owner)
    scores, valid = fine_scores(system, text, branches["fine" if prompted else "coarse"], owner, captions)
    fine = fine_loss(scores, valid, settings["fine_form"])
    if world.size > 1:  # a mean over the captions that have negatives, wherever they are
        used = valid[:, 1:].any(1).sum()
        fine = fine * used / world.mean(used.float()).clamp_min(1 / world.size)
    return coarse, fine


def seed_step(seed, step, rank=0):
    """What a step draws from torch (dropout, noise, frames of a segment) depends on seed, step and process alone."""
    digest = hashlib.blake2b(f"{seed} {step} {rank}".encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest, "big") >> 1)


def make_optimizer(system, settings, steps):
    """AdamW (its rate set by `rate`) or BertAdam (its own schedule), with the groups of `parameter_groups`."""
    groups = parameter_groups(
        system, settings["lr"], settings["clip_lr"], settings["weight_decay"], settings.get("frozen") or (),
        settings.get("prompt_lr"),
    )
    if settings["optimizer"] == "bertadam":
        schedule = f"warmup_{settings.get('schedule', 'cosine')}"
        return BertAdam(groups, settings["lr"], warmup=settings["warmup"], t_total=steps, schedule=schedule)
    for group in groups:
        group["initial_lr"] = group["lr"]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def fingerprint(settings, batches, steps):
    """What a checkpoint must agree with to be resumed: the settings, the number of steps, the captions."""
    captions = hashlib.blake2b("\n".join(map(str, batches.ids)).encode(), digest_size=8).hexdigest()
    told = json.dumps([settings, steps, captions], sort_keys=True, default=str)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def train(system, batches, settings, *, state=None, world=None, progress=True):
    """Train `system` in place; returns the history table (step, loss, coarse, fine, lr), one row a step.

    settings: a mapping with strategy, seed, lambda, steps or epochs, lr, clip_lr, weight_decay, warmup, optimizer, clip_norm,
    coarse_reduce, fine_form, precision, checkpoint_every (params.yaml explains each). state: path of the resumable
    checkpoint (None = none); it is removed by the caller when the weights are safe.
    ValueError where loss becomes NaN, naming the step and what to lower.
    """
    world = world or World()
    device = system.image_mean.device
    settings = {**settings, "bf16": _use_bf16(settings["precision"], device)}
    steps = settings["steps"] or settings["epochs"] * batches.per_epoch
    optimizer = make_optimizer(system, settings, steps)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    done, history, mark = 0, [], fingerprint(settings, batches, steps)
    if state is not None and Path(state).exists():
        saved = torch.load(state, map_location=device, weights_only=True)
        if saved["mark"] == mark:
            system.load_state_dict(saved["system"])
            optimizer.load_state_dict(saved["optimizer"])
            done, history = saved["done"], saved["history"]
    system.train()
    bar = tqdm(total=steps, initial=done, desc=settings["strategy"], unit="step", disable=not (progress and world.main))
    with batches.between(done, steps, device) as coming:
        for step, batch in zip(range(done, steps), coming):
            seed_step(settings["seed"], step, world.rank)
            coarse, fine = step_losses(system, batch, settings, world)
            loss = coarse if fine is None else coarse + settings["lambda"] * fine
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            world.average_gradients(parameters)
            if settings["clip_norm"]:
                torch.nn.utils.clip_grad_norm_(parameters, settings["clip_norm"])
            if settings["optimizer"] == "adamw":
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * rate(step, steps, settings["warmup"], settings.get("schedule", "cosine"))
            optimizer.step()
            clamp_logit_scale(system)
            fine_mean = float("nan") if fine is None else world.mean(fine).item()
            coarse_mean = world.mean(coarse).item()
            total = coarse_mean if fine is None else coarse_mean + settings["lambda"] * fine_mean
            if math.isnan(total):
                raise ValueError(f"the loss is NaN at step {step + 1}: lower train.lr, or set train.precision to fp32")
            history.append([step + 1, total, coarse_mean, fine_mean, optimizer.param_groups[0]["lr"]])
            bar.update()
            bar.set_postfix(coarse=f"{coarse_mean:.3f}", fine=f"{fine_mean:.3f}", waited=f"{coming.share():.0%}", refresh=False)
            if state is not None and world.main and (step + 1) % settings["checkpoint_every"] == 0:
                save_state(state, mark, step + 1, history, system, optimizer)
    bar.close()
    world.barrier()
    system.eval()
    return pd.DataFrame(history, columns=list(COLUMNS))


def save_state(path, mark, done, history, system, optimizer):
    """Write a resumable checkpoint atomically."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        torch.save(
            dict(mark=mark, done=done, history=history, system=system.state_dict(), optimizer=optimizer.state_dict()), temporary
        )


def _use_bf16(precision, device):
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bf16"
