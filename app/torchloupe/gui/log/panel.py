"""The Log panel: what the worker, the user's code and the app said, by how bad it is and by who said it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from torchloupe.gui.command_button import CommandButton
from torchloupe.gui.log_book import ERROR, INFO, LEVELS, WARNING, BookLine, LogBook
from torchloupe.gui.marks import SEVERITY_MARKS
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em, fixed_font

_ROLES = {INFO: None, WARNING: "warning", ERROR: "error"}
SHOW_EVERY_MS = 100


class LogPanel(TablePanel):
    """Follows a log book; stays at the end while the end is in sight."""

    def __init__(self, book: LogBook) -> None:
        super().__init__()
        self._book = book
        columns = [
            Column(self.tr("Time"), 7),
            Column(self.tr("Level"), 5.5),
            Column(self.tr("Source"), 5),
            Column(self.tr("Text"), 40, stretch=True),
        ]
        self.table = FilterTable(columns, self.tr("Log"), self.tr("Nothing was said yet."))
        self.table.one = self.tr("line")
        self.table.view.setFont(fixed_font())
        titles = QFont()
        titles.setFamilies(self.font().families())
        self.table.view.horizontalHeader().setFont(titles)
        self.table.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.table.view.setAlternatingRowColors(False)
        self.table.allow_low()
        all_levels, bad = self.tr("All levels"), self.tr("Warnings and errors")
        self.level = _choice(
            self.tr("Level"), self.tr("How bad the lines are"), ((all_levels, INFO), (bad, WARNING), (self.tr("Errors"), ERROR))
        )
        sources = (
            (self.tr("All sources"), ""),
            (self.tr("App"), "app"),
            (self.tr("Worker"), "worker"),
            (self.tr("Print (user)"), "user"),
        )
        self.source = _choice(self.tr("Source"), self.tr("Who said the lines"), sources)
        self.choices, row = QWidget(), QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.table.filter, 1)  # beside the choices: the panel is low
        row.addWidget(self.choices)
        beside = QHBoxLayout(self.choices)
        beside.setContentsMargins(0, 0, 0, 0)
        for widget in (self.level, self.source, CommandButton("help.diagnostics")):
            beside.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addLayout(row)
        layout.addWidget(self.table)
        for choice in (self.level, self.source):
            choice.currentIndexChanged.connect(self._show)
        self._timer = QTimer(self, singleShot=True, interval=SHOW_EVERY_MS)
        self._timer.timeout.connect(self._show)
        book.added.connect(lambda _line: None if self._timer.isActive() else self._timer.start())
        self._show()

    def _show(self, *_changed: object) -> None:
        bar = self.table.view.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 1
        self.choices.setVisible(bool(self._book.lines))
        self.table.set_empty(self.tr("No line of this kind.") if self._book.lines else self.tr("Nothing was said yet."))
        least, source = self.level.currentData(), self.source.currentData()
        self.table.set_rows(
            [_row(number, line) for number, line in enumerate(self._book.lines) if _is_wanted(line, least, source)]
        )
        if at_end:
            self.table.view.scrollToBottom()


def _choice(name: str, tip: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    for text, data in choices:
        combo.addItem(text, data)
    return combo


def _is_wanted(line: BookLine, least: str, source: str) -> bool:
    """As bad as that, and said by this one; by anybody where that is empty."""
    return source in ("", line.source) and LEVELS.index(line.level) >= LEVELS.index(least)


def _row(number: int, line: BookLine) -> Row:
    level = SEVERITY_MARKS[line.level].text if line.level != INFO else INFO
    role = _ROLES[line.level]
    quiet = "muted" if line.source != "user" else None
    order = (line.time, LEVELS.index(line.level))
    return Row(
        (line.time, level, line.source, line.text), number, ("muted", role or "muted", "muted", role or quiet), order=order
    )
