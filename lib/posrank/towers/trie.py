"""A prefix trie of token rows: in a causal tower, what two sentences share at their start needs computing once.

A caption and its negatives differ by a word. Rows are sorted, each shares its longest common prefix with the row
before, and every distinct (prefix, token) is one node, whose hidden state depends on its path from the root alone.
Linear layers and norms run once per node, without padding; attention collects keys and values along paths. Exact,
differentiable.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class AttentionGroup:
    """Paths of similar shape: `query` [g, S] their own nodes, `key` [g, K] nodes from the root, `mask` [g, 1, S, K]."""

    query: torch.Tensor
    key: torch.Tensor
    mask: torch.Tensor


@dataclass(frozen=True)
class PrefixTrie:
    """T nodes and U distinct rows of n: `token`, `position` [T]; `path` [U, L] the nodes of a row (0 behind its end);
    `length` [U]; `row` [n] the distinct row of each given row; `groups` for attention, and `place` [T], where a
    node's output stands among the groups' outputs laid flat one after the other."""

    token: torch.Tensor
    position: torch.Tensor
    path: torch.Tensor
    length: torch.Tensor
    row: torch.Tensor
    groups: tuple
    place: torch.Tensor

    @property
    def last(self):
        """The node of each distinct row's end, [U]."""
        return self.path.gather(1, self.length[:, None] - 1)[:, 0]


def build_trie(input_ids, length, groups=6):
    """Token ids [n, L] and the number of real tokens of each row [n] (at least 1) -> `PrefixTrie` on the ids' device.

    groups: into how many groups of similar shape the rows are cut for attention; more of them waste less on padding.

    >>> trie = build_trie(torch.tensor([[1, 5, 9], [1, 6, 9], [1, 5, 9]]), torch.tensor([3, 3, 3]))
    >>> trie.token.tolist(), trie.row.tolist(), trie.path.tolist()
    ([1, 5, 9, 6, 9], [0, 1, 0], [[0, 1, 2], [0, 3, 4]])
    """
    device = input_ids.device
    length = length.cpu().numpy()
    columns = np.arange(int(length.max()))
    ids = input_ids[:, : len(columns)].cpu().numpy()
    ids = np.where(columns < length[:, None], ids, -1)

    order = np.lexsort(ids.T[::-1])  # equal prefixes stand together
    ids, length = ids[order], length[order]
    differs = np.vstack([np.ones_like(ids[:1], bool), ids[1:] != ids[:-1]])
    distinct = differs.any(1)
    row = np.empty(len(ids), np.int64)
    row[order] = np.cumsum(distinct) - 1
    ids, length = ids[distinct], length[distinct]
    shared = differs[distinct].argmax(1)  # longest common prefix with the row before

    real = columns < length[:, None]
    own = real & (columns >= shared[:, None])
    number = np.cumsum(own).reshape(own.shape) - 1
    # going down the sorted rows, the newest node of a column is the one that a row shares
    path = np.where(real, np.maximum.accumulate(np.where(own, number, -1), axis=0), 0)
    parts, place = _attention_groups(path, own, length, shared, groups)

    def tensor(array):
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return PrefixTrie(token=tensor(ids[own].astype(np.int64)), position=tensor(np.nonzero(own)[1]), path=tensor(path),
                      length=tensor(length), row=tensor(row),
                      groups=tuple(AttentionGroup(*map(tensor, part)) for part in parts), place=tensor(place))


def _attention_groups(path, own, length, shared, groups):
    """Rows by number of own nodes, then by length, in groups: (query, key, mask) of each, and each node's place."""
    count = length - shared
    order = np.lexsort((length, count))
    first = path[np.arange(len(path)), shared]
    place, start, parts = np.empty(int(own.sum()), np.int64), 0, []
    for rows in np.array_split(order, min(groups, len(order))):
        queries, keys = np.arange(int(count[rows].max())), np.arange(int(length[rows].max()))
        real = queries < count[rows, None]
        query = np.where(real, first[rows, None] + queries, 0)  # a row's own nodes have consecutive numbers
        place[query[real]] = start + np.flatnonzero(real)
        start += query.size
        # causal; outputs of the empty places are never read, so that it does not matter what they attend to
        mask = keys <= (shared[rows, None] + queries)[..., None]
        parts.append((query, path[rows][:, : len(keys)], mask[:, None]))
    return parts, place


def run_trie(tower, trie, sentences=True):
    """Hidden states behind the last block of an open_clip text tower, before `ln_final`. sentences: the ends of the
    distinct rows only, [U, width] (the last block skips all other outputs); else every node's, [T, width]."""
    x = F.embedding(trie.token, tower.token_embedding.weight) + F.embedding(trie.position, tower.positional_embedding)
    x = x.to(tower.transformer.get_cast_dtype())
    blocks = tower.transformer.resblocks
    for block in blocks[:-1]:
        x = _finish(block, x, _attend(block.attn, block.ln_1(x), trie))
    block = blocks[-1]
    if not sentences:
        return _finish(block, x, _attend(block.attn, block.ln_1(x), trie))
    return _finish(block, x[trie.last], _attend_from_ends(block.attn, block.ln_1(x), trie))


def _finish(block, x, attended):
    x = x + block.ls_1(block.attn.out_proj(attended))
    return x + block.ls_2(block.mlp(block.ln_2(x)))


def _attend(attention, x, trie):
    """Every node attends to its path: [T, width] -> [T, width]."""
    width, heads = x.shape[1], attention.num_heads
    query, memory = F.linear(x, attention.in_proj_weight, attention.in_proj_bias).split((width, 2 * width), dim=1)
    out = [_attention(query[g.query], memory[g.key], g.mask, heads).flatten(0, 1) for g in trie.groups]
    return torch.cat(out)[trie.place]


def _attend_from_ends(attention, x, trie):
    """The end of every distinct row attends to its path: [T, width] -> [U, width]."""
    width, heads = x.shape[1], attention.num_heads
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = F.linear(x[trie.last], weight[:width], None if bias is None else bias[:width])[:, None]
    memory = F.linear(x, weight[width:], None if bias is None else bias[width:])
    mask = torch.arange(trie.path.shape[1], device=x.device) < trie.length[:, None]
    return _attention(query, memory[trie.path], mask[:, None, None], heads)[:, 0]


def _attention(query, memory, mask, heads):
    """query [g, S, width], memory [g, K, 2 width] (keys beside values), mask [g, 1, S, K] -> [g, S, width]."""
    key, value = memory.chunk(2, dim=-1)
    parts = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    return F.scaled_dot_product_attention(*parts, attn_mask=mask).transpose(1, 2).flatten(2)
