"""Does the answer for a sample depend on its neighbours?"""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.places import Places
from torchloupe.worker.registration.batch import batch_dependence, turn
from torchloupe.worker.registration.compared import differ, difference
from torchloupe.worker.registration.modes import EvalPasses, TooSlow
from torchloupe.worker.walked import Walked


class Doing(nn.Module):
    """Does in forward what it is told."""

    def __init__(self, work, **parts):
        super().__init__()
        self.work = work
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.work(self, *inputs)


def dependence(model, *inputs):
    passes = EvalPasses(Walked(model), ModelState(model), 0, lambda: None)
    given = SampleInput(inputs, {}, "given")
    return batch_dependence(passes, given, passes.output(given), Places())


X = torch.linspace(-1, 1, 24).reshape(4, 6) ** 2


@pytest.mark.parametrize(
    ("work", "operation"),
    [
        (lambda self, x: x - x.mean(0), "-"),
        (lambda self, x: x / x.norm(), "/"),
        (lambda self, x: x.softmax(0), "softmax"),
        (lambda self, x: x.cumsum(0), "cumsum"),
        (lambda self, x: x @ (x.t() @ x), "matmul"),
        (lambda self, x: x + x[0], "+"),
    ],
)
def test_that_the_first_operation_that_mixes_the_samples_is_named(work, operation):
    found = dependence(Doing(work), X)
    assert found.operation == operation
    assert found.used_at.file == __file__
    assert found.difference > 0.001
    assert found.recurrent is None


@pytest.mark.parametrize(
    "work",
    [
        lambda self, x: x.softmax(1),
        lambda self, x: x.flip(1) * 2,
        lambda self, x: x @ x.t(),
        lambda self, x: x.sum(),
        lambda self, x: x.mean(0),
        lambda self, x: x.reshape(4, 2, 3).transpose(0, 1).softmax(-1).transpose(0, 1),
        lambda self, x: x.argmax(0)[:4] if len(x) == 4 else x.argmax(0),
        lambda self, x: {"out": x * 2, "sum": x.sum(0)},
        lambda self, x: x.view(4, 6) * 2,
        lambda self, x: None,
    ],
)
def test_that_independent_samples_and_other_uses_of_the_first_dimension_are_fine(work):
    assert dependence(Doing(work), X) is None


def test_that_the_module_of_the_operation_is_named():
    model = Doing(lambda self, x: self.part(x) * 2, part=Doing(lambda self, x: x - x.mean(0)))
    assert dependence(model, X).module == "part"


def test_that_inputs_that_may_relate_samples_are_left_alone():
    graph = Doing(lambda self, x, adjacency: adjacency @ x)
    assert dependence(graph, X, torch.eye(4).roll(1, 0)) is None
    assert dependence(Doing(lambda self, x, y: x + y.mean(0)), X, torch.ones(3, 6)) is None
    bag = Doing(lambda self, words, starts: words.float().cumsum(0) + starts)
    assert dependence(bag, torch.arange(4), torch.arange(4)) is None


def test_that_several_inputs_with_one_batch_are_turned_together():
    assert dependence(Doing(lambda self, x, y: x * y), X, X + 1) is None
    assert dependence(Doing(lambda self, x, y: x * y.mean(0)), X, X + 1).operation == "*"


SEQUENCES = torch.linspace(-1, 1, 4 * 5 * 8).reshape(4, 5, 8) ** 2


def test_that_a_layer_that_would_be_right_with_batch_first_is_named():
    model = Doing(lambda self, x: self.rnn(x)[0][:, -1], rnn=nn.GRU(8, 3, bidirectional=True))
    found = dependence(model, SEQUENCES)
    assert (found.recurrent, found.class_name, found.is_verified, found.operation) == ("rnn", "GRU", True, "gru")
    assert model.rnn.batch_first is False


def test_that_all_such_layers_are_tried_together():
    model = Doing(lambda self, x: self.second(self.first(x)[0])[0].mean(1), first=nn.GRU(8, 8), second=nn.LSTM(8, 3))
    assert dependence(model, SEQUENCES).recurrent == "first"


