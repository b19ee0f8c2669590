"""Features: what a system computes once per text and once per video, before any pair is scored.

Both kinds behave like rows of a table: `len(features)`, `features[index]` (slice, list, LongTensor or bool mask),
`cat([...])`, `.to(device_or_dtype)`, `.detach()`. Floating tensors change dtype together; masks stay bool.
"""

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Features:
    """Base of `TextFeatures` and `VideoFeatures`: tensors that share their first dimension (None where not used)."""

    def _map(self, change):
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(v) for name, v in values.items() if isinstance(v, torch.Tensor)})

    def _first(self):
        return next(v for f in fields(self) if isinstance(v := getattr(self, f.name), torch.Tensor))

    def __len__(self):
        return len(self._first())

    def __getitem__(self, index):
        if isinstance(index, int):  # keep the first dimension: one row is still a table
            index = slice(index, index + 1 or None)
        elif isinstance(index, (list, tuple)):
            index = torch.as_tensor(index, device=self._first().device)
        return self._map(lambda tensor: tensor[index])

    @property
    def device(self):
        return self._first().device

    def to(self, target):
        """To a device or a floating dtype (masks keep theirs)."""
        if isinstance(target, torch.dtype):
            return self._map(lambda tensor: tensor.to(target) if tensor.is_floating_point() else tensor)
        return self._map(lambda tensor: tensor.to(target))

    def cpu(self):
        return self.to("cpu")

    def detach(self):
        return self._map(torch.Tensor.detach)

    @classmethod
    def cat(cls, parts):
        """Rows of several features of one kind, one after the other; word features are padded with zeros (False in the
        mask). ValueError where they are of different branches."""
        parts = list(parts)
        values = {}
        for field in fields(cls):
            column = [getattr(part, field.name) for part in parts]
            if isinstance(column[0], torch.Tensor):
                longest = max(tensor.shape[1] for tensor in column) if column[0].dim() > 1 else 0
                values[field.name] = torch.cat([widened(x, longest) if longest else x for x in column])
            elif any(value != column[0] for value in column):
                raise ValueError(f"features with {field.name} {sorted(map(str, set(column)))} cannot stand in one "
                                 "table")
            else:
                values[field.name] = column[0]
        return cls(**values)


def widened(tensor, length):
    """[n, l, ...] with zeros (False) behind -> [n, length, ...]; as it is, where l is no less."""
    missing = max(0, length - tensor.shape[1])
    return F.pad(tensor, (0, 0) * (tensor.dim() - 2) + (0, missing)) if missing else tensor


def masked_mean(x, mask):
    """Mean over the real rows: x [..., F, D], mask [..., F] -> [..., D]; zero where there is none.

    >>> masked_mean(torch.tensor([[1.0], [3.0], [9.0]]), torch.tensor([True, True, False]))
    tensor([2.])
    """
    weight = mask.to(x.dtype).unsqueeze(-1)
    return (x * weight).sum(-2) / weight.sum(-2).clamp_min(1)


def unpack(x, real):
    """Rows of the n real frames [n, D], real [V, F] with n True -> [V, F, D], zeros in the places of the others."""
    if len(x) == real.numel():
        return x.view(*real.shape, x.shape[-1])
    full = x.new_zeros(*real.shape, x.shape[-1])
    full[real] = x
    return full


@dataclass(frozen=True)
class TextFeatures(Features):
    """n texts: `sentence` [n, D], `words` [n, L, D] or None, `mask` [n, L] bool (True = a token, also SOT and EOT)."""

    sentence: torch.Tensor
    words: torch.Tensor | None = None
    mask: torch.Tensor | None = None


@dataclass(frozen=True)
class VideoFeatures(Features):
    """V videos: `frames` [V, F, D] before and `after` [V, F, D] behind the temporal module, `mask` [V, F] bool (True =
    real), `pixels` [V, P, D] selected patches or None, `branch`: coarse | fine | released_test."""

    frames: torch.Tensor
    after: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    pixels: torch.Tensor | None = None
    branch: str = "coarse"
