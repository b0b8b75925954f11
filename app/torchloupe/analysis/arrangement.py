"""How the numbers of one shape become those of another: which dimension goes where, before the new sizes are said."""

from typing import Optional, Tuple

from .mapping.shapes import squeezed

Shape = Tuple[int, ...]
_ORDERS = ((3, 2, 0, 1), (2, 3, 1, 0), (2, 3, 0, 1), (4, 3, 0, 1, 2), (2, 3, 4, 1, 0), (2, 1, 0), (1, 0))
"""Convolutions of Keras and Flax (height, width, in, out) and back, their depthwise ones, those in space, along a line, matrices."""


def arrangement(found: Shape, expected: Shape) -> Optional[Shape]:
    """The order in which the dimensions of ``found`` are to be read so that the numbers are those of ``expected``, whose sizes are given
    to them then. None: in the order in which they are.
    """
    mine, theirs = ([place for place, size in enumerate(shape) if size != 1] for shape in (found, expected))
    if [found[place] for place in mine] == [expected[place] for place in theirs] or squeezed(found) != squeezed(expected):
        return None
    for order in _ORDERS:
        if len(order) == len(found) and tuple(found[at] for at in order) == expected:
            return order
    if len(mine) == 2:
        ones = tuple(place for place, size in enumerate(found) if size == 1)
        return (*mine[::-1], *ones)
    return None


def can_be_arranged(found: Shape, expected: Shape) -> bool:
    """Is it known how? Not where sizes other than one change places in another way than libraries have them."""
    order = arrangement(found, expected)
    read = [found[place] for place in (order or range(len(found)))]
    mine, theirs = ([size for size in shape if size != 1] for shape in (read, expected))
    return mine == theirs or squeezed(found) != squeezed(expected)
