"""Very many objects are not forgotten in one go: to free the 100,000 calls of a run takes a quarter of a second."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from PySide6.QtCore import QObject, QTimer

from torchloupe.gui.slices import STEP_ROWS, Slices, Steps

FEW = 5_000
"""So many are freed in less than a blink."""


class LettingGo(QObject):
    """Holds what nobody else needs any more, and lets go of it in slices."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._left: list[Any] = []
        self._tables: list[Any] = []
        self._slices = Slices(self)

    @property
    def held(self) -> int:
        """How many objects are still to be freed."""
        return len(self._left)

    def take(self, objects: Sequence[Any], *tables: Any) -> None:
        """These are of no use any more; few are not worth the trouble. Each of the ``tables``, which say something of all of them,
        goes in a turn of its own."""
        if len(objects) > FEW:
            self._left += objects
            self._tables += tables
            QTimer.singleShot(0, self, self._begin)  # by then everybody else has forgotten them

    def _begin(self) -> None:
        if not self._slices.busy:
            self._slices.run(self._steps(), lambda _: None)

    def _steps(self) -> Steps[None]:
        while self._tables:
            self._tables.pop()
            yield
        while self._left:
            del self._left[-STEP_ROWS:]
            yield


@cache
def the_letting_go() -> LettingGo:
    """That of this process: one, so that the slices of several owners do not come together."""
    return LettingGo()


def let_go(objects: Sequence[Any], *tables: Any) -> None:
    """Nobody needs these any more: they are freed in slices, as ``LettingGo.take`` says."""
    the_letting_go().take(objects, *tables)
