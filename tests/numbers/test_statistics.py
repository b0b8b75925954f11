"""Statistics of stored tensors against torch in double precision."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from checkpoints.saved_state import saved
from torchloupe.checkpoints.values import open_values
from torchloupe.numbers.statistics import BINS, WHOLE, summary_of
from torchloupe.wire.values import ValueSummary

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]


def summed_up(folder: Path, tensor: torch.Tensor) -> ValueSummary:
    contents = saved(folder / "a.pt", {"a": tensor})
    with open_values(contents) as values:
        summary = summary_of(values, contents.tensors[0])
    assert summary is not None
    return summary


def assert_right(summary: ValueSummary, tensor: torch.Tensor) -> None:
    """Every number is that of the whole tensor."""
    stats, wide = summary.stats, tensor.double().flatten()
    finite = wide[wide.isfinite()]
    assert stats.count == wide.numel()
    assert (stats.zeros, stats.nan, stats.inf) == (int((wide == 0).sum()), int(wide.isnan().sum()), int(wide.isinf().sum()))
    if not finite.numel():
        assert (stats.mean, stats.std, stats.min, stats.max, stats.histogram) == (None,) * 5
        return
    size = float(finite.abs().max())
    assert stats.min == float(finite.min())
    assert stats.max == float(finite.max())
    assert stats.mean == pytest.approx(float((finite / 2).mean() * 2), rel=1e-5, abs=2e-6 * size)
    if size < 1e150:
        assert stats.std == pytest.approx(float(finite.std(correction=0)), rel=1e-5, abs=2e-6 * size)
    assert stats.histogram is not None
    assert len(stats.histogram) == BINS
    assert sum(stats.histogram) == (finite.numel() if stats.sampled is None else stats.sampled)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_that_statistics_are_those_of_the_whole_tensor(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = (torch.randn(300, 400) * 3 + 1).to(dtype)
    assert_right(summed_up(tmp_path, tensor), tensor)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int32, torch.int64, torch.uint8, torch.bool], ids=str)
def test_that_integers_and_truth_have_statistics(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.randint(0, 2 if dtype is torch.bool else 100, (500,)).to(dtype)
    assert_right(summed_up(tmp_path, tensor), tensor)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_that_what_is_not_finite_is_counted_and_left_out(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.randn(1000).to(dtype)
    tensor[::7], tensor[1::9], tensor[2::11], tensor[3::13] = float("nan"), float("inf"), -float("inf"), 0
    assert_right(summed_up(tmp_path, tensor), tensor)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_that_a_tensor_without_a_finite_value_has_counts_alone(tmp_path: Path, value: float) -> None:
    tensor = torch.full((10,), value)
    assert_right(summed_up(tmp_path, tensor), tensor)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.floats(width=64), max_size=60), dtype=st.sampled_from([torch.float64, torch.float32, torch.float16]))
@example(numbers=[1.7e308, -1.7e308, 1.6e308], dtype=torch.float64)
@example(numbers=[3.4e38, 3.4e38, 3.3e38, -3.4e38], dtype=torch.float32)
@example(numbers=[5e-324, 0.0, -5e-324], dtype=torch.float64)
@example(numbers=[], dtype=torch.float32)
def test_that_any_numbers_have_the_statistics_that_torch_gives_them(
    tmp_path: Path, numbers: list[float], dtype: torch.dtype
) -> None:
    tensor = torch.tensor(numbers, dtype=torch.float64).to(dtype)
    assert_right(summed_up(tmp_path, tensor), tensor)


def test_that_the_bins_are_those_of_torch(tmp_path: Path) -> None:
    tensor = torch.randn(5000, dtype=torch.float64)
    expected = torch.histc(tensor, BINS, float(tensor.min()), float(tensor.max()))
    histogram = summed_up(tmp_path, tensor).stats.histogram or ()
    assert sum(abs(ours - int(theirs)) for ours, theirs in zip(histogram, expected.tolist(), strict=True)) <= 2


def test_that_a_constant_tensor_has_all_in_its_first_bin(tmp_path: Path) -> None:
    assert summed_up(tmp_path, torch.full((50,), 3.0)).stats.histogram == (50, *[0] * 63)


def test_that_quantiles_of_a_small_tensor_are_exact(tmp_path: Path) -> None:
    tensor = torch.randn(2001)
    summary = summed_up(tmp_path, tensor)
    assert summary.quantiles_sampled is None
    for quantile in summary.quantiles:
        assert quantile.value == pytest.approx(float(tensor.double().quantile(quantile.part)), rel=1e-6)


def test_that_a_large_tensor_says_of_how_many_elements_its_histogram_and_quantiles_are(tmp_path: Path) -> None:
    tensor = torch.randn(WHOLE + 12_345)
    summary = summed_up(tmp_path, tensor)
    assert_right(summary, tensor)
    assert summary.stats.sampled == summary.quantiles_sampled
    assert 1 << 16 <= (summary.stats.sampled or 0) <= 1 << 17
    middle = next(quantile.value for quantile in summary.quantiles if quantile.part == 0.5)
    assert middle == pytest.approx(0, abs=0.02)


def test_that_the_sample_is_even_across_chunks(tmp_path: Path) -> None:
    tensor = torch.arange(WHOLE * 2, dtype=torch.float64)
    histogram = summed_up(tmp_path, tensor).stats.histogram or ()
    assert max(histogram) - min(histogram) <= 1


def test_that_views_have_the_statistics_of_their_own_elements(tmp_path: Path) -> None:
    base = torch.randn(60, 50)
    for view in (base.t(), base[:, 3:7], base[::7, ::3], base.view(3, 20, 50).permute(2, 0, 1)):
        assert_right(summed_up(tmp_path, view), view)


def test_that_an_expanded_tensor_is_counted_without_being_spread_out(tmp_path: Path) -> None:
    view = torch.tensor([0.0, 1.0]).view(2, 1).expand(2, 10**12)
    stats = summed_up(tmp_path, view).stats
    assert (stats.count, stats.zeros, stats.mean, stats.std) == (2 * 10**12, 10**12, 0.5, 0.5)
    assert stats.histogram is not None
    assert sum(stats.histogram) == 2 * 10**12


def test_that_complex_values_have_no_order_and_no_statistics(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(3, dtype=torch.complex64)})
    with open_values(contents) as values:
        assert summary_of(values, contents.tensors[0]) is None


def test_that_progress_begins_at_nothing_ends_with_all_and_may_cancel(tmp_path: Path) -> None:
    contents = saved(tmp_path / "a.pt", {"a": torch.zeros(6_000_000)})
    told: list[tuple[int, int, str]] = []
    with open_values(contents) as values:
        summary_of(values, contents.tensors[0], lambda *words: told.append(words))
        assert (told[0], told[-1]) == ((0, 24_000_000, "a"), (24_000_000, 24_000_000, "a"))
        assert 3 <= len(told) <= 5

        def stop(done: int, _total: int, _what: str) -> None:
            if done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            summary_of(values, contents.tensors[0], stop)
