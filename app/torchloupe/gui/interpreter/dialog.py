"""Choose the interpreter that runs the model."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
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

from torchloupe.analysis.package_names import wanted_text
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.interpreter.model import AskForDevices, FindInterpreters, holder, interpreter_rows, search_text
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import size_to
from torchloupe.session.discovery import Interpreter
from torchloupe.session.interpreters import resolve_interpreter
from torchloupe.wire.errors import UsageError


class InterpreterDialog(QDialog):
    """The interpreters that were found, and a field for another one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, jobs: Jobs, current: str, near: Path | None, wanted: str = "") -> None:
        """``wanted``: those that have this module (``einops``) or version (``>=3.12``) come first, the best is chosen already."""
        super().__init__(parent)
        self._wanted = wanted
        self.setWindowTitle(self.tr("Choose interpreter"))
        columns = [
            Column(self.tr("Interpreter"), 20, True),
            Column(self.tr("Python"), 5),
            Column(self.tr("torch"), 10),
            Column(self.tr("Devices"), 9),
            Column(self.tr("Found"), 10),
        ]
        if wanted:
            columns.append(Column(wanted_text(wanted), 7))
        self.table = FilterTable(columns, self.tr("Interpreters"))
        self.field = QLineEdit(current, placeholderText=self.tr("a program, a folder, or a command such as ssh host python3"))
        self.field.setAccessibleName(self.tr("Interpreter"))
        self.says = RoleLabel()
        self.says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if wanted:
            self.says.say(self.tr("Looking for {0} …").format(wanted_text(wanted)), "muted")
        browse = QPushButton(self.tr("&Browse…"), autoDefault=False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(browse)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(self)
        about = self.tr(
            "The model runs in this Python, with the packages that are installed there. A command of several words (ssh host python3, "
            "docker exec -i box python3) runs it elsewhere; that side needs nothing but Python and torch."
        )
        layout.addWidget(QLabel(about, wordWrap=True))
        layout.addWidget(self.table)
        layout.addLayout(row)
        layout.addWidget(self.says)
        bottom = QHBoxLayout()
        self.devices = QPushButton(self.tr("Show &devices"), autoDefault=False)
        self.devices.setEnabled(False)
        self.devices.setToolTip(self.tr("Import torch in each interpreter and ask what it can run on; takes seconds"))
        self.devices.clicked.connect(self._ask_for_devices)
        bottom.addWidget(self.devices)
        bottom.addWidget(buttons)
        layout.addLayout(bottom)
        size_to(self, 64, 28)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self.table.chosen.connect(self.field.setText)
        self.table.activated.connect(self._activate)
        self._jobs, self._current = jobs, current
        self._found: dict[str, Interpreter] = {}
        jobs.start(
            FindInterpreters(current, near, wanted),
            done=self._all_found,
            event=self._heard,
            tag="interpreters",
            owner=self,
            label=self.tr("asking interpreters"),
        )

    def _heard(self, one: Interpreter) -> None:
        self._found[one.path] = one
        self._show(select=len(self._found) == 1)

    def _all_found(self, found: list[Interpreter]) -> None:
        self._found = {one.path: one for one in found}
        self.devices.setEnabled(any(one.torch for one in found))
        self._show()
        if self._wanted:
            self._choose_holder(holder(found, self._wanted))
            self.says.say(search_text(found, self._wanted, self._current), "muted")

    def _choose_holder(self, path: str) -> None:
        """What has what is wanted is ready to be taken, unless somebody has chosen meanwhile."""
        if path and self.field.text() == self._current:
            self.table.select_key(path)
            self.field.setText(path)

    def _show(self, select: bool = False) -> None:
        self.table.set_rows(interpreter_rows(self._found.values(), self._wanted))
        if select:
            self.table.select_key(self._current)

    def _ask_for_devices(self) -> None:
        self.devices.setEnabled(False)
        self._jobs.start(
            AskForDevices(tuple(one for one in self._found.values() if one.torch)),
            event=self._heard,
            tag="interpreters",
            owner=self,
            label=self.tr("asking for devices"),
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
            self.says.say(f"{error} {error.hint}", "error")
            return
        self.accept()
        self.chosen.emit(path)
