"""Paints a key with the parts that differ from the other side's key: the old ones struck, the new ones bold, underlined and coloured."""

from collections.abc import Callable
from itertools import takewhile

from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from torchloupe.analysis.changed_parts import Spans
from torchloupe.gui.cell_painting import Place, paint_ground
from torchloupe.gui.compare.model import CHANGED_ROLE, CHECKPOINT_KEY
from torchloupe.gui.theme import color

Piece = tuple[str, bool]


def pieces(text: str, changed: Spans) -> list[Piece]:
    """The text cut into parts, with whether each is a changed one."""
    found: list[Piece] = []
    done = 0
    for start, end in changed:
        found += [(text[done:start], False), (text[start:end], True)]
        done = end
    return [piece for piece in (*found, (text[done:], False)) if piece[0]]


def shortened(parts: list[Piece], room: int, width: Callable[[str, bool], int]) -> list[Piece]:
    """The parts with as much of the middle left out as it takes: keys that begin alike are told apart by their ends."""
    if sum(width(*part) for part in parts) <= room:
        return parts
    length = sum(len(text) for text, _ in parts)

    def kept(count: int) -> list[Piece]:
        tail = count - count // 3
        return [*_cut(parts, 0, count // 3), ("…", False), *_cut(parts, length - tail, length)]

    fits = (sum(width(*part) for part in kept(count)) <= room for count in range(1, length))
    return kept(sum(takewhile(bool, fits)))


def _cut(parts: list[Piece], start: int, end: int) -> list[Piece]:
    """The letters from ``start`` to ``end`` of all the parts together."""
    found: list[Piece] = []
    at = 0
    for text, changed in parts:
        inside = text[max(0, start - at) : max(0, end - at)]
        found += [(inside, changed)] if inside else []
        at += len(text)
    return found


class KeyDelegate(QStyledItemDelegate):
    """For the two columns of keys: what the checkpoint has is old, what the model has is new."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Place) -> None:
        """As usual when the keys are equal; else piece by piece, without the middle when there is no room."""
        changed = index.data(CHANGED_ROLE)
        if changed is None:
            super().paint(painter, option, index)
            return
        filled = QStyleOptionViewItem(option)
        self.initStyleOption(filled, index)
        text, selected = filled.text, bool(option.state & QStyle.StateFlag.State_Selected)
        is_old = index.column() == CHECKPOINT_KEY
        painter.save()
        rect, baseline, plain = paint_ground(painter, option, filled)

        def width(part: str, is_changed: bool) -> int:
            return QFontMetrics(_font(option.font, is_changed, is_old)).horizontalAdvance(part)

        for part, is_changed in shortened(pieces(text, changed), rect.width(), width):
            painter.setFont(_font(option.font, is_changed, is_old))
            painter.setPen(_pen(plain, is_changed, is_old, selected))
            painter.drawText(rect.left(), baseline, part)
            rect.setLeft(rect.left() + width(part, is_changed))
        painter.restore()


def _font(font: QFont, is_changed: bool, is_old: bool) -> QFont:
    made = QFont(font)
    made.setBold(is_changed and not is_old)
    made.setUnderline(is_changed and not is_old)
    made.setStrikeOut(is_changed and is_old)
    return made


def _pen(plain: QColor, is_changed: bool, is_old: bool, selected: bool) -> QColor:
    return color("missing" if is_old else "accent") if is_changed and not selected else plain
