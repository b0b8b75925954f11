"""The way back from what a person writes: pairs of keys, notes, bookmarks, arguments, inputs, filters.

Files are never changed, and a run is no step: it is kept among the runs."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

MOST_STEPS = 200


class Change(QUndoCommand):
    """One step. ``done``: it was made already when it is told."""

    def __init__(self, text: str, redo: Callable[[], Any], undo: Callable[[], Any], done: bool) -> None:
        super().__init__(text)
        self._redo, self._undo, self._done = redo, undo, done

    def redo(self) -> None:
        """Make it."""
        if not self._done:
            self._redo()
        self._done = False

    def undo(self) -> None:
        """Take it back."""
        self._undo()


class Undoing(QUndoStack):
    """The steps of one workbench, the last one last."""

    moved = Signal()  # a step was made, taken back or forgotten (Qt's own signals come from its destructor, too)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setUndoLimit(MOST_STEPS)
        self._kinds: set[str] = set()
        self._walking = False

    def do(self, kind: str, text: str, redo: Callable[[], Any], undo: Callable[[], Any], done: bool = False) -> None:
        """Make a change that can be taken back, or keep one that was made. Changes that follow from taking one back are no steps."""
        if self._walking:
            if not done:
                redo()
            return
        self._kinds.add(kind)
        self.push(Change(text, redo, undo, done))
        self.moved.emit()

    def back(self) -> str:
        """Take the last one back: what it was, empty for nothing."""
        text = self.undoText()
        self._walk(self.undo)
        return text

    def again(self) -> str:
        """Make once more what was taken back last."""
        text = self.redoText()
        self._walk(self.redo)
        return text

    def _walk(self, step: Callable[[], None]) -> None:
        self._walking = True
        try:
            step()
        finally:
            self._walking = False
        self.moved.emit()

    def forget(self, kind: str) -> None:
        """What changes of this kind were about is gone, and with it the way back."""
        if kind in self._kinds:
            self._kinds.clear()
            self.clear()
            self.moved.emit()
