"""A table of plain text rows with a filter field: the model mirrors rows that were filtered and sorted as plain lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTableView, QVBoxLayout, QWidget

from torchloupe.analysis.notes import sign_words
from torchloupe.analysis.row_filter import row_filter
from torchloupe.gui.command_menu import TABLE_MENU, show_menu
from torchloupe.gui.copied_table import ALL, CHOSEN, Cells, CopiedTable
from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.filter_field import FilterField
from torchloupe.gui.in_sight import InSight
from torchloupe.gui.slices import Slices, Steps, all_at_once, sorting
from torchloupe.gui.spaced_numbers import space_numbers
from torchloupe.gui.theme import color, em

Index = QModelIndex | QPersistentModelIndex
ROW_LINES = 1.5
"""How high a row is, in lines of text."""
_ROLE = Qt.ItemDataRole
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Column:
    """A column: its title, its width in multiples of the font height, whether it takes the space that is left, is numbers."""

    title: str
    width: float = 8
    stretch: bool = False
    right: bool = False


@dataclass(frozen=True)
class Row:
    """One row: the texts of its cells; by cell, optional: the colour role, a tool tip, what to sort by (else the text). The first cell of
    one that is ``struck`` is struck through.

    ``key`` is what the row stands for, handed back when it is chosen. Keys of the rows of one table are unequal.
    """

    cells: tuple[str, ...]
    key: Any = None
    roles: tuple[str | None, ...] = ()
    tips: tuple[str, ...] = ()
    order: tuple[Any, ...] = ()
    struck: bool = False


class TextTableModel(QAbstractTableModel):
    """Shows rows. ``set_rows``, ``set_filter`` and ``sort`` work on plain lists and end in one reset."""

    filter_titles: Sequence[str] = ()
    """What a filter may name, where that is not the columns."""

    def __init__(self, columns: Sequence[Column | str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(Column(column) if isinstance(column, str) else column for column in columns)
        self._all: tuple[Row, ...] = ()
        self.sign_of: Callable[[Any], str] | None = None  # of a row's key: what stands behind its first cell
        self.filter_text = ""
        self.sorted_by: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)
        self.rows: Sequence[Row] = []

    @property
    def all_rows(self) -> Sequence[Row]:
        """The rows before the filter."""
        return self._all

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; filter and sorting stay."""
        self._all = tuple(rows)
        self._show()

    def set_filter(self, text: str) -> None:
        """Show only the rows that the text accepts (see ``row_filter``)."""
        self.filter_text = text
        self._show()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the order in which the rows came."""
        self.sorted_by = (column, order)
        self._show()

    def find(self) -> Steps[Any]:
        """What is to be shown now, for ``put``: filtered and sorted in steps, as there may be very many rows."""
        while True:
            rows = self._all
            accepts = row_filter(self.filter_text, [column.title for column in self.columns])
            shown = [row for row in rows if accepts(row.cells)] if self.filter_text.strip() else list(rows)
            column, order = self.sorted_by
            if column >= 0:
                shown = yield from sorting(shown, partial(_sort_key, column), order == Qt.SortOrder.DescendingOrder)
            if rows is self._all:  # else they were replaced meanwhile
                return shown

    def prepare(self) -> Steps[None]:
        """What can be done before a filter is typed: with plain rows nothing."""
        yield from ()

    def put(self, shown: Any) -> None:
        """Show what was found."""
        self.beginResetModel()
        self.rows = shown
        self.endResetModel()

    def _show(self) -> None:
        self.put(all_at_once(self.find()))

    def position_of(self, key: Any) -> int:
        """The number of the shown row with this key, -1 when there is none."""
        return next((number for number, row in enumerate(self.rows) if row.key == key), -1)

    # what Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        """Shown rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole) -> Any:
        """Titles across; row numbers stay unsaid."""
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self.columns):
            if role == _ROLE.DisplayRole:
                return self.columns[section].title
            if role == _ROLE.TextAlignmentRole and self.columns[section].right:
                return _RIGHT
        return None

    def data(self, index: Index, role: int = _ROLE.DisplayRole) -> Any:
        """Text, colour, tool tip, alignment and the text for a screen reader."""
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        text = row.cells[column] if column < len(row.cells) else ""
        if role == _ROLE.DisplayRole:
            sign = self.sign_at(index)
            return f"{text}  {sign}" if sign else text
        if role == _ROLE.ForegroundRole:
            name = row.roles[column] if column < len(row.roles) else None
            return color(name) if name else None
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT if self.columns[column].right else None
        if role == _ROLE.FontRole:
            return _struck_font() if row.struck and column == 0 else None
        if role == _ROLE.ToolTipRole:
            return (row.tips[column] if column < len(row.tips) else "") or text
        if role == _ROLE.AccessibleTextRole:
            said = f"{self.columns[column].title}: {text}"
            return ", ".join([said, *sign_words(self.sign_at(index))])
        if role == _ROLE.AccessibleDescriptionRole:  # what a tool tip says besides, which a keyboard does not bring up
            tip = row.tips[column] if column < len(row.tips) else ""
            return tip if tip != text else ""
        return row.key if role == _ROLE.UserRole else None

    def sign_at(self, index: Index) -> str:
        """What stands behind a cell: only behind the first one of a row."""
        return self.sign_of(self.rows[index.row()].key) if index.column() == 0 and self.sign_of is not None else ""

    def table_of(self, rows: Sequence[Row]) -> CopiedTable:
        """Rows with the titles of their columns, as they are shown."""
        return CopiedTable(tuple(column.title for column in self.columns), Cells(rows, attrgetter("cells")))


