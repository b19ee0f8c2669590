"""BertAdam, the optimiser of the CLIP4Clip family, and how its parameters are grouped.

Adam without bias correction, with weight decay added to the update (not to the gradient), a schedule of its own and
each parameter's gradient clipped to norm 1 (behind the global clipping of the training loop). The schedule's step is
counted before the update, so the first update of a warm-up has learning rate 0, as in the original.
"""

import math
import re
from fnmatch import fnmatchcase

import torch
from torch.optim import Optimizer

SCHEDULES = {"warmup_cosine": lambda x, warmup: x / warmup if x < warmup else 0.5 * (1 + math.cos(math.pi * x)),
             "warmup_constant": lambda x, warmup: x / warmup if x < warmup else 1.0,
             "warmup_linear": lambda x, warmup: x / warmup if x < warmup else max((x - 1) / (warmup - 1), 0.0)}
"""Factor on the learning rate at progress x = step / t_total."""

MAX_LOGIT_SCALE = math.log(100)

RELEASED_FROZEN = ("clip.token_embedding.*", "clip.positional_embedding", "clip.visual.class_embedding",
                   "clip.visual.conv1.*", "clip.visual.positional_embedding", "clip.visual.ln_pre.*",
                   "clip.visual.vpt_embedding")
"""What the released training scripts keep frozen, the visual prompt among it."""
STEM = ("clip.visual.conv1.*", "video_model.patch_embed.*")
"""The convolutions that cut a frame into patches, CLIP's and Frozen's. Left as they are, the world's coarse-grained
training takes a fifth less time."""


class BertAdam(Optimizer):
    """lr: learning rate; warmup: share of t_total; t_total: steps of the whole training, -1 = constant rate;
    schedule: one of SCHEDULES; b1, b2, e: Adam's; weight_decay; max_grad_norm: norm to which each parameter's
    gradient is clipped, 0 or less = off. All but params can differ by group."""

    def __init__(self, params, lr, warmup=0.1, t_total=-1, schedule="warmup_cosine", b1=0.9, b2=0.98, e=1e-6,
                 weight_decay=0.2, max_grad_norm=1.0):  # fmt: skip
        for name, value in dict(lr=lr, warmup=warmup, t_total=t_total, b1=b1, b2=b2, e=e, weight_decay=weight_decay,
                                max_grad_norm=max_grad_norm).items():
            if not isinstance(value, (int, float)) or value != value:
                raise ValueError(f"{name} must be a number, not {value!r:.100}")
        defaults = dict(lr=lr, warmup=warmup, t_total=t_total, schedule=schedule, b1=b1, b2=b2, e=e,
                        weight_decay=weight_decay, max_grad_norm=max_grad_norm)  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            _check(group)

    def get_lr(self):
        """The learning rate that each group's next update will use."""
        return [_rate(group, self._steps(group)) for group in self.param_groups]

    def _steps(self, group):
        return max((self.state[p]["step"] for p in group["params"] if p in self.state), default=0)

    @torch.no_grad()
    def step(self, closure=None):
        """One update; a parameter without a gradient stays, and its count of steps too."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, p.grad, group)
        return loss

    def _update(self, p, gradient, group):
        state = self.state[p]
        if not state:
            state.update(step=0, next_m=torch.zeros_like(p), next_v=torch.zeros_like(p))
        if group["max_grad_norm"] > 0:
            norm = torch.linalg.vector_norm(gradient)
            gradient = gradient * (group["max_grad_norm"] / (norm + 1e-6)).clamp_max(1.0)
        m, v = state["next_m"], state["next_v"]
        m.mul_(group["b1"]).add_(gradient, alpha=1 - group["b1"])
        v.mul_(group["b2"]).addcmul_(gradient, gradient, value=1 - group["b2"])
        update = m / (v.sqrt() + group["e"])
        if group["weight_decay"]:
            update.add_(p, alpha=group["weight_decay"])
        p.add_(update, alpha=-_rate(group, state["step"]))
        state["step"] += 1


def _check(group):
    if group["schedule"] not in SCHEDULES:
        raise ValueError(f"schedule={group['schedule']!r} is none of {', '.join(SCHEDULES)}")
    for name, low, high in (
        ("lr", 0, math.inf),
        ("b1", 0, 1),
        ("b2", 0, 1),
        ("e", 0, math.inf),
        ("weight_decay", 0, math.inf),
    ):
        if not low <= group[name] < high:
            raise ValueError(f"{name}={group[name]} lies outside [{low}, {high})")
    if group["t_total"] != -1 and group["t_total"] <= 0:
        raise ValueError(f"t_total={group['t_total']} is a number of steps above 0, or -1 for a constant rate")
    if not (group["warmup"] == -1 or 0 <= group["warmup"] < 1):
        raise ValueError(f"warmup={group['warmup']} is a share of t_total: [0, 1), or -1 for none")


def _rate(group, step):
    if group["t_total"] == -1:
        return group["lr"]
    return group["lr"] * SCHEDULES[group["schedule"]](step / group["t_total"], group["warmup"])


def parameter_groups(system, lr, clip_lr, weight_decay=0.2, frozen=(), prompt_lr=None):
    """Groups for an optimiser: the pretrained towers (`system.pretrained`, as in `clip.*`) with clip_lr, visual prompts
    with prompt_lr (None = lr) and no decay, the rest with lr. Each group carries its `name`.

    frozen: patterns of names (as in a shell: "clip.visual.*") that are kept as they are, or "released" for
    RELEASED_FROZEN, or "stem" for STEM; they get requires_grad False, all others True. Biases have no weight decay, nor
    have normalisation weights and the logit scale (as_released decays these two, by name). ValueError where a pattern
    fits no parameter.
    """
    released, known = system.as_released, {"released": RELEASED_FROZEN, "stem": STEM}
    named = isinstance(frozen, str) and frozen in known
    patterns = known[frozen] if named else (frozen,) if isinstance(frozen, str) else tuple(frozen)
    names = [name for name, _ in system.named_parameters()]
    if not named:
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise ValueError(f"frozen={pattern!r} fits no parameter of this system; names look like {names[0]!r}")
    rates = {"clip": clip_lr, "prompt": lr if prompt_lr is None else prompt_lr, "new": lr}
    groups = {}
    for name, parameter in system.named_parameters():
        parameter.requires_grad_(not any(fnmatchcase(name, pattern) for pattern in patterns))
        if not parameter.requires_grad:
            continue
        kind = "prompt" if name.endswith("vpt_embedding") else "clip" if name.startswith(system.pretrained) else "new"
        decayed = kind != "prompt" and "bias" not in name and (released or not _is_scale(name))
        key = kind if decayed else f"{kind}, no decay"
        options = {"lr": rates[kind], "weight_decay": weight_decay if decayed else 0.0, "name": key}
        groups.setdefault(key, {"params": [], **options})["params"].append(parameter)
    return list(groups.values())


def _is_scale(name):
    """Normalisation weights (ln_1, ln_pre, norm1, LayerNorm, a stem's GroupNorm) and the logit scale, by name."""
    scales = r"(^|\.)((ln_|norm|layer_?norm)[^.]*|[^.]*norm)\.weight$|logit_scale$"
    return re.search(scales, name.lower()) is not None


@torch.no_grad()
def clamp_logit_scale(system, most=MAX_LOGIT_SCALE):
    """Keep exp(clip.logit_scale) at 100 or below, after every update, as CLIP does (where a system has one)."""
    if hasattr(system, "clip"):
        system.clip.logit_scale.clamp_(max=most)
