"""The icons are there, and follow the theme."""

import re

import pytest
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme
from torchloupe.gui.icons import app_icon, icon
from torchloupe.gui.resources import resource, resources_folder

NAMES = sorted(path.stem for path in (resources_folder() / "icons").glob("*.svg"))
STROKES = [name for name in NAMES if name != "torchloupe"]


def darkest(shown: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QColor:
    """The colour of the most opaque pixel."""
    image: QImage = shown.pixmap(40, 40, mode).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=lambda pixel: pixel.alpha())


def test_that_there_are_icons() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", STROKES)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_every_icon_is_drawn_in_the_colour_of_the_theme(qapp: QApplication, name: str, mode: str) -> None:
    theme.apply_theme(qapp, mode)
    assert darkest(icon(name)).rgb() == QColor(theme.current().text).rgb()


def test_that_a_disabled_icon_has_the_disabled_colour(qapp: QApplication) -> None:
    assert darkest(icon("run"), QIcon.Mode.Disabled).rgb() == QColor(theme.current().disabled).rgb()


def test_that_the_icon_of_the_program_has_its_own_colours(qapp: QApplication) -> None:
    image = app_icon().pixmap(40, 40).toImage()
    colours = {image.pixelColor(x, y).name() for x in range(40) for y in range(40)}
    assert len(colours) > 4


@pytest.mark.parametrize("name", STROKES)
def test_that_strokes_use_no_colour_of_their_own(name: str) -> None:
    text = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    assert "currentColor" in text
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', text)) <= {"none", "currentColor"}
    assert 'viewBox="0 0 24 24"' in text
