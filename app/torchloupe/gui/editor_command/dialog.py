"""The choice of the editor: one of those that are installed, or any command with {file} and {line}."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.editor import command_problem, editor_words, found_editors
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.settings import EDITOR_COMMAND, Settings
from torchloupe.gui.theme import em, size_to

EXAMPLE = "/models/net.py"


class EditorDialog(QDialog):
    """Keeps the command in the settings; an empty one means whatever is found first."""

    def __init__(self, parent: QWidget, settings: Settings) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Editor command"))
        self._settings = settings
        self.command = QComboBox(editable=True)
        self.command.setAccessibleName(self.tr("Command"))
        self.command.addItem("")
        for name, command in found_editors():
            self.command.addItem(command)
            self.command.setItemData(self.command.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        self.command.setCurrentText(settings.text(EDITOR_COMMAND))
        field = self.command.lineEdit()
        if field is not None:
            field.setPlaceholderText(self.tr("whatever is found: $VISUAL, $EDITOR, VS Code, PyCharm …"))
            field.setAccessibleName(self.tr("Command"))
        explained = QLabel(self.tr("&Command; {file} and {line} stand for the place:"))
        explained.setBuddy(self.command)
        self.starts = RoleLabel()
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.5))
        for widget in (explained, self.command, self.starts):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(buttons)
        size_to(self, 38, 11)
        self.command.currentTextChanged.connect(self._preview)
        self._preview()

    def accept(self) -> None:
        """Use it from now on."""
        self._settings.set_text(EDITOR_COMMAND, self.command.currentText().strip())
        super().accept()

    def _preview(self) -> None:
        text = self.command.currentText().strip()
        words = editor_words(EXAMPLE, 12, command=text)
        if words:
            self.starts.say(self.tr("For line 12 of {0} it starts: {1}").format(EXAMPLE, " ".join(words)), "muted")
        elif text:
            self.starts.say(f"▲ {command_problem(text)}", "warning")
        else:
            self.starts.say(self.tr("▲ No editor with a window was found. A place is copied instead."), "warning")