def _struck_font() -> QFont:
    font = QFont()
    font.setStrikeOut(True)
    return font


def _sort_key(column: int, row: Row) -> tuple[bool, int, Any]:
    """Nothing comes last, numbers before words."""
    value = row.order[column] if column < len(row.order) else (row.cells[column] if column < len(row.cells) else "")
    if value is None or value == "":
        return True, 0, 0
    return False, int(isinstance(value, str)), value.lower() if isinstance(value, str) else value


class FilterTable(QWidget):
    """A filter field above a table. Typing filters; without rows an empty state says why and what to do next. ``one`` is what a row is
    called: "No module matches xyz"."""

    chosen = Signal(object)  # key of the row that became the current one by hand
    activated = Signal(object)  # key of the row that was double-clicked or entered
    written_out: Callable[[CopiedTable, Sequence[Row]], CopiedTable] | None = None
    menu: Sequence[str] = TABLE_MENU

    def __init__(
        self,
        columns: Sequence[Column | str],
        name: str,
        empty: str = "",
        parent: QWidget | None = None,
        model: TextTableModel | None = None,
    ) -> None:
        """``name`` is what a screen reader calls the table ("Problems"), ``empty`` the sentence when there are no rows.

        ``model`` is another one than that of plain rows (it then brings its own columns).
        """
        super().__init__(parent)
        self.model = model if model is not None else TextTableModel(columns, self)
        self.filter, self.one = FilterField(name), self.tr("row")
        self.view = _table_view(self.model, name)
        self.empty = EmptyState(empty)
        self._nothing = EmptyState()
        self._stack = QStackedWidget()
        for widget in (self.view, self.empty, self._nothing):
            self._stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.filter)
        layout.addWidget(self._stack)
        self._slices, self._in_sight = Slices(self), InSight(self.view)
        self.filter.textChanged.connect(self._filter_rows)
        self.filter.focused.connect(self._prepare)
        self.view.selectionModel().currentRowChanged.connect(self._announce)
        self.view.activated.connect(lambda index: self.activated.emit(index.data(_ROLE.UserRole)))
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._sort_rows)
        self.model.rowsInserted.connect(lambda *_what: self._show_right_page())
        self._show_right_page()

    def _prepare(self) -> None:
        """Somebody is about to type: the first letter shall be as quick as the others."""
        if not self._slices.busy:
            self._slices.run(self.model.prepare(), lambda _done: None)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows. The current row stays the current one when its key is still there."""
        self.keeping(lambda: self.model.set_rows(rows))

    def changeEvent(self, event: QEvent) -> None:
        """Another text size: rows as high as before, said in lines."""
        if event.type() == QEvent.Type.FontChange:
            self.view.verticalHeader().setDefaultSectionSize(em(self, ROW_LINES))
        super().changeEvent(event)

    def set_empty(self, text: str) -> None:
        """The sentence that stands in place of the table while it has no rows."""
        self.empty.set_text(text)

    def allow_low(self) -> None:
        """May be made as low as a line; else some rows are always to be seen."""
        self.view.setMinimumHeight(1)
        for page in (self.empty, self._nothing):
            page.set_low()

    def select_key(self, key: Any) -> None:
        """Make the row with this key the current one and show it, without ``chosen``. No such row: nothing is current."""
        position = self.model.position_of(key) if key is not None else -1
        selection = self.view.selectionModel()
        with QSignalBlocker(self):
            if position < 0:
                selection.clear()
            elif self.view.currentIndex().row() != position:
                # Not selectRow: it would extend or toggle the selection while Shift or Ctrl of a shortcut is held.
                flags = QItemSelectionModel.SelectionFlag
                selection.setCurrentIndex(self.model.index(position, 0), flags.ClearAndSelect | flags.Rows)
        if position >= 0:
            self._in_sight.follow()

    def current_key(self) -> Any:
        """The key of the current row, None when there is none."""
        index = self.view.currentIndex()
        return index.data(_ROLE.UserRole) if index.isValid() else None

    def copied_text(self) -> str:
        """The selected rows as tab-separated text; all shown ones when none is selected."""
        return self.copied_table().as_text()

    def copied_table(self, which: str = CHOSEN) -> CopiedTable:
        """Rows with the titles, in the columns that are shown, as a person sees them; ``written_out`` may say more of a cell."""
        rows = self.copied_rows(which)
        table = self.model.table_of(rows)
        shown = [column for column in range(len(table.titles)) if not self.view.isColumnHidden(column)]
        table = table if len(shown) == len(table.titles) else table.only(shown)
        return table if self.written_out is None else self.written_out(table, rows)

    def copied_rows(self, which: str = CHOSEN) -> Sequence[Row]:
        """The rows that are copied."""
        if which == ALL:
            return self.model.all_rows
        chosen = sorted({index.row() for index in self.view.selectionModel().selectedRows()}) if which == CHOSEN else []
        few = chosen and len(chosen) < len(self.model.rows)
        return [self.model.rows[number] for number in chosen] if few else self.model.rows[:]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a table."""
        show_menu(self.menu, self, event)

    def _filter_rows(self, text: str) -> None:
        self.model.filter_text = text
        self.find_rows()

    def _sort_rows(self, column: int, order: Qt.SortOrder) -> None:
        self.model.sorted_by = (column, order)
        self.find_rows()

    @property
    def is_finding(self) -> bool:
        """Rows are still being found."""
        return self._slices.busy

    def find_rows(self, done: Callable[[], object] = lambda: None) -> None:
        """Filter and sort anew: at once when there are few, bit by bit when there are very many, and then ``done``. The current row
        stays it."""

        def put(found: Any) -> None:
            self.keeping(lambda: self.model.put(found))
            done()

        self._slices.run(self.model.find(), put)

    def keeping(self, change: Callable[[], None]) -> None:
        """Change the rows; the current one stays the current one when its key is still there."""
        key = self.current_key()
        with QSignalBlocker(self):
            change()
        self.select_key(key)
        self._show_right_page()

    def _show_right_page(self) -> None:
        if self.model.rows:
            self._stack.setCurrentWidget(self.view)
        elif self.model.all_rows:
            self._nothing.set_text(
                self.tr("No {0} matches “{1}”.").format(self.one, self.filter.text()),
                self.tr("Clear filter"),
                self.filter.clear,
            )
            self._stack.setCurrentWidget(self._nothing)
        else:
            self._stack.setCurrentWidget(self.empty)
        self.filter.setVisible(bool(self.model.all_rows))
        titles = self.model.filter_titles or [column.title for column in self.model.columns]
        self.filter.judge(titles, len(self.model.rows), len(self.model.all_rows))

    def _announce(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.data(_ROLE.UserRole))


def _table_view(model: TextTableModel, name: str) -> QTableView:
    view = QTableView()
    view.setAccessibleName(name)
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.setWordWrap(False)
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setCornerButtonEnabled(False)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(em(view, ROW_LINES))
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    header.setSortIndicatorClearable(True)
    header.setSortIndicatorShown(True)
    header.setSectionsClickable(True)
    for number, column in enumerate(model.columns):
        header.resizeSection(number, em(view, column.width))
        if column.stretch:
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
    space_numbers(view, [column.right for column in model.columns])
    return view
