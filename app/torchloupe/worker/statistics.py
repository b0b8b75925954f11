"""Statistics of a tensor's values, exact over the whole tensor, on cache-sized chunks and never on a whole copy."""

import math
from typing import List, Optional, Tuple

import torch

from ..wire.tensors import TensorStats

BINS = 64
HISTOGRAM_LIMIT = 1 << 20
CHUNK = 1 << 16
_GPU_CHUNK = 1 << 24
_SMALL = 1 << 14


def tensor_stats(tensor: torch.Tensor) -> Optional[TensorStats]:
    """The statistics of a real tensor; None when it has no values that can be counted (meta, fake, sparse, complex, empty)."""
    values = _flat_values(tensor)
    if values is None or values.numel() == 0:
        return None
    total = _Moments()
    for chunk in torch.split(values, CHUNK if values.device.type == "cpu" else _GPU_CHUNK):
        total.add(_as_float(chunk))
    histogram, sampled = _histogram(values, total)
    return TensorStats(
        count=values.numel(),
        mean=total.mean if total.finite else None,
        std=math.sqrt(max(total.squares / total.finite, 0.0)) if total.finite else None,
        min=total.low if total.finite else None,
        max=total.high if total.finite else None,
        zeros=total.zeros,
        nan=total.nan,
        inf=total.inf,
        histogram=histogram,
        sampled=sampled,
    )


class _Moments:
    """Running count, mean and sum of squared deviations (Chan, Golub, LeVeque 1979), extremes and special values."""

    def __init__(self) -> None:
        self.finite = self.zeros = self.nan = self.inf = 0
        self.mean = self.squares = 0.0
        self.low, self.high = math.inf, -math.inf

    def add(self, chunk: torch.Tensor) -> None:
        self.zeros += chunk.numel() - int(torch.count_nonzero(chunk))
        low, high = _extremes(chunk)
        if not (math.isfinite(low) and math.isfinite(high)):
            self.nan += int(torch.isnan(chunk).sum())
            self.inf += int(torch.isinf(chunk).sum())
            chunk = chunk[torch.isfinite(chunk)]
            if chunk.numel() == 0:
                return
            low, high = _extremes(chunk)
        self.low, self.high = min(self.low, low), max(self.high, high)
        count = chunk.numel()
        # float32 sums of huge values overflow; the rare chunk that has them is summed in float64.
        wide = chunk.double() if max(abs(low), abs(high)) > 1e15 and chunk.dtype is torch.float32 else chunk
        mean = float(wide.sum()) / count
        deviation = wide - mean
        squares = float(torch.dot(deviation, deviation))
        together = self.finite + count
        distance = mean - self.mean
        self.squares += squares + distance * distance * self.finite * count / together
        self.mean += distance * count / together
        self.finite = together


def _flat_values(tensor: torch.Tensor) -> Optional[torch.Tensor]:
    if tensor.device.type == "meta":
        return None
    values = tensor.detach()
    if values.is_complex() or values.layout is not torch.strided:
        return None
    if type(values).__name__ == "FakeTensor":
        return None
    if values.is_quantized:
        values = values.dequantize()
    return values.reshape(-1)


def _as_float(chunk: torch.Tensor) -> torch.Tensor:
    if chunk.dtype in (torch.float32, torch.float64):
        return chunk
    return chunk.float() if chunk.is_floating_point() else chunk.double()


def _extremes(chunk: torch.Tensor) -> Tuple[float, float]:
    low, high = torch.aminmax(chunk)
    return float(low), float(high)


def _histogram(values: torch.Tensor, total: _Moments) -> Tuple[Optional[Tuple[int, ...]], Optional[int]]:
    if not total.finite:
        return None, None
    sampled = None
    if values.numel() > HISTOGRAM_LIMIT:
        values = values[:: values.numel() // CHUNK]
        sampled = values.numel()
    values = _as_float(values)
    if total.high - total.low > 1e30:
        values = values.double()
    if total.nan or total.inf:
        values = values[torch.isfinite(values)]
    if total.low == total.high:
        return (values.numel(), *[0] * (BINS - 1)), sampled
    return tuple(_bin_counts(values, total.low, total.high)), sampled


def _bin_counts(values: torch.Tensor, low: float, high: float) -> List[int]:
    """Elements in each of ``BINS`` equal bins; on the CPU by counting bin numbers, four times as fast as ``histc``."""
    if values.device.type != "cpu" or values.numel() < _SMALL:
        return [int(count) for count in torch.histc(values, BINS, low, high).tolist()]
    counts = torch.zeros(BINS, dtype=torch.int64)
    for chunk in torch.split(values, CHUNK):
        bins = chunk.sub(low).mul_(BINS / (high - low)).to(torch.int32).clamp_(max=BINS - 1)
        counts += torch.bincount(bins, minlength=BINS)
    return [int(count) for count in counts.tolist()]
