"""Colours of values: blue below zero, the ground at zero, orange above; told apart with every kind of colour blindness."""

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtGui import QColor, QImage

from torchloupe.gui import theme

BELOW, ABOVE = 1, 253
"""The codes of the colours' ends (see ``Picture``)."""
NAN_CODE, INF_CODE = 254, 255
_LIGHT = ("#053061", "#2f79b5", "#a7cfe4", "#ffffff", "#fbbf86", "#d9701c", "#6b2c00")
_DARK = ("#b5e2ff", "#55a6e0", "#21527c", "#17191c", "#7a4312", "#e08d38", "#ffdfae")
_MARKS = {"light": ("#000000", "#d0109a"), "dark": ("#ffffff", "#ff5cd0")}
"""NaN and Inf."""


def color_table() -> list[int]:
    """The colour of each code, in the theme that is applied now."""
    return _color_table(theme.current().name)


@lru_cache(maxsize=2)
def _color_table(name: str) -> list[int]:
    stops = [QColor(text) for text in (_DARK if name == "dark" else _LIGHT)]
    ramp = [_between(stops, (code - BELOW) / (ABOVE - BELOW)) for code in range(BELOW, ABOVE + 1)]
    return [ramp[0], *ramp, *(QColor(text).rgb() for text in _MARKS[name])]


def _between(stops: Sequence[QColor], part: float) -> int:
    place = min(part * (len(stops) - 1), len(stops) - 1.000001)
    one, other, way = stops[int(place)], stops[int(place) + 1], place - int(place)
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    red, green, blue = (round(a + (b - a) * way) for a, b in pairs)
    return QColor(red, green, blue).rgb()


def code_image(codes: bytes, width: int, height: int) -> QImage:
    """Codes as an image; it owns its bytes."""
    image = QImage(codes, width, height, width, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(color_table())
    return image


def rgb_image(colors: bytes, width: int, height: int) -> QImage:
    """Three bytes a pixel as an image; it owns its bytes."""
    return QImage(colors, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def scale_image() -> QImage:
    """All colours, the largest value at the top."""
    return code_image(bytes(range(ABOVE, BELOW - 1, -1)), 1, ABOVE - BELOW + 1)
