"""A model without its data for a moment."""

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker import forward as room
from torchloupe.worker.bare_tensors import BareTensors
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.recovery import search
from torchloupe.worker.repetition import Repetition


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.rnn = nn.LSTM(4, 6, batch_first=True)
        self.norm = nn.BatchNorm1d(6)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.table.weight
        self.register_buffer("scale", torch.ones(6))
        self.register_buffer("unused", None)


class Refusing(torch.Tensor):
    """A class of tensors that does not like to be made elsewhere."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.empty_like:
            raise RuntimeError("not here")
        return super().__torch_function__(func, types, args, kwargs)


def members(model):
    return [(name, id(tensor)) for name, tensor in [*model.named_parameters(remove_duplicate=False), *model.named_buffers()]]


def test_that_inside_nothing_has_data_and_afterwards_all_is_what_it_was() -> None:
    model = Net()
    before, flat = members(model), list(map(id, model.rnn._flat_weights))
    with BareTensors(model):
        assert {tensor.device.type for tensor in [*model.parameters(), *model.buffers()]} == {"meta"}
        assert torch.zeros(3).device.type == "meta"
        assert model.head.weight is model.table.weight
        assert isinstance(model.head.weight, nn.Parameter)
        output, _ = model.rnn(model.table(torch.zeros(2, 5, dtype=torch.long)))
        assert model.norm(output[:, -1] * model.scale).shape == (2, 6)
    assert members(model) == before
    assert list(map(id, model.rnn._flat_weights)) == flat
    assert torch.zeros(3).device.type == "cpu"


def test_that_it_is_put_back_after_an_error_and_can_be_entered_again() -> None:
    model = Net()
    bare, before = BareTensors(model), members(model)

    def fail() -> None:
        with bare:
            model.norm(torch.zeros(2, 7))

    for _ in range(2):
        with pytest.raises(RuntimeError):
            fail()
        assert members(model) == before


def test_that_where_one_tensor_refuses_none_is_taken() -> None:
    model = Net()
    model.register_buffer("odd", torch.rand(3).as_subclass(Refusing))
    before = members(model)
    with pytest.raises(RuntimeError), BareTensors(model):
        pass
    assert members(model) == before


def test_that_what_is_frozen_stays_frozen() -> None:
    model = Net()
    model.rnn.requires_grad_(False)
    wanted = [each.requires_grad for each in model.parameters()]
    with BareTensors(model):
        assert [each.requires_grad for each in model.parameters()] == wanted


SOURCE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 8), nn.Linear(9, 3)
        self.mask = [torch.ones(8)]

    def forward(self, x):
        x = torch.relu(self.one(x))
        BODY
        return self.two(x)


def example_inputs():
    return (torch.rand(5, 4),)
"""


@pytest.fixture
def bare_runs(monkeypatch):
    """What the passes without data ended with."""
    monkeypatch.setattr(room, "SLOW", -1.0)
    monkeypatch.setattr(search, "_LEAST_BARE_SECONDS", 60.0)
    ended, make = [], Repetition.bare

    def bare(self):
        made = make(self)
        run = made.run

        def kept(*args, **kwargs):
            ended.append(run(*args, **kwargs))
            return ended[-1]

        made.run = kept
        return made

    monkeypatch.setattr(Repetition, "bare", bare)
    return ended


@pytest.mark.parametrize(
    ("body", "needs_data"),
    [("x = x * 2", False), ("x = x * float(x.detach().mean())", True), ("x = x + torch.eye(8).to(x)[0]", False)],
)
def test_that_mismatches_are_the_same_with_and_without_data(context, tmp_path, bare_runs, body: str, needs_data: bool) -> None:
    (tmp_path / "net.py").write_text(SOURCE.replace("BODY", body))
    open_target(context, OpenTarget(str(tmp_path / "net.py")))
    report = forward(context, RunForward())
    (problem,) = report.problems
    assert [error is not None for error in bare_runs] == [needs_data]
    assert (problem.code, problem.module) == ("shape-mismatch", "two")
    assert problem.fixes[0].verified
    assert problem.fixes[0].outcome == "the model runs to its end"  # with data
    assert {each.device for call in report.assumed for each in (*call.inputs, *call.outputs)} <= {"cpu"}
    assert report.state_restored
