"""A few values of a stored tensor as plain Python numbers, exactly as they are stored."""

from collections.abc import Iterable
from typing import Any

from ..checkpoints.values import CheckpointValues
from ..wire.contents import StoredTensor
from ..wire.values import ValuesSlice
from .decode import decoder_of


def slice_of(values: CheckpointValues, view: StoredTensor, index: str) -> ValuesSlice:
    """The values of ``view``, a tensor or a part of one that is small enough to look at. Raises CheckpointError."""
    return ValuesSlice(index, view.shape, plain_numbers(view.dtype, values.of(view).chunks()))


def plain_numbers(dtype: str, chunks: Iterable[memoryview]) -> tuple[Any, ...]:
    """The bytes of a few values as ints, floats, bools, and texts of complex numbers."""
    decoder = decoder_of(dtype)
    numbers: list[Any] = []
    for chunk in chunks:
        numbers += decoder.exact(chunk).tolist()
    return tuple(map(complex_text, numbers) if decoder.is_complex else numbers)


def complex_text(number: complex) -> str:
    """``1.5-2j``."""
    return str(number).strip("()")
