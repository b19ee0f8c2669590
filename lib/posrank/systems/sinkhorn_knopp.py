"""Sinkhorn-Knopp biases (UCoFiA, Wang et al., ICCV 2023; github.com/Ziyang412/UCoFiA) even out popularity.

In: logits of a reference set against what is evaluated. Out: one number per row and per column that, added to the
logits, keep single videos (or texts) from being everybody's answer. For one fixed video the text-to-video bias is a
constant and cannot change PoSRank; that of video to text would.
"""

from typing import NamedTuple

import torch

from posrank.systems.inputs import as_tensor, check_whole


class Biases(NamedTuple):
    """log_a [rows], log_b [columns]; exp of each sums to 1."""

    log_a: torch.Tensor
    log_b: torch.Tensor


def sinkhorn(logits, iterations=4):
    """Logits [rows, columns] -> `Biases` after `iterations` of alternating row and column scaling, in logarithms.

    Text to video: rows are training texts, columns the test videos; log_b is added to every row of the test logits of
    the same level. Video to text: rows are training videos, columns the test texts. ValueError unless finite.

    >>> [x.exp() for x in sinkhorn(torch.tensor([[0.0, 0.0], [0.0, 0.0]]))]
    [tensor([0.5000, 0.5000]), tensor([0.5000, 0.5000])]
    """
    logits = as_tensor(logits, "logits must be a finite float matrix [rows, columns]").to_dense()
    if logits.dim() != 2 or not logits.numel() or not logits.is_floating_point() or not bool(logits.isfinite().all()):
        raise ValueError(f"logits must be a finite float matrix [rows, columns], not {tuple(logits.shape)} "
                         f"{logits.dtype}")
    check_whole("iterations", iterations)
    logits = logits - logits.max()
    log_b = -logits.logsumexp(0)
    for _ in range(iterations):
        log_a = -(logits + log_b).logsumexp(1)
        log_b = -(logits + log_a[:, None]).logsumexp(0)
    return Biases(log_a.log_softmax(0), log_b.log_softmax(0))
