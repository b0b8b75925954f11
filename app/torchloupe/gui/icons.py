"""The icons: our own SVG strokes, drawn in the colour of the theme (Qt would draw ``currentColor`` black)."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from torchloupe.gui.resources import resource
from torchloupe.gui.theme import current

SIZES = (20, 40)
"""Drawn at once for every icon; what lies between is scaled by Qt."""


def icon(name: str, role: str = "text") -> QIcon:
    """An icon in the colour of a theme token. Ask again after the theme has changed."""
    return _icon(name, getattr(current(), role), current().disabled)


def app_icon() -> QIcon:
    """The icon of the program, in its own colours."""
    return _icon("torchloupe", "", "")


@lru_cache(maxsize=256)
def _icon(name: str, color: str, disabled: str) -> QIcon:
    made = QIcon()
    for size in SIZES:
        made.addPixmap(_picture(name, color, size))
        if disabled:
            made.addPixmap(_picture(name, disabled, size), QIcon.Mode.Disabled)
    return made


def _picture(name: str, color: str, size: int) -> QPixmap:
    text = _svg(name).replace("currentColor", color) if color else _svg(name)
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(text.encode())).render(painter)
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _svg(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")
