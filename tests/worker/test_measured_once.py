"""What flows is measured once, however many modules hand it on, and again when it was changed."""

import weakref

import pytest
import torch
from torch import nn

from torchloupe.worker import measured_once
from torchloupe.worker.measured_once import MeasuredOnce
from torchloupe.worker.statistics import LARGE, NativeWay, chosen_way, measure
from torchloupe.worker.trace import ForwardTrace

SIDE = 160
"""Its square is beyond what is measured again without much thought."""
assert SIDE**2 >= LARGE


@pytest.fixture
def counted(monkeypatch):
    """How many elements each measurement was of."""
    elements = []

    class Counting(NativeWay):
        def measure_run(self, address, number, dtype):
            elements.append(number)
            return super().measure_run(address, number, dtype)

    if not isinstance(chosen_way(), NativeWay):
        pytest.skip("no C part")
    way = Counting()
    monkeypatch.setattr(measured_once, "chosen_way", lambda: way)
    return elements


def statistics_of(model, x):
    """By the path of the module."""
    told = []
    with ForwardTrace(model, told.extend, lambda: None), torch.no_grad():
        model(x)
    return {call.module: call.stats[0] for call in told}


class Block(nn.Module):
    def __init__(self, change=lambda x: x):
        super().__init__()
        self.change = change
        self.first, self.shortcut, self.layer, self.drop = nn.ReLU(), nn.Identity(), nn.Linear(SIDE, SIDE), nn.Dropout()

    def forward(self, x):
        x = self.first(x)
        y = self.layer(x)
        self.change(x)
        return self.drop(self.shortcut(x)) + y


def test_that_what_a_container_returns_and_a_view_of_it_are_measured_once(counted):
    model = nn.Sequential(nn.Sequential(nn.Linear(SIDE, SIDE), nn.Unflatten(1, (4, SIDE // 4))), nn.Flatten())
    found = statistics_of(model, torch.rand(SIDE, SIDE))
    assert counted == [SIDE**2]
    assert len({stats.mean for stats in found.values()}) == 1


def test_that_what_a_shortcut_hands_on_behind_other_layers_is_measured_once(counted):
    found = statistics_of(Block().eval(), torch.randn(SIDE, SIDE))
    assert len(counted) == 3  # the two layers, and what the block adds up
    assert found["shortcut"] == found["drop"] == found["first"] != found["layer"]


def by_numpy(x):
    x.numpy()[...] *= 2


@pytest.mark.parametrize("change", [lambda x: x.mul_(2), lambda x: x.data.mul_(2), by_numpy])
def test_that_it_is_measured_again_when_it_was_changed_in_place(counted, change):
    found = statistics_of(Block(change).eval(), torch.randn(SIDE, SIDE))
    assert len(counted) == 4
    assert found["shortcut"].mean == pytest.approx(2 * found["first"].mean, rel=1e-6)


def test_that_another_tensor_in_the_same_memory_is_another_one(counted):
    once = MeasuredOnce()
    for value in (1.0, 2.0, 3.0):
        tensor = torch.full((SIDE, SIDE), value)
        assert once.one_run(tensor, tensor.dtype, tensor.numel()).stats().mean == value
        other = torch.zeros(2)
        once.one_run(other, other.dtype, other.numel())  # the last one is held, this lets go of the one before
        del tensor
    assert counted == [SIDE**2, 2] * 3


def test_that_no_tensor_is_held_beyond_the_last_one():
    once = MeasuredOnce()
    tensor, last = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    first = weakref.ref(tensor)
    for each in (tensor, last):
        once.one_run(each, each.dtype, each.numel())
    del tensor, each
    assert first() is None
    last = weakref.ref(last)
    assert last() is not None
    once.forget()
    assert last() is None


def test_that_what_is_remembered_says_what_measuring_anew_says():
    found = statistics_of(Block().eval(), x := torch.randn(SIDE, SIDE))
    expected = measure(torch.relu(x))
    expected = expected.stats() if hasattr(expected, "stats") else expected
    assert found["shortcut"] == expected


def test_that_what_is_handed_on_is_queued_once_for_a_device_and_again_when_it_was_changed():
    once = MeasuredOnce(at_once=())  # the CPU stands for a device
    given, other = torch.randn(3, SIDE).relu(), torch.randn(7)
    places = [once.queued([("", tensor)]) for tensor in (given, given, given.view(SIDE, 3), other, given)]
    assert places == [[0], [0], [0], [1], [2]]
    given.add_(1)
    (changed,) = once.queued([("", given)])
    assert changed == 3
    told = once.collect()
    assert told[0].min == 0 < told[changed].min == 1
    assert once.queued([("", given)]) == [0]
