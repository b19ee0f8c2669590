"""Losses: Eq. 2 and 3, their released forms, masks and gradients."""

import math

import pytest
import torch
from safetensors.torch import load_file
from support_goldens import golden

from posrank.training import coarse_loss, fine_loss


def test_fine_loss_equals_the_released_one():
    numbers, _ = golden("fgn_loss_posrank", load_file)
    scores = numbers["maxcol/sim"].requires_grad_()
    loss = fine_loss(scores)
    loss.backward()
    torch.testing.assert_close(loss, numbers["maxcol/loss"])
    torch.testing.assert_close(scores.grad, numbers["maxcol/grad"])


def test_released_total():
    numbers, _ = golden("fgn_vpt_word", load_file)
    coarse, fine = coarse_loss(numbers["train/sim_matrix"]), fine_loss(numbers["train/neg_sim"])
    torch.testing.assert_close(fine, numbers["train/loss_fine"])
    torch.testing.assert_close(coarse, (numbers["train/loss_t2v"] + numbers["train/loss_v2t"]) / 2)
    torch.testing.assert_close(coarse + 0.2 * fine, numbers["train/loss"])


def test_coarse_by_hand():
    s = torch.tensor([[2.0, 0.0], [1.0, 3.0]])
    rows = (math.log(math.exp(2) + 1) - 2 + math.log(math.e + math.exp(3)) - 3) / 2
    columns = (math.log(math.exp(2) + math.e) - 2 + math.log(1 + math.exp(3)) - 3) / 2
    assert coarse_loss(s).item() == pytest.approx((rows + columns) / 2)
    assert coarse_loss(s, "sum").item() == pytest.approx(rows + columns)


def test_fine_by_hand():
    s = torch.tensor([[2.0, 1.0, 0.0]])
    inside = math.log(math.exp(2) + math.e + 1) - 2
    assert fine_loss(s).item() == pytest.approx(inside)
    assert fine_loss(s, form="printed").item() == pytest.approx(math.log(math.e + 1) - 2)


def test_printed_form_is_unbounded_below_and_inside_is_not():
    s = torch.tensor([[1000.0, 0.0]])
    assert fine_loss(s, form="printed").item() == pytest.approx(-1000.0)
    assert fine_loss(s).item() == 0.0


@pytest.mark.parametrize("form", ["inside", "printed"])
def test_invalid_entries_are_never_read(form):
    s = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(3, 5, dtype=torch.bool)
    valid[0, 3:] = False
    valid[2, 1:] = False  # a caption without negatives
    reference = (fine_loss(s[:1, :3], form=form) + fine_loss(s[1:2], form=form)) / 2
    dirty = torch.where(valid, s, torch.nan).requires_grad_()
    loss = fine_loss(dirty, valid, form)
    loss.backward()
    torch.testing.assert_close(loss.detach(), reference)
    assert dirty.grad.isfinite().all()
    assert not dirty.grad[~valid].any() and not dirty.grad[2].any()


@pytest.mark.parametrize("form", ["inside", "printed"])
@pytest.mark.parametrize("width", [1, 3])
def test_no_negatives_at_all_is_zero_and_differentiable(form, width):
    s = torch.randn(2, width, requires_grad=True)
    loss = fine_loss(s, torch.arange(width).expand(2, -1) == 0, form)
    loss.backward()
    assert loss.item() == 0 and not s.grad.any()


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="square"):
        coarse_loss(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="reduce"):
        coarse_loss(torch.zeros(2, 2), "max")
    with pytest.raises(ValueError, match="form"):
        fine_loss(torch.zeros(2, 2), form="outside")
    with pytest.raises(ValueError, match="valid"):
        fine_loss(torch.zeros(2, 3), torch.ones(2, 2))
