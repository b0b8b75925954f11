"""How large all texts are: as the desktop has it, or some steps larger or smaller. All sizes of the window follow from it."""

from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication

from torchloupe.gui.settings import Settings

SMALLEST, LARGEST = -4, 10
_KEY, _FACTOR, _SAME = "text_size", 1.1, 0.05
_DESKTOP, _GIVEN = "points of the desktop", "points given"


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
    now, given = QFontInfo(font).pointSizeF(), app.property(_GIVEN)
    if given is None or abs(now - given) > _SAME:  # the desktop has another font now
        app.setProperty(_DESKTOP, now)
    points = app.property(_DESKTOP) * _FACTOR**size
    if abs(now - points) > _SAME:
        font.setPointSizeF(points)
        QApplication.setFont(font)
    app.setProperty(_GIVEN, QFontInfo(QApplication.font()).pointSizeF())
