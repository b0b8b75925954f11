"""Patches where the line of a layer makes several: one of a line, a part that hands its argument on, a comprehension."""

import pytest

from torchloupe.analysis.source_edits import edited
from torchloupe.wire.problems import Fix
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import open_target
from torchloupe.worker.patches import Made

MODEL = """import torch
from torch import nn


class Unit(nn.Module):
    def __init__(self, cin, cout, norm=None):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, padding=1)
        self.norm = nn.BatchNorm2d(norm or cout)

    def forward(self, x):
        return self.norm(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.two = nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 7))
        self.blocks = nn.ModuleList([Unit(3, 4), Unit(5, 6)])
        self.same = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
        self.star = nn.Sequential(*[nn.Linear(8, 8) for _ in range(2)])
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x):
        return x


def example_inputs():
    return (torch.rand(2, 3),)
"""


@pytest.fixture
def made(context, tmp_path):
    (tmp_path / "net.py").write_text(MODEL)
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    return Made(context.state["open"].model)


def changed(found):
    """The line that the edit changes, as it is then."""
    file, edit = found
    with open(file, encoding="utf-8") as source:
        return edited(source.read(), [edit]).splitlines()[edit.span.line - 1].strip()


@pytest.mark.parametrize(
    ("module", "argument", "value", "line"),
    [
        ("two.1", "in_features", 5, "self.two = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 7))"),
        ("two.0", "out_features", 9, "self.two = nn.Sequential(nn.Linear(4, 9), nn.Linear(6, 7))"),
        ("blocks.1.conv", "in_channels", 4, "self.blocks = nn.ModuleList([Unit(3, 4), Unit(4, 6)])"),
        ("blocks.0.norm", "num_features", 9, "self.blocks = nn.ModuleList([Unit(3, 4, norm=9), Unit(5, 6)])"),
        ("rnn", "input_size", 9, "self.rnn = nn.LSTM(9, 4, batch_first=True)"),
    ],
)
def test_that_the_call_that_makes_the_layer_alone_is_changed(made, module, argument, value, line):
    assert changed(made.edit(Fix("set_argument", "", module, argument, value))) == line


@pytest.mark.parametrize(
    ("module", "argument"), [("blocks.0.conv", "out_channels"), ("same.0", "in_features"), ("gone", "in_features")]
)
def test_that_a_call_that_makes_others_too_is_left_alone(made, module, argument):
    assert made.edit(Fix("set_argument", "", module, argument, 9)) is None


def test_that_a_comprehension_is_changed_where_all_that_it_makes_want_that(made):
    fix = Fix("set_argument", "", "same.0", "in_features", 9)
    assert made.edit(fix, frozenset({"same.1"})) is None
    line = changed(made.edit(fix, frozenset({"same.1", "same.2"})))
    assert line == "self.same = nn.ModuleList([nn.Linear(9, 8) for _ in range(3)])"


def test_that_the_argument_is_found_where_it_stands_however_many_it_is_for(made):
    _, edit = made.argument_at(Fix("set_argument", "", "star.1", "in_features", 9))
    assert edit.text == "9"
    assert made.argument_at(Fix("set_argument", "", "gone", "in_features", 9)) is None
