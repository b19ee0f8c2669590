"""A causal language model as a blind scorer."""

import pytest

from posrank.scoring.neural import CausalScorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = {word: n for n, word in enumerate(["<s>", "<unk>", "a", "red", "blue", "ball", "cup"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path_factory.mktemp("lm")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="<s>", unk_token="<unk>").save_pretrained(path)
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=7, n_positions=16, n_embd=8, n_layer=1, n_head=2)).save_pretrained(path)
    return path


def test_scores_are_log_probabilities_and_batches_do_not_matter(folder):
    import numpy as np

    texts = ["a red ball", "a", "a blue cup a red ball"]
    one, many = CausalScorer(folder, batch=1), CausalScorer(folder, batch=3)
    assert one.score(texts) == pytest.approx(many.score(texts), abs=1e-4)
    total = 0.0  # over all texts of no or one token and the rest, p sums to at most 1
    total += np.exp(one.score(["", "a", "red", "blue", "ball", "cup"])).sum()
    assert 0 < total < 1
    assert CausalScorer(folder, per_token=True).score(["a red"])[0] == pytest.approx(one.score(["a red"])[0] / 3)
    assert one(["v"], ["a red"]) == pytest.approx(one.score(["a red"]))


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ValueError, match="no weights here"):
        CausalScorer(tmp_path)
