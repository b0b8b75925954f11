"""One parameter in a step: its gradient and its change, in numbers and part by part, and nothing of the step stays."""

import struct

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.step_values import CHANGE, GRADIENT, FetchStepValues, MeasureStepValues, StepTensor
from torchloupe.wire.steps import RunStep
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS, open_target
from worker.step_zoo import HEAD, LOSS, PLAIN, net, trained

WORDS = """
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(50, 4{sparse}), nn.Linear(4, 2)

    def forward(self, ids):
        return self.head(self.table(ids))


def example_inputs():
    return (torch.tensor([[3, 7, 7, 40]]),)
"""


class Blobs(list):
    """What crossed the pipe beside the messages."""


@pytest.fixture
def look(context, tmp_path, monkeypatch):
    """Open a file and ask: ``look(source, key, what)``."""
    context.blobs = Blobs()
    monkeypatch.setattr(context, "emit", lambda message, blobs=(): context.blobs.extend(blobs), raising=False)

    def look(source, key, what=CHANGE, index=None, step=RunStep(optimizer="SGD", lr=0.5)):
        (tmp_path / "model.py").write_text(HEAD + source, encoding="utf-8")
        open_target(context, OpenTarget(str(tmp_path / "model.py")))
        request = StepTensor(key, what, step)
        asked = MeasureStepValues(request) if index is None else FetchStepValues(request, index)
        return HANDLERS[type(asked)](context, asked)

    return look


def floats(blob):
    return list(struct.unpack(f"{len(blob) // 4}f", blob))


def test_that_the_change_is_the_rate_times_the_gradient(look, context) -> None:
    gradient = look(PLAIN + LOSS, "a.weight", GRADIENT)
    change = look(PLAIN + LOSS, "a.weight")
    assert change.key == "a.weight, change"
    assert change.stats.count == gradient.stats.count == 36
    assert change.stats.max == pytest.approx(-0.5 * gradient.stats.min, rel=1e-4)
    assert change.rows == "all 6"
    assert gradient.rows == ""


def test_that_parts_come_as_bytes(look, context) -> None:
    answer = look(PLAIN + LOSS, "a.weight", CHANGE, "0:2, 1")
    assert (answer.key, answer.shape, answer.dtype) == ("a.weight, change", (2,), "float32")
    part = floats(context.blobs[-1])
    look(PLAIN + LOSS, "a.weight", CHANGE, "")
    whole = floats(context.blobs[-1])
    assert part == [whole[1], whole[7]]


@pytest.mark.parametrize("sparse", ["", ", sparse=True"])
def test_that_the_rows_of_a_table_that_moved_are_named(look, sparse: str) -> None:
    source = WORDS.format(sparse=sparse) + LOSS
    assert look(source, "table.weight").rows == "3 of 50: 3, 7, 40"
    assert look(source, "table.weight", GRADIENT).stats.zeros == 47 * 4


def test_that_the_step_is_repeated_once_for_many_questions(look, context, monkeypatch) -> None:
    look(PLAIN + LOSS, "a.weight")
    known = context.state["step tensors"][1]
    tensor = StepTensor("a.weight", GRADIENT, RunStep(optimizer="SGD", lr=0.5))
    HANDLERS[FetchStepValues](context, FetchStepValues(tensor, "0"))
    assert context.state["step tensors"][1] is known
    HANDLERS[MeasureStepValues](context, MeasureStepValues(StepTensor("b.weight", CHANGE, tensor.step)))
    assert context.state["step tensors"][1] is not known


def test_that_the_model_is_what_it_was_and_a_step_that_was_kept_is_not_made_again(look, context) -> None:
    look(PLAIN + LOSS, "a.weight", step=RunStep(optimizer="SGD", lr=0.5, keep=True, prove=("*",)))
    model = context.state["open"].model
    before = {key: each.clone() for key, each in model.state_dict().items()}
    HANDLERS[MeasureStepValues](context, MeasureStepValues(StepTensor("b.bias", CHANGE, RunStep(optimizer="SGD", lr=0.5))))
    assert all(torch.equal(each, before[key]) for key, each in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())


def test_that_the_files_own_step_is_repeated_too(look) -> None:
    assert look(PLAIN + trained(), "b.weight", step=RunStep()).stats.count == 18


@pytest.mark.parametrize("sought", [("c.weight", CHANGE), ("", CHANGE)])
def test_that_a_parameter_that_is_not_there_is_said(look, sought) -> None:
    with pytest.raises(UsageError, match="no parameter"):
        look(PLAIN + LOSS, *sought)


def test_that_a_gradient_that_is_not_there_is_said(look) -> None:
    with pytest.raises(UsageError, match="has no gradient in this step"):
        look(net("return self.b(self.a(x).detach())") + LOSS, "a.weight", GRADIENT)
    assert look(net("return self.b(self.a(x).detach())") + LOSS, "a.weight").rows == "0 of 6"


def test_that_a_step_that_fails_says_why(look) -> None:
    with pytest.raises(CouldNotRun, match="The step could not be repeated: RuntimeError: not today"):
        look(PLAIN + "\ndef loss_fn(y):\n    raise RuntimeError('not today')\n", "a.weight")


def test_that_complex_weights_have_values_and_no_statistics(look, context) -> None:
    source = net(
        "return (self.c * x.sum()).abs() + self.b(self.a(x)).sum()", "self.c = nn.Parameter(torch.ones(3, dtype=torch.complex64))"
    )
    with pytest.raises(UsageError, match="has no statistics"):
        look(source + LOSS, "c")
    assert look(source + LOSS, "c", CHANGE, "").dtype == "complex64"
