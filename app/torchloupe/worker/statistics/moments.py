"""What is known of a tensor's values after one pass, and how the parts of it come together."""

import math
from typing import List, Optional

from ...wire.tensors import TensorStats

BINS = 64
HISTOGRAM_LIMIT = 1 << 20
"""The histogram is made of all elements up to this number, beyond it of an even sample."""
SAMPLE = 1 << 16
LARGE_UNIT = 2.0**600
"""Of doubles whose squares have no room in one, the squares are made in this unit."""
CHUNK = 1 << 16
"""Elements that are looked at together: they stay in the cache between the looks."""


class Moments:
    """Count, mean and sum of squared deviations of the finite values (Chan, Golub, LeVeque 1979), extremes, special values.

    ``mean`` and ``squares`` are of the values divided by ``unit``.
    """

    __slots__ = ("finite", "high", "inf", "low", "mean", "nan", "squares", "unit", "zeros")

    def __init__(
        self,
        finite: int = 0,
        mean: float = 0.0,
        squares: float = 0.0,
        low: float = math.inf,
        high: float = -math.inf,
        zeros: int = 0,
        nan: int = 0,
        inf: int = 0,
    ) -> None:
        self.finite, self.mean, self.squares = finite, mean, squares
        self.low, self.high = low, high
        self.zeros, self.nan, self.inf = zeros, nan, inf
        self.unit = 1.0

    def add(self, other: "Moments") -> None:
        """Count another part in."""
        self.zeros += other.zeros
        self.nan += other.nan
        self.inf += other.inf
        if not other.finite:
            return
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        together = self.finite + other.finite
        share = other.finite / together
        distance = other.mean - self.mean
        self.squares += other.squares + distance * distance * self.finite * share
        self.mean += distance * share
        self.finite = together

    def stats(self, bins: Optional[List[int]], sampled: Optional[int], times: int = 1) -> TensorStats:
        """As they cross the pipe. Each element stands for ``times`` of the tensor."""
        known = self.finite > 0
        return TensorStats(
            count=(self.finite + self.nan + self.inf) * times,
            mean=self.mean * self.unit if known else None,
            std=math.sqrt(max(self.squares / self.finite, 0.0)) * self.unit if known else None,
            min=self.low if known else None,
            max=self.high if known else None,
            zeros=self.zeros * times,
            nan=self.nan * times,
            inf=self.inf * times,
            histogram=tuple([count if sampled else count * times for count in bins]) if bins and known else None,
            sampled=sampled if known else None,
        )


def sample_step(elements: int, width: int = 4) -> int:
    """Of which elements the histogram is made: every how-manieth.

    It has no factor in common with their number, so that no channel or position of the tensor is favoured. Elements of one byte
    are so few different ones that all of them are counted.
    """
    if elements <= HISTOGRAM_LIMIT or width == 1:
        return 1
    step = elements // SAMPLE
    while math.gcd(step, elements) > 1:
        step -= 1
    return step
