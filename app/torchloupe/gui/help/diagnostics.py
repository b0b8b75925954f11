"""The diagnostics as text, to be read and copied into a report."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.theme import fixed_font, size_to


class DiagnosticsDialog(QDialog):
    """Shows them; a button copies all."""

    def __init__(self, parent: QWidget, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Diagnostics"))
        about = QLabel(self.tr("Nothing of this is sent anywhere. Read it before you paste it into a report."), wordWrap=True)
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setFont(fixed_font())
        self.text.setAccessibleName(self.tr("Diagnostics"))
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton(self.tr("&Copy all"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (about, self.text, buttons):
            layout.addWidget(widget)
        size_to(self, 56, 32)
