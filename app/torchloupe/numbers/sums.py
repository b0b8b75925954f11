"""Sums of squares, fast and close: short float32 dot products, added up in double precision."""

import math

import numpy as np

from .decode import Numbers

_RUN = 1 << 11


def sum_of_squares(numbers: Numbers) -> float:
    """The sum of the squares in short runs: as fast as one long dot product, in which roundings would add up.

    Not finite when a square is too large for the numbers' type.
    """
    whole = numbers.size - numbers.size % _RUN
    runs = numbers[:whole].reshape(-1, _RUN)
    square = float(np.matmul(runs[:, None, :], runs[:, :, None]).sum(dtype=np.float64))
    rest = numbers[whole:]
    return square + float(np.dot(rest, rest)) if rest.size else square


def norm_of(numbers: Numbers) -> float:
    """The L2 norm of numbers in double precision, real or complex, of whatever size."""
    parts = numbers.view(np.float64)
    largest = float(np.abs(parts).max())
    if not largest or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(sum_of_squares(parts / largest))
