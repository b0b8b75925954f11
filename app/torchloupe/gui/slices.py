"""Work on the window's own thread that goes through very many rows: in slices, between which keys and pictures have their turn."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer

SLICE_SECONDS = 0.012
"""How long the window's thread is kept at a time; what takes less is done at once."""
STEP_ROWS = 1_000
"""So many rows are gone through before the clock is looked at; they take a millisecond or two."""
QUICK_ROWS = 16_000
"""Runs of up to so many rows are merged in a single step."""

Result = TypeVar("Result")
Item = TypeVar("Item")
Steps = Generator[None, None, Result]
"""Work that pauses now and then; what it returns is its result."""


class Slices(QObject):
    """Runs steps; starting others drops those that are not done yet."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work: tuple[Steps[Any], Callable[[Any], object]] | None = None
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Steps are left."""
        return self._timer.isActive()

    def run(self, steps: Steps[Result], done: Callable[[Result], object]) -> None:
        """``done`` gets the result: before this returns when there is little to do, else later."""
        self._timer.stop()
        self._work = steps, done
        self._go_on()

    def _go_on(self) -> None:
        assert self._work is not None
        steps, done = self._work
        end = time.monotonic() + SLICE_SECONDS
        try:
            next(steps)
            while time.monotonic() < end:
                next(steps)
        except StopIteration as finished:
            done(finished.value)
        else:
            self._timer.start()


def all_at_once(steps: Steps[Result]) -> Result:
    """The result of steps that are not worth pausing for, or that cannot wait."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            result: Result = finished.value
            return result


def last_of(found: Iterator[Result | None], nothing: Result) -> Steps[Result]:
    """Work that yields None again and again and its result at the end, as steps; ``nothing`` where there is none."""
    last = nothing
    for each in found:
        if each is not None:
            last = each
        yield
    return last


def sorting(items: Sequence[Item], order: Callable[[Item], Any], reverse: bool) -> Steps[list[Item]]:
    """The items in order, in steps that stay short: short runs are sorted, merged two by two as long as that is quick, and then one item
    after the other is taken from the run that has the next."""
    keys: list[Any] = []
    runs: list[list[int]] = []
    for start in range(0, len(items), STEP_ROWS):
        keys += map(order, items[start : start + STEP_ROWS])
        runs.append(sorted(range(start, len(keys)), key=keys.__getitem__, reverse=reverse))
        yield
    while len(runs) > 1 and len(runs[0]) < QUICK_ROWS:
        halves, runs = runs, []
        for number in range(0, len(halves), 2):
            runs.append(sorted(chain(*halves[number : number + 2]), key=keys.__getitem__, reverse=reverse))
            yield
    ordered: list[Item] = []
    merged = merge(*runs, key=keys.__getitem__, reverse=reverse)
    while taken := [items[place] for place in islice(merged, STEP_ROWS)]:
        ordered += taken
        yield
    return ordered
