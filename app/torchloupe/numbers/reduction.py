"""A matrix of any size as a picture of at most 512 x 512 cells, each the mean or the value furthest from zero of its block."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..wire.values import Picture
from .decode import Numbers

MOST = 512
MEAN, FURTHEST = "mean", "furthest"
ZERO, REACH, NAN_CODE, INF_CODE = 127, 126, 254, 255
ROBUST = 0.99
"""The colours reach as far as this part of the cells; what lies beyond has the last colour."""


def picture_of(chunks: Iterable[Numbers], rows: int, columns: int, how: str = MEAN, most: int = MOST) -> Picture:
    """The picture of a matrix whose values come row by row in chunks of any length; the chunks are floats (``Decoder.measured``)."""
    cells = _Cells(rows, columns, most)
    with np.errstate(all="ignore"):
        for chunk in chunks:
            cells.add(chunk)
        values = cells.furthest() if how == FURTHEST else cells.mean()
    limit = robust_limit(values)
    height, width = cells.height, cells.width
    return Picture(
        rows=rows,
        columns=columns,
        block_rows=cells.block_rows,
        block_columns=cells.block_columns,
        height=height,
        width=width,
        limit=limit,
        codes=codes_of(values, limit, cells.nan > 0, cells.inf > 0),
        cells=values.tobytes(),
        nan=int(cells.nan.sum()),
        inf=int(cells.inf.sum()),
        low=_finite(cells.low.min(initial=math.inf)),
        high=_finite(cells.high.max(initial=-math.inf)),
    )


class _Cells:
    """Sums, extremes and special values of every cell; values are added in row-major order."""

    def __init__(self, rows: int, columns: int, most: int) -> None:
        self.block_rows, self.block_columns = max(1, -(-rows // most)), max(1, -(-columns // most))
        self.height, self.width = -(-rows // self.block_rows), -(-columns // self.block_columns)
        self._columns, self._at = columns, 0
        count = self.height * self.width
        self._sums, self._counts = np.zeros(count), np.zeros(count, np.int64)
        self.nan, self.inf = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.low, self.high = np.full(count, math.inf), np.full(count, -math.inf)

    def add(self, chunk: Numbers) -> None:
        """Count the next values in: whole rows of one row of cells together, parts of rows one by one."""
        begin = 0
        while begin < chunk.size:
            row, column = divmod(self._at, self._columns)
            here = chunk.size - begin
            if column or here < self._columns:
                count, rows = min(self._columns - column, here), 1
            else:
                rows = min(here // self._columns, self.block_rows - row % self.block_rows)
                count = rows * self._columns
            self._add_rows(chunk[begin : begin + count].reshape(rows, -1), row // self.block_rows * self.width, column)
            begin, self._at = begin + count, self._at + count

    def _add_rows(self, values: Numbers, first: int, column: int) -> None:
        """Values of the row of cells that begins with the cell ``first``, from a column on: reduced down, then across."""
        rows, count = values.shape
        skipped = column // self.block_columns
        starts = np.arange(skipped, (column + count - 1) // self.block_columns + 1) * self.block_columns - column
        starts[0] = 0
        cells = slice(first + skipped, first + skipped + len(starts))
        lengths: Any = rows * np.diff(starts, append=count)
        finite = np.isfinite(values)
        low = high = values
        if not finite.all():
            nan = np.isnan(values)
            self.nan[cells] += np.add.reduceat(nan.sum(axis=0), starts)
            self.inf[cells] += np.add.reduceat((~(finite | nan)).sum(axis=0), starts)
            lengths = np.add.reduceat(finite.sum(axis=0), starts)
            low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
            values = np.where(finite, values, 0)
        self._counts[cells] += lengths
        self._sums[cells] += np.add.reduceat(values.sum(axis=0, dtype=np.float64), starts)
        self.low[cells] = np.minimum(self.low[cells], np.minimum.reduceat(low.min(axis=0), starts))
        self.high[cells] = np.maximum(self.high[cells], np.maximum.reduceat(high.max(axis=0), starts))

    def mean(self) -> Numbers:
        """Of the finite values; NaN where there is none."""
        return self._sums / self._counts

    def furthest(self) -> Numbers:
        """The finite value furthest from zero, with its sign; NaN where there is none."""
        furthest = np.where(-self.low > self.high, self.low, self.high)
        return np.where(self._counts > 0, furthest, np.nan)


def robust_limit(values: Numbers) -> float:
    """How far from zero the colours reach; 1 when every value is zero."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return 1.0
    return float(np.quantile(sizes, ROBUST)) or float(sizes.max()) or 1.0


def codes_of(values: Numbers, limit: float, nan: Any, inf: Any) -> bytes:
    """The colour codes of cells (see ``Picture``); ``nan`` and ``inf`` say which of them hold such a value."""
    with np.errstate(over="ignore"):  # the limit may be tiny
        codes = np.rint(np.clip(np.nan_to_num(values) / limit, -1, 1) * REACH) + ZERO
    codes[inf] = INF_CODE
    codes[nan] = NAN_CODE
    return codes.astype(np.uint8).tobytes()


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