def test_that_a_layer_is_not_named_when_something_else_mixes_the_samples():
    model = Doing(lambda self, x: self.rnn(x.transpose(0, 1))[0][-1].softmax(0), rnn=nn.GRU(8, 3))
    found = dependence(model, SEQUENCES)
    assert (found.recurrent, found.operation) == (None, "softmax")


def test_that_a_sequence_first_model_that_keeps_both_dimensions_is_believed():
    assert dependence(Doing(lambda self, x: self.rnn(x)[0], rnn=nn.GRU(8, 3)), SEQUENCES) is None


def test_that_turning_puts_the_last_sample_in_front_of_the_reversed_batch():
    assert turn(torch.tensor([1, 2, 3])).tolist() == [3, 3, 2, 1]


def test_that_a_pass_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr("torchloupe.worker.registration.modes.PATIENCE_SECONDS", -1.0)
    model = Doing(lambda self, x: x)
    with pytest.raises(TooSlow):
        EvalPasses(Walked(model), ModelState(model), 0, lambda: None).output(SampleInput((X,), {}, "given"))
    assert not nn.modules.module._global_forward_pre_hooks


def test_that_each_pass_starts_from_the_same_state_in_eval_mode():
    model = Doing(lambda self, x: self.seen.append(self.training) or x + torch.rand(1), seen=[])
    passes = EvalPasses(Walked(model), ModelState(model), 0, lambda: None)
    given = SampleInput((X,), {}, "given")
    once, again, other = passes.output(given), passes.output(given), passes.output(given, other_seed=True)
    assert torch.equal(once[0], again[0])
    assert differ(once[0], other[0])
    assert model.seen == [False]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (torch.ones(3), torch.ones(3), 0.0),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]), 0.5),
        (torch.zeros(2), torch.ones(2), 1.0),
        (torch.ones(2), torch.ones(3), float("inf")),
        (torch.tensor([1, 2]), torch.tensor([2, 2]), 0.5),
        (torch.tensor([1, 2]), torch.tensor([1, 2]), 0.0),
        (torch.tensor([float("nan"), 1.0]), torch.tensor([float("nan"), 1.0]), 0.0),
        (torch.empty(0), torch.empty(0), 0.0),
        (torch.tensor([1 + 1j]), torch.tensor([1 + 1j]), 0.0),
        (torch.eye(2).to_sparse(), torch.eye(2).to_sparse(), 0.0),
    ],
)
def test_that_differences_are_parts_of_the_largest_value(one, other, expected):
    assert difference(one, other) == expected


def test_that_half_precision_may_differ_more():
    rounded = SimpleNamespace(full=torch.tensor([1.0]), near=torch.tensor([1.01]))
    assert differ(rounded.full, rounded.near)
    assert not differ(rounded.full.half(), rounded.near.half())


TUTORIALS = {
    "words of one sentence": (
        lambda self, x: self.head(self.rnn(self.words(x).view(len(x), 1, -1))[0].view(len(x), -1)),
        torch.arange(5),
        {"words": nn.Embedding(9, 8), "rnn": nn.LSTM(8, 4), "head": nn.Linear(4, 2)},
    ),
    "one sequence without a batch": (lambda self, x: self.rnn(x)[0], SEQUENCES[0], {"rnn": nn.GRU(8, 4)}),
    "one sequence as a batch of one": (lambda self, x: self.rnn(x)[0][:, 0], SEQUENCES[0][:, None], {"rnn": nn.GRU(8, 4)}),
    "attention between the words of one sentence": (
        lambda self, x: (self.key(x) @ self.key(x).t()).softmax(-1) @ x,
        SEQUENCES[0],
        {"key": nn.Linear(8, 4)},
    ),
    "attention of torch without a batch": (
        lambda self, x: self.attention(x, x, x)[0],
        SEQUENCES[0],
        {"attention": nn.MultiheadAttention(8, 2)},
    ),
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_that_one_sequence_without_a_batch_is_no_batch(name):
    work, given, parts = TUTORIALS[name]
    assert dependence(Doing(work, **parts), given) is None
