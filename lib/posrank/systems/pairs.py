"""Which texts meet which videos: all pairs, or each text with the video that owns it.

A similarity is written once, on arrays with two leading pair dimensions; these two classes make those arrays:

| | text side | video side | pair arrays |
|---|---|---|---|
| AllPairs | [t, ...] | [v, ...] | [t, v, ...] |
| Grouped | [r, k, ...] | [r, ...] | [r, k, ...] |

In a group one video stands beside its k texts, so that its features serve all of them without being copied.
"""

import torch


class AllPairs:
    """Every text with every video."""

    @staticmethod
    def text(x):
        """A text-side array [t, *A] as pair array [t, 1, *A]."""
        return x.unsqueeze(1)

    @staticmethod
    def video(x):
        """A video-side array [v, *B] as pair array [1, v, *B]."""
        return x.unsqueeze(0)

    @staticmethod
    def dot(x, y):
        """Inner products over the last dimension: [t, *A, D] and [v, *B, D] -> [t, v, *A, *B]."""
        products = x.flatten(0, -2) @ y.flatten(0, -2).T
        products = products.view(*x.shape[:-1], *y.shape[:-1])
        return products.movedim(x.dim() - 1, 1)


class Grouped:
    """The k texts of a group with the group's one video."""

    @staticmethod
    def text(x):
        """A text-side array is a pair array already: [r, k, *A]."""
        return x

    @staticmethod
    def video(x):
        """A video-side array [r, *B] as pair array [r, 1, *B]."""
        return x.unsqueeze(1)

    @staticmethod
    def dot(x, y):
        """Inner products over the last dimension: [r, k, *A, D] and [r, *B, D] -> [r, k, *A, *B]."""
        flat = y.unsqueeze(1) if y.dim() == 2 else y.flatten(1, -2)
        products = x.flatten(1, -2) @ flat.transpose(1, 2)
        return products.view(*x.shape[:-1], *y.shape[1:-1])


def group(owner, videos):
    """Texts with owners [n] (0 .. videos - 1) -> `row` [r], the video of each group, and `grid` [r, k], its texts (-1 =
    empty), k being about the mean number of texts per video. Each text stands in the grid once, groups in order of
    video.

    >>> row, grid = group(torch.tensor([0, 0, 2, 2]), 3)
    >>> row.tolist(), grid.tolist()
    ([0, 2], [[0, 1], [2, 3]])
    """
    order = torch.argsort(owner, stable=True)
    counts = torch.bincount(owner, minlength=videos)
    used = int((counts > 0).sum())
    size = max(1, -(-len(owner) // max(1, used)))
    groups = -(-counts // size)
    row = torch.repeat_interleave(torch.arange(videos, device=owner.device), groups)
    first_group = torch.cumsum(groups, 0) - groups
    first_text = torch.cumsum(counts, 0) - counts
    place = torch.arange(len(owner), device=owner.device) - first_text[owner[order]]
    grid = torch.full((len(row), size), -1, dtype=torch.long, device=owner.device)
    grid[first_group[owner[order]] + place // size, place % size] = order
    return row, grid
