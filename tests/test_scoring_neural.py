"""A causal language model as a blind scorer."""

import sys

import pandas as pd
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
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="<s>", unk_token="<unk>"
    ).save_pretrained(path)
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
    with pytest.raises(ValueError, match=r"no weights here.*pip install transformers.*folder of a causal model"):
        CausalScorer(tmp_path)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match="pip install transformers"):
        CausalScorer(tmp_path)


def test_start_end_and_prompt(folder):
    usual, texts = CausalScorer(folder), ["red ball", "a"]
    assert CausalScorer(folder, start="<s>", end="<s>").score(texts) == pytest.approx(usual.score(texts))
    # p(text, end | start) = p(text | start) p(end | start, text), and a prompt is what the rest is conditioned on
    open_end = CausalScorer(folder, end="")
    assert (open_end.score(texts) > usual.score(texts)).all() and open_end.score([""]) == [0]
    told = CausalScorer(folder, prompt="a", end="")
    assert told.score(["red ball"]) == pytest.approx(open_end.score(["a red ball"]) - open_end.score(["a"]), abs=1e-5)
    assert CausalScorer(folder, start="cup", end="").score(["a"]) != pytest.approx(open_end.score(["a"]))
    for options, word in (
        ({"start": "red ball"}, "start token"),
        ({"start": ""}, "start token"),
        ({"end": "a a"}, "end token"),
    ):
        with pytest.raises(ValueError, match=word):
            CausalScorer(folder, **options)
    model, tokens = usual._model, usual._tokenizer
    assert CausalScorer(model, tokenizer=tokens, batch=1).score(texts) == pytest.approx(usual.score(texts), abs=1e-5)


def test_a_pretrained_model_judges_a_set(folder):
    from posrank import PARTS
    from posrank.validity import blind_ranks, validity_report

    captions = pd.DataFrame({"caption_id": [f"c{i}" for i in range(8)], "video_id": [f"v{i}" for i in range(8)],
                             "caption": ["a red ball", "a blue cup"] * 4, "split": ["train"] * 4 + ["test"] * 4})
    lists = pd.DataFrame([(f"c{i}", part, k, f"a {word} ball") for i in range(4, 8) for part in PARTS[:2]
                          for k, word in enumerate(("blue", "cup"))], columns=["caption_id", "part", "k", "sentence"])
    lists = lists.assign(position=1, original="x", replacement="y", source="random", rule="paper", level="word")
    report = validity_report(lists, captions, tagger=None, clip_tokens=False, b=50, pretrained=str(folder), folds=2)
    assert {"pretrained", "learned", "bigram"} <= set(report["parts"]["verb"]["judges"])
    ranks = blind_ranks(
        ["bigram"],
        lists,
        captions[captions["split"] == "test"],
        captions[captions["split"] == "train"],
        pretrained=str(folder),
    )
    assert list(ranks) == ["bigram", "pretrained"] and set(ranks["pretrained"]["run"]) == {"pretrained"}
    own = ranks["pretrained"].query("part == 'noun'")["reciprocal_rank"].mean()
    assert report["parts"]["noun"]["judges"]["pretrained"]["posrank"] == pytest.approx(own)
