"""The sweep in the window: for which sizes of its input the model runs, and what breaks it elsewhere. It stands beside the window."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QScrollArea, QVBoxLayout, QWidget

from torchloupe.analysis.report.markdown import document_markdown
from torchloupe.analysis.report.sizes_section import sizes_document
from torchloupe.analysis.sweep_wording import DRAWN_LEGEND, RefusedSize
from torchloupe.analysis.wording import seconds_text
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.sweep import model as rows
from torchloupe.gui.sweep.map_view import NOTHING, SweepMapView
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import size_to
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed
from torchloupe.wire.sweeps import SizesSwept

SWEEPING = "sweep"
"""Tag of the job."""


class SweepDialog(QDialog):
    """Asks the worker when it opens and when another model does; what refuses a size leads to its module and its line."""

    def __init__(self, parent: QWidget, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Sizes that it runs with"))
        self.workbench, self._jobs = workbench, jobs
        self.swept = NOTHING
        self.causes: list[RefusedSize] = []
        self.answer = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.map = SweepMapView()
        self.legend = QLabel(DRAWN_LEGEND, wordWrap=True)
        self.legend.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        columns = [
            Column(self.tr("Axis"), 8),
            Column(self.tr("Size"), 4, right=True),
            Column(self.tr("Module"), 9),
            Column(self.tr("What refuses it"), 24, True),
            Column(self.tr("Place"), 9),
        ]
        self.table = FilterTable(columns, self.tr("What refuses sizes"))
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        action = QDialogButtonBox.ButtonRole.ActionRole
        self.copy = self.buttons.addButton(self.tr("Copy as &Markdown"), action)
        self.stop = self.buttons.addButton(self.tr("&Stop"), action)
        self._build()
        workbench.model_changed.connect(self.ask)
        self.ask()

    def _build(self) -> None:
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("Map of sizes"))
        inside = QWidget()
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.map)
        box.addStretch(1)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        for widget, stretch in ((self.answer, 0), (scroll, 3), (self.legend, 0), (self.table, 2), (self.buttons, 0)):
            layout.addWidget(widget, stretch)
        size_to(self, 60, 40)
        self.buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(document_markdown(sizes_document(self.swept))))
        self.stop.clicked.connect(lambda: self._jobs.cancel())
        self.map.chosen.connect(self.go_to)
        self.table.chosen.connect(lambda number: self.go_to(self.causes[number].problem))
        self.table.activated.connect(self._open_in_editor)

    def ask(self) -> None:
        """Sweep the sizes of the input of the run on screen."""
        self._jobs.drop(SWEEPING)
        self._list(NOTHING)
        if self.workbench.model is None:
            self._say(self.tr("No model is open."), running=False)
            return
        self._say(self.tr("Trying sizes, on shapes alone …"), running=True)
        request = rows.question(self.workbench.asked, self.workbench.report)
        label = self.tr("trying sizes of the input")
        self._jobs.start(request, self._show, self._failed, tag=SWEEPING, label=label, owner=self)

    def _show(self, swept: SizesSwept) -> None:
        self._list(swept)
        specs = " ".join(swept.inputs) or self.tr("the sample input")
        said = [self.tr("Around {0}, in {1}.").format(specs, seconds_text(swept.seconds))]
        said += [f"{problem.message} {problem.hint}".strip() for problem in swept.problems]
        self._say(plain_text("\n".join([*said, *swept.notes])), running=False)

    def _list(self, swept: SizesSwept) -> None:
        self.swept, self.causes = swept, rows.causes_of(swept)
        self.map.show_sweep(swept)
        self.legend.setVisible(bool(swept.axes))
        self.copy.setEnabled(bool(swept.axes))
        self.table.set_rows(rows.cause_rows(self.causes))
        self.table.set_empty(self.tr("Nothing refuses a size that was tried.") if swept.axes else "")

    def _say(self, sentence: str, running: bool) -> None:
        self.answer.setText(sentence)
        self.stop.setEnabled(running)

    def _failed(self, failed: Failed) -> None:
        said = " ".join(f"{problem.message} {problem.hint}" for problem in failed.problems)
        self._say(plain_text(said) or self.tr("Cancelled."), running=False)

    def go_to(self, problem: Problem) -> None:
        """Select the module that refuses, and show the line."""
        if problem.module is not None:
            self.workbench.select(Selection(module=problem.module))
        if problem.file:
            self.workbench.source_wanted.emit(problem.file, problem.line or 1)

    def _open_in_editor(self, number: int) -> None:
        problem = self.causes[number].problem
        if problem.file:
            self.workbench.editor_wanted.emit(problem.file, problem.line or 1)
