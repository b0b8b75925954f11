"""Columns of names that are as wide as their longest name, as far as what has to be seen beside them leaves room."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QTableView

from torchloupe.gui.theme import em


def longer(one: str, others: Iterable[str]) -> str:
    """The longest of them, by letters; close enough to the widest."""
    return max((one, *others), key=len)


class FittedColumns(QObject):
    """Follows the width of a table. The columns ``beside`` stay in sight; a name gets no less than the width of its column in the table
    of columns, and names that need it get the part ``first`` of the table, whatever stands beside them. What is left over is for the last
    name where it ``fills`` the table. Once a person has dragged a column, no width is touched any more."""

    def __init__(
        self, view: QTableView, names: Sequence[int], beside: Sequence[int], first: float = 0.0, fills: bool = False
    ) -> None:
        super().__init__(view)
        self._view, self._names, self._beside, self._first, self._fills = view, names, beside, first, fills
        self._least = [view.columnWidth(column) for column in names]
        self._longest: Sequence[str] = ()
        self._fitting = self._dragged = False
        view.horizontalHeader().sectionResized.connect(self._resized)
        view.viewport().installEventFilter(self)

    def fit(self, longest: Sequence[str]) -> None:
        """The longest text of each column of names."""
        if list(longest) != list(self._longest):
            self._longest = tuple(longest)
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another width of the table."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        if self._dragged or not self._longest:
            return
        taken = sum(self._view.columnWidth(column) for column in self._beside)
        width = self._view.viewport().width()
        room = round(max(width - taken, width * self._first))
        metrics, margin = self._view.fontMetrics(), em(self._view)
        needed = [metrics.horizontalAdvance(text) + margin for text in self._longest]
        self._fitting = True
        columns = sorted(zip(needed, self._names, self._least, strict=True))
        for number, (need, column, least) in enumerate(columns):  # what one does not need is for the others
            width = max(least, min(need, room // (len(columns) - number)))
            self._view.setColumnWidth(column, width)
            room -= width
        if self._fills and room > 0:
            last = self._names[-1]
            self._view.setColumnWidth(last, self._view.columnWidth(last) + room)
        self._fitting = False

    def _resized(self, column: int, _before: int, _after: int) -> None:
        if not self._fitting and column in (*self._names, *self._beside):
            self._dragged = True
