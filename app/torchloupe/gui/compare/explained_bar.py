"""A bar of the model's parameters by the way in which the checkpoint has values for them, with the sentence that says it."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from torchloupe.analysis.explained import (
    ABSENT,
    AS_IT_IS,
    CONVERSION,
    OTHER_SIZE,
    UNDER_ANOTHER,
    UNSURE,
    WAYS,
    Explained,
    explained_text,
    percent_text,
)
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import Figure
from torchloupe.gui.theme import color, em

LOOKS = {
    AS_IT_IS: ("matched", "="),
    UNDER_ANOTHER: ("accent", "→"),
    CONVERSION: ("unexpected", "⇄"),
    UNSURE: ("warning", "?"),
    OTHER_SIZE: ("shape", "≠"),
    ABSENT: ("missing", "−"),
}
"""Colour and glyph of each part: no part is told by its colour alone."""


class ExplainedBar(Figure):
    """As high as a line of small text."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Explained | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(em(self, 20), em(self, 1.05))

    def show_explained(self, told: Explained) -> None:
        """Another comparison."""
        self.told = told
        whole = max(1, told.whole.numbers)
        lines = [f"{percent_text(told.ways[way].numbers, whole)} {way}" for way in WAYS if told.ways[way].numbers]
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(explained_text(told))
        self.update()

    def parts(self) -> list[tuple[str, float, float]]:
        """Each way that occurs, with where it begins and ends, 0 to 1."""
        if self.told is None or not self.told.whole.numbers:
            return []
        found, at = [], 0.0
        for way in WAYS:
            share = self.told.ways[way].numbers / self.told.whole.numbers
            if share:
                found.append((way, at, at + share))
                at += share
        return found

    def numbers(self) -> CopiedTable:
        """A row for each way."""
        told = self.told
        whole = max(1, told.whole.numbers) if told is not None else 1
        counts = [(way, told.ways[way].numbers) for way in WAYS] if told is not None else []
        rows = [(way, str(count), percent_text(count, whole)) for way, count in counts if count]
        return CopiedTable((self.tr("In the checkpoint"), self.tr("Numbers"), self.tr("Share")), rows)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The parts from left to right; a small one is at least a few dots wide."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, height, least = self.width(), self.height(), em(self, 0.25)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(0, 0, width, height), height / 4, height / 4)
        painter.setClipPath(frame)
        painter.fillRect(self.rect(), color("base"))
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        right = float(width)
        for way, begin, _end in reversed(self.parts()):
            left = 0.0 if begin <= 0 else min(begin * width, right - least)
            role, glyph = LOOKS[way]
            box = QRectF(left, 0, right - left, height)
            painter.fillRect(box, color(role))
            if box.width() > em(self, 1.2):
                painter.setPen(color("base"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, glyph)
            painter.fillRect(QRectF(left - 0.5, 0, 1, height), color("base"))
            right = left
