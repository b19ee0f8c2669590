"""Reciprocal ranks, ties, masks, chance."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support_goldens import golden

from posrank.scoring import chance, chance_adjusted, posrank, reciprocal_ranks, tie_counts


def test_worked_example():
    scores = [[0.9, 0.8, 0.9, 0.1], [0.2, 0.5, 0.7, 0.1]]
    assert reciprocal_ranks(scores).tolist() == pytest.approx([0.75, 1 / 3])
    assert reciprocal_ranks(scores, ties="optimistic").tolist() == pytest.approx([1, 1 / 3])
    assert reciprocal_ranks(scores, ties="pessimistic").tolist() == pytest.approx([1 / 2, 1 / 3])
    assert posrank(scores) == pytest.approx((0.75 + 1 / 3) / 2)


def test_a_whole_tied_list_scores_chance():
    assert posrank(np.zeros((3, 21))) == pytest.approx(chance([21]))
    assert posrank(np.zeros((3, 21)), ties="optimistic") == 1
    assert posrank(np.zeros((3, 21)), ties="pessimistic") == pytest.approx(1 / 21)


def test_expected_rank_is_the_mean_over_the_orders_of_the_tied_block():
    row = [[2.0, 3, 3, 2, 2, 2, 1]]  # 2 better, 3 equal: ranks 3, 4, 5, 6
    assert reciprocal_ranks(row)[0] == pytest.approx(np.mean([1 / 3, 1 / 4, 1 / 5, 1 / 6]))
    rng = np.random.default_rng(0)
    jitter = np.array(row) + rng.uniform(0, 1e-3, (200_000, 7))
    assert reciprocal_ranks(jitter).mean() == pytest.approx(reciprocal_ranks(row)[0], abs=2e-3)


def test_untied_ranks_are_exact():
    scores = -np.arange(30.0)[None] + np.zeros((30, 1))
    scores[:, 0] = -np.arange(30) - 0.5
    assert reciprocal_ranks(scores).tolist() == [1 / max(rank, 1) for rank in range(1, 31)]


def test_infinities_are_ordinary_values():
    inf = np.inf
    assert reciprocal_ranks([[inf, 1, 2], [-inf, 1, 2], [inf, inf, 0], [-inf, -inf, 5]]).tolist() == pytest.approx(
        [1, 1 / 3, 0.75, (1 / 2 + 1 / 3) / 2]
    )


def test_mask_takes_negatives_out_and_lets_nan_padding_through():
    scores = [[0.5, 0.9, np.nan], [0.5, 0.4, 0.6]]
    valid = [[True, True, False], [True, False, True]]
    assert reciprocal_ranks(scores, valid=valid).tolist() == [0.5, 0.5]
    assert [c.tolist() for c in tie_counts(scores, valid)] == [[1, 1], [0, 0], [1, 1]]
    assert reciprocal_ranks([[0.5, 9]], valid=[[1, 0]]).tolist() == [1]


@pytest.mark.parametrize("scores, valid, message", [
    ([[0.1, np.nan]], None, "NaN in row 0, column 1"),
    ([[np.nan, 0.1]], None, "NaN"),
    ([0.1, 0.2], None, "shape"),
    (np.zeros((2, 2, 2)), None, "shape"),
    (np.zeros((2, 0)), None, "shape"),
    ([[0.1, 0.2], [0.1]], None, "rectangular"),
    ([["a", "b"]], None, "numbers"),
    ([[1, 2]], [[False, True]], "row 0 masks column 0"),
    ([[1, 2]], [[True]], "shape of scores"),
])
def test_bad_input(scores, valid, message):
    with pytest.raises(ValueError, match=message):
        reciprocal_ranks(scores, valid)


def test_bad_ties_and_no_captions():
    with pytest.raises(ValueError, match="ties"):
        reciprocal_ranks([[1, 2]], ties="average")
    assert reciprocal_ranks(np.zeros((0, 21))).shape == (0,)
    with pytest.raises(ValueError, match="no captions"):
        posrank(np.zeros((0, 21)))


def test_tensors_lists_and_dtypes():
    scores = torch.tensor([[0.5, 0.25, 0.75]], requires_grad=True)
    for given_scores in (scores, scores.detach().bfloat16(), scores.detach().half(), scores.tolist(), [[2, 1, 3]]):
        values = reciprocal_ranks(given_scores)
        assert values.tolist() == [0.5] and values.dtype == np.float64
    assert reciprocal_ranks(scores, valid=torch.tensor([[True, True, False]])).tolist() == [1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_of_negatives_and_monotone_transforms_change_nothing(data):
    n, k = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 12))
    size = n * (k + 1)
    scores = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))).reshape(n, -1)
    order = [0, *(1 + np.array(data.draw(st.permutations(range(k))), int))]
    for ties in ("expected", "optimistic", "pessimistic"):
        values = reciprocal_ranks(scores, ties=ties)
        assert (values == reciprocal_ranks(scores[:, order], ties=ties)).all()
        assert (values == reciprocal_ranks(np.exp(scores / 2.0) - 7, ties=ties)).all()
        assert ((values > 0) & (values <= 1)).all()
    best, mean, worst = (reciprocal_ranks(scores, ties=t) for t in ("optimistic", "expected", "pessimistic"))
    assert (best >= mean).all() and (mean >= worst).all()


def test_chance():
    assert round(chance([21]), 4) == 0.1736
    assert [round(chance([k]), 3) for k in (6, 11, 51)] == [0.408, 0.275, 0.089]
    assert chance([1]) == 1
    assert chance([2, 3, 3]) == pytest.approx((1.5 / 2 + 2 * (11 / 6) / 3) / 3)
    assert chance(21) == chance(np.array([21, 21])) == chance(torch.tensor([21]))
    for wrong in ([], [0], [2.5], [np.nan], ["x"]):
        with pytest.raises(ValueError, match="lengths"):
            chance(wrong)


def test_random_scores_converge_to_chance():
    rng = np.random.default_rng(1)
    lengths = rng.integers(2, 22, 40_000)
    valid = np.arange(21) < lengths[:, None]
    assert posrank(rng.normal(size=(40_000, 21)), valid) == pytest.approx(chance(lengths), abs=0.006)


def test_chance_adjusted():
    expected = chance([21])
    assert chance_adjusted(expected, expected) == 0
    assert chance_adjusted(1, expected) == 1
    assert chance_adjusted(0.1, expected) < 0
    assert chance_adjusted([0.5, 1], [0.5, 0.2]).tolist() == [0, 1]
    with pytest.raises(ValueError, match="no negatives"):
        chance_adjusted(1, 1)


def test_ranks_with_ties_of_the_authors_code():
    arrays, facts = golden("fgn_loss_posrank")
    results = facts["results"]
    scores = arrays["posrank/sim_with_ties"]
    assert posrank(scores, ties="optimistic") == pytest.approx(results["mrr_optimistic"], abs=1e-12)
    assert posrank(scores, ties="pessimistic") == pytest.approx(results["mrr_pessimistic"], abs=1e-12)
    assert results["mrr_pessimistic"] < posrank(scores) < results["mrr_optimistic"]
    assert chance([21]) == pytest.approx(results["chance_21"], abs=1e-12)
    assert json.dumps(posrank(scores))


@pytest.mark.parametrize("length", [0, -3, 0.5, 1.5, float("nan"), True, 10**9])
def test_the_message_of_chance_says_from_where_on_and_shows_the_length(length):
    with pytest.raises(ValueError, match=rf"from 1 to 100000000 .*caption counted.*, got {length}$"):
        chance([21, length] if length is not True else [length])
