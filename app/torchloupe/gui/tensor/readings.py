"""What the views of a tensor ask for, in the background: jobs that hold all of their inputs. No Qt here."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from torchloupe.gui.jobs import Progress
from torchloupe.gui.tensor.plane import Plane
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.wire.errors import UnsupportedFormat
from torchloupe.wire.values import FilterTiles, Picture, SingularValues

MOST_FILTER_VALUES = 1 << 16
"""Values of one filter page, at most."""


@dataclass(frozen=True)
class Cells:
    """The values of a plane, row by row: ints, floats, bools, and texts of complex numbers."""

    plane: Plane
    dtype: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class ReadCells:
    """The values of a plane that is small enough to be looked at one by one."""

    source: ValueSource
    plane: Plane

    def __call__(self, progress: Progress) -> Cells:
        """Exactly as they are stored."""
        from torchloupe.numbers.slices import plain_numbers

        values = plain_numbers(self.source.dtype, self.source.chunks(self.plane.index, progress))
        return Cells(self.plane, self.source.dtype, values)


@dataclass(frozen=True)
class DrawPicture:
    """The picture of a plane of any size."""

    source: ValueSource
    plane: Plane
    how: str

    def __call__(self, progress: Progress) -> Picture:
        """Reduced to blocks where it is large."""
        from torchloupe.numbers.reduction import picture_of

        chunks = measured(self.source, self.plane.index, progress)
        return picture_of(chunks, self.plane.height, self.plane.width, self.how)


@dataclass(frozen=True)
class ReadSingularValues:
    """The singular values of the whole tensor as a matrix."""

    source: ValueSource

    def __call__(self, progress: Progress) -> SingularValues:
        """Refused before anything is read when it would take too long."""
        from torchloupe.numbers.singular_values import matrix_shape, singular_values

        matrix_shape(self.source.shape)
        return singular_values(measured(self.source, "", progress), self.source.shape)


@dataclass(frozen=True)
class ReadFilters:
    """A page of the filters of a convolution: ``count`` of them from the ``first`` in their order. ``channel`` is the input channel
    that is shown, None for three of them as colours."""

    source: ValueSource
    channel: int | None
    by_norm: bool
    first: int
    count: int

    def __call__(self, progress: Progress) -> FilterTiles:
        """All values are read once for the norms, then the channel that is shown."""
        from torchloupe.numbers.filters import filter_norms, gray_tiles, rgb_tiles, shown_order

        filters, *inside = self.source.shape
        norms = filter_norms(measured(self.source, "", progress), filters, prod(inside))
        numbers = shown_order(norms, self.by_norm, self.first, self.count)
        images = measured(self.source, "" if self.channel is None else f":, {self.channel}", progress)
        size = (inside[1], inside[2])
        return (rgb_tiles if self.channel is None else gray_tiles)(images, numbers, norms, size)


def measured(source: ValueSource, index: str, progress: Progress) -> Iterator[Any]:
    """The values of a part as floats to count with, chunk by chunk. Raises UnsupportedFormat for complex ones."""
    from torchloupe.numbers.decode import decoder_of

    decoder = decoder_of(source.dtype)
    if decoder.is_complex:
        raise UnsupportedFormat("Complex values have no order, so they are not drawn.", "The view Values lists them.")
    for chunk in source.chunks(index, progress):
        yield decoder.measured(chunk)


def fits_filters(shape: tuple[int, ...]) -> bool:
    """Is it the weight of a convolution: filters, input channels, height, width?"""
    return len(shape) == 4 and 0 not in shape and max(shape[2:]) > 1 and shape[2] * shape[3] <= MOST_FILTER_VALUES
