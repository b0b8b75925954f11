"""How high the Problems dock is: a line while there is no problem, and as high as a person had it when there are some."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget

from torchloupe.gui.docks import Docks
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench


class ProblemsHeight(QObject):
    """Folds the dock once all is quiet, unfolds it at once. Who drags the folded dock has the last word until sizes are reset."""

    def __init__(self, docks: Docks, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__(docks)
        self._docks, self._workbench, self._jobs = docks, workbench, jobs
        self._dock, self._log = docks.docks["problems"], docks.docks["log"]
        self._folded = self._unfolded = 0  # the height it was folded to, 0 when it is not; and the one that it had before
        self._by_hand = False
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._look)
        for signal in (workbench.problems_changed, workbench.trace_changed, docks.changed, jobs.busy_changed):
            signal.connect(lambda *_anything: self._later.start())
        docks.sizes_reset.connect(self._forget)

    @property
    def is_folded(self) -> bool:
        """It is a line high, and not because a person wants it so."""
        return bool(self._folded)

    def unfold(self) -> None:
        """As high as it was before."""
        if self._folded:
            got = self._resize(self._unfolded)
            self._resize(2 * self._unfolded - got)  # the tabs had taken a part of it
            self._folded = 0

    def _look(self) -> None:
        if self._folded and self._dock.height() > self._folded + em(self._dock, 3):  # less is Qt's own arranging
            self._folded, self._by_hand = 0, True
        if self._workbench.problems or self._is_in_front(self._log):
            self.unfold()
        elif not (self._folded or self._by_hand or self._workbench.running or self._jobs.busy) and self._stands_alone():
            self._unfolded = self._height()
            self._folded = self._resize(1)

    def _forget(self) -> None:
        self._folded, self._by_hand = 0, False
        self._later.start()

    def _resize(self, height: int) -> int:
        self._docks.window.resizeDocks([self._dock], [height], Qt.Orientation.Vertical)
        return self._height()

    def _height(self) -> int:
        QCoreApplication.sendPostedEvents(self._docks.window, QEvent.Type.LayoutRequest.value)  # what was asked for last is done
        return (self._log if self._is_in_front(self._log) else self._dock).height()

    def _stands_alone(self) -> bool:
        """It is in front, and nothing stands beside it that would become low together with it."""
        window, bottom = self._docks.window, Qt.DockWidgetArea.BottomDockWidgetArea
        docks = (dock for dock in self._docks.docks.values() if not dock.isHidden() and not dock.isFloating())
        there = {dock for dock in docks if window.dockWidgetArea(dock) == bottom}
        behind = window.tabifiedDockWidgets(self._dock)
        return self._is_in_front(self._dock) and self._dock in there and there <= {self._dock, *behind}

    @staticmethod
    def _is_in_front(dock: QDockWidget) -> bool:
        return not dock.visibleRegion().isEmpty()
