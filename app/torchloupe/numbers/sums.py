"""Sums of squares, fast and close: short float32 dot products, added up in double precision."""

import math

import numpy as np

from .decode import Numbers

_RUN = 1 << 10


def dot_of(numbers: Numbers) -> float:
    """The sum of the squares in one go: the fastest, right to seven digits for numbers of full precision, whose roundings cancel."""
    return float(np.dot(numbers, numbers))


def sum_of_squares(numbers: Numbers) -> float:
    """The sum of the squares in short runs: numbers that were bfloat16 would all round the same way in a long one.

    Not finite when a square is too large for the numbers' type.
    """
    whole = numbers.size - numbers.size % _RUN
    runs = numbers[:whole].reshape(-1, _RUN)
    rest = numbers[whole:]
    return float(np.matmul(runs[:, None, :], runs[:, :, None]).sum(dtype=np.float64)) + float(np.dot(rest, rest))


def norm_of(numbers: Numbers) -> float:
    """The L2 norm of numbers in double precision, real or complex, of whatever size."""
    parts = numbers.view(np.float64)
    largest = float(np.abs(parts).max())
    if not largest or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(sum_of_squares(parts / largest))
