"""The Find panel: one filter over everything that is open."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from torchloupe.gui.find.model import COLUMNS, FindAll, Found, found_haystack, found_row, go_to
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.workbench import Workbench


class FindPanel(TablePanel):
    """Follows the workbench while it is seen."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self._is_old = True
        model = LazyTableModel(
            COLUMNS, found_row, found_haystack, lambda found, column: found[column].lower(), lambda found: found.key, self
        )
        self._rows: LazyTableModel = model
        nothing = self.tr(
            "Nothing is open. Modules, parameters, keys, calls and problems are found here by name, shape or dtype."
        )
        self.table = FilterTable((), self.tr("Find everywhere"), nothing, model=model)
        self.table.one = self.tr("module, key, tensor, call or problem")
        self.table.filter.setPlaceholderText(self.tr("Find everywhere: fc1, [*,768], dtype:bf16, kind:tensor, +conv -bias"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.table.chosen.connect(lambda key: go_to(workbench, key))
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._list)
        for signal in (
            workbench.checkpoint_changed,
            workbench.model_changed,
            workbench.trace_changed,
            workbench.problems_changed,
        ):
            signal.connect(self._forget)

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is worth listing."""
        super().showEvent(event)
        self._timer.start()

    def _forget(self) -> None:
        self._is_old = True
        if self.isVisible():
            self._timer.start()

    def _list(self) -> None:
        if not self._is_old:
            return
        self._is_old = False
        bench = self.workbench
        tensors = bench.checkpoint.tensors if bench.checkpoint else ()
        work = FindAll(bench.problems, bench.tree, tensors, tuple(bench.calls.values()))
        self._jobs.start(work, self._listed, tag="find", label=self.tr("listing what is open"), owner=self)

    def _listed(self, found: list[Found]) -> None:
        self._rows.take_items(found)
        self.table.find_rows()
