"""Which panel comes to the front by itself: what was just opened, how it differs, what runs."""

from PySide6.QtCore import QObject

from torchloupe.gui.docks import Docks
from torchloupe.gui.workbench import Workbench


class InFront(QObject):
    """Follows the workbench; ``opened`` is told what was opened."""

    def __init__(self, docks: Docks, workbench: Workbench) -> None:
        super().__init__(docks)
        self._docks, self._bench = docks, workbench
        self._waits = False  # for a comparison that takes longer than opening both
        workbench.trace_changed.connect(self._show_calls)
        workbench.other_changed.connect(self._show_pair)
        workbench.diff_changed.connect(self._compared)

    def opened(self, kind: str) -> None:
        """A ``checkpoint`` or a model."""
        bench = self._bench
        self._docks.show_workspace("checkpoint" if kind == "checkpoint" else "modules")
        self._waits = bench.diff is None and bench.model is not None and bench.checkpoint is not None
        if bench.has_differences:
            self._docks.raise_panel("compare")
        elif bench.model is None:
            self._docks.raise_panel("tensor")
        elif not bench.calls:
            self._docks.raise_panel("calls")

    def _compared(self) -> None:
        """Who has run the model meanwhile looks at that."""
        if self._waits and self._bench.diff is not None:
            self._waits = False
            if self._bench.has_differences and not (self._bench.calls or self._bench.running):
                self._docks.raise_panel("compare")

    def _show_calls(self) -> None:
        if self._bench.running:
            self._docks.raise_panel("modules")
            self._docks.raise_panel("calls")

    def _show_pair(self) -> None:
        self._docks.set_tab_visible("checkpoint_pair", self._bench.other is not None)
        if self._bench.other is not None:
            self._docks.raise_panel("checkpoint_pair")
