"""What draws numbers: it can be saved as a picture of pixels or of lines, and a table says the same as it does."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QSize
from PySide6.QtGui import QContextMenuEvent, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QWidget

from torchloupe.gui.command_menu import PLOT_MENU, show_menu
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.theme import color

_FAMILY = re.compile(rb'font-family="([^",]*)"')
SCALE = 2
"""Pixels of a saved picture for one on the screen."""


class Figure(QWidget):
    """Every plot, map and strip of the window is one. Its accessible name says what it shows."""

    @property
    def title(self) -> str:
        """What it shows, in a few words."""
        return self.accessibleName().partition(";")[0]

    def numbers(self) -> CopiedTable:
        """What is drawn, as a table; without rows while nothing is."""
        return CopiedTable((), ())

    @contextmanager
    def drawing_for_print(self) -> Iterator[None]:
        """While it lasts, shapes are drawn as shapes."""
        yield

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a plot."""
        show_menu(PLOT_MENU, self, event)


def image_of(figure: Figure) -> QImage:
    """A picture of twice as many pixels as it has on the screen."""
    image = QImage(figure.size() * SCALE, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(color("base"))
    painter = QPainter(image)
    _draw(figure, painter)
    painter.end()
    return image


def png_of(figure: Figure) -> bytes:
    """The same as the bytes of a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image_of(figure))
    return bytes(data.data())


def svg_of(figure: Figure) -> bytes:
    """A picture that stays sharp at any size."""
    from PySide6.QtSvg import QSvgGenerator  # few sessions save a picture

    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    size: QSize = figure.size()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(figure.rect())
    generator.setResolution(figure.logicalDpiX())
    generator.setTitle(figure.title)
    painter = QPainter(generator)
    painter.fillRect(figure.rect(), color("base"))
    _draw(figure, painter)
    painter.end()
    return _FAMILY.sub(rb'font-family="\1, sans-serif"', bytes(data.data()))  # where there is no such font, one without serifs


def _draw(figure: Figure, painter: QPainter) -> None:
    with figure.drawing_for_print():
        figure.render(painter, QPoint(), renderFlags=QWidget.RenderFlag.DrawChildren)


def number_cell(value: Any) -> str:
    """A number of a table, with all of its digits; nothing where there is none."""
    return "" if value is None else f"{value:.9g}" if isinstance(value, float) else str(value)


def number_rows(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Rows of numbers as rows of texts."""
    return [[number_cell(value) for value in row] for row in rows]
