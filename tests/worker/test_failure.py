"""A forward pass raised: which layer or operation, and why."""

import textwrap

import pytest

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{init}

    def forward(self, x):
{forward}


def example_inputs():
    return ({inputs},)
"""


@pytest.fixture
def problem_of(context, tmp_path):
    """The one problem of a model whose constructor and forward are given as lines; with the source to look lines up."""

    def run(init, forward_lines, inputs):
        body = {"init": indented(init), "forward": indented(forward_lines), "inputs": inputs}
        source = HEAD.format(**body)
        (tmp_path / "net.py").write_text(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        (problem,) = forward(context, RunForward()).problems
        lines = source.splitlines()
        return problem, lines[problem.line - 1].strip(), lines[problem.data.get("definition_line", 1) - 1].strip()

    return run


def indented(text):
    return textwrap.indent(textwrap.dedent(text).strip(), " " * 8)


CASES = {
    "linear": (
        "self.fc = nn.Linear(8, 2)",
        "return self.fc(x)",
        "torch.ones(2, 7)",
        ("shape-mismatch", "fc", "return self.fc(x)", "self.fc = nn.Linear(8, 2)"),
    ),
    "flatten": (
        "self.fc = nn.Linear(12, 2)",
        "return self.fc(x)",
        "torch.ones(2, 3, 2, 2)",
        ("missing-flatten", "fc", "return self.fc(x)", "self.fc = nn.Linear(12, 2)"),
    ),
    "flattened batch": (
        "self.fc = nn.Linear(12, 2)",
        "return self.fc(torch.flatten(x))",
        "torch.ones(2, 3, 4)",
        ("flattened-batch", "fc", "return self.fc(torch.flatten(x))", "self.fc = nn.Linear(12, 2)"),
    ),
    "layout": (
        "self.conv = nn.Conv2d(3, 4, 3)",
        "return self.conv(x)",
        "torch.ones(2, 16, 16, 3)",
        ("input-layout", "conv", "return self.conv(x)", "self.conv = nn.Conv2d(3, 4, 3)"),
    ),
    "norm": (
        "self.conv = nn.Conv2d(3, 4, 3)\nself.bn = nn.BatchNorm2d(8)",
        "x = self.conv(x)\nreturn self.bn(x)",
        "torch.ones(2, 3, 9, 9)",
        ("shape-mismatch", "bn", "return self.bn(x)", "self.bn = nn.BatchNorm2d(8)"),
    ),
    "too small": (
        "self.pool = nn.MaxPool2d(4)",
        "return self.pool(x)",
        "torch.ones(2, 3, 2, 2)",
        ("input-too-small", "pool", "return self.pool(x)", "self.pool = nn.MaxPool2d(4)"),
    ),
    "rnn": (
        "self.rnn = nn.GRU(5, 6, batch_first=True)",
        "h = torch.zeros(1, 9, 6)\nreturn self.rnn(x, h)[0]",
        "torch.ones(2, 9, 5)",
        ("rnn-state-shape", "rnn", "return self.rnn(x, h)[0]", "self.rnn = nn.GRU(5, 6, batch_first=True)"),
    ),
    "index": (
        "self.tok = nn.Embedding(10, 4)",
        "return self.tok(x)",
        "torch.tensor([[1, 12]])",
        ("index-out-of-range", "tok", "return self.tok(x)", "self.tok = nn.Embedding(10, 4)"),
    ),
    "inside a sequential": (
        "self.body = nn.Sequential(\n    nn.Linear(4, 8),\n    nn.Linear(9, 2),\n)",
        "return self.body(x)",
        "torch.ones(2, 4)",
        ("shape-mismatch", "body.1", "return self.body(x)", "nn.Linear(9, 2),"),
    ),
    "subclass of a layer": (
        "class Mine(nn.Linear):\n    pass\nself.fc = Mine(3, 2)",
        "return self.fc(x)",
        "torch.ones(2, 4)",
        ("shape-mismatch", "fc", "return self.fc(x)", "self.fc = Mine(3, 2)"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_that_a_failing_layer_is_named_with_its_call_and_its_definition(name, problem_of):
    init, lines, inputs, (code, module, call_line, definition_line) = CASES[name]
    problem, called, defined = problem_of(init, lines, inputs)
    assert (problem.code, problem.module) == (code, module)
    assert called == call_line
    assert defined == definition_line
    assert problem.details.startswith("Traceback")


def test_that_an_operation_is_found_by_a_second_pass_from_the_same_state(problem_of, context):
    problem, called, _ = problem_of("self.norm = nn.BatchNorm1d(4)", "y = self.norm(x)\nreturn y @ y", "torch.ones(3, 4)")
    assert (problem.code, called) == ("matmul-mismatch", "return y @ y")
    assert int(context.state["open"].model.norm.num_batches_tracked) == 0


def test_that_an_exception_of_the_users_own_is_told_as_it_is(problem_of):
    problem, called, _ = problem_of("self.size = 3", 'raise ValueError("only 3 channels, please")', "torch.ones(1)")
    assert problem.code == "forward-failed"
    assert problem.message.endswith("ValueError: only 3 channels, please")
    assert called == 'raise ValueError("only 3 channels, please")'


def test_that_an_attribute_error_names_its_line(problem_of):
    problem, called, _ = problem_of("self.fc = nn.Linear(2, 2)", "return self.fc1(x)", "torch.ones(1, 2)")
    assert "has no attribute `fc1`" in problem.message
    assert called == "return self.fc1(x)"


def test_that_a_forward_that_returns_nothing_is_told_even_when_it_runs_to_its_end(problem_of):
    problem, _, _ = problem_of("self.fc = nn.Linear(2, 2)", "self.fc(x)", "torch.ones(1, 2)")
    assert (problem.code, problem.module) == ("forward-returns-none", "")


def test_that_a_failure_that_does_not_come_back_is_still_told(problem_of):
    problem, _, _ = problem_of(
        "self.calls = []",
        "self.calls.append(1)\nglobals().setdefault('runs', []).append(1)\n"
        "if len(runs) == 1:\n    raise RuntimeError('first time only')\nreturn x",
        "torch.ones(1)",
    )
    assert problem.message.endswith("RuntimeError: first time only")
