"""The list of all commands with their keys, and the few lines about this program."""

import platform
from collections.abc import Sequence

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from torchloupe import __version__
from torchloupe.gui.actions import Action, all_shortcuts
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.help.topics import FILTERS
from torchloupe.gui.licences import shipped
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em, fixed_font, size_to
from torchloupe.wire.requests import Hello


class KeysDialog(QDialog):
    """All commands: menu, name, keys, what they do."""

    def __init__(self, parent: QWidget, table: Sequence[Action], topic: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys and commands"))
        columns = [
            Column(self.tr("Menu"), 5),
            Column(self.tr("Command"), 16),
            Column(self.tr("Keys"), 10),
            Column(self.tr("What it does"), 20, True),
        ]
        self.table = FilterTable(columns, self.tr("Commands"))
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.set_rows([_row(action) for action in table])
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.topic = QLabel(topic, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.topic.setVisible(bool(topic))
        self.topic.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        trees = self.tr("In trees: arrow keys, + and -, * opens everything below, letters jump to a name.")
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.6))
        for widget in (self.topic, self.table, QLabel(trees), QLabel(FILTERS, wordWrap=True), buttons):
            layout.addWidget(widget)
        size_to(self, 66, 34)


def _row(action: Action) -> Row:
    return Row(
        (action.menu.replace("&", ""), action.plain_text, all_shortcuts(action), action.tip),
        key=action.id,
        roles=("muted", None, None, "muted"),
    )


class AboutDialog(QDialog):
    """Versions, to be copied into a report, and the licences of everything that is shipped."""

    def __init__(self, parent: QWidget, hello: Hello | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Torchloupe"))
        text = QLabel("\n".join(about_lines(hello)))
        text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        text.setAccessibleName(self.tr("Versions"))
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self))
        layout.addWidget(text)
        layout.addWidget(QLabel(self.tr("Licences")))
        layout.addWidget(LicencesView(self), 1)
        layout.addWidget(buttons)
        size_to(self, 60, 34)


class LicencesView(QSplitter):
    """What is shipped, and the licence of the one that is chosen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shipped = shipped()
        self.names = QListWidget(self)
        self.names.setAccessibleName(self.tr("Parts"))
        self.names.addItems([f"{each.name} {each.version}" for each in self._shipped])
        self.text = QPlainTextEdit(self, readOnly=True)
        self.text.setAccessibleName(self.tr("Licence"))
        self.text.setFont(fixed_font())
        self.setChildrenCollapsible(False)
        self.setSizes([em(self, 15), em(self, 45)])
        self.names.currentRowChanged.connect(self._show)
        self.names.setCurrentRow(0)

    def _show(self, row: int) -> None:
        each = self._shipped[row]
        self.text.setPlainText(f"{each.name} {each.version}: {each.licence}\n\n{each.text}")


def about_lines(hello: Hello | None) -> list[str]:
    """What a report about this program should say first."""
    lines = [
        f"Torchloupe {__version__}, an inspector and debugger for PyTorch models",
        f"Window: Python {platform.python_version()}, PySide6 {PySide6.__version__}, Qt {qVersion()}, {platform.platform()}",
    ]
    if hello is None:
        lines.append("Worker: not started")
    else:
        torch = f"torch {hello.torch}" if hello.torch else "no torch"
        lines.append(f"Worker: Python {hello.python}, {torch}, {', '.join(hello.devices) or 'no device'}, {hello.executable}")
    return lines
