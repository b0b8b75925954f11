"""A table that is an outline: its model holds only the rows that are visible now; arrow keys and the mouse open and close."""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from torchloupe.analysis.notes import sign_words
from torchloupe.analysis.row_filter import Haystacks, mask_steps
from torchloupe.gui.lazy_table import LazyRows
from torchloupe.gui.outline import Outline, place_in
from torchloupe.gui.slices import STEP_ROWS, Steps
from torchloupe.gui.text_table import Column, FilterTable, Index, Row, TextTableModel

BRANCH_ROLE = Qt.ItemDataRole.UserRole + 1
"""(depth, can be opened, is open) of a row, answered in the first column."""

INDENT = 0.85
"""Width of a level, in heights of the font."""

_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


class OutlineModel(TextTableModel):
    """Rows of the visible entries; opening inserts rows, closing removes them. While a filter is set everything found is open."""

    def __init__(self, columns: Sequence[Column | str], parent: QObject | None = None) -> None:
        super().__init__(columns, parent)
        self.outline = Outline(())
        self._open = bytearray()
        self._haystacks = Haystacks()
        self._visible: Sequence[int] = []
        self.shown = LazyRows([], self.describe)

    @abstractmethod
    def describe(self, position: int) -> Row:
        """The row of an entry. Its key is unlike every other's."""

    @abstractmethod
    def haystack_at(self, position: int) -> str:
        """What a filter looks into."""

    @abstractmethod
    def position_of_key(self, key: Any) -> int:
        """The position of an entry, -1 when there is none."""

    @abstractmethod
    def spoken(self, position: int) -> str:
        """The first cell in words."""

    def set_outline(self, outline: Outline, is_open: Callable[[int], bool] | bytearray) -> None:
        """Show other entries, those open for which ``is_open`` is true (or, when that was found out before, 1)."""
        self.outline, self._haystacks = outline, Haystacks()
        if isinstance(is_open, bytearray):
            self._open = bytearray(is_open)
        else:
            self._open = bytearray(is_open(position) for position in range(len(outline)))
        self._show()

    @property
    def all_rows(self) -> Sequence[Row]:
        """One row for every entry."""
        return LazyRows(range(len(self.outline)), self.describe)

    def is_open(self, position: int) -> bool:
        """Is this entry open?"""
        return bool(self._open[position] or self.filter_text.strip())

    def toggle(self, row: int) -> None:
        """Open or close a visible row."""
        position = self._visible[row]
        if not self.filter_text.strip() and self.outline.has_children(position):
            (self._close_row if self._open[position] else self._open_row)(row)

    def open_all(self) -> None:
        """Open everything."""
        self._open = bytearray(b"\1") * len(self.outline)
        self._show()

    def reveal(self, key: Any) -> None:
        """Open what is around an entry."""
        position = self.position_of_key(key)
        if position >= 0 and not self.filter_text.strip():
            for ancestor in reversed(self.outline.ancestors(position)):
                if not self._open[ancestor]:
                    self._open_row(place_in(self._visible, ancestor))

    def parent_row(self, row: int) -> int:
        """The row around this one, -1 at the top."""
        return place_in(self._visible, self.outline.parent[self._visible[row]])

    def position_of(self, key: Any) -> int:
        """The row of an entry; -1 while it is not visible."""
        return place_in(self._visible, self.position_of_key(key))

    def refresh(self) -> None:
        """The entries say something else now; their number and order stay."""
        self._haystacks = Haystacks()
        self._repaint(0, len(self._visible) - 1)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As for every table; beside it the level for the delegate, and in words for a screen reader."""
        if index.isValid() and index.column() == 0:
            position = self._visible[index.row()]
            depth, has_children = self.outline.depth[position], self.outline.has_children(position)
            if role == BRANCH_ROLE:
                return depth, has_children, self.is_open(position)
            if role == Qt.ItemDataRole.AccessibleTextRole:
                state = ("open" if self.is_open(position) else "closed") if has_children else ""
                parts = (f"level {depth + 1}", self.spoken(position), *sign_words(self.sign_at(index)), state)
                return ", ".join(part for part in parts if part)
        return super().data(index, role)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """An outline keeps its order."""

    def _open_row(self, row: int) -> None:
        position = self._visible[row]
        self._open[position] = 1
        new = self.outline.visible(self._open, position + 1, self.outline.end[position])
        self.beginInsertRows(QModelIndex(), row + 1, row + len(new))
        self._have(row + 1, row + 1, new)
        self.endInsertRows()
        self._repaint(row, row)

    def _close_row(self, row: int) -> None:
        position = self._visible[row]
        end = self.outline.end[position]
        last = bisect_left(self._visible, end, row + 1)
        self._open[position] = 0
        self.beginRemoveRows(QModelIndex(), row + 1, last - 1)
        self._have(row + 1, last, ())
        self.endRemoveRows()
        self._repaint(row, row)

    def _have(self, first: int, last: int, new: Sequence[int]) -> None:
        """Other entries in the place of visible rows."""
        self._visible = self.shown.items = [*self._visible[:first], *new, *self._visible[last:]]
        self.shown.forget()

    def _repaint(self, first: int, last: int) -> None:
        self.shown.forget()
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def find(self) -> Steps[Sequence[int]]:
        """The positions that show: what is open, or what the filter accepts with everything around it."""
        while True:
            outline, haystacks = self.outline, self._haystacks
            if not self.filter_text.strip():
                return outline.visible(self._open)
            yield from self.prepare()
            if len(haystacks) < len(outline):  # replaced meanwhile
                continue
            found = yield from mask_steps(self.filter_text, self.filter_titles, haystacks)
            visible = outline.with_ancestors(found)
            if outline is self.outline and haystacks is self._haystacks:  # else they were replaced meanwhile
                return visible

    def prepare(self) -> Steps[None]:
        """What a filter looks into, made before it is typed."""
        outline, haystacks = self.outline, self._haystacks
        while outline is self.outline and len(haystacks) < len(outline):
            haystacks += map(self.haystack_at, range(len(haystacks), min(len(haystacks) + STEP_ROWS, len(outline))))
            yield

    def put(self, shown: Sequence[int]) -> None:
        """Show the entries at these positions."""
        self.beginResetModel()
        self._visible = shown
        self.shown = LazyRows(self._visible, self.describe)
        self.rows = self.shown
        self.endResetModel()


class OutlineDelegate(QStyledItemDelegate):
    """The first column of an outline: a text moved by its level, with an arrow in front when there is something below. Of a text
    that is too long the end is kept, in which names differ."""

    toggled = Signal(int)  # the row whose arrow was pressed

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The ground over the whole width, the arrow, the text."""
        depth, has_children, is_open = index.data(BRANCH_ROLE)
        style = option.widget.style() if option.widget else QApplication.style()
        ground = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, ground, painter, option.widget)
        arrow = QStyleOptionViewItem(option)
        arrow.rect = _arrow_rect(option, depth)
        if option.state & QStyle.StateFlag.State_Selected:  # the style draws it in the colour of a text
            palette = QPalette(option.palette)
            for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
                palette.setColor(role, palette.color(QPalette.ColorRole.HighlightedText))
            arrow.palette = palette
        if has_children:
            down, side = QStyle.PrimitiveElement.PE_IndicatorArrowDown, QStyle.PrimitiveElement.PE_IndicatorArrowRight
            style.drawPrimitive(down if is_open else side, arrow, painter, option.widget)
        text = QStyleOptionViewItem(option)
        text.rect = QRect(option.rect)
        text.rect.setLeft(min(arrow.rect.right() + 1, option.rect.right()))
        super().paint(painter, text, index)

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """The dots come first."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """A press on the arrow opens or closes; nothing is edited."""
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            depth, has_children, _ = index.data(BRANCH_ROLE)
            if has_children and _arrow_rect(option, depth).contains(event.position().toPoint()):
                self.toggled.emit(index.row())
                return True
        return super().editorEvent(event, model, option, index)


def first_cell_width(view: QWidget, depth: int, text: str) -> int:
    """So wide is the first cell of a row at this level."""
    metrics = view.fontMetrics()
    return round((depth * INDENT + 1.6) * metrics.height()) + metrics.horizontalAdvance(text)


def _arrow_rect(option: QStyleOptionViewItem, depth: int) -> QRect:
    side = option.fontMetrics.height()
    left = option.rect.x() + round(depth * side * INDENT)
    return QRect(left, option.rect.y() + (option.rect.height() - side) // 2, side, side)


class OutlineTable(FilterTable):
    """The view of an outline, with the keys of a tree: Right and + open, Left and - close, * opens all, Home and End are the
    first row and the last."""

    def __init__(self, model: OutlineModel, name: str) -> None:
        super().__init__((), name, model=model)
        model.setParent(self)
        self.outline = model
        delegate = OutlineDelegate(self.view)
        delegate.toggled.connect(model.toggle)
        self.view.setItemDelegateForColumn(0, delegate)
        self.view.horizontalHeader().setSortIndicatorShown(False)
        self.view.horizontalHeader().setSectionsClickable(False)
        self.view.installEventFilter(self)
        self.activated.connect(lambda key: self._toggle(model.position_of(key)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys in the table."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and not event.modifiers() & _COMMANDS:
            row = self.view.currentIndex().row()
            return row >= 0 and self._steer(event.key(), row)
        return super().eventFilter(watched, event)

    def _steer(self, key: int, row: int) -> bool:
        keys = Qt.Key
        _, has_children, is_open = self.outline.index(row, 0).data(BRANCH_ROLE)
        can_close = has_children and is_open and not self.outline.filter_text.strip()
        if key == keys.Key_Asterisk:
            self.keeping(self.outline.open_all)
        elif (key in (keys.Key_Right, keys.Key_Plus) and has_children and not is_open) or (
            key in (keys.Key_Left, keys.Key_Minus) and can_close
        ):
            self._toggle(row)
        elif key == keys.Key_Right:
            self._go_to(row + 1 if has_children else row)
        elif key == keys.Key_Left:
            self._go_to(self.outline.parent_row(row))
        elif key in (keys.Key_Home, keys.Key_End):
            self._go_to(0 if key == keys.Key_Home else self.outline.rowCount() - 1)
        else:
            return False
        return True

    def _toggle(self, row: int) -> None:
        if row >= 0:
            self.outline.toggle(row)

    def _go_to(self, row: int) -> None:
        if row >= 0:
            self.view.selectRow(row)
