"""The operations between the calls of the last run, and whether they are wanted."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from torchloupe.wire.requests import OperationsFinished
from torchloupe.wire.traces import Operation


class Operations(QObject):
    """``found`` are those of the run that is shown, by their index; the workbench empties it with the calls."""

    added = Signal(object)  # list[Operation]
    switched = Signal()  # they are wanted now, or no longer

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: dict[int, Operation] = {}
        self.wanted = False

    def want(self, wanted: bool) -> None:
        """Show them, and ask for them in the next run; or neither."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.switched.emit()

    def hear(self, messages: Sequence[Any]) -> None:
        """Events of a run."""
        heard = [each for message in messages if isinstance(message, OperationsFinished) for each in message.operations]
        if heard:
            self.found.update((each.index, each) for each in heard)
            self.added.emit(heard)
