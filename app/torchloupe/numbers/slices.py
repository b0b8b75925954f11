"""A few values of a stored tensor as plain Python numbers, exactly as they are stored."""

from typing import Any

from ..checkpoints.values import CheckpointValues
from ..wire.contents import StoredTensor
from ..wire.values import ValuesSlice
from .decode import decoder_of


def slice_of(values: CheckpointValues, view: StoredTensor, index: str) -> ValuesSlice:
    """The values of ``view``, a tensor or a part of one that is small enough to look at. Raises CheckpointError."""
    decoder = decoder_of(view.dtype)
    numbers: list[Any] = []
    for chunk in values.of(view).chunks():
        numbers += decoder.exact(chunk).tolist()
    if decoder.is_complex:
        numbers = [complex_text(number) for number in numbers]
    return ValuesSlice(index, view.shape, tuple(numbers))


def complex_text(number: complex) -> str:
    """``1.5-2j``."""
    return str(number).strip("()")
