"""Silent mismatches of a model that fails: looked for behind what is got over, as far as that leaves no doubt."""

import pytest

from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import HANDLERS, forward, open_target

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(24, 24)
        self.last = nn.Linear({last}, 2)
        self.wrong = nn.Parameter(torch.rand(5))

    def forward(self, x):
        b, t, c = x.shape
        {before}
        q = self.q(x).reshape(b, 4, t, 6)
        y = q.transpose(1, 2).reshape(b, t, c)
        return self.last(y)


def example_inputs():
    return (torch.rand(2, 7, 24),)
"""


@pytest.fixture
def found(context, tmp_path):
    def look(**parts):
        (tmp_path / "net.py").write_text(MODEL.format(**{"before": "pass", **parts}))
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        forward(context, RunForward())
        problems = HANDLERS[InspectModel](context, InspectModel()).problems
        return [problem for problem in problems if problem.code == "reshape-instead-of-permute"]

    return look


def test_that_a_reshape_before_a_layer_that_fails_is_found_and_its_repair_tried(found):
    (problem,) = found(last=23)
    (fix,) = problem.fixes
    assert fix.verified
    assert fix.outcome == "with the other mismatches repaired, too, the model runs to its end"
    assert "reshape(b, t, 4, 6).transpose(1, 2)" in fix.patch


def test_that_a_model_that_runs_says_so_of_the_repair(found):
    (problem,) = found(last=24)
    assert problem.fixes[0].outcome == "the model runs to its end"


def test_that_nothing_is_said_of_what_lies_behind_an_operation_whose_result_is_made_up(found):
    assert found(last=24, before="x = x + self.wrong") == []
