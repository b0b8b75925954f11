"""Statistics on a device come over together; here the CPU stands in for the device, along the same path."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchloupe.worker.statistics import HISTOGRAM_LIMIT, SAMPLE, DeferredStats, deferred, deferred_stats, sheet, tensor_stats
from worker.statistics_references import FLOATS, INTEGERS, assert_right, name_of


@pytest.fixture
def device():
    """Takes the CPU for a device."""
    torch.manual_seed(0)
    return DeferredStats(tensor_stats, at_once=())


@pytest.fixture
def small_sheets(monkeypatch):
    """Most tensors need several sheets."""
    monkeypatch.setattr(sheet, "ROW", 64)
    monkeypatch.setattr(sheet, "ROWS", 16)
    monkeypatch.setattr(deferred, "HISTOGRAM_LIMIT", 500)


def only(device, tensor):
    device.add(tensor)
    (stats,) = device.collect()
    return stats


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, torch.bool], ids=name_of)
def test_that_numbers_of_every_type_are_measured_on_the_device(device, small_sheets, dtype):
    tensor = (torch.randn(3500).abs() * 20).to(dtype)
    assert_right(only(device, tensor), tensor)


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int64, torch.bool], ids=name_of)
def test_that_small_tensors_are_told_one_behind_the_other(device, dtype):
    tensors = [(torch.randn(30, 50) * 20 * number).to(dtype) for number in (1, 0, 3)]
    for tensor in tensors:
        device.add(tensor)
    for stats, tensor in zip(device.collect(), tensors, strict=True):
        assert_right(stats, tensor)


@pytest.mark.parametrize("is_deterministic", [False, True])
def test_that_tensors_which_share_a_sheet_keep_apart_whatever_lies_between_them(device, small_sheets, is_deterministic):
    torch.use_deterministic_algorithms(is_deterministic)
    try:
        special = torch.tensor([math.nan, 3.0, math.inf, -7.0, -math.inf]).repeat(150)
        tensors = [
            torch.randn(900),
            special,
            torch.tensor(5.0),
            torch.randint(0, 9, (700,)),
            torch.full((3,), math.nan),
            torch.rand(2000),
        ]
        for tensor in tensors * 5:
            device.add(tensor)
        for stats, tensor in zip(device.collect(), tensors * 5, strict=True):
            assert_right(stats, tensor)
    finally:
        torch.use_deterministic_algorithms(False)


def test_that_large_tensors_of_one_byte_are_counted_whole(device):
    tensor = torch.randint(0, 200, (HISTOGRAM_LIMIT + 5000,), dtype=torch.uint8)
    assert_right(only(device, tensor), tensor)


@pytest.mark.parametrize(
    "values",
    [[math.nan], [math.inf, -math.inf, 2.0], [3e38, -3e38], [1e-45, 3e-45], [2.5], [0.0, -0.0], [math.nan, 7.0]],
    ids=str,
)
def test_that_special_values_are_told_apart_on_the_device(device, small_sheets, values):
    tensor = torch.tensor(values).repeat(1500)
    assert_right(only(device, tensor), tensor)


@pytest.mark.parametrize("is_deterministic", [False, True])
@pytest.mark.parametrize(
    "values",
    [[1e200, -1e200, 3e199], [1.5e308, -1.5e308, 0.0], [1e300], [1e-300, 3e-300], [1e101, 5.0, math.nan], [5e-324, 1.5e-323]],
    ids=str,
)
def test_that_doubles_are_measured_whose_squares_have_no_room_in_a_double(device, small_sheets, values, is_deterministic):
    torch.use_deterministic_algorithms(is_deterministic)
    try:
        tensor = torch.tensor(values, dtype=torch.float64).repeat(1500)
        device.add(torch.tensor([1.0, 2.0], dtype=torch.float64))
        device.add(tensor)
        few, stats = device.collect()
        assert (few.mean, few.std) == (1.5, 0.5)
        assert_right(stats, tensor, histogram=max(map(abs, values)) > 1e-290 and max(map(abs, values)) < 1e308)
        assert sum(stats.histogram) == stats.count - stats.nan
    finally:
        torch.use_deterministic_algorithms(False)


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
def test_that_views_are_measured_as_what_they_show(device, small_sheets, view):
    assert_right(only(device, view), view)
    device = DeferredStats(tensor_stats, at_once=())
    assert_right(only(device, view), view)


def test_that_a_large_tensor_has_an_even_sample_as_histogram(device):
    tensor = torch.arange(HISTOGRAM_LIMIT + 1000, dtype=torch.float32)
    stats, here = only(device, tensor), tensor_stats(tensor)
    assert SAMPLE <= stats.sampled == here.sampled
    assert max(abs(a - b) for a, b in zip(stats.histogram, here.histogram, strict=True)) <= 1


def test_that_values_are_those_of_the_moment_when_they_were_given_in(device):
    tensors = torch.ones(100), torch.ones(HISTOGRAM_LIMIT + 1)
    for tensor in tensors:
        device.add(tensor)
        tensor.fill_(5)
    assert [(stats.mean, stats.zeros, stats.histogram[0]) for stats in device.collect()] == [(1.0, 0, 100), (1.0, 0, SAMPLE + 1)]


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


def test_that_one_transfer_fetches_all_of_a_type(device, monkeypatch, small_sheets):
    transfers = []
    plain = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: transfers.append(tensor.dtype) or plain(tensor))
    for _ in range(5):
        device.add(torch.randn(900))
    assert transfers == []
    device.collect()
    assert sorted(map(str, transfers)) == ["torch.float32", "torch.float64", "torch.int64"]


def test_that_few_operations_are_done_for_many_tensors(device):
    done = []

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            done.append(function)
            return function(*args, **(kwargs or {}))

    tensor = torch.randn(100, 100)
    with Counting():
        for _ in range(600):
            device.add(tensor)
    assert len([each for each in done if each is torch.ops.aten.copy_.default]) == 600
    assert len(done) < 600 * 5


def test_that_what_a_device_refuses_is_not_told_and_the_rest_is(device, small_sheets, monkeypatch):
    tensors = [torch.randn(500) for _ in range(7)]
    plain, calls = torch.Tensor.nan_to_num, []

    def refused_once(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("out of memory")
        return plain(*args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "nan_to_num", refused_once)
    for tensor in tensors:
        device.add(tensor)
    told = device.collect()
    assert told[:2] == [None, None]
    for stats, tensor in zip(told[2:], tensors[2:], strict=True):
        assert_right(stats, tensor)


def test_that_inference_mode_and_no_inference_mode_may_take_turns(device):
    with torch.inference_mode():
        device.add(torch.ones(3))
    device.add(torch.full((4,), 2.0))
    assert [stats.mean for stats in device.collect()] == [1.0, 2.0]


def test_that_tensors_of_the_cpu_are_measured_at_once():
    both = deferred_stats()
    both.add(torch.ones(4))
    assert both._waiting[0].mean == 1.0


def test_that_gradients_are_not_recorded(device, small_sheets):
    tensor = torch.randn(2000, requires_grad=True)
    doubled = tensor * 2
    device.add(doubled)
    assert_right(device.collect()[0], doubled.detach())
    doubled.sum().backward()
    assert tensor.grad.eq(2).all()
