"""The Step tab: the last training step in a line, and a row for each parameter, what did not move first."""

from PySide6.QtWidgets import QVBoxLayout

from torchloupe.analysis.step.wording import step_line
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.step import model as rows
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench


class StepPanel(TablePanel):
    """Follows the workbench's last step and its selected parameter."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.workbench = workbench
        self.model = LazyTableModel(
            rows.COLUMNS, rows.motion_row, rows.motion_haystack, rows.motion_order, lambda motion: motion.key
        )
        self.table = FilterTable((), self.tr("Parameters in the step"), model=self.model)
        self.model.setParent(self.table)
        self._columns = FittedColumns(self.table.view, [rows.KEY], [rows.MOVED, rows.GROUP])
        self.summary = ElidedLabel(indent=em(self, 0.25))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.summary)
        layout.addWidget(self.table)
        self.table.chosen.connect(self._choose)
        workbench.model_changed.connect(self._show)
        workbench.steps.changed.connect(self._show)
        workbench.selection_changed.connect(self._follow)
        self._show()

    # following the workbench

    def _show(self) -> None:
        report = self.workbench.steps.report
        motions = rows.ranked(report.parameters) if report is not None else []
        self.table.keeping(lambda: self.model.set_items(motions))
        self._columns.fit([longer("", (each.key for each in motions))])
        self.summary.setVisible(report is not None)
        self.summary.setText(step_line(report) if report is not None else "")
        empty = self.table.empty
        if self.workbench.model is None:
            empty.offer(self.tr("No model yet. Open the file that defines the class, then run one training step."), "open.model")
        elif report is not None:
            empty.set_text(self.tr("The model has no parameters."))
        else:
            empty.offer(
                self.tr("No step yet. F6 runs one, with the loss and the optimizer of the file where it has them."), "run.step"
            )
        self._follow(self.workbench.selection)

    def _choose(self, key: str) -> None:
        """Its problem comes along, when there is one that is about it."""
        for problem in self.workbench.steps.problems:
            if key in problem.data.get("parameters", ()):
                self.workbench.select(Selection(key.rpartition(".")[0], parameter=key, problem=problem))
                return
        self.workbench.select_parameter(key)

    def _follow(self, selection: Selection) -> None:
        problem = selection.problem
        about = problem.data.get("parameters", ()) if problem is not None else ()
        self.table.select_key(selection.parameter or next(iter(about), None))
