"""An input that is not for this model is one problem, however much of the model refuses it; and repairs take only so many passes."""

import pytest
import torch

from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.recovery import search
from torchloupe.worker.recovery.recovering import MOST_MISMATCHES
from torchloupe.worker.recovery.wrong_input import input_that_fits, resized
from torchloupe.worker.repetition import Repetition

RESIDUAL = """import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.up = nn.Linear(12, 48)
        self.down = nn.Linear(48, 12)

    def forward(self, x):
        return torch.cat([x[..., 12:], x[..., :12]], -1) + 0 * self.down(torch.relu(self.up(self.norm(x)))).mean()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(BLOCKS)])
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.out(x)


def example_inputs():
    return (torch.ones(INPUT),)
"""


@pytest.fixture
def told(context, tmp_path):
    """The errors of a model of residual blocks on an input of a shape, or of another source."""

    def run(blocks, *shape, source=RESIDUAL, **request):
        text = source.replace("BLOCKS", str(blocks)).replace("INPUT", ", ".join(map(str, shape)))
        (tmp_path / "net.py").write_text(text)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        report = forward(context, RunForward(**request))
        assert report.state_restored
        return [problem for problem in report.problems if problem.severity == "error"]

    return run


@pytest.mark.parametrize("width", [16, 7])
def test_that_hundreds_of_refusals_are_one_problem_of_the_input(width, told):
    (problem,) = told(60, 2, 3, width)
    assert problem.code == "wrong-input"
    assert problem.message.startswith(f"Your input [2, 3, {width}] is not one for this model: ")
    assert problem.message.endswith(
        f"`blocks.0.norm` first, which is built for 12 where {width} arrive. With [2, 3, 12] the model runs to its end."
    )
    assert problem.data["refused"] > 20


def test_that_the_input_that_was_tried_is_the_first_repair(told):
    (problem,) = told(8, 2, 3, 16)
    fix, layer = problem.fixes[:2]
    assert (fix.kind, fix.value, fix.verified, fix.outcome) == (
        "change_input",
        {"shape": [2, 3, 12]},
        True,
        "the model runs to its end",
    )
    assert (layer.argument, layer.value) == ("normalized_shape", 16)
    assert [row["module"] for row in problem.data["consequences"]][:2] == ["blocks.0.up", "blocks.1.norm"]


def test_that_without_data_it_is_the_same(told):
    (problem,) = told(8, 2, 3, 16, shapes_only=True)
    assert problem.code == "wrong-input"


def test_that_an_input_that_fits_is_no_problem(told):
    assert told(5, 2, 3, 12) == []


ONE_LAYER = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(12, 4)
        self.b = nn.Linear(4, 4)

    def forward(self, x):
        return self.b(self.a(x))


def example_inputs():
    return (torch.ones(INPUT),)
"""


def test_that_a_layer_whose_change_is_enough_is_to_be_changed(told):
    (problem,) = told(0, 2, 9, source=ONE_LAYER)
    assert (problem.code, problem.module) == ("shape-mismatch", "a")


def test_that_of_a_few_layers_the_first_is_told_and_another_input_is_a_second_repair(told):
    (problem, *_) = told(1, 2, 3, 16)
    layer, *_, other = problem.fixes
    assert (problem.code, problem.module) == ("shape-mismatch", "blocks.0.norm")
    assert (layer.argument, other.value, other.verified) == ("normalized_shape", {"shape": [2, 3, 12]}, True)


def first_of(*fixes, **data):
    return Problem("shape-mismatch", "", module="a", fixes=fixes, data={"expected": 4, "got": 6, "input_shape": [2, 6], **data})


class Trial:
    """A repetition that notes the inputs it gets."""

    reached = "it runs"

    def __init__(self, error=None):
        self.given = SampleInput((torch.ones(2, 6),), {}, "given")
        self.error = error
        self.shapes = []

    def run(self, within, given):
        self.shapes.append(tuple(given.positional[0].shape))
        return self.error


@pytest.mark.parametrize(
    ("first", "refused", "error"),
    [
        (first_of(), 1, None),
        (first_of(origin="6 comes from `b`"), 5, None),
        (first_of(expected="float32"), 5, None),
        (first_of(), 5, RuntimeError("still")),
        (first_of(input_shape=[3, 6]), 5, None),
    ],
    ids=["nothing else refuses it", "made by a layer", "a dtype", "does not run", "no tensor of the input"],
)
def test_that_the_model_is_at_fault_where_nothing_speaks_for_the_input(first, refused, error):
    assert input_that_fits(first, refused, Trial(error)) is None


def test_that_each_axis_of_that_size_is_tried():
    trial = Trial()
    trial.given = SampleInput((torch.ones(6, 6),), {}, "given")
    fix = input_that_fits(first_of(input_shape=[6, 6]), 5, trial)
    assert trial.shapes == [(6, 4)]
    assert (fix.value, fix.outcome) == ({"shape": [6, 4]}, "it runs")


@pytest.mark.parametrize("size", [1, 3, 6, 13])
def test_that_an_axis_is_cut_or_repeated(size):
    given = SampleInput((torch.arange(6.0).reshape(1, 6), "text"), {"other": torch.ones(2)}, "given")
    (tensor, text), keywords = (made := resized(given, [1, 6], 1, size)).positional, made.keywords
    assert tensor.shape == (1, size)
    assert tensor[0, -1] == (size - 1) % 6
    assert (text, keywords["other"].shape) == ("text", (2,))
    assert resized(given, [9], 0, size) is None


MANY = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(5 + 3 * at, 3) for at in range(BLOCKS)])

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x


def example_inputs():
    return (torch.ones(INPUT),)
"""


