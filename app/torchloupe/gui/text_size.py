"""How large all texts are: as the desktop has it, or some steps larger or smaller. All sizes of the window follow from it."""

from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication

from torchloupe.gui.settings import Settings

SMALLEST, LARGEST = -4, 10
_KEY, _FACTOR = "text_size", 1.1
_DESKTOP = "points of the desktop"


def text_size(settings: Settings) -> int:
    """The steps that were kept; 0 is the size of the desktop."""
    try:
        return _bounded(int(settings.text(_KEY, "0") or 0))
    except ValueError:
        return 0


def use_text_size(settings: Settings) -> None:
    """As it was kept. Before a window is made: its parts are as large as the font says then."""
    _apply(text_size(settings))


def change_text_size(settings: Settings, steps: int) -> None:
    """So many steps larger or smaller than now; 0 is the size of the desktop. Kept for the next start."""
    size = _bounded(text_size(settings) + steps) if steps else 0
    settings.set_text(_KEY, str(size))
    _apply(size)


def _bounded(size: int) -> int:
    return min(max(size, SMALLEST), LARGEST)


def _apply(size: int) -> None:
    app, font = QApplication.instance(), QApplication.font()
    assert app is not None
    if app.property(_DESKTOP) is None:
        app.setProperty(_DESKTOP, QFontInfo(font).pointSizeF())
    points = app.property(_DESKTOP) * _FACTOR**size
    if abs(QFontInfo(font).pointSizeF() - points) > 0.05:
        font.setPointSizeF(points)
        QApplication.setFont(font)
