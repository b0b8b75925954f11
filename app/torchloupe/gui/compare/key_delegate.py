"""Paints a key with the parts that differ from the other side's key: the old ones struck, the new ones bold, underlined and coloured."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from torchloupe.analysis.changed_parts import Spans
from torchloupe.gui.compare.model import CHANGED_ROLE, CHECKPOINT_KEY
from torchloupe.gui.theme import color

Piece = tuple[str, bool]
Place = QModelIndex | QPersistentModelIndex


def pieces(text: str, changed: Spans) -> list[Piece]:
    """The text cut into parts, with whether each is a changed one."""
    found: list[Piece] = []
    done = 0
    for start, end in changed:
        found += [(text[done:start], False), (text[start:end], True)]
        done = end
    return [piece for piece in (*found, (text[done:], False)) if piece[0]]


class KeyDelegate(QStyledItemDelegate):
    """For the two columns of keys: what the checkpoint has is old, what the model has is new."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Place) -> None:
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
        is_old = index.column() == CHECKPOINT_KEY
        painter.save()
        rect = rect.adjusted(margin, 0, -margin, 0)
        for part, is_changed in pieces(text, changed):
            font = _font(option.font, is_changed, is_old)
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(part, Qt.TextElideMode.ElideRight, max(0, rect.width()))
            painter.setFont(font)
            painter.setPen(_pen(plain, is_changed, is_old, selected))
            painter.drawText(rect.left(), baseline, shown)
            rect.setLeft(rect.left() + metrics.horizontalAdvance(shown))
            if shown != part:
                break
        painter.restore()


def _font(font: QFont, is_changed: bool, is_old: bool) -> QFont:
    made = QFont(font)
    made.setBold(is_changed and not is_old)
    made.setUnderline(is_changed and not is_old)
    made.setStrikeOut(is_changed and is_old)
    return made


def _pen(plain: QColor, is_changed: bool, is_old: bool, selected: bool) -> QColor:
    return color("missing" if is_old else "accent") if is_changed and not selected else plain
