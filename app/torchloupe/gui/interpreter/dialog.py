"""Choose the interpreter that runs the model."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.interpreter.model import ProbeInterpreters, candidates, interpreter_rows
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import color, em
from torchloupe.session.interpreters import resolve_interpreter
from torchloupe.wire.errors import UsageError


class InterpreterDialog(QDialog):
    """The interpreters that were found, and a field for another one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, jobs: Jobs, current: str, near: Path | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Choose interpreter"))
        columns = [
            Column(self.tr("Interpreter"), 20, True),
            Column(self.tr("Python"), 5),
            Column(self.tr("torch"), 9),
            Column(self.tr("Found"), 9),
        ]
        self.table = FilterTable(columns, self.tr("Interpreters"))
        self.field = QLineEdit(current, placeholderText=self.tr("a program, or the folder of a virtual environment"))
        self.field.setAccessibleName(self.tr("Interpreter"))
        self.says = QLabel(wordWrap=True)
        browse = QPushButton(self.tr("&Browse …"), autoDefault=False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(browse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(self.tr("The model runs in this Python, with the packages that are installed there.")))
        layout.addWidget(self.table)
        layout.addLayout(row)
        layout.addWidget(self.says)
        layout.addWidget(buttons)
        self.resize(em(self, 52), em(self, 24))
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self.table.chosen.connect(self.field.setText)
        self.table.activated.connect(self._activate)
        found = candidates(current, near)
        self.table.set_rows(interpreter_rows(found))
        self.table.select_key(current)
        jobs.start(
            ProbeInterpreters(tuple(found)),
            done=lambda answers: self.table.set_rows(interpreter_rows(answers)),
            tag="interpreters",
            owner=self,
            label=self.tr("asking interpreters"),
        )

    def _browse(self) -> None:
        chooser = QFileDialog(self, self.tr("The interpreter"))
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self.field.setText)
        chooser.open()

    def _activate(self, path: str) -> None:
        self.field.setText(path)
        self._accept()

    def _accept(self) -> None:
        try:
            path = resolve_interpreter(self.field.text().strip())
        except UsageError as error:
            palette = self.palette()
            palette.setColor(palette.ColorRole.WindowText, color("error"))
            self.says.setPalette(palette)
            self.says.setText(f"{error} {error.hint}")
            return
        self.accept()
        self.chosen.emit(path)
