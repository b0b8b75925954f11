"""Which units can be the same tensors, from the strictest sense to the loosest."""

from math import prod
from typing import Callable, Hashable, NamedTuple, Tuple

from .units import COUNT, Shape, Unit

_FEW = 64
"""A tensor of fewer elements is not recognised by their number alone."""


class Level(NamedTuple):
    """``key`` must be equal, and ``fits`` say yes. Items that an earlier level assigned are not asked any more.

    ``least``: how alike names and places must be, 0 to 1.
    """

    key: Callable[[Unit], Hashable]
    fits: Callable[[Unit, Unit], bool]
    least: float


def squeezed(shape: Shape) -> Shape:
    """Without the ones, small sizes first: equal for a matrix and its transpose, for a 1x1 convolution and a linear layer."""
    return tuple(sorted(size for size in shape if size != 1))


def _whole(unit: Unit) -> Hashable:
    return tuple(sorted((kind, entry.shape) for kind, entry in unit.entries.items() if kind != COUNT))


def _main(unit: Unit) -> Hashable:
    return unit.main.shape, unit.has_statistics


def _loose(unit: Unit) -> Hashable:
    return squeezed(unit.main.shape), unit.has_statistics


def _number(unit: Unit) -> Hashable:
    elements = prod(unit.main.shape)
    return elements, unit.has_statistics if elements >= _FEW else unit.path


def _agree(one: Unit, other: Unit) -> bool:
    return all(entry.shape == other.entries[kind].shape for kind, entry in one.entries.items() if kind in other.entries)


def _rest_agrees(one: Unit, other: Unit) -> bool:
    """All but the main tensors have the same sizes."""
    mine, theirs = one.main, other.main
    both = [(entry, other.entries[kind]) for kind, entry in one.entries.items() if kind in other.entries]
    return all(a is mine or b is theirs or squeezed(a.shape) == squeezed(b.shape) for a, b in both)


def _regrouped(one: Unit, other: Unit) -> bool:
    """The same numbers under other sizes: neighbouring dimensions joined or cut, as where a convolution was a linear layer."""
    return (_rest_agrees(one, other) and 1 in (len(squeezed(one.main.shape)), len(squeezed(other.main.shape)))) or (
        _rest_agrees(one, other) and bool(set(one.main.shape) & set(other.main.shape) - {1})
    )


LEVELS: Tuple[Level, ...] = (
    Level(_whole, _agree, 0.0),
    Level(_main, _agree, 0.15),
    Level(_loose, _rest_agrees, 0.2),
    Level(_number, _regrouped, 0.3),
)
"""From equal in all to equal in the number of elements."""
