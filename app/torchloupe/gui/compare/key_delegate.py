"""Paints a key with the part that differs from the other side's key in bold and underlined, so that a rename is seen at once."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from torchloupe.gui.compare.model import CHANGED_ROLE
from torchloupe.gui.theme import color

Piece = tuple[str, bool]


def pieces(text: str, changed: tuple[int, int]) -> list[Piece]:
    """The text cut into parts, with whether each is the changed one."""
    start, end = changed
    return [piece for piece in ((text[:start], False), (text[start:end], True), (text[end:], False)) if piece[0]]


class KeyDelegate(QStyledItemDelegate):
    """For the two columns of keys."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """As usual when the keys are equal; else piece by piece, the end elided when there is no room."""
        changed = index.data(CHANGED_ROLE)
        if changed is None:
            super().paint(painter, option, index)
            return
        ground = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        style = option.widget.style() if option.widget else QApplication.style()
        rect = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, ground, option.widget)
        text, ground.text = ground.text, ""
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, ground, painter, option.widget)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        plain = option.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, option.widget) + 1
        baseline = rect.top() + (rect.height() - option.fontMetrics.height()) // 2 + option.fontMetrics.ascent()
        painter.save()
        rect = rect.adjusted(margin, 0, -margin, 0)
        for part, is_changed in pieces(text, changed):
            font = _font(option.font, is_changed)
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(part, Qt.TextElideMode.ElideMiddle, rect.width())
            painter.setFont(font)
            painter.setPen(_pen(plain, is_changed, selected))
            painter.drawText(rect.left(), baseline, shown)
            rect.setLeft(rect.left() + metrics.horizontalAdvance(shown))
        painter.restore()


def _font(font: QFont, is_changed: bool) -> QFont:
    made = QFont(font)
    made.setBold(is_changed)
    made.setUnderline(is_changed)
    return made


def _pen(plain: QColor, is_changed: bool, selected: bool) -> QColor:
    return color("accent") if is_changed and not selected else plain
