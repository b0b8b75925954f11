"""Cells that are painted piece by piece: the ground as the style paints it, then text in more than one font."""

import re
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from torchloupe.gui.theme import fixed_font

Place = QModelIndex | QPersistentModelIndex


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, filled: QStyleOptionViewItem) -> tuple[QRect, int, QColor]:
    """Paint a cell without its text, and say what the text gets: its room, its baseline and its colour. ``filled`` is the option
    with what the index says."""
    style = option.widget.style() if option.widget else QApplication.style()
    rect = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, filled, option.widget)
    filled.text = ""
    style.drawControl(QStyle.ControlElement.CE_ItemViewItem, filled, painter, option.widget)
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    plain = filled.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
    margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, option.widget) + 1
    baseline = rect.top() + (rect.height() - option.fontMetrics.height()) // 2 + option.fontMetrics.ascent()
    return rect.adjusted(margin, 0, -margin, 0), baseline, plain


class CodeDelegate(QStyledItemDelegate):
    """Sentences with `code` between backticks, which has the font of code, as it has in Details. The model says them without;
    ``marked`` is the sentence with them."""

    def __init__(self, view: QAbstractItemView, marked: Callable[[Place], str]) -> None:
        super().__init__(view)
        self._marked = marked

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Place) -> None:
        """As usual where there is no code; what does not fit is left out at the end."""
        parts = re.split("`([^`]*)`", self._marked(index))
        if len(parts) == 1:
            super().paint(painter, option, index)
            return
        filled = QStyleOptionViewItem(option)
        self.initStyleOption(filled, index)
        painter.save()
        room, baseline, plain = paint_ground(painter, option, filled)
        code = fixed_font()
        code.setPointSizeF(option.font.pointSizeF())
        painter.setPen(plain)
        for number, part in enumerate(parts):
            font = code if number % 2 else option.font
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(part, Qt.TextElideMode.ElideRight, room.width())
            painter.setFont(font)
            painter.drawText(room.left(), baseline, shown)
            room.setLeft(room.left() + metrics.horizontalAdvance(shown))
            if shown != part:
                break
        painter.restore()


class KeptEnd(QStyledItemDelegate):
    """Of a path that is too long the end is kept, in which its neighbours differ."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Place) -> None:
        """The dots come first."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft
