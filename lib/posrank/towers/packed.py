"""Linear layers on a CPU with weights packed for oneDNN: `linear`, in place of torch.nn.functional.linear.

oneDNN multiplies fp32 matrices with all vector registers of the processor, MKL does so on Intel's alone: on an AMD
processor with AVX-512 the packed product was measured at twice the speed, on one with AVX2 at 0.8 to 1.0 of it. The
rule `auto` packs where the processor has AVX-512 or more; it asks no clock, so that a machine always computes the same
digits. The environment variable POSRANK_PACKED (auto | on | off) or the context `packed_linear("on")` decides.

Where PyTorch lacks these operations (they are its compiler's, without a promise), or anything else speaks against them
(dtype, device, autocast, a gradient that is wanted, few rows), the plain product is taken. A packed weight is a copy,
kept as long as its parameter lives and made again when the parameter's memory, version or sum (edits through `.data`
have no version) changes.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
import torch.nn.functional as F
from open_clip.transformer import QuickGELU
from torch import nn
from torch.utils.weak import WeakIdKeyDictionary

SWITCHES = ("auto", "on", "off")
FEW = 128
"""Below so many rows, checking and packing costs more than the product gains."""
_switch = ContextVar("packed linear", default=None)
_packed = WeakIdKeyDictionary()


@contextmanager
def packed_linear(switch):
    """Pack (`on`), never pack (`off`), or follow the rule (`auto`) within this context. ValueError for another word."""
    token = _switch.set(_checked(switch, "packed_linear"))
    try:
        yield
    finally:
        _switch.reset(token)


def wanted():
    """Does the switch, or under `auto` the processor, ask for packed weights?"""
    switch = _switch.get() or _checked(os.environ.get("POSRANK_PACKED", "auto"), "POSRANK_PACKED")
    return switch == "on" or (switch == "auto" and torch.backends.cpu.get_cpu_capability().startswith("AVX512"))


@cache
def available():
    """Has this build of PyTorch the operations, and do they give a right product?"""
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        with torch.no_grad():
            x, weight = (torch.linspace(-1, 1, n * 8).view(n, 8) for n in (6, 5))
            bias = torch.linspace(-1, 1, 5)
            return torch.allclose(_product(x, _reorder(weight), bias), F.linear(x, weight, bias), atol=1e-5)
    except (AttributeError, RuntimeError, TypeError):
        return False


def linear(x, weight, bias=None, rows=None):
    """x [n, in] times weight [out, in] transposed, plus bias [out] -> [n, out]; rows: (start, stop), only these of
    weight and bias. The weight must be the parameter itself, not a slice of it: the packed copy is kept under it."""
    start, stop = rows or (0, len(weight))
    if bias is not None:
        bias = bias[start:stop]
    if _suits(x, weight) and wanted() and available():
        return _product(x, _pack(weight, start, stop), bias)
    return F.linear(x, weight[start:stop], bias)


def run_mlp(layers, x):
    """The layers of a block's MLP: linear ones through `linear`, activations in place where no gradient is wanted."""
    for layer in layers:
        hooked = layer._forward_hooks or layer._forward_pre_hooks
        in_place = not (torch.is_grad_enabled() or layer is layers[0])
        if type(layer) is nn.Linear and not hooked:
            x = linear(x, layer.weight, layer.bias)
        elif type(layer) is nn.GELU and layer.approximate == "none" and in_place and not hooked:
            x = torch.ops.aten.gelu_(x)
        elif type(layer) is QuickGELU and in_place and not hooked:
            x = x.mul_((1.702 * x).sigmoid_())
        else:
            x = layer(x)
    return x


def add(x, more):
    """x + more, in x itself where no gradient is wanted."""
    in_place = not torch.is_grad_enabled() and x.dtype == more.dtype
    return x.add_(more) if in_place else x + more


def _suits(x, weight):
    return (
        x.dim() == 2
        and len(x) >= FEW
        and x.dtype == weight.dtype == torch.float32
        and x.device.type == weight.device.type == "cpu"
        and weight.layout == torch.strided
        and not weight.is_inference()  # counts no versions
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def _pack(weight, start, stop):
    """The packed copy of weight[start:stop], from memory where it is still true."""
    mark = (weight.data_ptr(), weight._version, weight.shape, weight.detach().sum().item())
    kept = _packed.get(weight)
    if kept is None or kept[0] != mark:
        kept = _packed[weight] = (mark, {})
    copies = kept[1]
    if (start, stop) not in copies:
        copies[start, stop] = _reorder(weight.detach()[start:stop].contiguous())
    return copies[start, stop]


def _reorder(weight):
    return torch.ops.mkldnn._reorder_linear_weight(weight)


def _product(x, packed, bias):
    return torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")


def _checked(switch, where):
    if switch not in SWITCHES:
        raise ValueError(f"{where}: {switch!r} is none of {', '.join(SWITCHES)}")
    return switch
