"""What lies behind a decision by values that are made up is settled, where it can be, and else is called a guess."""

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {first}
        self.a = nn.Linear(8, 2)
        self.b = nn.Linear(9, 2)

    def forward(self, x):
        h = {call}
        if {test}:
            return self.a(h)
        return self.b(h)


def example_inputs():
    return (torch.rand(2, 4),)
"""
LAYER = {"first": "self.fc = nn.Linear(5, 8)", "call": "self.fc(x)"}
NO_REPAIR = {"first": "self.w = nn.Parameter(torch.rand(7))", "call": "x + self.w"}


@pytest.fixture
def told(context, tmp_path):
    def run(**parts):
        (tmp_path / "net.py").write_text(MODEL.format(**parts))
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        return forward(context, RunForward()).problems

    return run


def test_that_a_way_that_the_repaired_model_does_not_take_brings_no_mismatch(told):
    (problem,) = told(test="h.sum() > -1e9", **LAYER)
    assert problem.module == "fc"
    assert problem.fixes[0].outcome == "the model runs to its end"


def test_that_a_way_that_it_takes_is_no_guess(told):
    found = told(test="h.sum() > 1e9", **LAYER)
    assert [problem.module for problem in found] == ["fc", "b"]
    assert not any("guessed" in problem.data for problem in found)


def test_that_where_nothing_repairs_the_first_the_second_is_called_a_guess(told):
    found = told(test="h.sum().item() > 0", **NO_REPAIR)
    assert [problem.data.get("guessed") for problem in found] == [None, True]
    assert "This is a guess: values in line 14 decide whether the run comes here" in found[1].hint


def test_that_a_decision_by_shapes_is_none_by_values(told):
    found = told(test="h.shape[0] > 99", **NO_REPAIR)
    assert not any("guessed" in problem.data for problem in found)
