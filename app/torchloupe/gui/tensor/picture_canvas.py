"""The picture of a matrix with its scale of colours, drawn cell by cell."""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent

from torchloupe.analysis.wording import count_text, number_text
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import Figure, number_rows
from torchloupe.gui.tensor.colors import INF_CODE, NAN_CODE, code_image, color_table, scale_image
from torchloupe.gui.theme import color, em
from torchloupe.wire.values import Picture

_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}

LARGEST = 4.0
"""How large one value becomes, in heights of the font."""


class PictureCanvas(Figure):
    """Draws a picture as large as fits; ``pointed`` says the cell under the mouse, or where the arrow keys went."""

    pointed = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._image, self._scale = QImage(), QImage()
        self._ends = (0, 0), (0, 0)
        self.names = "", ""
        self.cell: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Heat map; the arrow keys go from cell to cell"))

    def show_picture(
        self, picture: Picture, rows: tuple[int, int], columns: tuple[int, int], names: tuple[str, str] = ("", "")
    ) -> None:
        """Draw another picture; ``rows`` and ``columns`` are the numbers at its edges, ``names`` what is counted there."""
        self._picture, self._ends, self.names, self.cell = picture, (rows, columns), names, None
        self._colour()

    def minimumSizeHint(self) -> QSize:
        """Enough to see something."""
        return QSize(em(self, 16), em(self, 7))

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: draw in its colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse."""
        self._point(self.cell_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The same for a pen."""
        self._point(self.cell_at(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to a neighbour."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or self._picture is None:
            super().keyPressEvent(event)
            return
        row, column = (self.cell[0] + step[0], self.cell[1] + step[1]) if self.cell else (0, 0)
        self._point((min(max(row, 0), self._picture.height - 1), min(max(column, 0), self._picture.width - 1)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame shows the focus."""
        super().focusInEvent(event)
        self.update()

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell is not None and cell != self.cell:
            self.cell = cell
            self.pointed.emit(*cell)
            self.update()

    def _colour(self) -> None:
        if self._picture is not None:
            self._image = code_image(self._picture.codes, self._picture.width, self._picture.height)
            self._scale = scale_image()
        self.update()

    def numbers(self) -> CopiedTable:
        """The cells, with their place in the slice at the edges; of a block the place of its first value."""
        picture = self._picture
        if picture is None:
            return CopiedTable((), ())
        rows = _places(self._ends[0], picture.rows, picture.block_rows)
        columns = _places(self._ends[1], picture.columns, picture.block_columns)
        values, width = memoryview(picture.cells).cast("d").tolist(), picture.width
        cells = [(str(row), *values[at * width : (at + 1) * width]) for at, row in enumerate(rows)]
        return CopiedTable(("", *map(str, columns)), number_rows(cells))

    # where things are

    def image_rect(self) -> QRect:
        """Where the picture lies: in its own proportions, unless it would become a thread."""
        assert self._picture is not None
        left = max(self._text_width(*self._ends[0]), self.fontMetrics().height()) + em(self, 0.4)
        right = self._text_width(*self._scale_texts()) + em(self, 2.4)
        top, below = em(self, 1.3), em(self, 1.6) if self._picture.nan or self._picture.inf else em(self, 0.2)
        space = self.rect().adjusted(left, top, -right, -below)
        each = min(space.width() / self._picture.columns, space.height() / self._picture.rows)
        each = min(each, em(self, LARGEST))
        width = min(space.width(), max(space.width() // 3, round(each * self._picture.columns)))
        height = min(space.height(), max(space.height() // 3, round(each * self._picture.rows)))
        return QRect(space.left(), space.top(), max(1, width), max(1, height))

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """The cell under a point."""
        if self._picture is None or not self.image_rect().contains(point):
            return None
        inside, place = self.image_rect(), point
        row = (place.y() - inside.top()) * self._picture.height // inside.height()
        return row, (place.x() - inside.left()) * self._picture.width // inside.width()

    def _text_width(self, *texts: object) -> int:
        return max(self.fontMetrics().horizontalAdvance(str(text)) for text in texts)

    def _scale_texts(self) -> tuple[str, str, str]:
        assert self._picture is not None
        limit = number_text(self._picture.limit)
        beyond = max(abs(self._picture.low or 0), abs(self._picture.high or 0)) > self._picture.limit
        return (f"≥ {limit}", "0", f"≤ -{limit}") if beyond else (limit, "0", f"-{limit}")

    # drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, numbers at its edges, scale, legend."""
        if self._picture is None:
            return
        painter, inside = QPainter(self), self.image_rect()
        shrunk = inside.width() < self._picture.width or inside.height() < self._picture.height
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        painter.drawImage(inside, self._image)
        painter.setPen(color("accent") if self.hasFocus() else color("border"))
        painter.drawRect(inside.adjusted(-1, -1, 0, 0))
        self._draw_cell(painter, inside)
        self._draw_numbers(painter, inside)
        self._draw_scale(painter, inside)
        self._draw_legend(painter)

    def _draw_cell(self, painter: QPainter, inside: QRect) -> None:
        if self.cell is None or self._picture is None:
            return
        across, down = inside.width() / self._picture.width, inside.height() / self._picture.height
        row, column = self.cell
        frame = QRectF(inside.left() + column * across, inside.top() + row * down, across, down)
        grown = max(0.0, (em(self, 0.4) - min(across, down)) / 2)
        painter.setPen(color("text"))
        painter.drawRect(frame.adjusted(-grown, -grown, grown, grown))

    def _draw_numbers(self, painter: QPainter, inside: QRect) -> None:
        painter.setPen(color("muted"))
        height, (rows, columns) = self.fontMetrics().height(), self._ends
        right = Qt.AlignmentFlag.AlignRight
        edge = inside.left() - em(self, 0.3)
        painter.drawText(QRect(0, inside.top(), edge, height), right, str(rows[0]))
        if inside.height() >= 2 * height and rows[1] != rows[0]:
            painter.drawText(QRect(0, inside.bottom() - height + 1, edge, height), right, str(rows[1]))
        above = QRect(inside.left(), inside.top() - em(self, 1.2), inside.width(), height)
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextDontClip, str(columns[0]))
        if inside.width() >= 2 * self._text_width(*columns) and columns[1] != columns[0]:
            painter.drawText(above, right, str(columns[1]))
        self._draw_names(painter, inside, above)

    def _draw_names(self, painter: QPainter, inside: QRect, above: QRect) -> None:
        """Between the numbers, where there is room."""
        rows, columns = self.names
        middle, gap = Qt.AlignmentFlag.AlignCenter, em(self, 0.6)
        if self._text_width(columns) + 2 * (self._text_width(*self._ends[1]) + gap) <= above.width():
            painter.drawText(above, middle, columns)
        if self._text_width(rows) + 2 * (above.height() + gap) <= inside.height():
            painter.save()
            painter.translate(inside.left() - em(self, 0.3) - above.height(), inside.bottom())
            painter.rotate(-90)
            painter.drawText(QRect(0, 0, inside.height(), above.height()), middle, rows)
            painter.restore()

    def _draw_scale(self, painter: QPainter, inside: QRect) -> None:
        height = min(max(inside.height(), em(self, 6)), self.height() - inside.top())
        bar = QRect(inside.right() + em(self, 0.8), inside.top(), em(self, 0.9), height - 1)
        painter.drawImage(bar, self._scale)
        painter.setPen(color("border"))
        painter.drawRect(bar.adjusted(-1, -1, 0, 0))
        painter.setPen(color("text"))
        line = self.fontMetrics().height()
        places = (bar.top(), bar.center().y() - line // 2, bar.bottom() - line + 1)
        for text, y in zip(self._scale_texts(), places, strict=True):
            painter.drawText(bar.right() + em(self, 0.4), y + self.fontMetrics().ascent(), text)

    def _draw_legend(self, painter: QPainter) -> None:
        assert self._picture is not None
        at, line = em(self, 0.4), self.fontMetrics().height()
        top = self.height() - line - 1
        for code, name, count in ((NAN_CODE, "NaN", self._picture.nan), (INF_CODE, "Inf", self._picture.inf)):
            if count:
                square = QRect(at, top + line // 6, line * 2 // 3, line * 2 // 3)
                painter.fillRect(square, QColor.fromRgb(color_table()[code]))
                painter.setPen(color("border"))
                painter.drawRect(square)
                text = f"{name}: {count_text(count)}"
                painter.setPen(color("text"))
                painter.drawText(square.right() + em(self, 0.4), top + self.fontMetrics().ascent(), text)
                at = square.right() + em(self, 1.4) + self._text_width(text)


def _places(ends: tuple[int, int], count: int, block: int) -> range:
    """Where the blocks begin of so many values, the first and the last of which stand at the ends."""
    step = (ends[1] - ends[0]) // (count - 1) if count > 1 else 1
    return range(ends[0], ends[0] + count * step, block * step)
