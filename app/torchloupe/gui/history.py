"""Back and forward through what was looked at."""

from PySide6.QtCore import QObject, Signal

from torchloupe.gui.workbench import Selection, Workbench

DEPTH = 200


class History(QObject):
    """Follows the selection of a workbench. A new model or a run starts it anew, because its calls are other calls then."""

    changed = Signal()

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._past: list[Selection] = []
        self._future: list[Selection] = []
        self._here = workbench.selection
        self._walking = False
        workbench.selection_changed.connect(self._arrive)
        workbench.model_changed.connect(self._forget)
        workbench.checkpoint_changed.connect(self._forget)

    @property
    def can_go_back(self) -> bool:
        """There is a place before this one."""
        return bool(self._past)

    @property
    def can_go_forward(self) -> bool:
        """There is a place that was left by ``back``."""
        return bool(self._future)

    def back(self) -> None:
        """Look at what was looked at before."""
        self._walk(self._past, self._future)

    def forward(self) -> None:
        """Undo one ``back``."""
        self._walk(self._future, self._past)

    def _walk(self, source: list[Selection], target: list[Selection]) -> None:
        while source:
            place = source.pop()
            if place.call is None or place.call in self._workbench.calls:
                target.append(self._here)
                self._walking = True
                self._workbench.select(place)
                self._walking = False
                break
        self.changed.emit()

    def _arrive(self, selection: Selection) -> None:
        if not self._walking and self._here != Selection():
            self._past = [*self._past[1 - DEPTH :], self._here]
            self._future = []
        self._here = selection
        self.changed.emit()

    def _forget(self) -> None:
        self._past, self._future, self._here = [], [], self._workbench.selection
        self.changed.emit()
