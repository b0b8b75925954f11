"""The operations between the calls of the last run, and whether they are wanted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from torchloupe.wire.requests import OperationsFinished
from torchloupe.wire.traces import Operation

if TYPE_CHECKING:
    from torchloupe.gui.workbench import Workbench


class Operations(QObject):
    """Follows the workbench it belongs to: another model or another run has other operations. ``found`` are those by their index."""

    added = Signal(object)  # list[Operation]
    switched = Signal()  # they are wanted now, or no longer

    def __init__(self, workbench: "Workbench") -> None:
        super().__init__(workbench)
        self.found: dict[int, Operation] = {}
        self.wanted = False
        self._bench = workbench
        workbench.model_changed.connect(self._forget)
        workbench.trace_changed.connect(self._trace_changed)

    @property
    def are_missing(self) -> bool:
        """They are wanted, and what is shown was run without them."""
        bench = self._bench
        return self.wanted and bool(bench.calls) and not bench.running and not bench.asked.operations

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

    def select(self, index: int) -> None:
        """Look at one of them; the call that it ran in comes along."""
        from torchloupe.gui.workbench import Selection  # which holds one of these

        operation = self.found[index]
        self._bench.select(Selection(module=operation.module, call=operation.call, operation=index))

    def _forget(self) -> None:
        self.found = {}

    def _trace_changed(self) -> None:
        if self._bench.running:
            self._forget()
