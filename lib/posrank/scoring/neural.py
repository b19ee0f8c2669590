"""A neural language model without video as a scorer: any causal model of Hugging Face's library, by name or folder.

It generalises where n-grams count, so it is a blind row of its own, used where its weights are at hand.
"""

import numpy as np

from posrank.scoring.ranks import whole_number


class CausalScorer:
    """``CausalScorer("gpt2")(video_ids, texts)`` -> float64 [n]: log-probability of each text, whatever the video.

    name: a model name whose weights are in the local cache, or a folder with config, tokenizer and safetensors weights
    (pickled ones are not read). per_token divides by the number of predicted tokens. The text begins behind the model's
    start token, and its end token is predicted. ValueError where the weights are not here.
    """

    def __init__(self, name, batch=64, device="cpu", per_token=False, download=False):
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name, self.device, self.per_token = str(name), device, per_token
        self.batch = whole_number(batch, "batch", "texts")
        options = {"local_files_only": not download}
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(self.name, **options)
            model = AutoModelForCausalLM.from_pretrained(self.name, use_safetensors=True, **options)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"language model {self.name!r}: no weights here ({reason}); give a local folder, or "
                             "download=True") from None
        self._model = model.float().to(device).eval()
        tokens = self._tokenizer
        self._start = tokens.bos_token_id if tokens.bos_token_id is not None else tokens.eos_token_id
        self._end = tokens.eos_token_id
        if self._start is None or self._end is None:
            raise ValueError(f"language model {self.name!r}: its tokenizer has neither start nor end token; choose a "
                             "causal model")

    def __call__(self, video_ids, texts):
        return self.score(texts)

    def score(self, texts):
        """Log-probability of each text -> float64 [n]."""
        import torch

        ids = [[self._start, *self._tokenizer(text, add_special_tokens=False)["input_ids"], self._end]
               for text in texts]
        result = np.zeros(len(ids))
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            lists = [torch.tensor(ids[n], device=self.device) for n in rows]
            tokens = torch.nn.utils.rnn.pad_sequence(lists, batch_first=True, padding_value=self._end)
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in lists], batch_first=True)
            with torch.inference_mode():
                logits = self._model(input_ids=tokens, attention_mask=mask).logits[:, :-1].float()
            chosen = torch.log_softmax(logits, -1).gather(2, tokens[:, 1:, None])[..., 0]
            sums = (chosen.double() * mask[:, 1:]).sum(1).cpu().numpy()
            lengths = mask[:, 1:].sum(1).cpu().numpy()
            result[rows] = sums / lengths if self.per_token else sums
        return result
