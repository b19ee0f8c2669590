"""The resumable state of a training: written every few steps, read again where all that made it is unchanged.

In: a path, the digests of what takes part (posrank.training.identity). Out: the steps done and their history, with
system and optimiser as they were. A state of other data, settings or code, and one that cannot be read, is not used: a
note says why, and training starts afresh. Only tensors and plain values are unpickled.
"""

import glob
import shutil
from contextlib import contextmanager
from pathlib import Path

import torch

from posrank.files import atomic
from posrank.training.distributed import World
from posrank.training.identity import changed


@contextmanager
def written(path):
    """`posrank.files.atomic` whose failure is an OSError that names the path: torch and safetensors raise others."""
    try:
        with atomic(path) as temporary:
            yield temporary
    except (OSError, RuntimeError) as problem:
        raise OSError(f"{path} cannot be written ({problem}): make room on the disk or the folder writable, and start "
                      "again") from problem
    except Exception as problem:
        if type(problem).__name__ != "SafetensorError":
            raise
        raise OSError(f"{path} cannot be written ({problem}): make room on the disk, and start again") from problem


class Resume:
    """The state at `path` (None = none), of a training known by `marks` (digests by name), every `every` steps."""

    def __init__(self, path=None, marks=None, every=1, world=None):
        self.path, self.marks = None if path is None else Path(path), marks
        self.every, self.world = every, world or World()

    def read(self, system, optimizer, steps):
        """(steps done, history) of the state, loaded into both; (0, []) where there is none of this training."""
        if self.path is None:
            return 0, []
        there = self.path.exists()
        saved, reason = self._load(system, optimizer, steps) if there else (None, None)
        # all processes or none: a state that one of them cannot read is nobody's
        found = self.world.collect((there, saved is not None, reason))
        if all(usable for _, usable, _ in found):
            optimizer.load_state_dict(saved["optimizer"])
            system.load_state_dict(saved["system"])
            return saved["done"], saved["history"]
        if self.world.main and any(there for there, _, _ in found):
            reason = next((reason for _, _, reason in found if reason), "not all processes can read it")
            print(f"{self.path} is not used: {reason}. Training starts afresh.")
            self.remove()
        self.world.barrier()
        return 0, []

    def write(self, done, history, system, optimizer):
        """Write the state behind step number `done` where it is due, in process 0. OSError names the path."""
        if self.path is None or not self.world.main or done % self.every:
            return
        with written(self.path) as temporary:
            torch.save(dict(marks=self.marks, done=done, history=history, system=system.state_dict(),
                            optimizer=optimizer.state_dict()), temporary)  # fmt: skip

    def remove(self):
        """Remove the state (nothing, where there is none), and what a kill left of one that was being written."""
        if self.path is None:
            return
        for left in self.path.parent.glob(f".{glob.escape(self.path.name)}.*.tmp*"):
            left.unlink(missing_ok=True)
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def _load(self, system, optimizer, steps):
        """(state, None), or (None, reason)."""
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as problem:  # whatever stands there, it must not stop a training
            lines = str(problem).strip().splitlines() or [type(problem).__name__]
            return None, f"it cannot be read ({lines[0][:200]})"
        if not isinstance(saved, dict) or not {"marks", "done", "history", "system", "optimizer"} <= set(saved):
            return None, "it is no state of a training"
        if others := changed(saved["marks"], self.marks):
            return None, f"it was made with other {', '.join(others)}"
        done, history = saved["done"], saved["history"]
        if not isinstance(done, int) or not 0 <= done <= steps or not isinstance(history, list) or len(history) != done:
            return None, "its history does not fit its steps"
        shapes = {name: value.shape for name, value in system.state_dict().items()}
        fits = isinstance(saved["system"], dict) and shapes == {k: getattr(v, "shape", None)
                                                                for k, v in saved["system"].items()}
        fits = fits and _fits(saved["optimizer"], optimizer)
        return (saved, None) if fits else (None, "its tensors do not fit the system")


def _fits(state, optimizer):
    """Does the state of an optimiser belong to this one? Tensors of its parameters' shapes, or scalars."""
    try:
        numbers = [number for group in state["param_groups"] for number in group["params"]]
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        shapes = {number: parameter.shape for number, parameter in zip(numbers, parameters, strict=True)}
        if [len(g["params"]) for g in state["param_groups"]] != [len(g["params"]) for g in optimizer.param_groups]:
            return False
        return all(getattr(value, "shape", torch.Size()) in (torch.Size(), shapes[number])
                   for number, values in state["state"].items() for value in values.values())
    except (TypeError, KeyError, ValueError, AttributeError):
        return False
