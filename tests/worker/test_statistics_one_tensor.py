"""A closer look at one tensor: percentiles, each channel, each unit."""

import math

import numpy as np
import pytest
import torch

from torchloupe.worker.statistics import CHUNK, HISTOGRAM_LIMIT, per_channel, percentiles
from worker.statistics_references import FLOATS, name_of


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


@pytest.mark.parametrize("size", [1, 2, 7, 5000, CHUNK + 3])
def test_that_percentiles_are_those_of_numpy(size):
    tensor = torch.randn(size)
    told = percentiles(tensor)
    assert [quantile.part for quantile in told] == [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
    expected = np.quantile(tensor.double().numpy(), [quantile.part for quantile in told])
    assert [quantile.value for quantile in told] == pytest.approx(expected.tolist(), rel=1e-12)


def test_that_percentiles_are_of_the_finite_values():
    tensor = torch.tensor([math.nan, 1.0, math.inf, 3.0, -math.inf, 2.0])
    assert [quantile.value for quantile in percentiles(tensor, (0.0, 0.5, 1.0))] == [1.0, 2.0, 3.0]
    assert percentiles(torch.full((3,), math.nan)) is None
    assert percentiles(torch.empty(0)) is None


def test_that_percentiles_of_a_large_tensor_are_those_of_an_even_sample():
    tensor = torch.arange(HISTOGRAM_LIMIT * 2, dtype=torch.float32)
    (middle,) = percentiles(tensor, (0.5,))
    assert middle.value == pytest.approx(HISTOGRAM_LIMIT, rel=1e-4)


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int64], ids=name_of)
@pytest.mark.parametrize(
    ("shape", "axis"), [((5,), 0), ((4, 6), 1), ((4, 6), -2), ((3, 5, 40, 60), 1), ((2, 300, 7), 2)], ids=str
)
def test_that_each_channel_is_measured_over_all_others(dtype, shape, axis):
    tensor = (torch.randn(shape) * 9).to(dtype)
    rows = tensor.double().movedim(axis, 0).flatten(1) if len(shape) > 1 else tensor.double()[:, None]
    known = per_channel(tensor, axis)
    assert known.elements == rows.shape[1]
    assert known.mean == pytest.approx(rows.mean(1).tolist(), rel=1e-9, abs=1e-12)
    assert known.std == pytest.approx(rows.std(1, correction=0).tolist(), rel=1e-9)
    assert (known.min, known.max) == (rows.amin(1).tolist(), rows.amax(1).tolist())
    assert known.zeros == (rows == 0).sum(1).tolist()
    assert known.finite == [rows.shape[1]] * len(rows)


def test_that_channels_of_a_tensor_larger_than_the_cache_are_measured_in_parts():
    tensor = torch.randn(3, 4, 250, 260).to(memory_format=torch.channels_last) + 100
    known = per_channel(tensor, 1)
    assert known.mean == pytest.approx(tensor.double().mean((0, 2, 3)).tolist(), rel=1e-12)
    assert known.std == pytest.approx(tensor.double().std((0, 2, 3), correction=0).tolist(), rel=1e-9)


def test_that_more_channels_than_fit_in_the_cache_are_measured_too():
    tensor = torch.randn(2, CHUNK + 5)
    assert per_channel(tensor, 1).max == tensor.amax(0).tolist()


def test_that_special_values_of_a_channel_concern_that_channel_alone():
    tensor = torch.ones(3, 4)
    tensor[0, 1], tensor[1] = math.inf, math.nan
    known = per_channel(tensor, 0)
    assert known.finite == [3, 0, 4]
    assert known.mean[0] == known.mean[2] == 1.0
    assert all(math.isnan(each[1]) for each in (known.mean, known.std, known.min, known.max))


def test_that_nothing_can_be_said_of_what_has_no_values():
    assert per_channel(torch.empty(3, device="meta"), 0) is None
    assert per_channel(torch.randn(3, dtype=torch.complex64), 0) is None
    assert per_channel(torch.empty(3, 0), 0) is None


def test_that_a_default_device_of_the_user_changes_nothing():
    tensor = torch.randn(30, 4)
    expected = per_channel(tensor, 1), percentiles(tensor)
    with torch.device("meta"):
        assert (per_channel(tensor, 1), percentiles(tensor)) == expected


def test_that_an_axis_that_is_not_there_is_an_error():
    with pytest.raises(IndexError):
        per_channel(torch.randn(3, 4), 2)
