"""Tokenizers: the ids of open_clip's own, whatever the text; the cache forgets, and changes nothing."""

import doctest
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.tokenizer import SimpleTokenizer

from posrank.towers import tokenizer
from posrank.towers.distilbert import WordPiece
from posrank.towers.tokenizer import ByteTokenizer, WordTokenizer

OURS, THEIRS = ByteTokenizer(), SimpleTokenizer()
TEXTS = (
    "a man is playing a guitar",
    "  repeated \t white\u00a0space\n\nand\u2003more   ",
    "It's theirs, they'RE here; I'LL go, he'd've gone, rock'n'roll 'tis",
    "in 2024 there were 3.14 or 1,000 of them (50%)",
    "fish &amp; chips &lt;b&gt;bold&lt;/b&gt; &amp;amp; &eacute;t&EACUTE; &#39;x&#39; &nbsp; AT&T R&amp",
    "schÃ¶n and naïve CAFÉ, “curly” ‘quotes’ … – dashes ﬁligree ＦＵＬＬ",
    "狗在跑 собака бежит ΣΊΣΥΦΟΣ İstanbul ß \u0301combining e\u0301",
    "emojis 🐶🏃‍♀️ 👨‍👩‍👧 ☃️ :-) <3",
    "<start_of_text> in words <END_OF_TEXT> <end_of_text>",
    "bell\x07 null\x00 escape \x1b[31mred\x1b[0m \x1c\x1d\x85 zero\u200bwidth \ufeff",
    "http://a.b/c?d=e&f=g#h user@example.org #tag under_score semi-colon; tilde~ back\\slash",
    "",
    "   ",
    "supercalifragilisticexpialidocious" * 8,
    "word " * 100,
    "!" * 90,
)


@pytest.mark.parametrize("length", (77, 32, 5, 3))
def test_ids_are_open_clips(length):
    for _ in range(2):  # without a cache, and from it
        assert torch.equal(OURS(TEXTS, length), THEIRS(list(TEXTS), length))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40) | st.text(st.sampled_from("aAéÉ '’&;#39<>\t\n\x1f0ſﬁ🐶<end_of_text>"), max_size=40))
def test_ids_of_any_text_are_open_clips(text):
    assert torch.equal(OURS([text, text.upper()], 20), THEIRS([text, text.upper()], 20))


def test_every_ascii_character_alone_and_in_a_word():
    texts = [form.format(chr(code)) for code in range(128) for form in ("{}", "a{}b", "a {} b", "{0}{0}7")]
    assert torch.equal(OURS(texts), THEIRS(texts, 77))


def test_one_text_and_none():
    assert torch.equal(OURS("a dog"), THEIRS("a dog", 77))
    assert OURS([]).shape == (0, 77) and OURS([]).dtype == torch.int64


def test_the_cache_is_bounded_and_changes_nothing(monkeypatch):
    monkeypatch.setattr(tokenizer, "WORDS", 7)
    ours = ByteTokenizer()
    texts = [f"word{i} of many{i % 5} " + "x" * 65 for i in range(30)]
    expected = THEIRS(texts, 77)
    for text, row in zip(texts, expected):
        assert torch.equal(ours([text])[0], row)
        assert ours._cached.cache_info().currsize <= 7 and len(ours._bpe.cache) == 2
    ours._cached.cache_clear()
    assert torch.equal(ours(["x" * (tokenizer.LONG + 1)]), THEIRS(["x" * 65], 77))
    assert ours._cached.cache_info().currsize == 0, "long pieces are not kept"


@given(st.lists(st.text(st.sampled_from("ab,.'é \t\x1cA"), max_size=12), max_size=4))
def test_words_are_those_of_the_pattern(texts):
    ours = WordTokenizer(["a", "b", "ab", ","])
    ids = {word: i + 3 for i, word in enumerate(sorted(["a", "b", "ab", ","]))}
    for text, row in zip(texts, ours(texts, 20)):
        expected = [1, *(ids.get(word, 2) for word in re.findall(r"\w+|[^\w\s]", text.lower())), 7]
        assert row.tolist() == expected + [0] * (20 - len(expected))


def test_examples():
    assert doctest.testmod(tokenizer).failed == 0


@pytest.mark.parametrize("bad", [None, 5, b"a dog", float("nan"), ["a dog"]])
def test_what_is_no_text_is_named(bad):
    for each in (OURS, WordTokenizer(["dog"]), WordPiece()):
        with pytest.raises(ValueError, match=r"texts\[1\] is .* no text"):
            each(["a dog", bad])
