"""An outline: entries in which each may lie under an earlier one. Arrays by position, so that 100,000 entries are no matter."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import compress, islice
from operator import not_


class Outline:
    """``parent`` gives for every position that of the entry around it, -1 at the top.

    An entry stands before those under it, and these follow it without a gap.
    """

    def __init__(self, parent: Sequence[int]) -> None:
        count = len(parent)
        self.parent = list(parent)
        self.depth = [0] * count
        self._positions = list(range(count))
        self.end = [*self._positions[1:], count] if count else []
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

    def visible(self, is_open: bytearray, start: int = 0, end: int | None = None) -> Sequence[int]:
        """The positions in [start, end) that show when ``is_open`` says which entries are open."""
        stop, groups = len(self) if end is None else end, self._groups
        number, last = bisect_left(groups, start), bisect_left(groups, stop)
        if all(map(is_open.__getitem__, islice(groups, number, last))):
            return range(start, stop)
        shown: list[int] = []
        show, ends, position = shown.append, self.end, start
        while number < last:
            group = groups[number]
            if group < position:  # inside of one that is closed
                number = bisect_left(groups, position, number)
                continue
            if group > position:
                shown += range(position, group)
            show(group)
            position = group + 1 if is_open[group] else ends[group]
            number += 1
        shown += range(position, stop)
        return shown

    def with_ancestors(self, kept: bytearray) -> Sequence[int]:
        """The positions that ``kept`` has a 1 for, together with all that is around them, in order."""
        ends, left_out = self.end, list(compress(self._groups, map(not_, map(kept.__getitem__, self._groups))))
        if kept.count(0) == len(left_out):  # all that have nothing below them are kept
            return range(len(self))
        for group in left_out:
            if 1 in kept[group : ends[group]]:
                kept[group] = 1
        return list(compress(self._positions, kept)) if 0 in kept else range(len(self))


def place_in(positions: Sequence[int], position: int) -> int:
    """Where a position stands in an ascending list, -1 when it does not."""
    place = bisect_left(positions, position)
    return place if place < len(positions) and positions[place] == position else -1
