"""Shapes alone: what they cannot tell is said as that, and never as a fault of the model."""

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.sample_input import SampleInput
from torchloupe.worker.without_data import needs_data, without_data

HEAD = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
"""


@pytest.fixture
def shapes_of(context, tmp_path):
    """The report of a forward, given as its lines, without data."""

    def shapes_of(*lines, spec="float32[2,4]"):
        target = tmp_path / "net.py"
        target.write_text(HEAD + "".join(f"        {line}\n" for line in lines))
        open_target(context, OpenTarget(str(target)))
        return forward(context, RunForward((spec,), shapes_only=True))

    return shapes_of


def failure_of(model, *inputs):
    """What a model raises without data."""
    given, flow = without_data(SampleInput(inputs, {}, "given"))
    with pytest.raises(Exception) as caught, flow:  # noqa: PT011  # any failure is looked at
        model(*given.positional)
    return caught.value


@pytest.mark.parametrize(
    "line",
    [
        "if (x > 0).any(): x = x + 1",
        "x = x[x > 0].reshape(-1, 4)[: int(x.abs().sum())]",
        "x = x * x.max().item()",
        "x = x[: x.argmax().tolist()]",
    ],
)
def test_that_a_branch_on_a_value_is_told_with_its_line_and_as_no_fault(shapes_of, context, line):
    report = shapes_of("x = self.first(x)", line, "return self.last(x)")
    [problem] = report.problems
    assert (problem.code, problem.severity) == ("shapes-need-data", "info")
    assert (problem.module, problem.line) == ("", 13)
    assert "values" in problem.message
    assert "with data" in problem.hint
    assert [(call.module, call.status) for call in context.calls] == [("", "unfinished"), ("first", "done")]
    assert report.state_restored


def test_that_a_mismatch_before_the_branch_is_found_all_the_same(shapes_of):
    report = shapes_of("x = self.last(self.last(x))", "return x if x.sum() > 0 else None")
    [problem] = report.problems
    assert (problem.code, problem.severity, problem.module) == ("shape-mismatch", "error", "last")


def test_that_the_part_in_which_shapes_end_is_named(context, tmp_path):
    target = tmp_path / "gated.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Gate(nn.Module):\n    def forward(self, x):\n"
        "        return x if x.sum() > 0 else -x\n\n\ndef make_model():\n    return nn.Sequential(nn.Linear(4, 4), Gate())\n"
    )
    open_target(context, OpenTarget(f"{target}:make_model"))
    [problem] = forward(context, RunForward(("float32[2,4]",), shapes_only=True)).problems
    assert (problem.code, problem.module, problem.line) == ("shapes-need-data", "1", 7)
    assert "`1`" in problem.message


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (nn.Linear(3, 2), (torch.ones(2, 4),)),
        (nn.Conv2d(3, 2, 3), (torch.ones(1, 4, 8, 8),)),
        (nn.Conv2d(3, 2, 9), (torch.ones(1, 3, 4, 4),)),
        (nn.ConvTranspose2d(3, 2, 3), (torch.ones(1, 4, 8, 8),)),
        (nn.LSTM(3, 2), (torch.ones(2, 2, 4),)),
        (nn.Bilinear(3, 4, 5), (torch.ones(2, 3), torch.ones(2, 3))),
        (nn.LayerNorm(3), (torch.ones(2, 4),)),
        (nn.MultiheadAttention(4, 2), (torch.ones(2, 2, 3),) * 3),
        (nn.Unflatten(1, (2, 3)), (torch.ones(2, 4),)),
        (nn.Embedding(3, 2), (torch.ones(2, 3),)),
        (nn.Identity().double, ("not called like this",)),
    ],
)
def test_that_a_fault_of_the_model_is_never_taken_for_a_lack_of_data(model, inputs):
    assert not needs_data(failure_of(model, *inputs))


def test_that_an_assertion_of_the_users_own_is_the_users(shapes_of):
    [problem] = shapes_of("assert x.shape[1] == 5, 'five, please'", "return x").problems
    assert (problem.severity, problem.line) == ("error", 12)
    assert "five, please" in problem.message


def test_that_shapes_without_data_are_those_with_data(context, models):
    target = str(models / "clean_cnn.py")
    open_target(context, OpenTarget(target))
    with_data = forward(context, RunForward()).outputs
    alone = forward(context, RunForward(shapes_only=True)).outputs
    assert [(meta.shape, meta.dtype) for meta in alone] == [(meta.shape, meta.dtype) for meta in with_data]
