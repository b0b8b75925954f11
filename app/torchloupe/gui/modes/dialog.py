"""Train against eval mode, call by call: which differs first and why. It stands beside the window, not over it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from torchloupe.analysis.numerics.mode_comparison import mode_verdict
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.modes import model as rows
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import size_to
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.numerics import CompareModes, ModesCompared
from torchloupe.wire.requests import Failed

COMPARING_MODES = "modes"
"""Tag of the job."""


class ModesDialog(QDialog):
    """Asks the worker when it opens and when another model does; a chosen row leads to its module and its line."""

    def __init__(self, parent: QWidget, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Train against eval mode"))
        self.workbench, self._jobs = workbench, jobs
        self._compared = ModesCompared(())
        self.answer = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.only = QCheckBox(self.tr("&Only calls that differ"))
        self.only.setChecked(True)
        columns = [
            Column(self.tr("Module"), 11),
            Column(self.tr("Class"), 8),
            Column(self.tr("Output"), 9),
            Column(self.tr("Differs"), 5),
            Column(self.tr("Train std"), 5),
            Column(self.tr("Eval std"), 5),
            Column(self.tr("Why"), 22, True),
            Column(self.tr("Place"), 8),
        ]
        self.table = FilterTable(columns, self.tr("Calls in both modes"))
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget, stretch in ((self.answer, 0), (self.only, 0), (self.table, 1), (buttons, 0)):
            layout.addWidget(widget, stretch)
        size_to(self, 76, 30)
        self.only.toggled.connect(self._list)
        self.table.chosen.connect(self._show_place)
        self.table.activated.connect(self._open_in_editor)
        workbench.model_changed.connect(self.ask)
        self.ask()

    def ask(self) -> None:
        """Run both modes on the input of the run on screen."""
        self._jobs.drop(COMPARING_MODES)
        self._compared = ModesCompared(())
        self._list()
        if self.workbench.model is None:
            self.answer.setText(self.tr("No model is open."))
            return
        asked = self.workbench.asked
        request = CompareModes(rows.inputs_of(asked, self.workbench.report), asked.device, asked.seed)
        self.answer.setText(self.tr("Running in both modes …"))
        label = self.tr("comparing train and eval mode")
        self._jobs.start(request, self._show, self._failed, tag=COMPARING_MODES, label=label, owner=self)

    def _show(self, compared: ModesCompared) -> None:
        self._compared = compared
        self._list()
        self.answer.setText(plain_text("\n".join(mode_verdict(compared))))

    def _list(self) -> None:
        self.table.set_rows(rows.call_rows(self._compared, self.only.isChecked()))
        self.table.set_empty(self.tr("No call differs.") if self._compared.calls else "")

    def _failed(self, failed: Failed) -> None:
        said = " ".join(f"{problem.message.rstrip('.')}. {problem.hint}" for problem in failed.problems)
        self.answer.setText(plain_text(said) or self.tr("Cancelled."))

    def _show_place(self, number: int) -> None:
        """Select the module, and show the line that calls it."""
        call = self._compared.calls[number]
        self.workbench.select_module(call.module)
        if call.file:
            self.workbench.source_wanted.emit(call.file, call.line or 1)

    def _open_in_editor(self, number: int) -> None:
        call = self._compared.calls[number]
        if call.file:
            self.workbench.editor_wanted.emit(call.file, call.line or 1)
