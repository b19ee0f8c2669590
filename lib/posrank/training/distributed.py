"""One process or many: the few collective operations that training needs, all of them trivial in a single process.

Started by torchrun, each process holds a copy of the system and its own slice of the global batch. Features of all
slices are gathered with gradients, and parameter gradients are averaged by hand: the update is that of one process.
"""

import os
from dataclasses import fields, replace

import torch
import torch.distributed as dist
from torch.distributed.nn.functional import all_gather

from posrank.systems.features import widened


class World:
    """rank, size and the collectives; size 1 needs no process group."""

    def __init__(self, rank=0, size=1):
        self.rank, self.size = rank, size

    @property
    def main(self):
        return self.rank == 0

    def slice(self, rows):
        """This process's share of a global batch (equal shares: `rows` must divide by `size`)."""
        share = len(rows) // self.size
        return rows[self.rank * share : (self.rank + 1) * share]

    def gather(self, features, words=None):
        """Features of all processes, in the order of ranks, with gradients; word features are padded to `words`."""
        if self.size == 1:
            return features
        changed = {}
        for field in fields(features):
            value = getattr(features, field.name)
            if not isinstance(value, torch.Tensor):
                continue
            if words and field.name in ("words", "mask"):
                value = widened(value, words)
            changed[field.name] = torch.cat(all_gather(value))
        return replace(features, **changed)

    def average_gradients(self, parameters):
        """Mean of the gradients over processes, in one message; a parameter without one counts as zero."""
        if self.size == 1:
            return
        parameters = [p for p in parameters if p.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters])
        dist.all_reduce(flat)
        flat /= self.size
        for p, gradient in zip(parameters, flat.split([p.numel() for p in parameters])):
            p.grad = gradient.view_as(p).clone()

    def mean(self, value):
        """Mean of a scalar tensor over processes."""
        if self.size > 1:
            value = value.detach().clone()
            dist.all_reduce(value)
            value /= self.size
        return value

    def collect(self, value, everywhere=True):
        """[value of process 0, of process 1, ...], of anything that can be pickled; None in all but the first process
        where not `everywhere`."""
        if self.size == 1:
            return [value]
        values = [None] * self.size if everywhere or self.main else None
        if everywhere:
            dist.all_gather_object(values, value)
        else:
            dist.gather_object(value, values)
        return values

    def barrier(self):
        if self.size > 1:
            dist.barrier()


def join_world():
    """The `World` that torchrun describes in the environment (gloo on CPU, nccl on GPUs), or a world of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not dist.is_initialized():
        cuda = torch.cuda.is_available()
        if cuda:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if cuda else "gloo")
    return World(dist.get_rank(), dist.get_world_size())
