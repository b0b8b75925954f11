"""A grid of small images with their numbers."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent

from torchloupe.analysis.wording import number_text
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import Figure, number_rows
from torchloupe.gui.tensor.colors import code_image, rgb_image
from torchloupe.gui.theme import color, em
from torchloupe.wire.values import FilterTiles

LARGEST = 7.0
"""How large an image becomes at first, in heights of the font."""


class FilterCanvas(Figure):
    """Draws all tiles of a page as large as fits; ``pointed`` says the position of the one under the mouse, ``chosen``
    that of the one that was double-clicked."""

    pointed = Signal(int)
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._tiles: FilterTiles | None = None
        self._images: list[QImage] = []
        self._with_norms = False
        self.largest = LARGEST
        self._rects: list[QRect] = []
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Filters"))

    def show_tiles(self, tiles: FilterTiles, with_norms: bool) -> None:
        """Draw others."""
        self._tiles, self._with_norms = tiles, with_norms
        self._colour()

    def minimumSizeHint(self) -> QSize:
        """Enough to see something."""
        return QSize(em(self, 16), em(self, 7))

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: draw in its colours. Another font: other numbers."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
        elif event.type() == QEvent.Type.FontChange:
            self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As large as fits now."""
        super().resizeEvent(event)
        self._lay_out()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which filter is under the mouse."""
        at = self.tile_at(event.position().toPoint())
        if at is not None:
            self.pointed.emit(at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Say which one is to be looked at."""
        at = self.tile_at(event.position().toPoint())
        if at is not None:
            self.chosen.emit(at)

    def numbers(self) -> CopiedTable:
        """Number and norm of each tile."""
        tiles = self._tiles
        return CopiedTable(("Number", "Norm"), number_rows(list(zip(tiles.numbers, tiles.norms, strict=True)) if tiles else []))

    def _colour(self) -> None:
        tiles = self._tiles
        if tiles is not None:
            draw = rgb_image if tiles.is_rgb else code_image
            self._images = [draw(image, tiles.width, tiles.height) for image in tiles.images]
        self._lay_out()

    def tile_at(self, point: QPoint) -> int | None:
        """The position of the tile under a point."""
        return next((at for at, rect in enumerate(self._rects) if rect.contains(point)), None)

    def tile_rect(self, at: int) -> QRect:
        """Where the image of a tile lies."""
        return self._rects[at]

    def _lay_out(self) -> None:
        self._rects = []
        if self._tiles is not None:
            columns, size = self._grid(self._tiles.width, self._tiles.height)
            step = self._step(size)
            for at in range(len(self._images)):
                row, column = divmod(at, columns)
                self._rects.append(QRect(QPoint(1 + column * step.width(), 1 + row * step.height()), size))
        self.update()

    def _step(self, size: QSize) -> QSize:
        """From one tile to the next: the image, its number, a gap."""
        number = max(size.width(), self.fontMetrics().horizontalAdvance(self._text(0)) if self._with_norms else 0)
        return QSize(number + em(self, 0.5), size.height() + self.fontMetrics().height() + em(self, 0.3))

    def _grid(self, width: int, height: int) -> tuple[int, QSize]:
        """How many tiles stand side by side, and how large each is: the largest with which all of them fit."""
        count, side = len(self._images), em(self, self.largest)
        while True:
            size = QSize(max(1, side * width // max(width, height)), max(1, side * height // max(width, height)))
            step = self._step(size)
            columns = max(1, self.width() // step.width())
            if side <= em(self) or -(-count // columns) * step.height() <= self.height():
                return min(columns, max(1, count)), size
            side -= 1

    def _text(self, at: int) -> str:
        assert self._tiles is not None
        number = str(self._tiles.numbers[at])
        return f"{number}: {number_text(self._tiles.norms[at])}" if self._with_norms else number

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Every tile with its number below."""
        painter = QPainter(self)
        line = self.fontMetrics().height()
        for at, (inside, image) in enumerate(zip(self._rects, self._images, strict=True)):
            painter.drawImage(inside, image)
            painter.setPen(color("border"))
            painter.drawRect(inside.adjusted(-1, -1, 0, 0))
            painter.setPen(color("muted"))
            below = QRect(inside.left(), inside.bottom() + 1, inside.width(), line)
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextDontClip, self._text(at))
