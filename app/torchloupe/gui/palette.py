"""The palette: type a few letters, choose a command - or a module, key, tensor or problem to go to."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.entries import Entry
from torchloupe.gui.events_trace import trace
from torchloupe.gui.fuzzy import best_matches_steps
from torchloupe.gui.slices import Slices, Steps, all_at_once
from torchloupe.gui.theme import color, em

Index = QModelIndex | QPersistentModelIndex
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}


class EntryModel(QAbstractListModel):
    """The entries that fit what was typed, best first."""

    def __init__(self, entries: Sequence[Entry], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all = tuple(entries)
        self.shown: list[Entry] = []

    def find(self, typed: str) -> Steps[list[Entry]]:
        """What fits, in steps: there may be very many entries."""
        return best_matches_steps(typed, self.all, lambda entry: entry.text)

    def put(self, shown: list[Entry]) -> None:
        """Show what was found."""
        self.beginResetModel()
        self.shown = shown
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        """Entries that are shown."""
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text; for a screen reader with the detail."""
        if not index.isValid():
            return None
        entry = self.shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.text
        if role == Qt.ItemDataRole.UserRole:
            return entry.detail
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.text
        return f"{entry.text}, {entry.detail}" if role == Qt.ItemDataRole.AccessibleTextRole else None


class EntryDelegate(QStyledItemDelegate):
    """The text elided in the middle, the detail muted at the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One line."""
        self.initStyleOption(option, index)
        shown: Any = option
        text, detail = str(shown.text), str(index.data(Qt.ItemDataRole.UserRole) or "")
        shown.text = ""
        style = shown.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        selected = bool(shown.state & QStyle.StateFlag.State_Selected)
        room = shown.rect.adjusted(em(shown.widget, 0.5), 0, -em(shown.widget, 0.5), 0)
        metrics = QFontMetrics(shown.font)
        upright = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(color("highlighted_text" if selected else "muted"))
        painter.drawText(room, upright | Qt.AlignmentFlag.AlignRight, detail)
        room.setRight(room.right() - metrics.horizontalAdvance(detail) - em(shown.widget))
        painter.setPen(color("highlighted_text" if selected else "text"))
        painter.drawText(
            room, upright | Qt.AlignmentFlag.AlignLeft, metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room.width())
        )

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """One and a half lines high; a long text is elided, not scrolled."""
        return QSize(0, em(None, 1.7))


class Palette(QDialog):
    """A field and the entries that fit; Up and Down choose, Enter runs, Escape leaves."""

    def __init__(self, window: QWidget, title: str, entries: Sequence[Entry]) -> None:
        super().__init__(window, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.model = EntryModel(entries, self)
        self.field = QLineEdit(placeholderText=title)
        self.field.setAccessibleName(title)
        self.list = QListView(uniformItemSizes=True)
        self.list.setAccessibleName(self.tr("{0}: matches").format(title))
        self.list.setModel(self.model)
        self.list.setItemDelegate(EntryDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.nothing = QLabel(self.tr("Nothing fits."), alignment=Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(em(self, 0.4), em(self, 0.4), em(self, 0.4), em(self, 0.4))
        for widget in (self.field, self.list, self.nothing):
            layout.addWidget(widget)
        self._slices = Slices(self)
        self.field.textChanged.connect(self._typed)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._run)
        self._typed("")
        width = min(em(self, 42), window.width() - em(self, 4))
        self.resize(width, min(em(self, 28), window.height() - em(self, 8)))
        self.move(
            window.mapToGlobal(window.rect().center()).x() - width // 2,
            window.mapToGlobal(window.rect().topLeft()).y() + em(self, 4),
        )

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """They were still being listed."""
        self.model.all = tuple(entries)
        self._typed(self.field.text())

    def _typed(self, text: str) -> None:
        self._slices.run(self.model.find(text), self._found)

    def _found(self, shown: list[Entry]) -> None:
        self.model.put(shown)
        self.list.setCurrentIndex(self.model.index(0, 0))
        self.list.setVisible(bool(self.model.shown))
        self.nothing.setVisible(not self.model.shown)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, Down, Page keys and Enter of the field go to the list."""
        if event.type() == QEvent.Type.FocusIn:
            trace("typing", into=self.windowTitle())
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in _STEPS:
                row = min(max(self.list.currentIndex().row() + _STEPS[key], 0), len(self.model.shown) - 1)
                self.list.setCurrentIndex(self.model.index(row, 0))
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self._slices.busy:  # what was typed counts, not what was found for less of it
                    self._found(all_at_once(self.model.find(self.field.text())))
                self._run(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A frame, since there is no title bar."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(color("accent"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            entry = self.model.shown[index.row()]
            self.accept()
            entry.run()
