"""Statistics of one stored tensor: exact over all of it, in one pass, on chunks that fit in the cache."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..checkpoints.strided_views import in_memory_order
from ..checkpoints.values import CheckpointValues
from ..wire.contents import StoredTensor
from ..wire.tensors import TensorStats
from ..wire.values import Quantile, ValueSummary
from .decode import Numbers, decoder_of
from .progress import Meter, Progress, silent
from .sums import sum_of_squares

BINS = 64
WHOLE = 1 << 20
"""Histogram and quantiles are made of all elements up to this number, of an even sample beyond."""
SAMPLE = 1 << 16
PARTS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_HUGE = 1e15
"""Sums of larger float32 values may overflow and are made in float64."""


def summary_of(values: CheckpointValues, tensor: StoredTensor, progress: Progress = silent) -> ValueSummary | None:
    """Statistics and quantiles of a stored tensor; None when its values are complex, which have no order.

    Raises CheckpointError when they cannot be read.
    """
    decoder = decoder_of(tensor.dtype)
    if decoder.is_complex:
        return None
    (dense,), times = in_memory_order(tensor)
    stored = values.of(dense)
    meter = Meter(progress, len(stored), tensor.key)

    def chunks() -> Iterator[Numbers]:
        for chunk in stored.chunks():
            yield decoder.measured(chunk)
            meter.add(len(chunk))

    return summary_of_chunks(chunks(), stored.elements, times)


def summary_of_chunks(chunks: Iterable[Numbers], elements: int, times: int = 1) -> ValueSummary:
    """The same of floats to count with, of which there are ``elements``, each standing for ``times``."""
    moments, sample = _Moments(), _Sample(elements)
    with np.errstate(all="ignore"):
        for numbers in chunks:
            moments.add(numbers)
            sample.add(numbers)
        return _summary(moments, sample, elements, times)


class _Moments:
    """Running count, mean and sum of squared deviations (Chan, Golub, LeVeque 1979), extremes and special values."""

    def __init__(self) -> None:
        self.finite = self.zeros = self.nan = self.inf = 0
        self.mean = self.squares = 0.0
        self.low, self.high = math.inf, -math.inf

    def add(self, chunk: Numbers) -> None:
        """Count a chunk in."""
        self.zeros += int(np.count_nonzero(chunk == 0))
        low, high = float(chunk.min()), float(chunk.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            self.nan += int(np.count_nonzero(np.isnan(chunk)))
            self.inf += int(np.count_nonzero(np.isinf(chunk)))
            chunk = chunk[np.isfinite(chunk)]
            if not chunk.size:
                return
            low, high = float(chunk.min()), float(chunk.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        if chunk.dtype == np.float32 and max(abs(low), abs(high)) > _HUGE:
            chunk = chunk.astype(np.float64)
        count = chunk.size
        # The middle is added and taken away so that values close to the largest do not overflow in their sum.
        middle = chunk.dtype.type(low / 2 + high / 2)
        deviation = chunk - middle
        offset = float(deviation.sum()) / count
        deviation -= chunk.dtype.type(offset)
        squares, mean = sum_of_squares(deviation), float(middle) + offset
        together = self.finite + count
        distance = mean - self.mean
        self.squares += squares + distance * distance * self.finite * count / together
        self.mean += distance * (count / together)
        self.finite = together


class _Sample:
    """All elements of a small tensor, every n-th of a large one."""

    def __init__(self, elements: int) -> None:
        self._step = 1 if elements <= WHOLE else elements // SAMPLE
        self._at = 0
        self._parts: list[Numbers] = []

    @property
    def is_whole(self) -> bool:
        """Does it hold everything?"""
        return self._step == 1

    def add(self, chunk: Numbers) -> None:
        """Take from the next chunk what belongs into it."""
        self._parts.append(chunk[-self._at % self._step :: self._step].copy())
        self._at += chunk.size

    def numbers(self) -> tuple[Numbers, int]:
        """The finite values in it as float64, sorted; and how many there were with those that are not finite."""
        taken = np.concatenate(self._parts) if self._parts else np.empty(0)
        return np.sort(taken[np.isfinite(taken)].astype(np.float64)), int(taken.size)


def _summary(moments: _Moments, sample: _Sample, elements: int, times: int) -> ValueSummary:
    finite = moments.finite
    numbers, taken = sample.numbers()
    sampled = None if sample.is_whole else taken
    histogram = _histogram(numbers, moments.low, moments.high) if finite else None
    if histogram is not None and sampled is None:
        histogram = tuple(count * times for count in histogram)
    stats = TensorStats(
        count=elements * times,
        mean=moments.mean if finite else None,
        std=math.sqrt(max(moments.squares / finite, 0.0)) if finite else None,
        min=moments.low if finite else None,
        max=moments.high if finite else None,
        zeros=moments.zeros * times,
        nan=moments.nan * times,
        inf=moments.inf * times,
        histogram=histogram,
        sampled=sampled,
    )
    found: list[float] = np.quantile(numbers, PARTS).tolist() if numbers.size else []
    return ValueSummary(stats, tuple(Quantile(part, value) for part, value in zip(PARTS, found, strict=False)), sampled)


def _histogram(numbers: Any, low: float, high: float) -> tuple[int, ...]:
    """Counts in equal bins over [low, high]; a constant tensor has all of them in the first."""
    width = high / BINS - low / BINS
    if not width:
        return (int(numbers.size), *[0] * (BINS - 1))
    places = np.clip((numbers / BINS - low / BINS) / width * BINS, 0, BINS - 1).astype(np.intp)
    return tuple(int(count) for count in np.bincount(places, minlength=BINS))
