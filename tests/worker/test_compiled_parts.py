"""Runs in which blocks of the model are compiled, each by itself."""

import sys
from contextlib import suppress

import pytest
from torch import nn

from torchloupe.analysis.run_difference import run_difference
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.compiled_parts import CompiledParts, compile_problem, parts_of
from torchloupe.worker.handlers import forward, open_target

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute")  # the compiler itself asks tensors that are no leaves

NET = """import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.fc, self.drop, self.function = nn.Linear(8, 8), nn.Dropout(0.5), function

    def forward(self, x):
        return x + self.drop(self.function(self.fc(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 8)
        self.blocks = nn.ModuleList([Block(torch.relu if number == 2 else torch.tanh) for number in range(4)])

    def forward(self, x):
        x = self.head(x)
        for block in self.blocks:
            x = block(x)
        return x


def example_inputs():
    return torch.ones(2, 4)
"""


@pytest.fixture(autouse=True)
def no_monitor_of_progress_bars(monkeypatch):
    """The compiler shows its progress with tqdm, where that is installed, which keeps a thread for it."""
    with suppress(ImportError):
        monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)


@pytest.fixture
def run(context, tmp_path):
    """Runs the net; the report and its calls."""
    target = tmp_path / "net.py"
    target.write_text(NET)
    open_target(context, OpenTarget(str(target), mode="eval"))

    def run(**conditions):
        context.events.clear()
        report = forward(context, RunForward(**conditions))
        return report, tuple(context.calls)

    return run


def blocks(count):
    return nn.ModuleList([nn.TransformerEncoderLayer(4, 1, 4) for _ in range(count)])


# which parts


def test_that_lists_and_sequences_are_opened():
    model = nn.ModuleDict({"head": nn.Linear(2, 2), "body": blocks(3), "tail": nn.Sequential(nn.ReLU(), nn.Linear(2, 2))})
    assert [path for path, _ in parts_of(model)] == ["head", "body.0", "body.1", "body.2", "tail.0", "tail.1"]


def test_that_a_model_inside_another_is_taken_apart_as_far_as_its_blocks():
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nn.ModuleDict({"embed": nn.Linear(2, 2), "layers": blocks(4)})
            self.holder = nn.Module()
            self.holder.inner = blocks(4)
            self.head = nn.Linear(2, 2)

    paths = [path for path, _ in parts_of(Wrapped())]
    assert paths == ["model.embed", *[f"model.layers.{n}" for n in range(4)], "holder", "head"]


def test_that_a_model_of_one_part_is_that_part():
    assert [path for path, _ in parts_of(nn.Linear(2, 2))] == [""]


# running


def test_that_a_compiled_run_gives_the_same_and_shows_blocks_as_one_call(run):
    _, plain = run()
    report, calls = run(compile="aot_eager")
    assert report.problems == ()
    assert report.state_restored
    assert {call.module for call in calls} == {"", "head", *[f"blocks.{number}" for number in range(4)]}
    assert [call.module for call in calls if not call.compiled] == [""]
    found = run_difference(plain, calls)
    assert found.first is None
    assert found.counts["inside"] == 8


def test_that_random_numbers_are_those_of_a_run_without(run):
    _, plain = run(mode="train")
    _, calls = run(mode="train", compile="aot_eager")
    assert run_difference(plain, calls).first is None


def test_that_the_block_that_a_backend_gets_wrong_is_the_first_that_differs(run):
    _, plain = run()
    _, calls = run(compile="relu_accuracy_error_TESTING_ONLY")
    assert run_difference(plain, calls).first.call.module == "blocks.2"


def test_that_a_compiler_that_gives_up_is_no_failure_of_the_model(run):
    report, calls = run(compile="relu_compile_error_TESTING_ONLY")
    (problem,) = report.problems
    assert (problem.code, problem.module) == ("compile-failed", "blocks.2")
    assert "ReluCompileError" in problem.message
    assert [call.module for call in calls if call.status == "failed"] == ["blocks.2"]
    assert report.state_restored


def test_that_nothing_stays_compiled(run):
    run(compile="eager")
    _, calls = run()
    assert not any(call.compiled for call in calls)
    assert any(call.module == "blocks.0.fc" for call in calls)


def test_that_what_the_user_compiled_stays_so():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU())
    model[0].compile(backend="eager")
    before = model[0]._compiled_call_impl
    with CompiledParts(model, "eager"):
        assert model[0]._compiled_call_impl is not before
        assert model[1]._compiled_call_impl is not None
    assert model[0]._compiled_call_impl is before
    assert "_compiled_call_impl" not in vars(model[1])


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"compile": "nonsense"}, "no backend"),
        ({"compile": "eager", "shapes_only": True}, "shapes without data"),
        ({"compile": "eager", "operations": True}, "operations inside"),
    ],
)
def test_that_what_cannot_be_is_said(run, conditions, said):
    with pytest.raises(UsageError, match=said):
        run(**conditions)


def test_that_a_torch_that_cannot_says_so(monkeypatch):
    monkeypatch.delattr(nn.Module, "compile")
    with pytest.raises(UsageError, match="cannot compile a module by itself"):
        CompiledParts(nn.Linear(2, 2), "eager")


def test_that_another_error_is_not_the_compilers(monkeypatch):
    assert compile_problem(ValueError("no"), "eager") is None
    monkeypatch.delitem(sys.modules, "torch._dynamo.exc", raising=False)
    assert compile_problem(ValueError("no"), "eager") is None
