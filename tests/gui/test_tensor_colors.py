"""The colours of values."""

from itertools import pairwise

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme
from torchloupe.gui.tensor.colors import ABOVE, BELOW, INF_CODE, NAN_CODE, code_image, color_table, rgb_image, scale_image

ZERO = 127
MODES = ["light", "dark"]


def shown(mode: str, qapp: QApplication) -> list[QColor]:
    """The colours of all codes in a theme."""
    theme.apply_theme(qapp, mode)
    return [QColor.fromRgb(rgb) for rgb in color_table()]


def luminance(color: QColor) -> float:
    return theme.contrast(color.name(), "#000000")


@pytest.mark.parametrize("mode", MODES)
def test_that_every_code_has_a_colour_and_zero_is_the_ground(mode: str, qapp: QApplication) -> None:
    colors = shown(mode, qapp)
    assert len(colors) == 256
    assert colors[ZERO] == theme.color("base")


@pytest.mark.parametrize("mode", MODES)
def test_that_sizes_can_be_told_apart_without_seeing_hues(mode: str, qapp: QApplication) -> None:
    bright = [luminance(color) for color in shown(mode, qapp)]
    away = 1 if mode == "dark" else -1
    for codes in (range(ZERO, ABOVE + 1), range(ZERO, BELOW - 1, -1)):
        steps = [away * (bright[after] - bright[before]) for before, after in pairwise(codes)]
        assert min(steps) >= -0.2
        assert away * (bright[codes[-1]] - bright[ZERO]) > 5


@pytest.mark.parametrize("mode", MODES)
def test_that_signs_are_blue_and_orange_which_every_eye_tells_apart(mode: str, qapp: QApplication) -> None:
    colors = shown(mode, qapp)
    for code in range(10, 100):
        assert colors[ZERO - code].blue() >= colors[ZERO - code].red()
        assert colors[ZERO + code].red() >= colors[ZERO + code].blue()


@pytest.mark.parametrize("mode", MODES)
def test_that_the_marks_of_nan_and_inf_are_no_colours_of_values(mode: str, qapp: QApplication) -> None:
    colors = shown(mode, qapp)
    values = {color.name() for color in colors[BELOW : ABOVE + 1]}
    marks = [colors[code].name() for code in (NAN_CODE, INF_CODE)]
    assert not values & set(marks)
    assert theme.contrast(marks[0], colors[ZERO].name()) > 10
    assert theme.contrast(*marks) > 1.5


def test_that_an_image_of_codes_outlives_its_bytes(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "light")
    made = code_image(bytes([BELOW, ZERO, ABOVE, NAN_CODE, INF_CODE, ZERO]), 3, 2)
    assert (made.width(), made.height()) == (3, 2)
    assert [made.pixelIndex(column, 0) for column in range(3)] == [BELOW, ZERO, ABOVE]
    assert made.pixelColor(0, 1) == QColor.fromRgb(color_table()[NAN_CODE])


def test_that_an_image_of_colours_is_read_pixel_by_pixel() -> None:
    made = rgb_image(bytes([255, 0, 0, 0, 255, 0, 1, 2, 3]), 3, 1)
    assert made.format() == QImage.Format.Format_RGB888
    assert [made.pixelColor(column, 0).getRgb()[:3] for column in range(3)] == [(255, 0, 0), (0, 255, 0), (1, 2, 3)]


def test_that_the_scale_has_the_largest_value_at_the_top(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "light")
    scale = scale_image()
    assert scale.pixelIndex(0, 0) == ABOVE
    assert scale.pixelIndex(0, scale.height() - 1) == BELOW
    assert scale.pixelIndex(0, scale.height() // 2) == ZERO
