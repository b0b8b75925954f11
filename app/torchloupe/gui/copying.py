"""What the focused panel has selected goes to the clipboard: small tables at once, large ones by a job."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QPlainTextEdit, QWidget

from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.docks import Docks
from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.gui.text_table import FilterTable

translate = QCoreApplication.translate

MOST_AT_ONCE = 1000
"""Rows whose texts are made without a pause that a person notices."""

Draw = Callable[[CopiedTable], str]


@dataclass(frozen=True)
class Copying:
    """Copies and says so."""

    docks: Docks
    jobs: Jobs
    say: Callable[[str], None]

    def copy_rows(self, focused: QWidget | None) -> None:
        """The text that is marked in a field, else what the panel calls its rows, with tabs between the cells."""
        if isinstance(focused, (QLineEdit, QPlainTextEdit)):
            focused.copy()
            self.say("")
            return
        table = self._table(focused)
        if table is not None and len(table.rows) > MOST_AT_ONCE:
            self._draw(table, CopiedTable.as_text)
        else:
            self._put_lines(self._text(focused))

    def copy_table(self, focused: QWidget | None, draw: Draw) -> None:
        """The selected rows (all, when none is) with the titles of their columns."""
        table = self._table(focused)
        if table is None or not table.rows:
            self.say(translate("copying", "There is no table to copy here."))
        else:
            self._draw(table, draw)

    def _draw(self, table: CopiedTable, draw: Draw) -> None:
        count = len(table.rows)
        if count <= MOST_AT_ONCE:
            self._put_rows(count, draw(table))
        else:
            label = translate("copying", "Copying {0} rows").format(count)
            self.jobs.start(_Drawing(table, draw), partial(self._put_rows, count), tag="copy", label=label)

    def _put_rows(self, count: int, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        several = translate("copying", "Copied {0} rows.").format(count)
        self.say(translate("copying", "Copied 1 row.") if count == 1 else several)

    def _put_lines(self, text: str) -> None:
        if not text:
            self.say(translate("copying", "Nothing is selected."))
            return
        QGuiApplication.clipboard().setText(text)
        lines = text.count("\n") + 1
        several = translate("copying", "Copied {0} lines.").format(lines)
        self.say(translate("copying", "Copied 1 line.") if lines == 1 else several)

    def _panel(self) -> QWidget | None:
        name = self.docks.focused_panel()
        return self.docks.panels[name].inside() if name else None

    def _text(self, focused: QWidget | None) -> str:
        copied = getattr(self._panel(), "copy_rows", None)
        if callable(copied):
            return str(copied())
        return _view_text(focused) if isinstance(focused, QAbstractItemView) else ""

    def _table(self, focused: QWidget | None) -> CopiedTable | None:
        """The panel's own choice when it makes one, else its table that has the focus, else its first one."""
        panel = self._panel()
        own = getattr(panel, "copied_table", None)
        if callable(own):
            chosen: CopiedTable = own()
            return chosen
        tables = [table for table in panel.findChildren(FilterTable) if table.isVisible()] if panel else []
        with_focus = [table for table in tables if focused is not None and table.isAncestorOf(focused)]
        table = next(iter(with_focus or tables), None)
        return table.copied_table() if table is not None else None


@dataclass(frozen=True)
class _Drawing:
    """The texts of many rows, made on a thread."""

    table: CopiedTable
    draw: Draw

    def __call__(self, progress: Progress) -> str:
        del progress
        return self.draw(self.table)


def _view_text(view: QAbstractItemView) -> str:
    model = view.model()
    rows = sorted({index.row() for index in view.selectionModel().selectedIndexes()})
    columns = range(model.columnCount())
    return "\n".join("\t".join(str(model.index(row, column).data() or "") for column in columns) for row in rows)
