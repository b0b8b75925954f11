"""Repairs of the input: pictures of another side, a batch of two, and the patches of ``example_inputs``."""

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, {kernel})
        self.pool = nn.MaxPool2d(4)
        self.fc = nn.Linear({features}, 5)

    def forward(self, x):
        return self.fc(self.pool(self.conv(x)).flatten(1))


def example_inputs():
    {inputs}
"""


@pytest.fixture
def told(context, tmp_path):
    def run(inputs, features=8 * 49, kernel="3, padding=1", source=MODEL, **request):
        (tmp_path / "net.py").write_text(source.format(inputs=inputs, features=features, kernel=kernel))
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        return forward(context, RunForward(**request)).problems

    return run


def test_that_pictures_of_another_side_are_offered_where_a_flatten_gives_too_much(told):
    (problem,) = told("return (torch.rand(2, 3, 48, 48),)")
    layer, given = problem.fixes
    assert (layer.kind, layer.value, layer.verified) == ("set_argument", 8 * 144, True)
    assert (given.kind, given.value, given.verified) == ("change_input", {"shape": [2, 3, 28, 28]}, True)
    assert given.outcome == "the model runs to its end"


def test_that_a_convolution_without_a_margin_is_allowed_for(told):
    (problem,) = told("return (torch.rand(2, 3, 22, 22),)", kernel="5")
    sides = problem.fixes[1].value["shape"]
    assert (sides[2] - 4) // 4 == 7


def test_that_no_side_is_offered_where_none_would_do(told):
    (problem,) = told("return (torch.rand(2, 3, 48, 48),)", features=8 * 50)
    assert [fix.kind for fix in problem.fixes] == ["set_argument"]


NORM = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x):
        return self.norm(x)


def example_inputs():
    {inputs}
"""


def test_that_a_batch_of_one_is_offered_as_one_of_two(told):
    (problem,) = told("return (torch.rand(1, 4),)", source=NORM)
    assert problem.code == "batch-of-one"
    (fix,) = problem.fixes
    assert (fix.value, fix.verified) == ({"shape": [2, 4]}, True)
    assert "+    return (torch.rand(1, 4).repeat(2, 1),)" in fix.patch


@pytest.mark.parametrize(
    ("inputs", "after"),
    [
        ("return (torch.rand(2, 28, 28, 3),)", "return (torch.rand(2, 28, 28, 3).permute(0, 3, 1, 2),)"),
        ("return torch.rand(2, 28, 28, 3)", "return torch.rand(2, 28, 28, 3).permute(0, 3, 1, 2)"),
        ("return {'x': torch.rand(2, 28, 28, 3)}", "return {'x': torch.rand(2, 28, 28, 3).permute(0, 3, 1, 2)}"),
        ("return (torch.rand(2, 3, 28, 28).double(),)", "return (torch.rand(2, 3, 28, 28).double().float(),)"),
    ],
)
def test_that_a_repair_of_the_input_is_a_patch_of_the_users_function(told, inputs, after):
    problem = told(inputs)[0]
    fix = next(fix for fix in problem.fixes if fix.verified)
    assert f"+    {after}" in fix.patch


def test_that_a_function_with_two_ways_out_is_left_alone(told):
    problem = told("if torch:\n        return (torch.rand(2, 28, 28, 3),)\n    return None")[0]
    assert not any(fix.patch for fix in problem.fixes if fix.kind == "permute_input")
