"""The Problems panel: everything that is wrong, the first thing first, with where and what to do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout

from torchloupe.analysis.wording import problem_lines
from torchloupe.gui.cell_painting import CodeDelegate, Place
from torchloupe.gui.command_menu import TABLE_MENU
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.problems.model import empty_text, problem_rows
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.problems import Problem

MESSAGE, HINT, *_ = TEXTS = 1, 2, 3, 4
"""The columns of sentences, and those of names, which take what they need."""


class ProblemsPanel(TablePanel):
    """Follows the workbench's problems and selection."""

    is_for_issues = True  # what is copied names the versions, too

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.workbench = workbench
        columns = [
            Column(self.tr("Severity"), 6),
            Column(self.tr("Problem"), 12),
            Column(self.tr("What to do"), 12),
            Column(self.tr("Module"), 6),
            Column(self.tr("Place"), 6),
        ]
        self.table = FilterTable(columns, self.tr("Problems"))
        self.table.one = self.tr("problem")
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)  # sentences, not names
        for column in (MESSAGE, HINT):
            self.table.view.setItemDelegateForColumn(column, CodeDelegate(self.table.view, self._sentence))
        self.table.allow_low()
        self.table.menu = ("report.reproducer", "", *TABLE_MENU)
        self._columns = FittedColumns(self.table.view, TEXTS, [0], fills=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.table.chosen.connect(self._choose)
        self.table.activated.connect(self._show_source)
        for signal in (workbench.problems_changed, workbench.trace_changed, workbench.model_changed, workbench.diff_changed):
            signal.connect(self._show)
        workbench.selection_changed.connect(self._follow)
        self._show()

    def copy_rows(self) -> str:
        """The selected problems in full: message, hint, place and fixes, as they paste well into an issue."""
        chosen = sorted({index.row() for index in self.table.view.selectionModel().selectedRows()})
        rows = [self.table.model.rows[number] for number in chosen] or self.table.model.rows
        problems = [self.workbench.problems[row.key] for row in rows]
        return "\n\n".join("\n".join(problem_lines(problem)) for problem in problems)

    def _show(self) -> None:
        self.table.set_empty(empty_text(self.workbench))
        rows = problem_rows(self.workbench.problems)
        self.table.set_rows(rows)
        self._columns.fit([longer("", (row.cells[column] for row in rows)) for column in TEXTS])
        self._follow(self.workbench.selection)

    def _sentence(self, place: Place) -> str:
        """What a cell says, with the marks around code."""
        problem: Problem = self.workbench.problems[place.data(Qt.ItemDataRole.UserRole)]
        return problem.message if place.column() == MESSAGE else problem.hint

    def _choose(self, number: int) -> None:
        if number < len(self.workbench.problems):
            self.workbench.select_problem(self.workbench.problems[number])

    def _show_source(self, number: int) -> None:
        """Enter or a double click: its line, in the window."""
        problem = self.workbench.problems[number]
        if problem.file:
            self._choose(number)
            self.workbench.source_wanted.emit(problem.file, problem.line or 1)

    def _follow(self, selection: Selection) -> None:
        problems = self.workbench.problems
        self.table.select_key(problems.index(selection.problem) if selection.problem in problems else None)
