"""The current row stays in sight when its table becomes lower or rows come above it, until a person scrolls it away."""

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView


class InSight(QObject):
    """Follows one table. ``follow`` is told whenever a row was made the current one."""

    def __init__(self, view: QTableView) -> None:
        super().__init__(view)
        self._view, self._wanted = view, False
        self._later = QTimer(self, singleShot=True, interval=0)  # once the table knows its new height
        self._later.timeout.connect(self._show)
        self._scrolled = QTimer(self, singleShot=True, interval=0)
        self._scrolled.timeout.connect(self._look)
        view.viewport().installEventFilter(self)
        view.model().rowsInserted.connect(lambda *_what: self._later.start())
        view.verticalScrollBar().actionTriggered.connect(lambda _what: self._scrolled.start())

    def follow(self) -> None:
        """The current row is to be seen from now on."""
        self._wanted = True
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another height of the table."""
        if isinstance(event, QResizeEvent) and event.size().height() != event.oldSize().height():
            self._later.start()
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        index = self._view.currentIndex()
        if self._wanted and index.isValid():
            self._view.scrollTo(index)

    def _look(self) -> None:
        """A person scrolled: where the row is out of sight now, it may stay so."""
        place = self._view.visualRect(self._view.currentIndex())
        self._wanted = place.isValid() and self._view.viewport().rect().intersects(place)
