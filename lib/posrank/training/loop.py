"""The training loop (Section 6): coarse, word-level, phrase-level and prompted training of any system.

Comes in: a system, its batches, the settings of one run. Goes out: trained weights and `history.csv`. Eq. 4 at every
step: coarse loss over the (global) batch, plus lambda times the loss of each video against its caption's negatives;
strategy `prompt` computes the second from the visual prompts' output. Every `checkpoint_every` steps the state is
written atomically, and a run that was killed goes on from there to the same weights: whatever is random depends on
(seed, step) alone.
"""

import hashlib
import math

import pandas as pd
import torch

from posrank.training.bertadam import BertAdam, parameter_groups
from posrank.training.distributed import World
from posrank.training.identity import code, digests
from posrank.training.losses import coarse_loss, fine_loss
from posrank.training.resume import Resume
from posrank.training.steps import take_steps
from posrank.training.text_alone import TextAlone

STRATEGIES = {"coarse": None, "word": "word", "phrase": "phrase", "prompt": "phrase", "zeroshot": None}
"""Strategy -> level of its training negatives (None = no negatives). zeroshot: no step is taken."""

COLUMNS = ("step", "loss", "coarse", "fine", "lr")
CODE = ("training", "systems", "towers", "negatives", "language")
"""Parts of this package that take part in trained weights."""


def rate(step, steps, warmup, schedule="cosine"):
    """Factor on the learning rate: up to 1 in the first `warmup` share of the steps, then a half cosine to 0, or 1."""
    up = warmup * steps
    if step < up:
        return (step + 1) / (up + 1)
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - up) / max(1.0, steps - up)))


def fine_scores(system, text, video, owner, lists, rows=None):
    """Scores of each list's sentences with its video, the true one first: [lists, 1 + N], and which of them exist.

    text: features of the lists' true sentences followed by all negatives; owner [negatives]: list of each, in order;
    rows [lists]: the video of each list, None = as many videos as lists.
    """
    rows = torch.arange(lists, device=owner.device) if rows is None else rows
    flat = system.score_aligned(text, video, torch.cat([rows, rows[owner]]).to(video.device))
    owner = owner.to(flat.device)
    counts = torch.bincount(owner, minlength=lists)
    # negatives come grouped by list: the place of each within its row
    column = 1 + torch.arange(len(owner), device=flat.device) - (counts.cumsum(0) - counts)[owner]
    width = 1 + int(counts.max()) if len(owner) else 1
    scores = flat.new_zeros(lists, width).index_put((owner, column), flat[lists:])
    scores = torch.cat([flat[:lists, None], scores[:, 1:]], dim=1)
    valid = torch.arange(width, device=flat.device) <= counts[:, None]
    return scores, valid


def step_losses(system, batch, settings, world):
    """Coarse and fine loss of one batch (fine is None for strategy coarse)."""
    device = system.image_mean.device
    captions = len(batch.caption_ids)
    prompted = settings["strategy"] == "prompt"
    model = TextAlone(system) if batch.anchors else system
    with torch.autocast(device.type, torch.bfloat16, enabled=settings.get("bf16", False)):
        text = system.encode_text(system.tokenize(batch.texts).to(device))
        if batch.anchors:
            branches = {"coarse": system.encode_text(system.tokenize(batch.anchors).to(device))}
        else:
            video, mask = system.prepare(batch.frames, batch.frames_read)
            branches = system.encode_branches(video, mask, ("coarse", "fine") if prompted else ("coarse",))
    own = text[:captions]
    similarity = model.score(world.gather(own, system.max_words), world.gather(branches["coarse"]))
    coarse = coarse_loss(similarity, settings["coarse_reduce"])
    if settings["strategy"] == "coarse":
        return coarse, None
    shown, owner = branches["fine" if prompted else "coarse"], torch.as_tensor(batch.owner)
    if batch.rows is None:
        scores, valid = fine_scores(model, text, shown, owner, captions)
    elif batch.true:
        scores, valid = fine_scores(model, text[captions:], shown, owner, batch.true, torch.as_tensor(batch.rows))
    else:  # none of the batch's videos stands in a group
        scores = valid = similarity.new_zeros(1, 1)
    fine = fine_loss(scores, valid, settings["fine_form"])
    if world.size > 1:  # a mean over the lists that have negatives, wherever they are
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
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def train(system, batches, settings, *, state=None, world=None, progress=True):
    """Train `system` in place; returns the history table (step, loss, coarse, fine, lr), one row a step.

    settings: a mapping with strategy, seed, lambda, steps or epochs, lr, clip_lr, weight_decay, warmup, optimizer,
    clip_norm, coarse_reduce, fine_form, precision, checkpoint_every (params.yaml explains each). state: path of the
    resumable checkpoint (None = none); it is removed by the caller when the weights are safe. A checkpoint is resumed
    where settings, start weights, captions, what else `batches` are made of, and the code are unchanged; else training
    starts afresh. ValueError where loss becomes NaN, naming the step and what to lower.
    """
    world = world or World()
    device = system.image_mean.device
    settings = {**settings, "bf16": _use_bf16(settings["precision"], device)}
    steps = settings["steps"] or settings["epochs"] * batches.per_epoch
    optimizer = make_optimizer(system, settings, steps)

    def losses(first):
        with batches.between(first, steps, device) as coming:
            for step, batch in zip(range(first, steps), coming):
                seed_step(settings["seed"], step, world.rank)
                coarse, fine = step_losses(system, batch, settings, world)

                def numbers(coarse=coarse, fine=fine):
                    fine_mean = float("nan") if fine is None else world.mean(fine).item()
                    coarse_mean = world.mean(coarse).item()
                    total = coarse_mean if fine is None else coarse_mean + settings["lambda"] * fine_mean
                    return {"loss": total, "coarse": coarse_mean, "fine": fine_mean, "waited": coming.share()}

                yield coarse if fine is None else coarse + settings["lambda"] * fine, numbers

    def scheduled(peak, step):
        return peak * rate(step, steps, settings["warmup"], settings.get("schedule", "cosine"))

    resume = None
    if state is not None:
        # the digest of large files is computed once
        marks = marks_of(system, batches, settings, steps) if world.main else None
        resume = Resume(state, world.collect(marks)[0], settings["checkpoint_every"], world)
    system.train()
    history = take_steps(
        system, optimizer, losses, steps, columns=COLUMNS[1:-1],
        rate=None if settings["optimizer"] == "bertadam" else scheduled,
        clip=settings["clip_norm"], resume=resume, world=world, what=settings["strategy"], progress=progress,
    )
    system.eval()
    return pd.DataFrame(history, columns=list(COLUMNS))


def marks_of(system, batches, settings, steps):
    """Digests of what a checkpoint must agree with to be resumed."""
    settings = {key: value for key, value in settings.items() if key != "checkpoint_every"}
    chosen = [settings, steps, batches.batch, batches.seed]
    made = digests(settings=chosen, weights=system.state_dict(), code=code(*CODE))
    return {**made, **batches.marks()}


def _use_bf16(precision, device):
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bf16"
