"""Text towers: token ids in, sentence vectors or word features out, computed without waste."""

import torch


def ends(input_ids):
    """Position of EOT, the largest id, in every row: [n, L] -> [n]."""
    return input_ids.argmax(1)


def encode_text(tower, input_ids, mode="auto", tokens=False):
    """Token ids [n, L] -> sentence vectors [n, d], or with tokens word features [n, L, d] and mask [n, L]."""
    length = input_ids.shape[1]
    x = tower.token_embedding(input_ids) + tower.positional_embedding[:length]
    x = tower.transformer(x, attn_mask=tower.attn_mask[:length, :length])
    x = tower.ln_final(x) @ tower.text_projection
    mask = torch.arange(length, device=x.device) <= ends(input_ids)[:, None]
    if tokens:
        return x, mask
    return x[torch.arange(len(x), device=x.device), ends(input_ids)]
