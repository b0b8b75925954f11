"""Which key a key belongs to: all keys of the other side, the likeliest first, found by a few letters."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from torchloupe.analysis.diff_rows import DiffRow, StateDictDiff
from torchloupe.analysis.mapping_edits import CHECKPOINT, MODEL, Candidate, candidate_steps
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.wording import shape_text
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.slices import Slices, last_of
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em, size_to

Pair = Callable[[Sequence[tuple[str, str]]], object]


class MapDialog(QDialog):
    """``pair`` is given the pair that was chosen: the checkpoint's key, the model's."""

    def __init__(self, parent: QWidget, diff: StateDictDiff, row: DiffRow, pair: Pair) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.side = CHECKPOINT if row.found is not None else MODEL
        entry = row.found if row.found is not None else row.expected
        assert entry is not None
        self.key, self._pair = entry.key, pair
        other = MODEL if self.side == CHECKPOINT else CHECKPOINT
        self.setWindowTitle(self.tr("Map to a key of the {0}").format(other))
        asked = QLabel(self.tr("{0} {1} of the {2} is").format(entry.key, shape_text(entry.shape), self.side), wordWrap=True)
        asked.setTextFormat(Qt.TextFormat.PlainText)
        columns = [Column(self.tr("Key of the {0}").format(other), 24, True), Column(self.tr("Shape"), 9)]
        columns += [Column(self.tr("Dtype"), 7), Column(self.tr("Paired with now"), 16)]
        model = LazyTableModel(columns, _row, _haystack, _order, _key)
        self.table = FilterTable((), self.tr("Keys of the {0}").format(other), model=model)
        model.setParent(self.table)
        self._model, self._slices = model, Slices(self)
        self.buttons = DialogButtons(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Map"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.table.activated.connect(lambda _key: self.accept())
        self.table.filter.returnPressed.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.5))
        layout.addWidget(asked)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.buttons)
        self.table.filter.setFocus()
        size_to(self, 52, 30)
        self._slices.run(last_of(candidate_steps(diff, entry, self.side), []), self._show)

    def _show(self, found: list[Candidate]) -> None:
        self.table.keeping(lambda: self._model.set_items(found))
        if found:
            self.table.select_key(found[0].entry.key)

    def accept(self) -> None:
        """The current key, or the first of those that are shown."""
        rows = self.table.model.rows
        chosen = self.table.current_key() or (rows[0].key if rows else None)
        if chosen is not None:
            self._pair([(self.key, chosen) if self.side == CHECKPOINT else (chosen, self.key)])
            super().accept()


def _row(each: Candidate) -> Row:
    entry = each.entry
    note = None if each.fits else "shape"
    cells = (entry.key, shape_text(entry.shape) + ("" if each.fits else " ≠"), entry.dtype, each.taken)
    return Row(cells, entry.key, (None, note, None, "muted"), ("", "" if each.fits else "Another shape", "", ""))


def _key(each: Candidate) -> str:
    return each.entry.key


def _haystack(each: Candidate) -> str:
    return haystack((each.entry.key, shape_text(each.entry.shape), each.entry.dtype, each.taken))


def _order(each: Candidate, column: int) -> Any:
    return (each.entry.key, each.entry.shape, each.entry.dtype, each.taken)[column]
