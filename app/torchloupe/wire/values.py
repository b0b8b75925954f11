"""What the values of stored tensors look like in numbers: statistics with quantiles, a slice, how far two of them differ."""

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from .tensors import TensorStats


@dataclass(frozen=True)
class Quantile:
    """``part`` (0 to 1) of the finite values are not above ``value``."""

    part: float
    value: float


@dataclass(frozen=True)
class ValueSummary:
    """Statistics of one stored tensor and quantiles of its finite values.

    ``quantiles_sampled`` says of how many elements the quantiles were made when not of all.
    """

    stats: TensorStats
    quantiles: Tuple[Quantile, ...] = ()
    quantiles_sampled: Optional[int] = None


@dataclass(frozen=True)
class ValuesSlice:
    """Some values of a tensor: ``index`` is what was asked for, ``shape`` what came, ``values`` in row-major order.

    A value is an int, a float or a bool, a complex number its text.
    """

    index: str
    shape: Tuple[int, ...]
    values: Tuple[Any, ...]


@dataclass(frozen=True)
class TensorDifference:
    """How far the values of a tensor (found) are from those of another one of the same shape (expected).

    ``count`` is the number of elements, ``changed`` how many have another value (NaN in both places is no change), ``nan`` how
    many are NaN on either side, ``inf`` how many of the others are infinite on either side. The rest is over the pairs that are
    finite on both sides: ``max_abs`` is the largest distance (None when there is no such pair), ``norm`` the L2 norm of the
    difference, ``expected_norm`` and ``found_norm`` those of the two sides.
    """

    count: int
    changed: int
    nan: int
    inf: int
    max_abs: Optional[float]
    norm: float
    expected_norm: float
    found_norm: float

    @property
    def changed_fraction(self) -> float:
        """The part of the elements that changed, 0 to 1."""
        return self.changed / self.count if self.count else 0.0

    @property
    def relative(self) -> Optional[float]:
        """``norm`` in terms of ``expected_norm``; None when only that one is zero."""
        if self.norm == 0:
            return 0.0
        return self.norm / self.expected_norm if self.expected_norm else None

    @property
    def cosine(self) -> Optional[float]:
        """Cosine of the angle between the two sides; None when one of them is zero. Accurate also where it is close to 1."""
        both = self.expected_norm * self.found_norm
        if not both:
            return None
        longer = self.expected_norm - self.found_norm
        return max(-1.0, min(1.0, 1.0 - (self.norm - longer) * (self.norm + longer) / (2.0 * both)))


@dataclass(frozen=True)
class ComparedValues:
    """The values under one pair of keys. ``difference`` is None when they cannot be compared; ``reason`` says why."""

    expected: str
    found: str
    difference: Optional[TensorDifference] = None
    reason: str = ""
