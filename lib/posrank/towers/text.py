"""Text towers: token ids in, sentence vectors or word features out, computed without waste.

| mode | what is computed | exact for |
|---|---|---|
| pad | every column of the ids as given (the reference) | causal towers; others by their own `encode_text` |
| bucket | rows of similar length together, cut behind the longest | causal open_clip towers |
| trie | every distinct prefix once (trie.py) | causal open_clip towers |
| auto | trie where enough is shared, else bucket | |

Causal means: a token sees the tokens before it alone, so that neither padding nor a cut behind EOT changes what stands
before. Towers without that (SigLIP, CoCa, HuggingFace encoders) fall back to `pad`, with a warning for trie and bucket.
"""

import warnings

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import nn

from posrank.towers.trie import build_trie, run_trie

MODES = ("trie", "bucket", "pad", "auto")
CHUNK = 2**15
"""Tokens in one pass where no gradient is wanted: bounds memory (256 MiB for ViT-B/32's widest text layer)."""
CHUNK_GPU = 2**18
"""The same on a GPU, whose multipliers want more rows at a time (2 GiB)."""
STEP = 4
"""Bucket lengths are multiples of this."""
SHARED = 0.95
"""`auto` takes the trie where its nodes are at most this share of the real tokens. Measured on one CPU thread at width
128: at .91 (captions without negatives) its vectors take half of the buckets' time, because nothing is padded."""


