"""The tree of a large model before the model is open: it is shown while the worker still looks for what is not registered."""

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from torchloupe.analysis.wording import counted
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tree_index import NOTHING
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.opening import TreeSeen
from torchloupe.wire.requests import Failed, OpenedTarget, OpenTarget


class TreeAhead(QObject):
    """Opens targets. A model that is open stays until the new one is there: only where there is none its tree comes first."""

    said = Signal(str)
    arrived = Signal()  # a tree is about to be shown
    nothing_open = Signal()  # it was shown, the model was not opened after all, and there is nothing else

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench, self._jobs = workbench, jobs
        self._tree = NOTHING

    def start(
        self,
        request: OpenTarget,
        done: Callable[[OpenedTarget], object],
        failed: Callable[[Failed], object],
        tag: str,
        label: str,
    ) -> None:
        """As ``Jobs.start``."""
        self._forget()
        self._jobs.start(
            request, done=partial(self._done, done), failed=partial(self._failed, failed), event=self._hear, tag=tag, label=label
        )

    def _hear(self, event: Any) -> None:
        if isinstance(event, TreeSeen) and self._bench.model is None:
            self._tree = event.tree
            self.said.emit(
                self.tr("{0}; looking for what is not registered …").format(counted(len(event.tree.modules), "module"))
            )
            self.arrived.emit()
            QTimer.singleShot(0, self, partial(self._show, event.tree))  # the panels are drawn before the rows are made

    def _show(self, tree: ModuleTree) -> None:
        if tree is self._tree:
            self._bench.show_ahead(tree)

    def _done(self, then: Callable[[OpenedTarget], object], model: OpenedTarget) -> None:
        """What was selected in the tree meanwhile stays selected."""
        selected = self._bench.selection if self._tree is not NOTHING else None
        self._tree = NOTHING
        then(model)
        if selected is not None and selected.module is not None:
            self._bench.select(selected)

    def _failed(self, then: Callable[[Failed], object], failed: Failed) -> None:
        self._forget()
        then(failed)

    def _forget(self) -> None:
        if self._tree is not NOTHING:
            self._tree = NOTHING
            self._bench.show_ahead(NOTHING)
            if self._bench.checkpoint is None:
                self.nothing_open.emit()
