"""Statistics made the plain way, in double precision over a whole copy, and the ways that must agree with them."""

import math

import numpy as np
import torch

from torchloupe.wire.tensors import TensorStats
from torchloupe.worker.statistics.native_way import LIBRARY, NativeWay
from torchloupe.worker.statistics.torch_way import TorchWay

WAYS = [TorchWay(), *([NativeWay()] if LIBRARY.exists() else [])]
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
SMALL_FLOATS = [dtype for name in ("e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz") if (dtype := getattr(torch, f"float8_{name}", None))]
INTEGERS = [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64]


def name_of(value: object) -> str:
    """For the names of tests."""
    return getattr(value, "name", None) or str(value).replace("torch.", "")


def assert_right(stats: TensorStats | None, tensor: torch.Tensor, histogram: bool = True) -> None:
    """The statistics are those of the tensor: counts exactly, moments to a millionth, bins but for roundings at their edges."""
    exact = tensor.double().flatten().numpy()
    finite = exact[np.isfinite(exact)]
    assert stats is not None
    assert stats.count == exact.size
    assert (stats.zeros, stats.nan, stats.inf) == ((exact == 0).sum(), np.isnan(exact).sum(), np.isinf(exact).sum())
    if not finite.size:
        assert (stats.mean, stats.std, stats.min, stats.max, stats.histogram, stats.sampled) == (None,) * 6
        return
    assert (stats.min, stats.max) == (finite.min(), finite.max())
    size = float(np.abs(finite).max())
    assert stats.mean is not None
    assert stats.std is not None
    scale = size if size > 1e-290 else 1.0
    scaled = finite / scale
    assert math.isclose(stats.mean / scale, scaled.mean(), rel_tol=1e-6, abs_tol=1e-12)
    assert math.isclose(stats.std / scale, scaled.std(), rel_tol=1e-6, abs_tol=1e-9)
    if histogram:
        assert_binned(stats, finite)


def assert_binned(stats: TensorStats, finite: np.ndarray) -> None:
    """All finite values lie in 64 bins; one that lies on an edge may have been counted beside it."""
    assert stats.histogram is not None
    assert len(stats.histogram) == 64
    assert sum(stats.histogram) == finite.size
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        assert stats.histogram[0] == finite.size
        return
    places = (finite - low) / (high - low) * 64
    sure = np.abs(places - np.round(places)) > 1e-3
    expected = np.bincount(np.clip(places[sure].astype(int), 0, 63), minlength=64)
    missed = expected - np.array(stats.histogram)
    assert missed.max() <= 0 or missed[missed > 0].sum() <= (~sure).sum()