def encode_text(tower, input_ids, mode="auto", tokens=False):
    """Token ids [n, L] -> sentence vectors [n, d]; with `tokens` -> word features [n, L, d] and mask [n, L].

    tower: an open_clip model. input_ids: int64, L up to its context length; a sentence ends with EOT (the largest id of
    its row, or the tower's `eos` id), the rest is padding. Word features: the projected output of every token; mask is
    True up to and with EOT, behind which features are zeros (trie, bucket, auto) or what the tower makes of its padding
    (pad). Differentiable. ValueError for an unknown mode, ids of a wrong shape, or word features of a tower whose
    tokens cannot be had exactly.
    """
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is none of {', '.join(MODES)}")
    check_ids(input_ids)
    if not hasattr(tower, "encode_text"):
        raise ValueError(f"a {type(tower).__name__} is no open_clip model: it has no encode_text")
    text, reason = causal_tower(tower)
    if reason:
        return _own_way(tower, input_ids, mode, tokens, reason)
    context = text.positional_embedding.shape[0]
    if input_ids.shape[1] > context:
        raise ValueError(f"sentences of {input_ids.shape[1]} tokens, but the tower reads at most {context}")
    # on a GPU, to look at the ids would make it wait
    if input_ids.device.type == "cpu" and len(input_ids):
        words = text.token_embedding.num_embeddings
        if not 0 <= int(input_ids.min()) <= int(input_ids.max()) < words:
            raise ValueError(f"input_ids must lie from 0 to {words - 1}, the vocabulary of the tower; tokenize with "
                             "its own tokenizer")
    ends = _ends(text, input_ids)
    chunk = CHUNK if input_ids.device.type == "cpu" else CHUNK_GPU
    rows = max(1, len(input_ids) if torch.is_grad_enabled() else chunk // input_ids.shape[1])
    parts = [_encode(text, input_ids[start : start + rows], ends[start : start + rows], mode, tokens)
             for start in range(0, max(1, len(input_ids)), rows)]
    out = parts[0] if len(parts) == 1 else torch.cat(parts)
    if not tokens:
        return out
    return out, torch.arange(input_ids.shape[1], device=out.device) <= ends[:, None]


def check_ids(input_ids):
    """ValueError unless `input_ids` is a dense int64 or int32 tensor [n, L] with L of at least 1."""
    if not isinstance(input_ids, torch.Tensor) or input_ids.layout != torch.strided:
        raise ValueError(f"input_ids must be a dense tensor of whole numbers [n, L], not a {type(input_ids).__name__}")
    if input_ids.dtype not in (torch.int64, torch.int32) or input_ids.dim() != 2 or not input_ids.shape[1]:
        raise ValueError(f"input_ids must be whole numbers [n, L], not {tuple(input_ids.shape)} {input_ids.dtype}")


def causal_tower(tower):
    """The text half of an open_clip model, and why its tokens cannot be cut or shared (None where they can).

    A CLIP is its own text half; a CustomTextCLIP keeps it in `text`.
    """
    text = getattr(tower, "text", tower)
    needed = ("token_embedding", "positional_embedding", "transformer", "ln_final", "text_projection")
    if not all(hasattr(text, name) for name in needed):
        return text, "it is no open_clip text transformer"
    if getattr(text, "attn_mask", None) is None:
        return text, "its tokens see the ones behind them"
    if getattr(text, "cls_emb", None) is not None:
        return text, "it reads a class token behind the padding"
    if _pool_type(text) not in ("argmax", "eos"):
        return text, f"it pools by {_pool_type(text)!r}, not at EOT"
    blocks = getattr(text.transformer, "resblocks", ())
    if not len(blocks) or any(type(block) is not ResidualAttentionBlock for block in blocks):
        return text, "its blocks are not open_clip's plain ones"
    return text, None


def context_length(tower):
    """The most tokens that an open_clip model's text tower reads."""
    text = getattr(tower, "text", tower)
    positions = getattr(text, "positional_embedding", None)
    if positions is not None:
        return len(positions)
    return getattr(tower, "context_length", None) or text.context_length


def _pool_type(text):
    return getattr(text, "text_pool_type", getattr(text, "pool_type", None))


def _ends(text, input_ids):
    """Position of EOT in every row: [n, L] -> [n]."""
    if _pool_type(text) == "eos":
        return (input_ids == getattr(text, "text_eos_id", getattr(text, "eos_id", None))).int().argmax(1)
    return input_ids.argmax(1)


def _encode(text, input_ids, ends, mode, tokens):
    if not len(input_ids) or mode == "pad":
        return _padded(text, input_ids, ends, tokens)
    if mode == "bucket":
        return _bucketed(text, input_ids, ends, tokens)
    trie = build_trie(input_ids, ends + 1)
    if mode == "auto" and len(trie.token) > SHARED * int((ends + 1).sum()):
        return _bucketed(text, input_ids, ends, tokens)
    hidden = _project(text, run_trie(text, trie, sentences=not tokens))
    if not tokens:
        return hidden[trie.row]
    path, length = trie.path[trie.row], trie.length[trie.row]
    real = torch.arange(path.shape[1], device=path.device) < length[:, None]
    return nn.functional.pad(hidden[path] * real[..., None], (0, 0, 0, input_ids.shape[1] - path.shape[1]))


def _padded(text, input_ids, ends, tokens):
    length = input_ids.shape[1]
    dtype = text.transformer.get_cast_dtype()
    x = (text.token_embedding(input_ids) + text.positional_embedding[:length]).to(dtype)
    x = text.transformer(x, attn_mask=text.attn_mask[:length, :length])
    return _project(text, x if tokens else x[torch.arange(len(x), device=x.device), ends])


def _bucketed(text, input_ids, ends, tokens):
    def encode(rows, columns):
        part = _padded(text, input_ids[rows, :columns], ends[rows], tokens)
        if not tokens:
            return part
        real = torch.arange(columns, device=rows.device) <= ends[rows, None]
        return nn.functional.pad(part * real[..., None], (0, 0, 0, input_ids.shape[1] - columns))

    return encode_by_length(ends, input_ids.shape[1], encode)


def encode_by_length(ends, most, encode, chunk=None):
    """`encode` called for rows that end at similar places -> its outputs [n, ...] in the rows' own order.

    ends [n]: each row's last place; most: how many columns there are; encode: (numbers of k rows, columns that hold all
    of them) -> [k, ...]; chunk: tokens in one call, None = no bound.
    """
    bucket, parts, places = ends // STEP, [], []
    for number in bucket.unique().tolist():
        columns = min(STEP * (number + 1), most)
        rows = (bucket == number).nonzero()[:, 0]
        parts += [encode(part, columns) for part in rows.split(max(1, chunk // columns) if chunk else len(rows))]
        places.append(rows)
    return torch.cat(parts)[torch.cat(places).argsort()]


def _project(text, x):
    x = text.ln_final(x)
    projection = text.text_projection
    if projection is None:
        return x
    return projection(x) if isinstance(projection, nn.Linear) else x @ projection


def _own_way(tower, input_ids, mode, tokens, reason):
    """Towers that need all of their columns: filled up to the context length and given to their own `encode_text`."""
    name = type(tower).__name__
    if tokens:
        raise ValueError(f"no exact word features from this {name}: {reason}; use a causal CLIP text tower")
    if mode in ("trie", "bucket"):
        warnings.warn(f"mode={mode!r} would not be exact for this {name} ({reason}); mode='pad' is used", stacklevel=3)
    text = getattr(tower, "text", tower)
    missing = (getattr(text, "context_length", None) or input_ids.shape[1]) - input_ids.shape[1]
    if missing > 0 and hasattr(text, "pad_id"):
        input_ids = nn.functional.pad(input_ids, (0, missing), value=text.pad_id)
    return tower.encode_text(input_ids)
