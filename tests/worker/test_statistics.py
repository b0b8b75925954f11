"""Statistics are exact over the whole tensor, whatever its dtype, size and special values."""

import math

import numpy as np
import pytest
import torch

from torchloupe.worker.statistics import CHUNK, HISTOGRAM_LIMIT, tensor_stats


def expected_histogram(values: torch.Tensor) -> np.ndarray:
    finite = values[torch.isfinite(values)].double().numpy()
    return np.histogram(finite, bins=64, range=(finite.min(), finite.max()))[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1,), (7,), (64, 3, 9), (CHUNK + 5,), (3, CHUNK)])
def test_that_moments_and_extremes_agree_with_float64(dtype, shape):
    torch.manual_seed(0)
    tensor = (torch.randn(shape) * 3 + 5).to(dtype)
    exact = tensor.double()
    stats = tensor_stats(tensor)
    assert stats.count == tensor.numel()
    assert stats.mean == pytest.approx(float(exact.mean()), rel=1e-5)
    assert stats.std == pytest.approx(float(exact.std(correction=0)), rel=1e-4, abs=1e-6)
    assert (stats.min, stats.max) == (float(exact.min()), float(exact.max()))
    assert sum(stats.histogram) == tensor.numel()
    assert stats.sampled is None


def test_that_a_large_mean_with_a_small_spread_keeps_its_std():
    torch.manual_seed(0)
    tensor = torch.randn(300_000) * 1e-2 + 1000
    assert tensor_stats(tensor).std == pytest.approx(float(tensor.double().std(correction=0)), rel=1e-3)


def test_that_nan_and_inf_are_counted_and_left_out_of_the_rest():
    tensor = torch.tensor([1.0, math.nan, 3.0, math.inf, -math.inf, 0.0])
    stats = tensor_stats(tensor)
    assert (stats.count, stats.nan, stats.inf, stats.zeros) == (6, 1, 2, 1)
    assert (stats.min, stats.max) == (0.0, 3.0)
    assert stats.mean == pytest.approx(4 / 3)
    assert sum(stats.histogram) == 3


def test_that_a_tensor_without_a_finite_value_has_counts_only():
    stats = tensor_stats(torch.full((5,), math.nan))
    assert (stats.nan, stats.mean, stats.std, stats.min, stats.max, stats.histogram) == (5, None, None, None, None, None)


def test_that_huge_float32_values_do_not_overflow():
    stats = tensor_stats(torch.full((1000,), 3e38))
    assert stats.mean == pytest.approx(3e38, rel=1e-6)
    assert tensor_stats(torch.tensor([-3e38, 3e38])).histogram[0] == 1


def test_that_the_histogram_agrees_with_numpy_within_a_rounding():
    torch.manual_seed(0)
    tensor = torch.randn(20_000)
    difference = np.abs(np.array(tensor_stats(tensor).histogram) - expected_histogram(tensor)).sum()
    assert difference <= 4


def test_that_equal_values_fall_into_the_first_bin():
    assert tensor_stats(torch.full((9,), 2.5)).histogram == (9, *[0] * 63)


def test_that_a_histogram_beyond_the_limit_says_of_how_many_it_was_made():
    tensor = torch.arange(HISTOGRAM_LIMIT + 1000, dtype=torch.float32)
    stats = tensor_stats(tensor)
    assert CHUNK <= stats.sampled < tensor.numel()
    assert sum(stats.histogram) == stats.sampled
    assert max(stats.histogram) - min(stats.histogram) < 0.1 * stats.sampled / 64 + 2
    assert stats.max == float(tensor[-1])


@pytest.mark.parametrize("tensor", [torch.arange(10), torch.tensor([True, False, False]), torch.arange(6, dtype=torch.uint8)])
def test_that_integers_and_booleans_are_counted_too(tensor):
    stats = tensor_stats(tensor)
    assert stats.mean == pytest.approx(float(tensor.double().mean()))
    assert stats.zeros == int((tensor == 0).sum())


def test_that_a_view_that_is_not_contiguous_gives_the_same_numbers():
    tensor = torch.randn(30, 40)
    assert tensor_stats(tensor.t()).mean == pytest.approx(tensor_stats(tensor).mean, abs=1e-6)


@pytest.mark.parametrize(
    "tensor", [torch.empty(0), torch.empty(3, device="meta"), torch.randn(2, dtype=torch.complex64), torch.eye(3).to_sparse()]
)
def test_that_tensors_without_countable_values_have_no_statistics(tensor):
    assert tensor_stats(tensor) is None


def test_that_asking_changes_neither_values_nor_gradients():
    tensor = torch.randn(5, requires_grad=True)
    before = tensor.detach().clone()
    tensor_stats(tensor * 1)
    assert torch.equal(tensor.detach(), before)
    assert tensor.grad is None
