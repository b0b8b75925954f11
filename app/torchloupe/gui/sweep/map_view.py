"""The small map of a sweep: a row of sizes for each axis, with a sign, a colour and a number."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip

from torchloupe.analysis.sweep_wording import first_problem, size_map, sweep_sentence
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import Figure
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.sweep.model import ROLES, Chip, SweepMap, laid_out
from torchloupe.gui.theme import TINT, color, em, tint
from torchloupe.wire.problems import Problem
from torchloupe.wire.sweeps import SizesSwept

NOTHING = SizesSwept(())


class SweepMapView(Figure):
    """Tells by ``chosen`` which problem refuses a size that was clicked."""

    chosen = Signal(object)  # Problem

    def __init__(self) -> None:
        super().__init__()
        self.swept = NOTHING
        self.map = SweepMap((), (), 0.0)
        self.setAccessibleName(self.tr("Sizes that were tried"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_sweep(self, swept: SizesSwept) -> None:
        """Another answer."""
        self.swept = swept
        spoken = [f"{axis.name}: {size_map(axis)}" for axis in swept.axes]
        self.setAccessibleDescription("; ".join([sweep_sentence(swept), *spoken]))
        self._lay_out()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(em(self, 40), round(self.map.height))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other breaks."""
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()

    def _lay_out(self) -> None:
        metrics, row = QFontMetricsF(self.font()), self._row()
        before = self.map.height
        self.map = laid_out(self.swept, self.width(), row, row, metrics.horizontalAdvance)
        if self.map.height != before:
            self.setFixedHeight(round(self.map.height))
        self.update()

    def _row(self) -> float:
        return float(self.fontMetrics().height()) * 1.35

    def chip_at(self, place: QPointF) -> Chip | None:
        """The size under the mouse."""
        return next((chip for chip in self.map.chips if self._box(chip).contains(place)), None)

    def _box(self, chip: Chip) -> QRectF:
        return QRectF(chip.x, chip.y, chip.width, self._row())

    def why(self, chip: Chip) -> Problem | None:
        """What refuses it."""
        return first_problem(self.swept, chip.axis, chip.tried.size) if chip.tried.runs is False else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a size that is refused leads to what refuses it."""
        chip = self.chip_at(event.position())
        problem = self.why(chip) if chip is not None else None
        if problem is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(problem)

    def event(self, event: QEvent) -> bool:
        """The mouse rests on a size."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            chip = self.chip_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip_of(chip) if chip is not None else "", self)
            return True
        return super().event(event)

    def numbers(self) -> CopiedTable:
        """A row for each size: whether it runs, and what refuses it."""
        rows = []
        for axis in self.swept.axes:
            for tried in axis.tried:
                problem = first_problem(self.swept, axis.name, tried.size) if tried.runs is False else None
                rows.append((axis.name, str(tried.size), self._word(tried.runs), plain_text(problem.message) if problem else ""))
        return CopiedTable((self.tr("Axis"), self.tr("Size"), self.tr("Runs"), self.tr("Why")), rows)

    def _word(self, runs: bool | None) -> str:
        return {True: self.tr("runs"), False: self.tr("does not run"), None: self.tr("shapes alone cannot tell")}[runs]

    def tip_of(self, chip: Chip) -> str:
        """What the mouse is told."""
        word = self._word(chip.tried.runs)
        base = self.tr(", the size of the sample") if chip.is_base else ""
        problem = self.why(chip)
        said = f"{chip.axis} {chip.tried.size}: {word}{base}"
        return f"{said}\n{plain_text(problem.message)}" if problem is not None else said

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Names and rules, and the sizes below them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = self._row()
        bold = self.font()
        bold.setBold(True)
        for line in self.map.lines:
            painter.setFont(bold)
            painter.setPen(color("text"))
            painter.drawText(QRectF(0, line.y, self.width(), row), Qt.AlignmentFlag.AlignVCenter, line.name)
            left = QFontMetricsF(bold).horizontalAdvance(line.name) + row * 0.5
            painter.setFont(self.font())
            painter.setPen(color("muted"))
            room = QRectF(left, line.y, self.width() - left, row)
            rule = painter.fontMetrics().elidedText(plain_text(line.rule), Qt.TextElideMode.ElideRight, round(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, rule)
        for chip in self.map.chips:
            self._draw(painter, chip)

    def _draw(self, painter: QPainter, chip: Chip) -> None:
        role, box = ROLES[chip.tried.runs], self._box(chip).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(tint(role, TINT if chip.tried.runs is not None else TINT // 2))
        edge = QPen(color(role), 2.0 if chip.is_base else 0.8)
        edge.setStyle(Qt.PenStyle.SolidLine if chip.tried.runs else Qt.PenStyle.DotLine)
        painter.setPen(edge)
        # Round where it runs, square where it does not: seen without colour.
        corner = box.height() / 2 if chip.tried.runs else 2
        painter.drawRoundedRect(box, corner, corner)
        painter.setPen(color(role))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, chip.text)
