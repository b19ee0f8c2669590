"""posrank.training.steps: the loop of steps by itself, on a model of one or two numbers."""

import math

import pytest
import torch

from posrank.training.resume import Resume
from posrank.training.steps import take_steps


class Numbers(torch.nn.Module):
    """Numbers to be trained."""

    def __init__(self, *values):
        super().__init__()
        self.numbers = torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(float(value))) for value in values)


class Losses:
    """The losses of a training: slope times each number. Knows which steps were asked for and whether it was closed."""

    def __init__(self, model, *slopes, told=None):
        self.model, self.slopes, self.told, self.steps, self.closed = model, slopes, told or {}, [], False

    def __call__(self, done):
        self.coming = self._from(done)  # kept, so that only who takes the steps can close it
        return self.coming

    def _from(self, done):
        try:
            for step in range(done, 10):
                self.steps.append(step)
                loss = sum(slope * number for slope, number in zip(self.slopes, self.model.numbers))
                yield loss, lambda at=step: {"loss": 10 + at, "other": -at} | self.told.get(at, {})
        finally:
            self.closed = True


def training(*values, slopes=(1.0,), lr=0.5, told=None):
    """(model, optimiser with a group for each number, losses)."""
    model = Numbers(*values)
    optimizer = torch.optim.SGD([{"params": [number], "lr": lr / 10**n} for n, number in enumerate(model.numbers)])
    return model, optimizer, Losses(model, *slopes, told=told)


def run(parts, steps, columns=("loss",), **options):
    return take_steps(*parts, steps, columns=columns, progress=False, **options)


def values(model):
    return [number.item() for number in model.numbers]


def test_each_step_goes_down_the_gradient_of_its_own_loss_alone():
    parts = training(4, slopes=(2.0,))
    run(parts, 3)
    assert values(parts[0]) == [4 - 3 * 0.5 * 2]


def test_the_history_has_a_row_a_step_from_one_with_the_columns_asked_for_and_the_rate():
    parts = training(0)
    assert run(parts, 2, ("other", "loss")) == [[1, 0, 10, 0.5], [2, -1, 11, 0.5]]
    assert run(parts, 1, ()) == [[1, 0.5]]


def test_no_loss_more_than_needed_is_made_and_the_losses_are_closed():
    parts = training(0)
    run(parts, 3)
    assert parts[2].steps == [0, 1, 2] and parts[2].closed
    parts = training(0)
    assert run(parts, 0) == [] and parts[2].steps == [] and values(parts[0]) == [0]


def test_losses_that_end_early_end_the_training():
    parts = training(0)
    assert len(run(parts, 99)) == 10 == len(parts[2].steps)


def test_the_rate_is_that_of_the_first_one_and_the_step_in_each_group():
    parts = training(0, 0, slopes=(1.0, 1.0), lr=1.0)
    asked = []

    def rate(first, step):
        asked.append((first, step))
        return first * (step + 1)

    assert [row[-1] for row in run(parts, 3, rate=rate)] == [1, 2, 3]
    assert asked == [(first, step) for step in range(3) for first in (1.0, 0.1)]
    assert values(parts[0]) == pytest.approx([-6, -0.6])
    assert [group["lr"] for group in parts[1].param_groups] == pytest.approx([3, 0.3])


def test_without_a_rate_the_optimiser_keeps_its_own():
    parts = training(0, lr=0.25)
    assert [row[-1] for row in run(parts, 2)] == [0.25, 0.25]


def test_gradients_are_clipped_together():
    parts = training(0, 0, slopes=(3.0, 4.0), lr=1.0)
    run(parts, 1, clip=1.0)
    assert values(parts[0]) == pytest.approx([-0.6, -0.08], abs=1e-5)
    parts = training(0, 0, slopes=(0.3, 0.4), lr=1.0)
    run(parts, 1, clip=1.0)
    assert values(parts[0]) == pytest.approx([-0.3, -0.04]), "below the norm nothing is clipped"


def test_some_parameters_may_be_clipped_alone_and_none_is_where_no_norm_is_given():
    parts = training(0, 0, slopes=(3.0, 4.0), lr=1.0)
    run(parts, 2, clip=1.0, clipped=iter([parts[0].numbers[1]]))
    assert values(parts[0]) == pytest.approx([-6, -0.2], abs=1e-5)
    parts = training(0, 0, slopes=(3.0, 4.0), lr=1.0)
    run(parts, 1, clipped=[parts[0].numbers[1]])
    assert values(parts[0]) == pytest.approx([-3, -0.4])


def test_a_loss_that_is_no_number_ends_the_training_with_step_and_remedy():
    parts = training(0, told={1: {"loss": math.nan}})
    with pytest.raises(ValueError, match=r"distil: the loss is NaN at step 2: lower train\.lr, or set train\.precision to fp32"):
        run(parts, 3, what="distil")
    assert parts[2].closed and parts[2].steps == [0, 1]
    parts = training(0, told={0: {"loss": math.inf}})
    with pytest.raises(ValueError, match=r"stills: the loss is infinite at step 1: lower pretrain\.stills\.lr$"):
        run(parts, 3, what="stills", remedy="lower pretrain.stills.lr")


def test_another_column_may_be_no_number():
    parts = training(0, told={0: {"other": math.nan}})
    assert math.isnan(run(parts, 1, ("loss", "other"))[0][2])


def test_the_temperature_is_kept_below_its_limit_after_each_step():
    parts = training(4.6, slopes=(-1.0,))
    parts[0].clip = torch.nn.Module()
    parts[0].clip.logit_scale = parts[0].numbers[0].data
    run(parts, 1)
    assert values(parts[0]) == pytest.approx([math.log(100)])


def test_a_training_goes_on_where_its_state_was_written(tmp_path):
    def state():
        return Resume(tmp_path / "state.pt", {"data": "x"}, every=2)

    whole = training(4)
    history = run(whole, 5, rate=lambda first, step: first / (step + 1))
    first, begun = training(4), []
    run(first, 3, rate=lambda first, step: first / (step + 1), resume=state(), fresh=lambda: begun.append(1))
    again = training(9)
    assert run(again, 5, rate=lambda first, step: first / (step + 1), resume=state(), fresh=lambda: begun.append(2)) == history
    assert begun == [1], "what starts a training afresh is done once"
    assert again[2].steps == [2, 3, 4], "the state is that of the second step"
    assert values(again[0]) == values(whole[0])


def test_a_finished_training_takes_no_step_again(tmp_path):
    state = Resume(tmp_path / "state.pt", {})
    history = run(training(4), 2, resume=state)
    parts = training(4)
    assert run(parts, 2, resume=state, fresh=lambda: pytest.fail("not fresh")) == history and parts[2].steps == []
    assert values(parts[0]) == [3]


def test_what_a_fresh_start_does_comes_before_the_first_loss():
    parts = training(4)
    run(parts, 1, fresh=lambda: parts[0].numbers[0].data.fill_(1.0))
    assert values(parts[0]) == [0.5]
