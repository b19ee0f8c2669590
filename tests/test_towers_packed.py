"""Packed linear layers: the plain product's numbers, never those of weights that have changed, and out of the way where
they do not fit."""

import gc

import pytest
import torch
import torch.nn.functional as F
from support_systems import sentences, small_clip

from posrank.towers import encode_text, packed
from posrank.towers.packed import linear, packed_linear

needs_packing = pytest.mark.skipif(not packed.available(), reason="this build of PyTorch has no packed linear operation")


@pytest.fixture
def calls(monkeypatch):
    """Sizes of the weights that were packed, one entry per packing; the switch is on."""
    packed.available()  # packs once by itself
    made, reorder = [], packed._reorder
    monkeypatch.setattr(packed, "_reorder", lambda weight: made.append(tuple(weight.shape)) or reorder(weight))
    with packed_linear("on"):
        yield made


def layer(rows=200, out=24, width=16):
    torch.manual_seed(0)
    return torch.randn(rows, width), torch.nn.Parameter(torch.randn(out, width)), torch.nn.Parameter(torch.randn(out))


def near(x, weight, bias=None, rows=None):
    start, stop = rows or (0, len(weight))
    expected = F.linear(x, weight[start:stop], None if bias is None else bias[start:stop])
    torch.testing.assert_close(linear(x, weight, bias, rows), expected, atol=1e-5, rtol=0)


@needs_packing
def test_products_are_exact_and_weights_packed_once(calls):
    x, weight, bias = layer()
    with torch.inference_mode():
        for _ in range(2):
            near(x, weight, bias)
            near(x, weight)
            near(x, weight, bias, (8, 24))
            near(x, weight, None, (0, 8))
    assert calls == [(24, 16), (16, 16), (8, 16)]


@needs_packing
@pytest.mark.parametrize(
    "change",
    [
        lambda module, optimizer: optimizer.step(),
        lambda module, optimizer: module.load_state_dict({k: v + 1 for k, v in module.state_dict().items()}),
        lambda module, optimizer: module.weight.data.mul_(1.5),  # counts no version
        lambda module, optimizer: setattr(module.weight, "data", module.weight.data * 2),
        lambda module, optimizer: module.to(torch.float64).to(torch.float32).weight.data.add_(0.5),
        lambda module, optimizer: setattr(module, "weight", torch.nn.Parameter(module.weight.detach() - 1)),
        lambda module, optimizer: module.weight.data.view(-1).numpy().__imul__(3),
    ],
)
def test_changed_weights_are_packed_anew(calls, change):
    torch.manual_seed(0)
    module, x = torch.nn.Linear(16, 24), torch.randn(150, 16)
    optimizer = torch.optim.SGD(module.parameters(), 0.5)
    module(x).pow(2).mean().backward()
    with torch.no_grad():
        before = linear(x, module.weight, module.bias)
    change(module, optimizer)
    with torch.no_grad():
        near(x, module.weight, module.bias)
        assert (linear(x, module.weight, module.bias) - before).abs().max() > 0.01
    assert len(calls) == 2


@needs_packing
def test_a_change_in_inference_mode_is_seen(calls):
    x, weight, _ = layer()
    with torch.inference_mode():
        near(x, weight)
        weight.add_(1)
        near(x, weight)


@needs_packing
def test_copies_die_with_their_parameter(calls):
    gc.collect()
    kept = len(packed._packed)
    x, weight, _ = layer()
    with torch.no_grad():
        linear(x, weight)
    assert len(packed._packed) == kept + 1
    del weight
    gc.collect()
    assert len(packed._packed) == kept


def test_what_does_not_suit_takes_the_plain_product(calls):
    x, weight, bias = layer()
    near(x, weight, bias)  # a gradient is wanted
    linear(x, weight).sum().backward()
    assert weight.grad is not None
    with torch.no_grad():
        near(x[:5], weight, bias)  # few rows
        near(x.double(), weight.double(), bias.double())
        near(x.view(2, 100, 16), weight, bias)
        with torch.autocast("cpu", torch.bfloat16):
            assert linear(x, weight).dtype == torch.bfloat16
        with packed_linear("off"):
            near(x, weight, bias)
    with torch.inference_mode():
        near(x, weight.clone(), bias)  # an inference tensor counts no versions
    assert calls == []


@pytest.mark.parametrize("problem", [RuntimeError("no such operator"), AttributeError("'mkldnn' has no attribute")])
def test_builds_without_the_operation(monkeypatch, problem):
    def missing(*_):
        raise problem

    x, weight, bias = layer()
    packed.available.cache_clear()
    with monkeypatch.context() as patch, packed_linear("on"), torch.no_grad():
        patch.setattr(packed, "_reorder", missing)
        assert not packed.available()
        near(x, weight, bias)
    packed.available.cache_clear()


def test_builds_with_a_wrong_product(monkeypatch):
    packed.available.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(packed, "_product", lambda x, weight, bias: F.linear(x, torch.ones(5, 8), bias))
        patch.setattr(packed, "_reorder", lambda weight: weight)
        assert not packed.available()
    packed.available.cache_clear()


def test_switch(monkeypatch):
    for processor, auto in (("AVX2", False), ("AVX512", True), ("AVX512_AMX", True), ("DEFAULT", False)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda processor=processor: processor)
        assert packed.wanted() is auto
    monkeypatch.setenv("POSRANK_PACKED", "on")
    assert packed.wanted()
    with packed_linear("off"):
        assert not packed.wanted()
    monkeypatch.setenv("POSRANK_PACKED", "yes")
    with pytest.raises(ValueError, match="POSRANK_PACKED: 'yes' is none of auto, on, off"):
        packed.wanted()
    with pytest.raises(ValueError, match="packed_linear"), packed_linear("fast"):
        pass


@needs_packing
@pytest.mark.parametrize("tokens", (False, True))
def test_towers_give_the_same_before_and_after_a_step(calls, tokens):
    tower = small_clip(width=64, layers=3)
    ids = sentences([9] * 60, 16, seed=3)
    optimizer = torch.optim.SGD(tower.parameters(), 0.1)

    def compare():
        with torch.no_grad():
            ours, reference = (encode_text(tower, ids, mode, tokens) for mode in ("trie", "pad"))
        if tokens:
            ours, reference = ours[0][ours[1]], reference[0][reference[1]]
        torch.testing.assert_close(ours, reference, atol=1e-5, rtol=0)

    compare()
    first = len(calls)
    assert first >= 9
    encode_text(tower, ids).pow(2).mean().backward()
    optimizer.step()
    compare()
    assert len(calls) == 2 * first
