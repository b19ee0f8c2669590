"""Blind n-gram models: by hand, against nltk, as probabilities, and on the released negatives."""

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from posrank.language.ngrams import NgramModel, fit, tokenize
from posrank.scoring import evaluate

TEXTS = [
    "a man is cooking", "a man is singing a song", "a woman is cooking slowly", "the man is running",
    "a dog is running", "a man is cooking", "the dog sings , slowly .", "a woman sings a song quickly",
]
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "captions" / "vln_uvo"


def test_tokens():
    assert tokenize("A man's T-shirt,  isn t 2nd!") == ["a", "man's", "t-shirt", ",", "isn", "t", "2nd", "!"]
    assert tokenize("") == [] and tokenize("  \n") == []
    assert tokenize("snake_case -dash- “quoted” Ärger") == [
        "snake", "_", "case", "-", "dash", "-", "“", "quoted", "”", "ärger",
    ]


def test_unigram_by_hand():
    model = NgramModel(order=1, floor=False).fit(["a b", "a c"])  # six tokens with the ends: a 2, b 1, c 1, end 2
    assert np.exp(model.log_probabilities("b a")).tolist() == pytest.approx([1 / 6, 2 / 6, 2 / 6])
    floor = NgramModel(order=1, discount=0.6).fit(["a b", "a c"])
    base = 0.6 * 4 / 6 / 5  # five: a, b, c, end, unknown
    assert np.exp(floor.log_probabilities("b new")).tolist() == pytest.approx([0.4 / 6 + base, base, 1.4 / 6 + base])


def test_kneser_ney_bigram_by_hand():
    model = NgramModel(order=2, discount=0.5, floor=False).fit(["san jose", "san jose", "san jose", "a dog", "a cat"])
    # distinct bigrams: ^san san-jose jose$ ^a a-dog a-cat dog$ cat$ = 8; "jose" follows one word, the end three
    jose, end = 1 / 8, 3 / 8
    assert np.exp(model.log_probabilities("dog jose")[1]) == pytest.approx(0.5 * 1 / 1 * jose)  # only the end follows
    assert np.exp(model.log_probabilities("san jose")[1]) == pytest.approx(2.5 / 3 + 0.5 / 3 * jose)
    assert np.exp(model.log_probabilities("a")[1]) == pytest.approx(0.5 * 2 / 2 * end)
    assert model.log_probabilities("never")[0] == -np.inf


@pytest.mark.parametrize("order, smoothing, discount", [
    *((order, "kneser_ney", discount) for order in (2, 3, 4, 5) for discount in (0.1, 0.75)),  # nltk's needs bigrams
    *((order, "absolute", 0.75) for order in (1, 2, 3, 4, 5)),
])
def test_equal_to_nltk(order, smoothing, discount):
    lm = pytest.importorskip("nltk.lm")
    from nltk.util import everygrams

    def ngrams(text):
        padded = ["<s>"] * (order - 1) + tokenize(text) + ["</s>"]
        return [gram for gram in everygrams(padded, max_len=order) if gram[-1] != "<s>"]

    words = [word for text in TEXTS for word in tokenize(text)]
    if smoothing == "kneser_ney":
        theirs = lm.KneserNeyInterpolated(order, discount=discount)
    else:
        theirs = lm.AbsoluteDiscountingInterpolated(order, discount=discount)
    theirs.fit([ngrams(text) for text in TEXTS], vocabulary_text=[*words, "</s>"])
    ours = NgramModel(order, smoothing, discount, floor=False).fit(TEXTS)
    for text in [*TEXTS, "a man sings slowly", "song a the dog", "cooking cooking", "", "a man is running quickly ."]:
        tokens = ["<s>"] * (order - 1) + tokenize(text) + ["</s>"]
        expected = [
            theirs.score(tokens[i], tokens[i - order + 1 : i]) for i in range(order - 1, len(tokens))
        ]
        assert np.exp(ours.log_probabilities(text)) == pytest.approx(np.array(expected), rel=1e-9), text
        assert ours.score([text])[0] == pytest.approx(np.log(expected).sum())


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("smoothing", ["kneser_ney", "absolute"])
@pytest.mark.parametrize("discount, min_count", [(0.75, 1), ("estimated", 1), (0.4, 2)])
def test_probabilities_of_all_next_words_sum_to_one(order, smoothing, discount, min_count):
    model = NgramModel(order, smoothing, discount, min_count).fit(TEXTS)
    for context in ("", "a man is", "the dog", "is", "slowly never", "sings , slowly ."):
        place = len(tokenize(context))
        total = sum(np.exp(model.log_probabilities(f"{context} {word}")[place]) for word in [*model.words, "zzz"])
        assert total + np.exp(model.log_probabilities(context)[place]) == pytest.approx(1)


