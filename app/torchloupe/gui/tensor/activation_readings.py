"""What the views of an activation ask for, in the background: jobs that hold all of their inputs. No Qt here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torchloupe.analysis.activation_views import IMAGE, map_dimension
from torchloupe.gui.jobs import Progress
from torchloupe.gui.plot import load_plotting
from torchloupe.gui.tensor.readings import measured
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.wire.values import FilterTiles

PAGE = 64
PAGE_VALUES = 1 << 22
"""Values of one page of maps, at most."""
MOST_SIDE = 512
"""Rows and columns of one map that are drawn; of a larger one every second or third."""
MOST_POINTS = 1 << 17


@dataclass(frozen=True)
class MapLayout:
    """How a tensor lies as maps: which dimension is numbered (``tile``), which are ``rows`` and ``columns``, which is the ``colour`` of
    pictures; ``fixed`` are the others."""

    shape: tuple[int, ...]
    tile: int
    rows: int
    columns: int
    colour: int | None = None

    @property
    def fixed(self) -> tuple[int, ...]:
        """Dimensions of which one place is looked at."""
        used = (self.tile, self.rows, self.columns, self.colour)
        return tuple(dimension for dimension in range(len(self.shape)) if dimension not in used)

    @property
    def count(self) -> int:
        """How many maps there are."""
        return self.shape[self.tile]

    @property
    def steps(self) -> tuple[int, int]:
        """Of rows and columns every how manieth is drawn."""
        return -(-self.shape[self.rows] // MOST_SIDE), -(-self.shape[self.columns] // MOST_SIDE)

    @property
    def page(self) -> int:
        """How many maps are shown at a time."""
        row_step, column_step = self.steps
        each = (self.shape[self.rows] // row_step) * (self.shape[self.columns] // column_step)
        return max(1, min(PAGE, PAGE_VALUES // max(1, each * (self.shape[self.colour] if self.colour is not None else 1))))

    def index(self, places: Sequence[int], first: int) -> str:
        """The page that begins with map ``first``, at ``places`` of the fixed dimensions."""
        words = [":"] * len(self.shape)
        for dimension, place in zip(self.fixed, places, strict=True):
            words[dimension] = str(place)
        words[self.tile] = f"{first}:{first + self.page}"
        words[self.rows], words[self.columns] = (f"::{step}" for step in self.steps)
        return ", ".join(words)

    def one_map(self, places: Sequence[int], number: int) -> str:
        """The index of one map, all of it."""
        words = [":"] * len(self.shape)
        for dimension, place in zip((*self.fixed, self.tile), (*places, number), strict=True):
            words[dimension] = str(place)
        return ", ".join(words)


def map_layout(shape: Sequence[int], view: str, axes: Sequence[str] = ()) -> MapLayout:
    """How a tensor is drawn in ``view``: ``maps``, ``attention`` or ``image``."""
    tile = map_dimension(shape, view, axes)
    rows, columns = [dimension for dimension in range(len(shape)) if dimension != tile][-2:]
    if view == IMAGE:
        return MapLayout(tuple(shape), tile, rows, columns, colour=1)
    return MapLayout(tuple(shape), tile, rows, columns)


@dataclass(frozen=True)
class ReadMaps:
    """A page of maps; nothing else of the tensor is read."""

    source: ValueSource
    layout: MapLayout
    places: tuple[int, ...]
    first: int
    scale: str = "shared"

    def __call__(self, progress: Progress) -> FilterTiles:
        """Drawn on a ``scale`` of ``map_tiles``; pictures in their colours."""
        import numpy

        from torchloupe.numbers.maps import map_tiles, picture_tiles

        layout = self.layout
        numbers = range(self.first, min(layout.count, self.first + layout.page))
        kept = [dimension for dimension in range(len(layout.shape)) if dimension not in layout.fixed]
        steps = dict(zip((layout.rows, layout.columns), layout.steps, strict=True))
        lengths = {**{each: -(-layout.shape[each] // steps.get(each, 1)) for each in kept}, layout.tile: len(numbers)}
        index = layout.index(self.places, self.first)
        parts = list(measured(self.source, index, progress))
        values = numpy.concatenate(parts).reshape([lengths[each] for each in kept])
        order = [each for each in (layout.tile, layout.colour, layout.rows, layout.columns) if each is not None]
        values = values.transpose([kept.index(each) for each in order])
        if layout.colour is not None:
            return picture_tiles(values, numbers, layout.count)
        return map_tiles(values, numbers, layout.count, self.scale)


@dataclass(frozen=True)
class Line:
    """Values along one dimension: every ``step``-th from 0 on."""

    step: int
    length: int
    values: Any


@dataclass(frozen=True)
class ReadLine:
    """The values along one dimension, at ``places`` of the dimensions before it."""

    source: ValueSource
    places: tuple[int, ...]

    def __call__(self, progress: Progress) -> Line:
        """As floats; of a very long one an even part."""
        import numpy

        load_plotting()

        length = self.source.shape[-1]
        step = -(-length // MOST_POINTS)
        index = ", ".join([*map(str, self.places), f"::{step}"])
        return Line(step, length, numpy.concatenate(list(measured(self.source, index, progress))))
