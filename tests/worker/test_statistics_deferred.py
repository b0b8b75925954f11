"""Statistics on a device come over together; here the CPU stands in for the device, along the same path."""

import math

import pytest
import torch

from torchloupe.worker.statistics import HISTOGRAM_LIMIT, SAMPLE, DeferredStats, deferred, deferred_stats, tensor_stats
from worker.statistics_references import FLOATS, INTEGERS, assert_right, name_of


@pytest.fixture
def device():
    """Takes the CPU for a device."""
    torch.manual_seed(0)
    return DeferredStats(tensor_stats, at_once=())


@pytest.fixture
def no_copies(monkeypatch):
    """Everything is computed on the device, in small pieces."""
    monkeypatch.setattr(deferred, "SMALL", 0)
    monkeypatch.setattr(deferred, "_PIECE", 1000)


def only(device, tensor):
    device.add(tensor)
    (stats,) = device.collect()
    return stats


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, torch.bool], ids=name_of)
def test_that_numbers_of_every_type_are_measured_on_the_device(device, no_copies, dtype):
    tensor = (torch.randn(3500).abs() * 20).to(dtype)
    assert_right(only(device, tensor), tensor)


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int64, torch.bool], ids=name_of)
def test_that_a_small_tensor_comes_over_as_it_was(device, dtype):
    tensor = (torch.randn(30, 50) * 20).to(dtype)
    assert only(device, tensor) == tensor_stats(tensor)


@pytest.mark.parametrize(
    "values",
    [[math.nan], [math.inf, -math.inf, 2.0], [3e38, -3e38], [1e-45, 3e-45], [2.5], [0.0, -0.0], [math.nan, 7.0]],
    ids=str,
)
def test_that_special_values_are_told_apart_on_the_device(device, no_copies, values):
    tensor = torch.tensor(values).repeat(1500)
    assert_right(only(device, tensor), tensor)


@pytest.mark.parametrize(
    "view",
    [
        torch.randn(300, 40).t(),
        torch.randn(300, 40)[:, ::3],
        torch.randn(3, 4, 20, 20).to(memory_format=torch.channels_last),
        torch.randn(40, 1).expand(40, 60),
    ],
    ids=lambda view: str(view.stride()),
)
def test_that_views_are_measured_as_what_they_show(device, no_copies, view):
    assert_right(only(device, view), view)
    device = DeferredStats(tensor_stats, at_once=())
    assert_right(only(device, view), view)


def test_that_a_large_tensor_has_an_even_sample_as_histogram(device):
    tensor = torch.arange(HISTOGRAM_LIMIT + 1000, dtype=torch.float32)
    stats, here = only(device, tensor), tensor_stats(tensor)
    assert SAMPLE <= stats.sampled == here.sampled
    assert max(abs(a - b) for a, b in zip(stats.histogram, here.histogram, strict=True)) <= 1


def test_that_values_are_those_of_the_moment_when_they_were_given_in(device):
    tensor = torch.ones(100)
    device.add(tensor)
    tensor.fill_(5)
    large = torch.ones(deferred.SMALL + 1)
    device.add(large)
    large.zero_()
    assert [(stats.mean, stats.zeros) for stats in device.collect()] == [(1.0, 0), (1.0, 0)]


def test_that_answers_come_in_the_order_of_questions_and_none_for_what_has_no_values(device):
    tensors = [
        torch.full((3,), 1.0),
        torch.empty(0),
        torch.full((4,), 2),
        torch.ones(2, dtype=torch.complex64),
        torch.full((5,), 3.0),
    ]
    assert [device.add(tensor) for tensor in tensors] == [0, 1, 2, 3, 4]
    assert [stats and stats.mean for stats in device.collect()] == [1.0, None, 2.0, None, 3.0]
    assert device.collect() == []


def test_that_copies_take_no_more_room_than_they_may(device, monkeypatch):
    monkeypatch.setattr(deferred, "ROOM", 1000)
    device.collect()
    tensors = [torch.randn(100) for _ in range(5)]
    for tensor in tensors:
        device.add(tensor)
    assert sum(entry.values.numel() for entry in device._waiting if isinstance(entry, deferred._Copy)) == 200
    for stats, tensor in zip(device.collect(), tensors, strict=True):
        assert_right(stats, tensor)


def test_that_one_transfer_fetches_all_of_a_type(device, monkeypatch):
    transfers = []
    plain = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: transfers.append(tensor.dtype) or plain(tensor))
    for _ in range(5):
        device.add(torch.randn(20))
        device.add(torch.arange(20))
    waited, transfers[:] = list(transfers), []
    device._measure = lambda tensor: None
    device.collect()
    assert waited == []
    assert sorted(map(str, transfers)) == ["torch.float32", "torch.int64"]


def test_that_tensors_of_the_cpu_are_measured_at_once():
    both = deferred_stats()
    both.add(torch.ones(4))
    assert both._waiting[0].mean == 1.0


def test_that_gradients_are_not_recorded(device, no_copies):
    tensor = torch.randn(2000, requires_grad=True)
    device.add(tensor * 2)
    assert not device._waiting[0].values.requires_grad
