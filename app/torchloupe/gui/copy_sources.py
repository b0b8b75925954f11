"""Which table is meant when something is to be copied: any table or plot of the window, found in one way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QListView, QTableView, QWidget

from torchloupe.gui.copied_table import CHOSEN, Cells, CopiedTable
from torchloupe.gui.figure import Figure
from torchloupe.gui.text_table import FilterTable

COPIED_ROLE = Qt.ItemDataRole.UserRole + 20
"""What a cell is copied as, where that is not what it shows."""


@dataclass(frozen=True)
class CopySource:
    """A table by name: ``table`` makes the rows that are wanted (``chosen``, ``shown``, ``all``)."""

    name: str
    widget: QWidget
    table: Callable[[str], CopiedTable]


def source_in(panel: QWidget | None, focused: QWidget | None) -> CopySource | None:
    """What has the focus, when it is a table or a plot or stands in one; else the first of the panel that can be seen."""
    around = focused
    while around is not None:
        source = source_of(around)
        if source is not None:
            return source
        around = around.parentWidget()
    return next(sources_of(panel), None) if panel is not None else None


def sources_of(panel: QWidget) -> Iterator[CopySource]:
    """All tables that can be seen in a panel, then its plots."""
    widgets = [widget for widget in panel.findChildren(QWidget) if widget.isVisibleTo(panel.window())]
    found = [source for source in map(source_of, widgets) if source is not None]
    yield from (source for source in found if not isinstance(source.widget, Figure))
    yield from (source for source in found if isinstance(source.widget, Figure))


def source_of(widget: QWidget) -> CopySource | None:
    """The table that a widget is; None for what is no table and no plot. A bare view inside a table with a filter is part of that."""
    if isinstance(widget, FilterTable):
        return CopySource(widget.view.accessibleName(), widget, widget.copied_table)
    if isinstance(widget, Figure):
        return CopySource(widget.title, widget, lambda _which: widget.numbers())
    if isinstance(widget, (QTableView, QListView)) and _filter_table_around(widget) is None:
        return CopySource(widget.accessibleName(), widget, partial(_of_view, widget))
    return None


def _filter_table_around(widget: QWidget) -> FilterTable | None:
    around = widget.parentWidget()
    while around is not None and not isinstance(around, FilterTable):
        around = around.parentWidget()
    return around


def _of_view(view: QAbstractItemView, which: str = CHOSEN) -> CopiedTable:
    """The cells of a view: the selected ones and no other, all when none is selected or all are wanted."""
    model = view.model()
    chosen = [] if which != CHOSEN else [(each.row(), each.column()) for each in view.selectionModel().selectedIndexes()]
    rows = sorted({row for row, _ in chosen}) if chosen else list(range(model.rowCount()))
    columns = sorted({column for _, column in chosen}) if chosen else list(range(model.columnCount()))
    taken = set(chosen)
    named = _has_row_names(view)

    def cells(row: int) -> Sequence[str]:
        texts = [_cell(model.index(row, column)) if not taken or (row, column) in taken else "" for column in columns]
        return [_title(view, row, Qt.Orientation.Vertical), *texts] if named else texts

    titles = [_title(view, column, Qt.Orientation.Horizontal) for column in columns]
    return CopiedTable((*([""] if named else []), *titles), Cells(rows, cells))


def _has_row_names(view: QAbstractItemView) -> bool:
    headers = view.findChildren(QHeaderView)
    return any(each.orientation() == Qt.Orientation.Vertical and each.isVisibleTo(view) for each in headers)


def _title(view: QAbstractItemView, section: int, side: Qt.Orientation) -> str:
    return str(view.model().headerData(section, side) or "")


def _cell(index: QModelIndex) -> str:
    copied = index.data(COPIED_ROLE)
    return str(copied if copied is not None else index.data() or "")
