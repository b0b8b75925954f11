"""The strip: the run as a line of shapes that always fits, with the breaks between them; around what is selected it shows most."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip

from torchloupe.analysis.shape_strip import ASSUMED, BREAK, Piece, ShapeCell, cell_text, fitted, fold_text
from torchloupe.analysis.wording import shape_text
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import Figure
from torchloupe.gui.theme import MARKED, color, em, tint

_GAP = 10
"""Pixels between two cells, where the line goes through."""
_FEWEST_TIPS = 12


class ShapeStrip(Figure):
    """Draws cells and tells which one was ``chosen``, by its position."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.cells: Sequence[ShapeCell] = ()
        self.current: int | None = None
        self.pieces: list[Piece] = []
        self._boxes: list[QRectF] = []
        self._widths: dict[int, float] = {}  # of the cells that were asked for
        self.setAccessibleName(self.tr("Shapes in the order of the run"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def show_cells(self, cells: Sequence[ShapeCell], current: int | None) -> None:
        """Another run, or another selection."""
        if cells is not self.cells:
            self._widths = {}
        self.cells, self.current = cells, current
        self._fit()

    def sizeHint(self) -> QSize:
        """Two lines of text."""
        return QSize(em(self, 20), round(self.fontMetrics().height() * 2.5) + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer of them fit."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Another font: other widths."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.updateGeometry()
            self._widths = {}
            self._fit()

    # where everything is

    def _fit(self) -> None:
        metrics = QFontMetricsF(self.font())
        widths = _Widths(self.cells, self._widths, partial(self._width, metrics=metrics, small=self._small()))
        fold = metrics.horizontalAdvance(f"⋯ {sum(cell.calls for cell in self.cells)}") + 6 + _GAP
        self.pieces = fitted(self.cells, widths, self.width() - _GAP, fold, self.current)
        self._boxes, left = [], _GAP / 2
        for piece in self.pieces:
            width = (fold if piece.is_fold else widths[piece.first]) - _GAP
            if piece.is_fold:
                width = metrics.horizontalAdvance(fold_text(self.cells[piece.first : piece.last + 1])) + 6
            self._boxes.append(QRectF(left, 2, width, self.height() - 4))
            left += width + _GAP
        said = [cell_text(self.cells[piece.first]) for piece in self.pieces if not piece.is_fold]
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def _small(self) -> QFontMetricsF:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        return QFontMetricsF(font)

    def _width(self, cell: ShapeCell, metrics: QFontMetricsF, small: QFontMetricsF) -> float:
        """With the gap behind it; long names are cut."""
        top, below = lines_of(cell)
        room = metrics.horizontalAdvance(top)
        return max(room, min(small.horizontalAdvance(below), max(room, em(self, 7)))) + 12 + _GAP

    def piece_at(self, place: QPointF) -> int | None:
        """The number of the piece under the mouse."""
        found = (number for number, box in enumerate(self._boxes) if box.adjusted(-_GAP / 2, -2, _GAP / 2, 2).contains(place))
        return next(found, None)

    # what a person does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses; on a fold, what is nearest in it to what is selected."""
        number = self.piece_at(event.position())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(self.pieces[number])

    def _choose(self, piece: Piece) -> None:
        inside = range(piece.first, piece.last + 1)
        breaks = [at for at in inside if self.cells[at].state == BREAK]
        home = self.current if self.current is not None else 0
        self.chosen.emit(min(breaks or inside, key=lambda at: abs(at - home)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self.cells:
            super().keyPressEvent(event)
            return
        here = self.current if self.current is not None else -1 if step > 0 else len(self.cells)
        self.chosen.emit(min(max(here + step, 0), len(self.cells) - 1))

    def event(self, event: QEvent) -> bool:
        """The mouse rests: all of the cell, or what is folded there."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.piece_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), self.tip_of(self.pieces[number]) if number is not None else "", self)
            return True
        return super().event(event)

    def tip_of(self, piece: Piece) -> str:
        """What the mouse is told."""
        those = self.cells[piece.first : piece.last + 1]
        lines = [cell_text(cell) for cell in those[:_FEWEST_TIPS]]
        return "\n".join(
            lines + ([self.tr("and {0} more").format(len(those) - _FEWEST_TIPS)] if len(those) > _FEWEST_TIPS else [])
        )

    def numbers(self) -> CopiedTable:
        """A row for each cell, those too that are folded."""
        titles = (self.tr("State"), self.tr("Module"), self.tr("Until"), self.tr("Shape"), self.tr("Calls"), self.tr("What"))
        return CopiedTable(titles, [_cells(cell) for cell in self.cells])

    # how it looks

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line, and on it the cells."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        for number, (piece, box) in enumerate(zip(self.pieces, self._boxes, strict=True)):
            if number and not (self._is_break(number) or self._is_break(number - 1)):
                painter.setPen(QPen(color("border"), 1.5))
                painter.drawLine(QPointF(self._boxes[number - 1].right(), middle), QPointF(box.left(), middle))
            if piece.is_fold:
                self._draw_fold(painter, piece, box)
            elif self.cells[piece.first].is_break:
                self._draw_break(painter, self.cells[piece.first], box, piece.first == self.current)
            else:
                self._draw_cell(painter, self.cells[piece.first], box, piece.first == self.current)

    def _is_break(self, number: int) -> bool:
        piece = self.pieces[number]
        return not piece.is_fold and self.cells[piece.first].is_break

    def _draw_cell(self, painter: QPainter, cell: ShapeCell, box: QRectF, is_current: bool) -> None:
        is_assumed = cell.state == ASSUMED
        painter.setBrush(tint("accent", MARKED) if is_current else color("base"))
        line = Qt.PenStyle.DashLine if is_assumed else Qt.PenStyle.SolidLine
        painter.setPen(
            QPen(color("accent" if is_current else "disabled" if is_assumed else "border"), 1.5 if is_current else 1, line)
        )
        painter.drawRoundedRect(box, 4, 4)
        top, below = lines_of(cell)
        self._write(painter, box, top, "muted" if is_assumed else "text", below, "muted")

    def _draw_break(self, painter: QPainter, cell: ShapeCell, box: QRectF, is_current: bool) -> None:
        role = "error" if cell.state == BREAK else "muted"
        if is_current:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint(role))
            painter.drawRoundedRect(box, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color(role), 1.8, Qt.PenStyle.SolidLine if cell.state == BREAK else Qt.PenStyle.DotLine))
        for x in (box.left() - _GAP / 2 + 2, box.right() + _GAP / 2 - 2):
            painter.drawPolyline(_zigzag(x, box))
        top, below = lines_of(cell)
        self._write(painter, box, top, role, below, role)

    def _draw_fold(self, painter: QPainter, piece: Piece, box: QRectF) -> None:
        text = fold_text(self.cells[piece.first : piece.last + 1])
        painter.setPen(color("error" if "✖" in text else "muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _write(self, painter: QPainter, box: QRectF, top: str, role: str, below: str, below_role: str) -> None:
        """Two lines in a box, the lower one smaller and cut in the middle."""
        inner, half = box.adjusted(3, 1, -3, -1), box.height() / 2
        painter.setPen(color(role))
        painter.drawText(inner.adjusted(0, 0, 0, -half + 2), Qt.AlignmentFlag.AlignCenter, top)
        font = painter.font()
        small = painter.font()
        small.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(small)
        painter.setPen(color(below_role))
        said = QFontMetricsF(small).elidedText(below, Qt.TextElideMode.ElideMiddle, inner.width())
        painter.drawText(inner.adjusted(0, half - 2, 0, 0), Qt.AlignmentFlag.AlignCenter, said)
        painter.setFont(font)


class _Widths:
    """Reckoned when they are asked for: a run has thousands of cells, and few are shown."""

    def __init__(self, cells: Sequence[ShapeCell], known: dict[int, float], reckon: Callable[[ShapeCell], float]) -> None:
        self._cells, self._known, self._reckon = cells, known, reckon

    def __getitem__(self, at: int) -> float:
        width = self._known.get(at)
        if width is None:
            width = self._known[at] = self._reckon(self._cells[at])
        return width


def lines_of(cell: ShapeCell) -> tuple[str, str]:
    """What stands in a cell: its shape, or what does not meet; whose it is."""
    if cell.is_break:
        where = f"line {cell.line}" if cell.line else cell.module or "(model)"
        return (f"✖ {cell.text}", where) if cell.state == BREAK else (f"◌ {where}", cell.text)
    if cell.first < 0:
        return shape_text(cell.shape), "input"
    if not cell.calls:
        return shape_text(cell.shape), f"in {cell.module}" if cell.module else "in forward"
    return shape_text(cell.shape), f"{cell.module or '(model)'} ×{cell.calls}" if cell.calls > 1 else cell.module or "(model)"


def _zigzag(x: float, box: QRectF) -> QPolygonF:
    """A torn edge."""
    steps = 6
    height = box.height() / steps
    return QPolygonF([QPointF(x + (2.5 if number % 2 else -2.5), box.top() + number * height) for number in range(steps + 1)])


def _cells(cell: ShapeCell) -> tuple[str, ...]:
    shape = shape_text(cell.shape) if cell.shape is not None else ""
    return (cell.state, cell.module, cell.until, shape, str(cell.calls or ""), cell.text)
