"""Text encoding: every mode equals the tower's own `encode_text`, word features and gradients too."""

import doctest
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.model import CLIP, CustomTextCLIP
from support_systems import sentences, small_clip

from posrank.towers import encode_text, text, trie
from posrank.towers.tokenizer import rows

MODES = ("trie", "bucket", "pad", "auto")
LIMITS = {torch.float32: 1e-5, torch.float64: 1e-12}
TOWER = small_clip(dtype=torch.float64)


def reference(tower, ids):
    """open_clip's own way, at its full context length."""
    context = tower.positional_embedding.shape[0]
    return tower.encode_text(torch.nn.functional.pad(ids, (0, context - ids.shape[1])))


def edits(seed, captions=6, per=9, columns=14, vocabulary=50):
    """Captions and sentences that differ from them by one or two words; some are equal, some one token longer."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, columns, (captions,), generator=generator).tolist()
    rows = []
    for caption in sentences(lengths, columns, vocabulary, seed):
        for _ in range(per):
            row, end = caption.clone(), int(caption.argmax())
            for _ in range(int(torch.randint(0, 3, (), generator=generator))):
                if end > 1:
                    word = int(torch.randint(1, end, (), generator=generator))
                    row[word] = int(torch.randint(1, vocabulary - 2, (), generator=generator))
            if torch.rand((), generator=generator) < 0.3 and end + 1 < columns:
                row[end], row[end + 1] = 7, vocabulary - 1
            rows.append(row)
    return torch.stack(rows)[torch.randperm(captions * per, generator=generator)]


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_sentences_are_exact(mode, dtype, seed):
    tower, ids = small_clip(seed, dtype=dtype), edits(seed)
    expected = reference(tower, ids)
    torch.testing.assert_close(encode_text(tower, ids, mode), expected, atol=LIMITS[dtype], rtol=0)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("mode", MODES)
def test_words_are_exact(mode, dtype):
    tower, ids = small_clip(dtype=dtype), edits(5)
    words, mask = encode_text(tower, ids, mode, tokens=True)
    expected, _ = encode_text(tower, torch.nn.functional.pad(ids, (0, 2)), "pad", tokens=True)
    assert words.shape == (*ids.shape, 32) and mask.dtype == torch.bool
    assert torch.equal(mask, torch.arange(ids.shape[1]) <= ids.argmax(1)[:, None])
    torch.testing.assert_close(words[mask], expected[:, :-2][mask], atol=LIMITS[dtype], rtol=0)
    at_end = words[torch.arange(len(ids)), ids.argmax(1)]
    torch.testing.assert_close(at_end, reference(tower, ids), atol=LIMITS[dtype], rtol=0)
    if mode != "pad":
        assert not words[~mask].any()


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("mode", ("trie", "bucket", "auto"))
@pytest.mark.parametrize("tokens", (False, True))
def test_gradients_are_exact(mode, tokens, dtype):
    tower, ids = small_clip(dtype=dtype), edits(1, captions=3)
    direction = torch.randn(32, dtype=dtype, generator=torch.Generator().manual_seed(1))
    gradients = []
    for way in ("pad", mode):
        tower.zero_grad()
        out = encode_text(tower, ids, way, tokens)
        values = out[0][out[1]] if tokens else out
        (values @ direction).pow(2).mean().backward()
        gradients.append({n: p.grad for n, p in tower.named_parameters() if p.grad is not None})
    assert set(gradients[0]) == set(gradients[1]) and "positional_embedding" in gradients[0]
    for name, expected in gradients[0].items():
        limit = LIMITS[dtype] * max(1.0, expected.abs().max().item())
        torch.testing.assert_close(gradients[1][name], expected, atol=limit, rtol=0, msg=name)


@pytest.mark.parametrize("mode", MODES)
def test_edges(mode):
    tower = small_clip()
    for ids in (
        sentences([2], 2),  # SOT, EOT
        sentences([16, 2], 16),  # the whole context, and next to nothing
        sentences([5, 5], 5)[[0, 0, 1, 0]],  # equal rows
        torch.zeros(2, 6, dtype=torch.long),  # no EOT: the first token is the sentence
        sentences([4], 9)[:0],  # no row
    ):
        out = encode_text(tower, ids, mode)
        assert out.shape == (len(ids), 32)
        if len(ids):
            torch.testing.assert_close(out, reference(tower, ids), atol=1e-5, rtol=0)


def test_zero_inside_a_sentence_is_a_word():
    tower, ids = small_clip(), sentences([6], 10)
    ids[0, 2] = 0
    for mode in MODES:
        torch.testing.assert_close(encode_text(tower, ids, mode), reference(tower, ids), atol=1e-5, rtol=0)


def test_shared_prefixes_are_computed_once():
    ids = torch.tensor([[1, 2, 3, 9, 0], [1, 2, 4, 9, 0], [1, 2, 3, 9, 0], [1, 2, 3, 5, 9]])
    tree = trie.build_trie(ids, ids.argmax(1) + 1)
    assert len(tree.token) == 2 + 2 + 2 + 2  # 1 2 | 3 9 | (3) 5 9 | 4 9
    assert len(tree.path) == 3 and tree.row[0] == tree.row[2]
    for row, length, tokens in zip(tree.row, ids.argmax(1) + 1, ids):
        nodes = tree.path[row][:length]
        assert torch.equal(tree.token[nodes], tokens[:length])
        assert torch.equal(tree.position[nodes], torch.arange(length))


def test_chunks_give_the_same(monkeypatch):
    tower, ids = small_clip(), edits(2)
    with torch.no_grad():
        whole = {mode: encode_text(tower, ids, mode, tokens=True) for mode in MODES}
        monkeypatch.setattr(text, "CHUNK", 50)
        for mode in MODES:
            words, mask = encode_text(tower, ids, mode, tokens=True)
            torch.testing.assert_close(words, whole[mode][0], atol=1e-5, rtol=0)
            assert torch.equal(mask, whole[mode][1])


def test_other_activation_and_eos_pooling():
    torch.manual_seed(0)
    config = dict(context_length=12, vocab_size=50, width=32, heads=2, layers=2, pool_type="eos", eos_id=20)
    tower = CLIP(16, dict(layers=1, width=32, head_width=16, patch_size=8, image_size=16), config)
    ids = sentences([6, 9], 12)
    ids[0, 5] = ids[1, 8] = 20  # not the largest id of its row
    for mode in MODES:
        torch.testing.assert_close(encode_text(tower, ids, mode), tower.encode_text(ids), atol=1e-5, rtol=0)


def test_custom_text_clip_is_causal_too():
    torch.manual_seed(0)
    config = dict(context_length=12, vocab_size=50, width=32, heads=2, layers=2)
    tower = CustomTextCLIP(16, dict(layers=1, width=32, head_width=16, patch_size=8, image_size=16), config)
    ids = sentences([6, 9, 12], 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mode in MODES:
            torch.testing.assert_close(encode_text(tower, ids, mode), tower.encode_text(ids), atol=1e-5, rtol=0)


FAMILIES = {
    "quick gelu, layer scale": (CLIP, dict(quick_gelu=True), dict(ls_init_value=0.7)),
    "projection without bias": (CustomTextCLIP, {}, dict(proj_type="linear")),
    "projection with bias": (CustomTextCLIP, dict(quick_gelu=True), dict(proj_bias=True)),
    "no projection": (CustomTextCLIP, {}, dict(proj_type="none")),
    "eos": (CustomTextCLIP, {}, dict(pool_type="eos", eos_id=49, ls_init_value=0.3)),
    "wide MLP, one block": (CLIP, {}, dict(mlp_ratio=2.0, layers=1)),
}


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_causal_family_is_exact(name, dtype):
    kind, options, changes = FAMILIES[name]
    torch.manual_seed(0)
    config = dict(context_length=16, vocab_size=50, width=32, heads=2, layers=2) | changes
    tower = kind(32, dict(layers=1, width=32, head_width=16, patch_size=8, image_size=16), config, **options)
    for parameter in tower.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    tower, ids = tower.to(dtype), edits(7)
    expected = tower.encode_text(torch.nn.functional.pad(ids, (0, 16 - ids.shape[1])))
    for mode in MODES:
        torch.testing.assert_close(encode_text(tower, ids, mode), expected, atol=LIMITS[dtype], rtol=0)
        with torch.no_grad():
            torch.testing.assert_close(encode_text(tower, ids, mode), expected, atol=LIMITS[dtype], rtol=0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 5), max_size=20), st.integers(0, 20), st.lists(st.integers(1, 5), max_size=3)),
        min_size=1,
        max_size=24,
    ),
    st.integers(4, 16),
)
def test_any_trie_is_exact(parts, columns):
    """Few words, so that prefixes meet often; a phrase put into each; cut at the number of columns; equal rows."""
    sentences_ = [words[:place] + phrase + words[place:] for words, place, phrase in parts] + [parts[0][0]]
    ids = rows(sentences_, columns, start=48, end=49)
    expected = reference(TOWER, ids)
    for mode in ("trie", "bucket", "auto"):
        torch.testing.assert_close(encode_text(TOWER, ids, mode), expected, atol=1e-12, rtol=0)
        words, mask = encode_text(TOWER, ids, mode, tokens=True)
        assert torch.equal(mask.sum(1), torch.tensor([min(len(s), columns - 2) + 2 for s in sentences_]))
        torch.testing.assert_close(words[torch.arange(len(ids)), mask.sum(1) - 1], expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    "other",
    [
        dict(no_causal_mask=True, pool_type="last"),  # SigLIP
        dict(embed_cls=True, context_length=11),  # CoCa
        dict(no_causal_mask=True, pool_type="argmax"),
    ],
)
def test_other_towers_fall_back_and_say_so(other):
    torch.manual_seed(0)
    config = dict(context_length=12, vocab_size=50, width=32, heads=2, layers=1) | other
    tower = CustomTextCLIP(16, dict(layers=1, width=32, head_width=16, patch_size=8, image_size=16), config)
    ids = sentences([4, 6], config["context_length"])
    expected = tower.encode_text(ids)
    with pytest.warns(UserWarning, match="not be exact"):
        torch.testing.assert_close(encode_text(tower, ids, "trie"), expected)
    torch.testing.assert_close(encode_text(tower, ids[:, :6]), expected)  # auto: quietly, padded to what it needs
    with pytest.raises(ValueError, match="word features"):
        encode_text(tower, ids, tokens=True)


def test_wrong_input_is_named():
    tower = small_clip()
    with pytest.raises(ValueError, match="fast"):
        encode_text(tower, sentences([4], 8), "fast")
    with pytest.raises(ValueError, match="at most 16"):
        encode_text(tower, sentences([4], 20))
    with pytest.raises(ValueError, match="whole numbers"):
        encode_text(tower, torch.zeros(2, 4))


def test_examples():
    assert doctest.testmod(trie).failed == 0
