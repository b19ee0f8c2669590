"""Differentiable top-k (Cordonnier et al., "Differentiable Patch Selection for Image Recognition", CVPR 2021).

Scores plus Gaussian noise, the k best kept, averaged over many draws: a smooth indicator of who is among the best, its
k rows in the order of places. Its derivative is E[indicator * noise] / sigma, of which TS2-Net and UCoFiA use the part
of a score on its own place, d indicator[k, p] / d scores[p].
"""

import torch

SAMPLES, SIGMA = 500, 0.05
CHUNK = 2**24
"""Numbers of noise that exist at a time (64 MiB in fp32)."""


def top_k(scores, k):
    """Scores [n, P] -> indicator [n, k, P]: the k best, by position; without noise and without gradient.

    >>> top_k(torch.tensor([[0.1, 0.9, 0.4]]), 2)
    tensor([[[0., 1., 0.],
             [0., 0., 1.]]])
    """
    _check(scores, k)
    best = scores.topk(k, dim=-1).indices.sort(-1).values
    return torch.nn.functional.one_hot(best, scores.shape[-1]).to(scores.dtype)


def perturbed_top_k(scores, k, samples=SAMPLES, sigma=SIGMA, device=None):
    """Scores [n, P] -> indicator [n, k, P] averaged over `samples` draws of noise, rows that sum to 1; differentiable.
    device: where the noise is drawn (None = that of the scores), from torch's generator as [n, samples, P]."""
    _check(scores, k)
    return _PerturbedTopK.apply(scores, k, samples, sigma, device or scores.device)


def _check(scores, k):
    if scores.dim() != 2 or not 1 <= k <= scores.shape[-1]:
        raise ValueError(f"the best {k} of scores of shape {tuple(scores.shape)}: scores must be [n, P], with k from 1 "
                         "to P")


class _PerturbedTopK(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, k, samples, sigma, device):
        count, places = scores.shape
        indicator, slope = scores.new_zeros(2, count, k, places)
        # a multiple of four rows: torch fills noise in blocks of 16 numbers, and chunks must not change what it draws
        step = max(4, CHUNK // (samples * places) // 4 * 4)
        for start in range(0, count, step):
            rows = scores[start : start + step]
            noise = torch.normal(0.0, 1.0, size=(len(rows), samples, places), device=device).to(rows)
            best = torch.add(rows[:, None], noise, alpha=sigma).topk(k, dim=-1, sorted=False).indices.sort(-1).values
            drawn = noise.gather(-1, best).transpose(1, 2)
            best = best.transpose(1, 2)
            indicator[start : start + step].scatter_add_(2, best, torch.ones_like(drawn))
            slope[start : start + step].scatter_add_(2, best, drawn)
        ctx.save_for_backward(slope / (samples * sigma))
        return indicator / samples

    @staticmethod
    def backward(ctx, gradient):
        (slope,) = ctx.saved_tensors
        return (gradient * slope).sum(1), None, None, None, None