def test_unknown_and_rare_words():
    model = NgramModel(2, min_count=2).fit(TEXTS)
    assert "quickly" not in model.words and "slowly" in model.words
    assert model.score(["a woman sings a song quickly"])[0] == model.score(["A woman sings a song zebra"])[0]
    assert np.isfinite(NgramModel(5).fit(TEXTS).score(["zebra xylophone", ""])).all()


def test_likelier_sentences_score_higher():
    for order in range(1, 6):
        model = NgramModel(order).fit(TEXTS)
        assert model.score(["a man is cooking"])[0] > model.score(["a man is xylophone"])[0]
        if order > 1:
            assert model.score(["a man is cooking"])[0] > model.score(["cooking is man a"])[0]


def test_chunks_and_company_change_nothing(monkeypatch):
    texts = [*TEXTS, "", "zebra", "a man is singing"] * 3
    model = NgramModel(3).fit(TEXTS)
    whole = model.score(texts)
    monkeypatch.setattr("posrank.language.ngrams._CHUNK", 4)
    assert (model.score(texts) == whole).all()
    assert (np.concatenate([model.score([text]) for text in texts]) == whole).all()
    assert model.score([]).shape == (0,)
    assert whole[0] == pytest.approx(model.log_probabilities(texts[0]).sum())


def test_fit_leaves_the_scored_videos_out():
    table = pd.DataFrame({
        "video_id": ["v1", "v1", "v2", "v3"], "split": ["train", "train", "train", "test"],
        "caption": ["a red ball", "a ball", "a blue car", "the green house"],
    })
    assert fit(table, exclude_videos=["v2"]).words == ["a", "ball", "green", "house", "red", "the"]
    assert fit(table, exclude_videos=pd.Series(["v2"]), split="train", order=1).words == ["a", "ball", "red"]
    assert fit(["a b"], order=1).words == ["a", "b"]
    for wrong in (
        lambda: fit(table, exclude_videos=["v1", "v2", "v3"]), lambda: fit(["a b"], exclude_videos=["v1"]),
        lambda: fit(table.drop(columns="video_id")), lambda: fit([]),
    ):
        with pytest.raises(ValueError, match="captions"):
            wrong()


@pytest.mark.parametrize("options", [
    {"order": 0}, {"order": 6}, {"order": True}, {"smoothing": "kn"}, {"discount": 0}, {"discount": 1.0},
    {"discount": "best"}, {"min_count": 0},
])
def test_bad_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        NgramModel(**options)


def test_bad_texts():
    with pytest.raises(ValueError, match="call fit"):
        NgramModel().score(["a"])
    model = NgramModel().fit(TEXTS)
    for wrong in ("a man", [None], [1.5]):
        with pytest.raises(ValueError, match="texts"):
            model.score(wrong)


def test_speed():
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{i}" for i in range(5000)])
    texts = [" ".join(row) for row in vocabulary[rng.zipf(1.3, (40_000, 10)) % 5000]]
    start = time.process_time()
    NgramModel(3).fit(texts).score(texts)
    assert time.process_time() - start < 10


def test_a_blind_bigram_solves_the_released_uvo_sets():
    if not SHARED.is_dir():
        pytest.skip("needs the authors' VLN-UVO files in ../shared/data/captions/vln_uvo")
    lines = [line.split("**#**") for line in (SHARED / "captions.txt").read_text(encoding="utf-8").splitlines()]
    captions = pd.DataFrame(lines, columns=["caption_id", "caption"])
    captions["video_id"] = captions["caption_id"].str.split("##*##", regex=False).str[0]
    negatives = pd.concat([
        pd.DataFrame(
            [(i, part, text) for i, texts in json.loads((SHARED / f"uvo_val_{name}_RE20.json").read_text()).items()
             for text in texts.values()],
            columns=["caption_id", "part", "sentence"],
        )
        for part, name in (("prep", "preposition"), ("adv", "adverb"))
    ])
    model = fit(captions, exclude_videos=(SHARED / "vln_uvo_test_ids.txt").read_text().split(), smoothing="absolute")
    ranks = evaluate(lambda videos, texts: model.score(texts), negatives, captions, progress=False)
    means = ranks.groupby("part")["reciprocal_rank"].mean()
    assert ranks["part"].value_counts().to_dict() == {"prep": 236, "adv": 218}
    assert means["prep"] == pytest.approx(0.765, abs=0.02) and means["adv"] == pytest.approx(0.62, abs=0.02)
