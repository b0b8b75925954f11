"""What stands left and right in a window keeps its share of the width when the window becomes wider or narrower."""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

SIDES = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class SideWidths(QObject):
    """Follows a window and its docks. Qt gives all that is new to the centre; here the shares count that a person drew last."""

    def __init__(self, window: QMainWindow, docks: Iterable[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._docks = window, tuple(docks)
        self._shares: dict[QDockWidget, float] = {}
        self._width = 0  # of the window, while the shares are those of it
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._keep_shares)
        for watched in (window, *self._docks):
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another width of the window, or of a dock in it."""
        if event.type() == QEvent.Type.Resize:
            if watched is self._window:
                self._later.start()  # once the new width is shared out as Qt does it
            elif isinstance(watched, QDockWidget) and self._window.width() == self._width and watched in self._sides():
                self._shares[watched] = watched.width() / self._width
        return super().eventFilter(watched, event)

    def _keep_shares(self) -> None:
        width, self._width = self._window.width(), 0
        docks = [dock for dock in self._sides() if dock in self._shares]
        if docks:
            self._window.resizeDocks(docks, [round(self._shares[dock] * width) for dock in docks], Qt.Orientation.Horizontal)
            QCoreApplication.sendPostedEvents(self._window, QEvent.Type.LayoutRequest.value)
        self._width = width

    def _sides(self) -> list[QDockWidget]:
        """The dock in front on the left, and that on the right."""
        found: dict[Qt.DockWidgetArea, QDockWidget] = {}
        for dock in self._docks:
            if not dock.isFloating() and not dock.visibleRegion().isEmpty():
                found.setdefault(self._window.dockWidgetArea(dock), dock)
        return [found[area] for area in SIDES if area in found]
