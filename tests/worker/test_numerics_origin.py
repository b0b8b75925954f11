"""Where NaN and Inf of a whole step begin: in the forward pass, in the loss, in a gradient. The repair is tried."""

import inspect
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torchloupe.wire.problems import ERROR
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.numerics.origin import nan_problem
from torchloupe.worker.places import Places


class Distance(nn.Module):
    """The distance of two embeddings, equal for one sample."""

    def __init__(self, distance):
        super().__init__()
        self.embed = nn.Linear(6, 4)
        self.distance = distance

    def forward(self, a, b):
        return self.distance(self.embed(a) - self.embed(b))


def pairs():
    torch.manual_seed(0)
    a, b = torch.randn(5, 6), torch.randn(5, 6)
    b[2] = a[2]
    return a, b


def origin(model, run, counts=None):
    """The problem of ``run``; the model is what it was."""
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = ModelState(model)

    def put_back():
        state.restore()
        if counts is not None:
            counts.append(1)

    found = nan_problem(model, Places(None), run, put_back)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    return found


def trained(model, *given, loss=lambda output: output.square().mean(), steps=1):
    """Forward, loss, backward, step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def run():
        for _ in range(steps):
            optimizer.zero_grad()
            value = loss(model(*given))
            value.backward()
            optimizer.step()

    return run


FIRST = inspect.currentframe().f_lineno
SLOPES = {
    "root": (lambda d: torch.sqrt((d**2).sum(1)), "sqrt", "its slope at 0 is infinite (its operand is 0 at [2])", True),
    "power": (lambda d: (d**2).sum(1) ** 0.5, "pow", "its slope at 0 is infinite", True),
    "circle": (lambda d: torch.acos(1 - (d**2).sum(1).clamp(max=1)), "acos", "its slope at -1 and 1 is infinite", True),
    "guarded root": (
        lambda d: torch.where(d > 0, torch.sqrt(d.clamp(min=0)), torch.zeros_like(d)).sum(1),
        "sqrt",
        "its slope at 0 is infinite",
        True,
    ),
    "two at once, of which one is mended": (
        lambda d: torch.log((d**2).sum(1)).clamp(min=-20) * 0 + torch.sqrt((d**2).sum(1)),
        "sqrt",
        "its slope at 0 is infinite",
        False,
    ),
}


@pytest.mark.parametrize("name", SLOPES)
def test_that_a_gradient_that_is_nan_is_traced_to_the_operation_and_the_line(name):
    distance, operation, why, is_repaired = SLOPES[name]
    model = Distance(distance)
    problem = origin(model, trained(model, *pairs()))
    assert problem is not None
    assert (problem.code, problem.severity) == ("nan-origin", ERROR)
    assert problem.data["operation"] == operation
    assert problem.data["phase"] == "backward"
    assert problem.data["parameters"] == ["embed.bias", "embed.weight"] or problem.data["parameters"] == [
        "embed.weight",
        "embed.bias",
    ]
    assert why in problem.message
    assert problem.file == __file__
    assert problem.line in range(FIRST, FIRST + 20)
    assert problem.fixes[0].verified == is_repaired


def test_that_a_part_of_a_larger_operation_is_told_by_the_operation_that_a_person_wrote():
    model = Distance(lambda d: F.pairwise_distance(d, d, p=0.5, eps=0.0))
    problem = origin(model, trained(model, *pairs()))
    assert problem is None or "distance" in problem.data["operation"]


def test_that_a_loss_over_nothing_is_told_as_such():
    model = nn.Linear(6, 15)
    labels = torch.full((5,), -100)
    problem = origin(model, trained(model, pairs()[0], loss=lambda output: F.cross_entropy(output, labels)))
    assert problem is not None
    assert (problem.code, problem.severity) == ("empty-loss", ERROR)
    assert "every one of its 5 targets is the index that is left out" in problem.message
    nothing = origin(model, trained(model, pairs()[0], loss=lambda output: output[output > 1e6].mean()))
    assert nothing is not None
    assert nothing.code == "empty-loss"
    assert "it gets an empty tensor [0]" in nothing.message


def test_that_nan_of_the_forward_pass_comes_before_that_of_the_gradient():
    model = Distance(lambda d: torch.log(d.sum(1)))
    problem = origin(model, trained(model, *pairs()))
    assert problem is not None
    assert "comes out of `log`" in problem.message
    assert "phase" not in problem.data
    assert problem.fixes[0].verified


def test_that_the_weights_of_the_next_step_do_not_hide_where_it_began():
    model = Distance(SLOPES["root"][0])
    problem = origin(model, trained(model, *pairs(), steps=3))
    assert problem is not None
    assert problem.data["operation"] == "sqrt"


def test_that_weights_that_were_nan_before_are_the_origin():
    model = nn.Linear(3, 2)
    model.weight.data[0, 0] = math.nan
    problem = nan_problem(model, Places(None), trained(model, torch.ones(2, 3)), ModelState(model).restore)
    assert problem is not None
    assert problem.message.startswith("`weight` holds NaN before the pass begins: 1 of 6 values are")


def test_that_a_loss_that_is_only_returned_counts_too():
    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    nn.init.constant_(model.bias, 100.0)  # all outputs are above zero: infinity less infinity is NaN
    problem = origin(model, lambda: (model(pairs()[0]) * math.inf).mean() - math.inf)
    assert problem is not None
    assert problem.code == "nan-origin"


def test_that_an_infinite_slope_that_reaches_no_weight_is_nothing():
    model = nn.Linear(6, 1)
    given = torch.zeros(5, 6, requires_grad=True)
    assert origin(model, lambda: (torch.sqrt(given).sum() + model(pairs()[0]).sum()).backward()) is None


def test_that_a_healthy_step_has_no_origin_and_is_run_once():
    model, counts = nn.Linear(6, 1), []
    assert origin(model, trained(model, pairs()[0]), counts) is None
    assert len(counts) == 2


def test_that_a_step_that_fails_is_for_others_to_explain():
    model = nn.Linear(6, 1)
    assert origin(model, trained(model, torch.randn(2, 5))) is None


def test_that_gradients_asked_for_by_hand_are_looked_at():
    model = Distance(SLOPES["root"][0])
    weights = list(model.parameters())

    def run():
        return torch.autograd.grad(model(*pairs()).sum(), weights)

    problem = origin(model, run)
    assert problem is not None
    assert "sqrt" in problem.message
