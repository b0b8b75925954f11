"""A margin that is missing: the layer that eats the edge of its map, where a flatten gives too little."""

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

MODEL = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, {conv})
        self.pool = nn.{pool}
        self.fc = nn.Linear({features}, 5)

    def forward(self, x):
        return self.fc(self.pool(self.conv(x)).flatten(1))


def example_inputs():
    return (torch.rand(2, 1, 28, 28),)
"""


@pytest.fixture
def told(context, tmp_path):
    def run(conv="3, padding=1", pool="MaxPool2d(2)", features=8 * 196):
        (tmp_path / "net.py").write_text(MODEL.format(conv=conv, pool=pool, features=features))
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        (problem,) = forward(context, RunForward()).problems
        return [(fix.module, fix.argument, fix.value) for fix in problem.fixes if fix.argument == "padding"], problem

    return run


@pytest.mark.parametrize(
    ("parts", "module", "margin"),
    [
        ({"pool": "MaxPool2d(3, stride=2)"}, "pool", 1),
        ({"pool": "AvgPool2d((3, 3), 2)"}, "pool", 1),
        ({"conv": "5"}, "conv", 2),
        ({"conv": "3"}, "conv", 1),
    ],
)
def test_that_the_layer_without_a_margin_is_offered_one(told, parts, module, margin):
    found, problem = told(**parts)
    assert found == [(module, "padding", margin)]
    fix = next(fix for fix in problem.fixes if fix.argument == "padding")
    assert (fix.verified, fix.outcome) == (True, "the model runs to its end")
    assert problem.fixes[0].argument == "in_features"


@pytest.mark.parametrize(
    "parts",
    [
        {"features": 8 * 100},  # more arrives than is wanted
        {"features": 8 * 225},  # no margin gives this
        {"conv": "3", "features": 8 * 400},
        {"conv": "2", "pool": "MaxPool2d(2)", "features": 8 * 196},  # no odd window
    ],
)
def test_that_no_margin_is_offered_where_none_would_do(told, parts):
    found, problem = told(**parts)
    assert found == []
    assert problem.fixes[0].argument == "in_features"
