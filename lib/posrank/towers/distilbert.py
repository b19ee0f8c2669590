"""Frozen's text tower: DistilBERT through `transformers`, and the WordPiece tokenizer that belongs to it.

Token ids and a mask of real tokens in, one vector per sentence out (the first token's, as Frozen reads it). The tower
is not causal, so prefixes cannot be shared: rows of similar length are encoded together, with the attention mask.
"""

import os
from pathlib import Path

import torch

from posrank.towers.checkpoints import layers, shape
from posrank.towers.text import encode_by_length
from posrank.towers.tokenizer import sentences

CHUNK = 2**14
"""Tokens in one pass where no gradient is wanted."""


def _transformers():
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import transformers

    return transformers


def _from_hub(load, what, source, remedy):
    """load(), or ValueError: `what` (tokenizer, DistilBERT) of the name `source` is not there, and the `remedy`."""
    try:
        return load()
    except (OSError, ValueError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise ValueError(f"no {what} {source!r} here or on the hub ({reason}); {remedy}") from problem


class WordPiece:
    """Sentences -> [n, length of the longest] int64 ids: [CLS], pieces, [SEP], zeros. Loaded at the first call.

    source: a name on the Hugging Face hub, a folder of a tokenizer, or a `vocab.txt`. ValueError where it is not there.
    """

    def __init__(self, source="distilbert-base-uncased"):
        self.source, self._tokenizer = str(source), None

    def _load(self):
        if Path(self.source).is_file():
            return _transformers().BertTokenizerFast(vocab=self.source, do_lower_case=True)
        return _transformers().AutoTokenizer.from_pretrained(self.source)

    def __call__(self, texts, context_length=512):
        texts = sentences(texts)
        if self._tokenizer is None:
            self._tokenizer = _from_hub(self._load, "tokenizer", self.source, "name a folder with its files, or a "
                                        "vocab.txt")
        if not texts:
            return torch.zeros(0, 1, dtype=torch.long)
        return self._tokenizer(texts, padding=True, truncation=True, max_length=context_length,
                               return_tensors="pt")["input_ids"]


def build_distilbert(**config):
    """A DistilBertModel with random weights. config: arguments of transformers' DistilBertConfig (those of
    distilbert-base-uncased where not given)."""
    transformers = _transformers()
    return transformers.DistilBertModel(transformers.DistilBertConfig(**config))


def load_distilbert(source):
    """A pretrained DistilBertModel by its name on the hub, or from a local folder. ValueError where there is none."""
    return _from_hub(lambda: _transformers().DistilBertModel.from_pretrained(source), "DistilBERT", source,
                     "download the model elsewhere (config.json, model.safetensors, vocab.txt) and name its folder")


def config_from_state(state, heads):
    """The shapes of a DistilBERT from its state_dict: arguments of `build_distilbert`. ValueError for other keys."""
    words, dim = shape(state, "embeddings.word_embeddings.weight", 2)
    return dict(vocab_size=words, dim=dim, n_layers=layers(state, "transformer.layer"), n_heads=heads,
                hidden_dim=shape(state, "transformer.layer.0.ffn.lin1.weight", 2)[0],
                max_position_embeddings=shape(state, "embeddings.position_embeddings.weight", 2)[0])


def real_tokens(input_ids):
    """Mask [n, L] of real tokens: all but padding (id 0); the first one always counts."""
    mask = input_ids != 0
    mask[:, 0] = True
    return mask


def encode_sentences(model, input_ids, mask):
    """Token ids [n, L] and mask [n, L] (bool, real tokens) -> the first token's output [n, dim]. Differentiable. Rows
    that end at similar places are encoded together, cut behind the longest."""
    if not len(input_ids):
        return model.embeddings.word_embeddings.weight.new_zeros(0, model.config.dim)
    mask = mask.bool()
    columns = torch.arange(1, mask.shape[1] + 1, device=mask.device)

    def encode(rows, width):
        seen = mask[rows, :width]
        seen = None if bool(seen.all()) else seen.long()
        return model(input_ids=input_ids[rows, :width], attention_mask=seen).last_hidden_state[:, 0]

    ends = (mask * columns).amax(1).clamp_min(1) - 1
    return encode_by_length(ends, input_ids.shape[1], encode, None if torch.is_grad_enabled() else CHUNK)
