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
        self.normed = torch.nn.utils.parametrizations.weight_norm(nn.Linear(5, 6))

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
        ("normed", "in_features", 9, "self.normed = torch.nn.utils.parametrizations.weight_norm(nn.Linear(9, 6))"),
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


LISTS = """from torch import nn


class Tower(nn.Module):
    def __init__(self, sizes, twice=()):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in sizes)
        self.again = nn.ModuleList([nn.Sequential(nn.Linear(a, a), nn.ReLU()) for a in twice])


class Wide(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.tower = Tower(shape)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = Tower([(30, 64), (32, 48)])
        self.item = Tower(sizes=[(20, 64), (64, 16)], twice=[3, 4])
        self.wide = Wide([(1, 2), (3, 4)])
        self.here = nn.Sequential(*[nn.Linear(n, 7) for _, n in enumerate([5, 6])])
        widths = [8, 9]
        self.away = nn.ModuleList([nn.Linear(n, 7) for n in widths])
        self.some = nn.ModuleList([nn.Linear(n, 7) for n in [1, 2, 3] if n > 1])
        self.both = nn.ModuleList([Tower([(5, 6)]) for _ in range(2)])

    def forward(self, x):
        return x
"""


@pytest.fixture
def listed(context, tmp_path):
    (tmp_path / "net.py").write_text(LISTS)
    open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
    return Made(context.state["open"].model)


@pytest.mark.parametrize(
    ("module", "argument", "line"),
    [
        ("user.layers.1", "in_features", "self.user = Tower([(30, 64), (99, 48)])"),
        ("item.layers.0", "out_features", "self.item = Tower(sizes=[(20, 99), (64, 16)], twice=[3, 4])"),
        ("wide.tower.layers.1", "in_features", "self.wide = Wide([(1, 2), (99, 4)])"),
        ("here.1", "in_features", "self.here = nn.Sequential(*[nn.Linear(n, 7) for _, n in enumerate([5, 99])])"),
    ],
)
def test_that_one_number_of_a_list_of_sizes_is_changed(listed, module, argument, line):
    assert changed(listed.edit(Fix("set_argument", "", module=module, argument=argument, value=99))) == line


@pytest.mark.parametrize(
    "module",
    ["item.again.0.0", "away.0", "some.0", "both.0.layers.0", "here.0.nothing"],
    ids=["read twice", "a name of its own", "some left out", "made by a loop itself", "not there"],
)
def test_that_a_list_that_is_in_doubt_is_left_alone(listed, module):
    assert listed.edit(Fix("set_argument", "", module=module, argument="in_features", value=99)) is None
