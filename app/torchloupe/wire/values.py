"""What the values of stored tensors look like in numbers: statistics with quantiles, a slice, how far two of them differ."""

from dataclasses import dataclass
from math import exp, log
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


@dataclass(frozen=True)
class Picture:
    """A matrix of ``rows`` x ``columns`` as ``height`` x ``width`` cells, each of ``block_rows`` x ``block_columns`` values (the
    last ones fewer).

    ``codes`` has one byte for each cell, row by row: 127 is zero, 1 and 253 are minus and plus ``limit`` and what lies beyond,
    254 is a cell with a NaN, 255 one with an infinity. ``cells`` are the numbers themselves as float64; a cell without a
    finite value is NaN. ``nan`` and ``inf`` count values, not cells; ``low`` and ``high`` are the extremes of the finite ones.
    """

    rows: int
    columns: int
    block_rows: int
    block_columns: int
    height: int
    width: int
    limit: float
    codes: bytes
    cells: bytes
    nan: int
    inf: int
    low: Optional[float]
    high: Optional[float]

    def value_at(self, row: int, column: int) -> float:
        """The number of a cell."""
        return float(memoryview(self.cells).cast("d")[row * self.width + column])


@dataclass(frozen=True)
class FilterTiles:
    """Some filters of a convolution as small images of ``height`` x ``width``, in the order in which they are shown.

    ``numbers`` say which output channels they belong to, ``norms`` are the L2 norms of their whole filters, ``images`` the
    bytes: codes as in ``Picture`` with ``limit``, or three bytes of colour a pixel when ``is_rgb``. ``count`` is the number of
    all filters.
    """

    count: int
    height: int
    width: int
    numbers: Tuple[int, ...]
    norms: Tuple[float, ...]
    images: Tuple[bytes, ...]
    is_rgb: bool
    limit: float
    nan: int = 0
    inf: int = 0


@dataclass(frozen=True)
class SingularValues:
    """The singular values of a matrix of ``rows`` x ``columns``, the largest first."""

    rows: int
    columns: int
    values: Tuple[float, ...]

    @property
    def condition(self) -> Optional[float]:
        """The largest in terms of the smallest; None when the smallest is zero."""
        return self.values[0] / self.values[-1] if self.values and self.values[-1] else None

    @property
    def effective_rank(self) -> float:
        """The exponential of the entropy of the singular values (Roy and Vetterli 2007): n when all n are equal, 1 for rank one."""
        total = sum(self.values)
        parts = [value / total for value in self.values if value] if total else []
        return exp(-sum(part * log(part) for part in parts if part)) if parts else 0.0

    def needed_for(self, part: float) -> int:
        """How many of the largest hold this part (0 to 1) of the energy, the sum of their squares."""
        largest = self.values[0] if self.values else 0.0
        if not largest:
            return 0
        squares = [(value / largest) ** 2 for value in self.values]
        wanted, held = part * sum(squares) * (1 - 1e-12), 0.0
        for number, square in enumerate(squares, start=1):
            held += square
            if held >= wanted:
                return number
        return len(squares)
