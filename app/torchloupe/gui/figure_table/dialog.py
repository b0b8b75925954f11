"""The numbers of a plot as a table, beside the window: to be read, filtered, copied, saved."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from torchloupe.analysis.row_filter import haystack
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.copy_sources import CopySource
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import size_to

LOOKED_AT = 50
"""So many rows say how wide a column has to be."""
WIDEST = 40


class FigureTableDialog(QDialog):
    """Shows the numbers as they were when it was opened."""

    def __init__(self, parent: QWidget, title: str, numbers: CopiedTable, copy: Callable[[CopySource], object]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        model = LazyTableModel(
            columns_of(numbers), partial(_row, numbers), partial(_haystack, numbers), partial(_order, numbers), lambda at: at
        )
        self.table = FilterTable((), title, self.tr("Nothing is drawn."), model=model)
        model.setParent(self.table)
        self.table.keeping(lambda: model.set_items(range(len(numbers.rows))))
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        save = buttons.addButton(self.tr("&Copy or save…"), QDialogButtonBox.ButtonRole.ActionRole)
        save.clicked.connect(lambda: copy(CopySource(title, self.table, self.table.copied_table)))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        wide = sum(column.width for column in model.columns) + 4
        size_to(self, min(max(wide, 24), 70), 30)


def columns_of(numbers: CopiedTable) -> list[Column]:
    """As wide as what stands in them; numbers to the right, the first words take the room that is left."""
    first = [numbers.rows[at] for at in range(min(LOOKED_AT, len(numbers.rows)))]
    columns = []
    for at, title in enumerate(numbers.titles):
        cells = [row[at] for row in first]
        letters = min(max(map(len, (title, *cells))), WIDEST)
        columns.append(Column(title, 1.6 + letters * 0.55, right=any(cells) and all(map(_is_number, cells))))
    words = next((at for at, column in enumerate(columns) if not column.right), None)
    return [replace(column, stretch=at == words) for at, column in enumerate(columns)]


def _is_number(text: str) -> bool:
    return not text or _number(text) is not None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _row(numbers: CopiedTable, at: int) -> Row:
    return Row(tuple(numbers.rows[at]), at)


def _haystack(numbers: CopiedTable, at: int) -> str:
    return haystack(tuple(numbers.rows[at]))


def _order(numbers: CopiedTable, at: int, column: int) -> tuple[bool, bool, float, str]:
    """Numbers by size, then words, then nothing."""
    text = numbers.rows[at][column]
    number = _number(text)
    return (not text, number is None, number if number is not None else 0.0, text.lower())
