"""An outline: entries in which each may lie under an earlier one. Arrays by position, so that 100,000 entries are no matter."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress


class Outline:
    """``parent`` gives for every position that of the entry around it, -1 at the top.

    An entry stands before those under it, and these follow it without a gap.
    """

    def __init__(self, parent: Sequence[int]) -> None:
        count = len(parent)
        self.parent = list(parent)
        self.depth = [0] * count
        self.end = list(range(1, count + 1))
        for position, above in enumerate(self.parent):
            if above >= 0:
                self.depth[position] = self.depth[above] + 1
        for position in range(count - 1, -1, -1):
            above = self.parent[position]
            if above >= 0 and self.end[above] < self.end[position]:
                self.end[above] = self.end[position]
        self._groups = [position for position, end in enumerate(self.end) if end > position + 1]

    def __len__(self) -> int:
        return len(self.parent)

    def has_children(self, position: int) -> bool:
        """Is there anything to open?"""
        return self.end[position] > position + 1

    def ancestors(self, position: int) -> list[int]:
        """The entries around one, the nearest first."""
        around = []
        while (position := self.parent[position]) >= 0:
            around.append(position)
        return around

    def visible(self, is_open: bytearray, start: int = 0, end: int | None = None) -> list[int]:
        """The positions in [start, end) that show when ``is_open`` says which entries are open."""
        stop = len(self) if end is None else end
        shows = bytearray(b"\1") * (stop - start)
        for position in self._groups[bisect_left(self._groups, start) : bisect_left(self._groups, stop)]:
            if not is_open[position] and shows[position - start]:
                inside = self.end[position] - position - 1
                shows[position + 1 - start : self.end[position] - start] = bytes(inside)
        return list(compress(range(start, stop), shows))

    def with_ancestors(self, positions: Iterable[int]) -> list[int]:
        """The positions together with all that is around them, in order."""
        kept = bytearray(len(self))
        for position in positions:
            while position >= 0 and not kept[position]:
                kept[position] = 1
                position = self.parent[position]
        return list(compress(range(len(self)), kept))


def place_in(positions: Sequence[int], position: int) -> int:
    """Where a position stands in an ascending list, -1 when it does not."""
    place = bisect_left(positions, position)
    return place if place < len(positions) and positions[place] == position else -1