def test_that_the_most_that_are_told_say_that_there_may_be_more(told):
    problems = told(40, 2, 4, source=MANY)
    assert len(problems) == MOST_MISMATCHES
    assert "These are the first 25; there may be more behind them." in problems[0].hint
    assert "more behind" not in "".join(problem.hint for problem in told(3, 2, 4, source=MANY))


@pytest.fixture
def counted(monkeypatch):
    """The passes that are repeated: one entry for each, whether it was on shapes alone."""
    runs, plain = [], Repetition.run

    def run(self, *args, **keywords):
        runs.append(self.given.positional[0].__class__.__name__ == "FakeTensor")
        return plain(self, *args, **keywords)

    monkeypatch.setattr(Repetition, "run", run)
    return runs


def test_that_layers_that_have_nothing_to_do_with_each_other_take_as_few_passes_as_one(told, counted):
    sizes = "[7, 11, 19, 29, 31, 43]"
    source = MANY.replace("nn.Linear(5 + 3 * at, 3) for at in range(BLOCKS)", f"nn.Linear(size, 3) for size in {sizes}")
    problems = told(0, 2, 4, source=source)
    assert len(problems) == 6
    assert problems[0].data["runs_with_all_fixes"]
    assert all(fix.verified for problem in problems for fix in problem.fixes)
    assert len(counted) == 4  # the first fix, the way to the end, another input, all fixes together


@pytest.fixture
def always_slow(monkeypatch):
    """Shapes alone are quicker, whatever the clock says."""
    for name in ("_SLOW", "_LEAST_PER_CALL", "_TIMES_BARE"):
        monkeypatch.setattr(search, name, 0.0)


def test_that_what_is_slow_with_data_is_tried_on_shapes_alone(told, counted, always_slow):
    problems = told(3, 2, 4, source=MANY)
    assert problems[0].data["runs_with_all_fixes"]
    assert counted == [False, False, False, *[True] * (len(counted) - 3)]
    assert True in counted
    outcomes = [fix.outcome for problem in problems for fix in problem.fixes if fix.verified]
    assert any(outcome.endswith(", on shapes alone") for outcome in outcomes)
    assert problems[0].fixes[0].outcome.endswith(", on shapes alone")  # as the others, with which it was tried together


def test_that_data_is_used_again_where_shapes_alone_lead_nowhere(told, counted, always_slow):
    source = MANY.replace("x = part(x)", "x = part(x) if x.sum() == x.sum() else x")
    problems = told(3, 2, 4, source=source)
    assert problems[0].data["runs_with_all_fixes"]
    assert True in counted
    assert counted[-1] is False


def test_that_only_all_repairs_together_are_tried_when_the_time_is_over(told, counted, monkeypatch):
    monkeypatch.setattr(search, "_MOST_SECONDS", 0.0)
    problems = told(3, 2, 4, source=MANY)
    assert problems[0].data["runs_with_all_fixes"]
    assert len(counted) == 4
    lines = "x = x @ x\n        for part in self.parts:"
    problem, *_ = told(3, 2, 4, source=MANY.replace("for part in self.parts:", lines))
    assert (problem.code, problem.fixes[0].outcome) == ("matmul-mismatch", "this operation is passed")


def test_that_a_change_that_brings_more_mismatches_is_given_up_early(told, monkeypatch):
    limits, plain = [], search.Recovering

    def recovering(*args, most=MOST_MISMATCHES, **keywords):
        limits.append(most)
        return plain(*args, most=most, **keywords)

    monkeypatch.setattr(search, "Recovering", recovering)
    told(3, 2, 4, source=MANY)
    assert limits[0] == MOST_MISMATCHES
    assert set(limits[1:]) == {4}
