"""The losses of Section 4: coarse matching within a batch (Eq. 2) and a caption against its negatives (Eq. 3).

Both take similarities that already hold the temperature (exp(logit_scale) * similarity) and give a scalar; Eq. 4 is
coarse_loss + lambda * fine_loss.
"""

import torch
import torch.nn.functional as F


def coarse_loss(similarity, reduce="mean"):
    """Contrastive loss of matching pairs, Eq. 2: similarity [B, B], text i belongs to video i -> scalar. reduce: "mean"
    of the two directions (each a mean over the batch), as the released code has it, or their "sum", as printed.

    >>> coarse_loss(torch.zeros(4, 4))
    tensor(1.3863)
    """
    _check_floats(similarity, "similarity")
    if similarity.dim() != 2 or similarity.shape[0] != similarity.shape[1] or not len(similarity):
        raise ValueError(f"similarity must be square, matching pairs on the diagonal, not {tuple(similarity.shape)}")
    if reduce not in ("mean", "sum"):
        raise ValueError(f"reduce={reduce!r} is neither 'mean' nor 'sum'")
    target = torch.arange(len(similarity), device=similarity.device)
    total = F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)
    return total / 2 if reduce == "mean" else total


def fine_loss(scores, valid=None, form="inside"):
    """A video's caption against that caption's negatives, Eq. 3: scores [B, 1 + N], the caption in column 0 -> scalar.

    valid [B, 1 + N] bool, False where a row has fewer than N negatives; what stands there is never read. A row
    without any valid negative has nothing to say and is left out of the mean; without any row the loss is 0.
    form: "inside" has the caption in the denominator too, -log softmax (the released code); "printed" sums the
    negatives only (Eq. 3 as printed, not bounded below).

    >>> fine_loss(torch.zeros(2, 4)), fine_loss(torch.zeros(2, 4), form="printed")
    (tensor(1.3863), tensor(1.0986))
    """
    _check_floats(scores, "scores")
    if scores.dim() != 2 or scores.shape[1] < 1:
        raise ValueError(f"scores must be [B, 1 + N] with the caption in column 0, not {tuple(scores.shape)}")
    if form not in ("inside", "printed"):
        raise ValueError(f"form={form!r} is neither 'inside' nor 'printed'")
    try:
        valid = torch.ones_like(scores) if valid is None else torch.as_tensor(valid, device=scores.device)
        valid = valid.bool().to_dense()
    except (TypeError, RuntimeError, ValueError) as problem:
        raise ValueError(f"valid must be true or false for each score ({problem})") from None
    if valid.shape != scores.shape:
        raise ValueError(f"valid must have the shape of scores, {tuple(scores.shape)}, not {tuple(valid.shape)}")
    used = valid[:, 0] & valid[:, 1:].any(1)
    safe = scores.masked_fill(~(valid & used[:, None]), torch.finfo(scores.dtype).min)
    candidates = safe if form == "inside" else safe[:, 1:]
    if not candidates.shape[1]:
        return (safe * 0).sum()
    rows = candidates.logsumexp(1) - safe[:, 0]
    return torch.where(used, rows, 0).sum() / used.sum().clamp_min(1)


def _check_floats(tensor, name):
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.layout != torch.strided:
        raise ValueError(f"{name} must be a tensor of floating point numbers, not "
                         f"{getattr(tensor, 'dtype', type(tensor).__name__)}")
