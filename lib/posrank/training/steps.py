"""Steps of an optimiser, the one loop of training and pretraining: resumable (resume.py), clipped, with a progress
bar."""

import math
from contextlib import closing

import torch
from tqdm.auto import tqdm

from posrank.training.bertadam import clamp_logit_scale
from posrank.training.distributed import World


def take_steps(model, optimizer, losses, steps, *, columns, rate=None, clip=None, clipped=None, resume=None, fresh=None,
               world=None, what="train", remedy="lower train.lr, or set train.precision to fp32", progress=True):
    """Take `steps` steps of `optimizer` on `model`; returns rows of step (from 1), `columns`, rate of group 0.

    losses    first step (from 0) -> iterator of (loss, numbers): a scalar to go down, and a function called behind the
              step for what is written down and shown, {column: number}, `loss` among them
    rate      (a group's first rate, step) -> its rate at this step; None = the optimiser knows
    clip      largest norm of all gradients together (None = any), over parameters `clipped` (None = the optimiser's)
    remedy    what helps where the loss is no finite number
    resume    where the state is kept (a Resume); fresh: called where training starts from step 0

    ValueError where the loss becomes NaN or infinite.
    """
    world = world or World()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    clipped = parameters if clipped is None else list(clipped)
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
    done, history = resume.read(model, optimizer, steps) if resume else (0, [])
    if fresh and not done:
        fresh()
    bar = tqdm(total=steps, initial=done, desc=what, unit="step", disable=not (progress and world.main))
    with bar, closing(losses(done)) as coming:
        for step, (loss, numbers) in zip(range(done, steps), coming):
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            world.average_gradients(parameters)
            if clip:
                torch.nn.utils.clip_grad_norm_(clipped, clip)
            for group in optimizer.param_groups if rate else ():
                group["lr"] = rate(group["initial_lr"], step)
            optimizer.step()
            clamp_logit_scale(model)
            found = numbers()
            if not math.isfinite(found["loss"]):
                loss = "NaN" if math.isnan(found["loss"]) else "infinite"
                raise ValueError(f"{what}: the loss is {loss} at step {step + 1}: {remedy}")
            history.append([step + 1, *(found[column] for column in columns), optimizer.param_groups[0]["lr"]])
            bar.update()
            # a strategy without one of the losses has NaN there
            bar.set_postfix({name: f"{value:.3g}" for name, value in found.items() if value == value}, refresh=False)
            if resume:
                resume.write(step + 1, history, model, optimizer)
    world.barrier()
    return history
