"""The Log panel: what the worker, the user's code and the app said."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from torchloupe.gui.log_book import BookLine, LogBook
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import fixed_font

_ROLES = {"user": None, "worker": "muted", "app": "muted"}
SHOW_EVERY_MS = 100


class LogPanel(QWidget):
    """Follows a log book; stays at the end while the end is in sight."""

    def __init__(self, book: LogBook) -> None:
        super().__init__()
        self._book = book
        columns = [Column(self.tr("Time"), 7), Column(self.tr("Source"), 5), Column(self.tr("Text"), 40, stretch=True)]
        self.table = FilterTable(columns, self.tr("Log"), self.tr("Nothing was said yet."))
        self.table.one = self.tr("line")
        self.table.view.setFont(fixed_font())
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.view.setAlternatingRowColors(False)
        self.table.allow_low()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self._timer = QTimer(self, singleShot=True, interval=SHOW_EVERY_MS)
        self._timer.timeout.connect(self._show)
        book.added.connect(lambda _line: None if self._timer.isActive() else self._timer.start())
        self._show()

    def focus_filter(self) -> None:
        """Ctrl+F."""
        self.table.filter.setFocus()
        self.table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected lines."""
        return self.table.copied_text()

    def _show(self) -> None:
        bar = self.table.view.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 1
        self.table.set_rows([_row(number, line) for number, line in enumerate(self._book.lines)])
        if at_end:
            self.table.view.scrollToBottom()


def _row(number: int, line: BookLine) -> Row:
    return Row((line.time, line.source, line.text), key=number, roles=("muted", "muted", _ROLES.get(line.source, "muted")))
