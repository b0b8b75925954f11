"""Pictures of panels, made small: what is left is where things stand and how they are coloured, not the edges of letters."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

GOLDEN = Path(__file__).parents[1] / "golden" / "panels"
BLOCK = 8
TOLERANCE = 24
MAY_DIFFER = 0.04


def small_picture(widget: QWidget) -> QImage:
    """A pixel for each block of a widget: its mean colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    smooth, keep = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.IgnoreAspectRatio
    return image.scaled(image.width() // BLOCK, image.height() // BLOCK, keep, smooth)


def share_that_differs(one: QImage, other: QImage) -> float:
    """The share of pixels of which a part differs by more than the tolerance; 1 when the sizes differ."""
    if one.size() != other.size():
        return 1.0
    places = [(x, y) for x in range(one.width()) for y in range(one.height())]
    return sum(_is_apart(one.pixelColor(x, y), other.pixelColor(x, y)) for x, y in places) / len(places)


def _is_apart(one: QColor, other: QColor) -> bool:
    pairs = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return any(abs(here - there) > TOLERANCE for here, there in pairs)


def assert_like_golden(made: QImage, name: str, accept: bool, folder: Path = GOLDEN) -> None:
    """The picture is that of ``golden/panels/NAME.png``; with ``--accept`` it becomes that file."""
    golden = folder / f"{name}.png"
    if accept:
        folder.mkdir(parents=True, exist_ok=True)
        made.save(str(golden))
    assert golden.exists(), f"{golden} is missing: run with --accept and look at it"
    share = share_that_differs(made, QImage(str(golden)))
    if share > MAY_DIFFER:
        beside = golden.with_suffix(".new.png")
        made.save(str(beside))
        raise AssertionError(f"{share:.0%} of {name} differ: look at {beside} beside {golden}, then run with --accept")
