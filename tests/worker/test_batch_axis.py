"""A loss that was given other samples than targets: what lost them on the way is told in its place."""

from pathlib import Path

import pytest
import torch
from torch import nn

from torchloupe.analysis.registration.forward_facts import NOWHERE
from torchloupe.analysis.step.facts import Meeting
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.places import Places
from torchloupe.worker.step.batch_axis import lost_batch


class Reader(nn.Module):
    def __init__(self, layer, last=-1):
        super().__init__()
        self.layer = layer
        self.out = nn.Linear(12, 3)
        self.last = last

    def forward(self, x):
        if isinstance(self.layer, nn.MultiheadAttention):
            return self.out(self.layer(x, x, x)[0][self.last])
        return self.out(self.layer(x)[0][self.last])


class Viewer(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.features = features
        self.out = nn.Linear(features, 3)

    def forward(self, x):
        return self.out(self.conv(x).view(-1, self.features))


def looked(model, *shape, target=None, failed=True):
    """The problem, and how often the model was put back."""
    given, put_back = SampleInput((torch.ones(shape),), {}, "given"), []
    output = tuple(model(torch.ones(shape)).shape)
    meeting = Meeting("cross_entropy", output, target or shape[:1], (), failed, NOWHERE)
    return lost_batch(model, given, meeting, Places(), lambda: put_back.append(True)), len(put_back)


READERS = {
    "lstm": nn.LSTM(12, 12),
    "gru": nn.GRU(12, 12),
    "rnn of two layers": nn.RNN(12, 12, 2),
    "attention": nn.MultiheadAttention(12, 3),
}


@pytest.mark.parametrize("name", READERS)
def test_that_a_layer_that_reads_the_batch_as_time_is_named(name):
    problem, count = looked(Reader(READERS[name]), 4, 9, 12)
    assert (problem.code, problem.module, problem.data["input_shape"]) == ("batch-first", "layer", [4, 9, 12])
    assert problem.message.startswith(f"`layer` ({type(READERS[name]).__name__}) reads the batch as time: ")
    assert "4 steps of 9 samples" in problem.message
    assert (problem.fixes[0].verified, problem.fixes[0].outcome) == (True, "each sample then has its own answer")
    assert count == 2


def test_that_the_line_of_its_definition_is_told():
    problem, _ = looked(Reader(nn.LSTM(12, 12)), 4, 9, 12)
    assert problem.file == __file__
    assert "self.layer = layer" in Path(__file__).read_text().splitlines()[problem.line - 1]


@pytest.mark.parametrize(("features", "after"), [(128, 8), (512, 2)])
def test_that_a_view_that_makes_more_or_fewer_samples_is_named(features, after):
    problem, count = looked(Viewer(features), 4, 1, 8, 8)
    assert (problem.code, problem.data["batch"]) == ("batch-size-changed", [4, after])
    assert problem.message.startswith(f"The batch of 4 becomes {after} here: `view` to [{after}, {features}]")
    assert problem.file == __file__
    assert count == 2  # the look, and the flatten that is tried


@pytest.mark.parametrize(
    ("model", "shape", "more"),
    [
        (Reader(nn.LSTM(12, 12)), (4, 9, 12), {"failed": False}),
        (Reader(nn.LSTM(12, 12)), (4, 9, 12), {"target": (7,)}),
        (Reader(nn.LSTM(12, 12)), (4, 4, 12), {}),
        (Viewer(256), (4, 1, 8, 8), {"target": (5,)}),
        (Reader(nn.LSTM(12, 12, batch_first=True)), (4, 9, 12), {}),
    ],
    ids=["nothing failed", "other targets", "as many steps as samples", "the batch is whole", "it reads the batch first"],
)
def test_that_nothing_is_said_where_it_is_not_that(model, shape, more):
    assert looked(model, *shape, **more)[0] is None


def test_that_a_model_that_fails_after_the_change_is_left_alone():
    class Strict(Reader):
        def forward(self, x):
            output = super().forward(x)
            if output.shape[0] == 4:
                raise ValueError("it wants nine")
            return output

    problem, count = looked(Strict(nn.LSTM(12, 12)), 4, 9, 12)
    assert problem is None
    assert count == 2


def test_that_an_input_without_a_batch_has_none_to_lose():
    given = SampleInput((torch.tensor(3.0),), {}, "given")
    meeting = Meeting("mse_loss", (3,), (4,), (), True, NOWHERE)
    assert lost_batch(nn.Identity(), given, meeting, Places(), lambda: None) is None
    assert lost_batch(nn.Identity(), SampleInput((), {}, "given"), meeting, Places(), lambda: None) is None
