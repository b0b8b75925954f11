"""The same input in both modes: each call beside itself, and what it does otherwise; the model is left as it was."""

import pytest
import torch
from torch import nn

from torchloupe.analysis.numerics.mode_comparison import CARRIED, SAME, SOURCE, mode_rows
from torchloupe.wire.numerics import BATCH_NORM, DROPOUT, CompareModes
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.numerics import compare_modes as room

TARGET = """
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self, train_steps=0):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(8, 4)
        for _ in range(train_steps):
            self.bn(torch.randn(4, 8, 6, 6))
    def forward(self, x):
        x = self.drop(F.relu(self.bn(self.conv(x))))
        return F.dropout(self.fc(x.mean((2, 3))), 0.5, self.training)

class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
    def forward(self, x):
        return self.fc(x).relu()

class Asks(Plain):
    def forward(self, x):
        return self.fc(x) * (2 if self.training else 1)

class Skips(Plain):
    def __init__(self):
        super().__init__()
        self.aux = nn.Linear(4, 4)
    def forward(self, x):
        y = self.fc(x)
        return y + self.aux(x) if self.training else y

class Longer(Plain):
    def forward(self, x):
        return self.fc(x)[: 1 if self.training else None]

class OneModeOnly(Plain):
    def forward(self, x):
        assert self.training, "no eval here"
        return self.fc(x)

class Inside(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(4, 4, num_layers=2, dropout=0.25, batch_first=True)
        self.mha = nn.MultiheadAttention(4, 2, dropout=0.1, batch_first=True)
    def forward(self, x):
        y, _ = self.rnn(x[None])
        return self.mha(y, y, y, need_weights=False)[0]

class Odd(Plain):
    def forward(self, x):
        try:
            self.fc(x[:, :3])
        except RuntimeError:
            pass
        return {"mask": x > 0, "wave": torch.fft.fft(self.fc(x)), "none": None, "empty": x[:0], "twice": self.fc(x)}

def example_inputs():
    return (torch.randn(4, 4),)
"""
PICTURES = ("float32[4,3,8,8]",)


@pytest.fixture
def compare(context, tmp_path):
    """Open a class of the file and compare its modes."""
    file = tmp_path / "net.py"
    file.write_text(TARGET)

    def compare(name, arguments=None, **request):
        HANDLERS[OpenTarget](context, OpenTarget(f"{file}:{name}", arguments))
        model = context.state["open"].model
        before = {key: value.clone() for key, value in model.state_dict().items()}
        try:
            return HANDLERS[CompareModes](context, CompareModes(**request))
        finally:
            assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
            assert model.training
            assert not nn.modules.module._global_forward_hooks

    return compare


def test_that_every_call_is_beside_itself_in_execution_order(compare):
    answer = compare("Net", inputs=PICTURES)
    assert [each.module for each in answer.calls] == ["", "conv", "bn", "drop", "fc"]
    assert [each.index for each in answer.calls] == [0, 1, 2, 3, 4]
    assert [each.depth for each in answer.calls] == [0, 1, 1, 1, 1]
    assert answer.calls[1].shape == (4, 8, 6, 6)
    assert answer.calls[1].class_name == "Conv2d"
    assert answer.difference == answer.calls[0].difference
    assert answer.difference > 0.1


def test_that_the_first_difference_arises_in_the_norm_and_the_sources_are_named(compare):
    answer = compare("Net", inputs=PICTURES)
    assert [row.kind for row in mode_rows(answer)] == [SOURCE, SAME, SOURCE, SOURCE, CARRIED]
    root, _, bn, drop, _ = answer.calls
    assert [(each.kind, each.probability, each.line) for each in root.changes] == [(DROPOUT, 0.5, 17)]
    assert [(each.kind, each.probability, each.line) for each in drop.changes] == [(DROPOUT, 0.3, 16)]
    (norm,) = bn.changes
    assert (norm.kind, norm.counted) == (BATCH_NORM, 0)
    assert bn.input_difference == 0.0
    assert bn.train_std == pytest.approx(1.0, abs=0.05)
    assert bn.line == 16


def test_that_the_distance_from_the_stored_statistics_is_measured(compare):
    trained = compare("Net", {"train_steps": 5}, inputs=PICTURES)
    (norm,) = trained.calls[2].changes
    assert norm.counted == 5
    assert 0.0 <= norm.off < 2.0
    assert 0.1 < norm.wider < 2.0


def test_that_a_model_without_any_of_it_is_the_same_in_both(compare):
    answer = compare("Plain")
    assert answer.difference == 0.0
    assert {row.kind for row in mode_rows(answer)} == {SAME}


def test_that_a_forward_that_asks_for_the_mode_is_the_source(compare):
    answer = compare("Asks")
    assert answer.difference == pytest.approx(1.0)
    assert [row.kind for row in mode_rows(answer)] == [SOURCE, SAME]


def test_that_a_call_that_only_one_mode_makes_is_there(compare):
    answer = compare("Skips")
    assert [(each.module, each.only_in) for each in answer.calls] == [("", ""), ("fc", ""), ("aux", "train")]
    assert answer.calls[2].difference is None


def test_that_another_shape_is_a_difference(compare):
    assert compare("Longer").difference == float("inf")


def test_that_dropout_inside_of_one_operation_of_torch_is_seen(compare):
    answer = compare("Inside")
    rnn, mha = (each for each in answer.calls if each.module in ("rnn", "mha"))
    assert [each.probability for each in rnn.changes] == [0.25]
    assert 0.1 in [each.probability for each in mha.changes]


def test_that_odd_results_and_failures_that_the_model_catches_do_no_harm(compare):
    answer = compare("Odd")
    assert answer.difference == 0.0
    assert [each.call_number for each in answer.calls if each.module == "fc"] == [0, 1, 2]
    assert answer.calls[1].difference is None


def test_that_a_model_that_does_not_run_in_one_mode_says_in_which(compare):
    with pytest.raises(CouldNotRun) as raised:
        compare("OneModeOnly")
    (problem,) = raised.value.problems
    assert problem.message.startswith("In eval mode the model does not run")


def test_that_the_seed_decides_what_is_dropped(compare):
    one, again, other = (compare("Net", inputs=PICTURES, seed=seed).difference for seed in (1, 1, 2))
    assert one == again != other


def test_that_a_large_tensor_is_compared_by_values_evenly_over_it():
    values = room._values(torch.arange(1_000_000.0))
    assert 2048 < values.numel() <= 8192
    assert values[-1] > 990_000
    assert room._values(torch.ones(3, device="meta")) is None
    assert room._values(torch.ones(2, 2).to_sparse()) is None
    assert room._values(torch.ones(3, dtype=torch.complex64)).tolist() == [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]


def test_that_it_can_be_stopped_between_the_calls(context, compare):
    class Stopped(BaseException):
        pass

    asked = []

    def stop():
        asked.append(1)
        if len(asked) > 3:
            raise Stopped

    context.raise_if_requested = stop
    with pytest.raises(Stopped):
        compare("Net", inputs=PICTURES)
