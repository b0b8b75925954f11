"""The singular values of a stored matrix."""

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np

from ..checkpoints.values import CheckpointValues
from ..wire.contents import StoredTensor
from ..wire.errors import UnsupportedFormat
from ..wire.values import SingularValues
from .decode import Numbers, decoder_of
from .progress import Meter, Progress, silent

MOST_WORK = 1 << 37
"""Rows x columns x the shorter side: some ten seconds of one core."""
MOST_ELEMENTS = 1 << 26
_TALL = 4
"""A matrix with so many times more rows than columns is made small while it is read."""


def matrix_shape(shape: Sequence[int]) -> tuple[int, int]:
    """The first dimension, and all others as one: what a weight does to a vector. Raises UnsupportedFormat for what is no matrix or
    would take too long."""
    if len(shape) < 2 or 0 in shape:
        raise UnsupportedFormat("Only a tensor of two or more dimensions has singular values.", "Choose a weight matrix.")
    rows, columns = shape[0], prod(shape[1:])
    if rows * columns * min(rows, columns) > MOST_WORK or (rows <= _TALL * columns and rows * columns > MOST_ELEMENTS):
        raise UnsupportedFormat(
            f"The singular values of a matrix of {rows:,} x {columns:,} would take minutes and gigabytes.",
            "Save it as .npy with torchloupe show --save-npy, and compute them where there is more memory.",
        )
    return rows, columns


def singular_values_of(values: CheckpointValues, tensor: StoredTensor, progress: Progress = silent) -> SingularValues:
    """Those of a stored tensor. Raises CheckpointError when they cannot be had."""
    decoder = decoder_of(tensor.dtype)
    if decoder.is_complex:
        raise UnsupportedFormat("The singular values of complex tensors are not computed here.", "Choose another tensor.")
    matrix_shape(tensor.shape)
    stored = values.of(tensor)
    meter = Meter(progress, len(stored), tensor.key)

    def numbers() -> Iterator[Numbers]:
        for chunk in stored.chunks():
            yield decoder.measured(chunk)
            meter.add(len(chunk))

    return singular_values(numbers(), tensor.shape)


def singular_values(chunks: Iterable[Numbers], shape: Sequence[int]) -> SingularValues:
    """The singular values of a tensor of this shape, made a matrix, whose values come in chunks of any length, as floats.

    A tall matrix is never in memory as a whole: the triangle of its QR decomposition has the same singular values, and grows out
    of blocks of rows. Raises UnsupportedFormat when a value is not finite, or as ``matrix_shape`` does.
    """
    rows, columns = matrix_shape(shape)
    block = columns * _TALL if rows > columns * _TALL else rows
    waiting, triangle = np.empty((block, columns)), np.empty((0, columns))
    flat, filled = waiting.reshape(-1), 0
    for chunk in chunks:
        if not np.isfinite(chunk).all():
            raise UnsupportedFormat("It holds NaN or Inf, so it has no singular values.", "The heat map shows where they are.")
        taken = 0
        while taken < chunk.size:
            count = min(flat.size - filled, chunk.size - taken)
            flat[filled : filled + count] = chunk[taken : taken + count]
            filled, taken = filled + count, taken + count
            if filled == flat.size and block < rows:
                triangle, filled = np.linalg.qr(np.vstack([triangle, waiting])).R, 0
    rest = waiting[: filled // columns]
    values = np.linalg.svd(np.vstack([triangle, rest]) if len(triangle) else rest, compute_uv=False)
    return SingularValues(rows, columns, tuple(values.tolist()))
