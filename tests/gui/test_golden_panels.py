"""The main panels with real content as they were looked at once, in light and dark and in both sets of colours."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage
from PySide6.QtWidgets import QApplication, QLabel

from gui import rich_window
from gui.conftest import MakeWindow
from gui.small_pictures import MAY_DIFFER, assert_like_golden, share_that_differs, small_picture
from torchloupe.gui import theme

FONT = "DejaVu Sans"
SIZE = (1280, 800)
PANELS = ("modules", "checkpoint", "calls", "compare", "checkpoint_pair", "details", "problems", "step", "depth", "find")
PHASES = (("light", "green"), ("dark", "green"), ("light", "blue"), ("dark", "blue"))


@pytest.fixture
def one_font(qapp: QApplication) -> Iterator[None]:
    """Letters as on the machine where the pictures were taken."""
    if not sys.platform.startswith("linux"):
        pytest.skip("The pictures were taken on Linux.")
    if FONT not in QFontDatabase.families():
        pytest.skip(f"The pictures were taken with {FONT}, which is not installed here (fonts-dejavu-core).")
    before = qapp.font()
    qapp.setFont(QFont(FONT, 10))
    yield
    qapp.setFont(before)


@pytest.fixture
def rich(one_font: None, make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> Any:
    window = make_window(rich_window.script())
    rich_window.fill(window, qtbot, tmp_path)
    window.resize(*SIZE)
    rich_window.panels(window, qtbot)
    return window


def picture(window: Any, name: str, qtbot: Any) -> QImage:
    """A panel, with the rest of the window as it is."""
    window.docks.focus_panel(name)
    window.setFocus()  # no cursor that blinks
    rich_window.wait_until_idle(window, qtbot)
    QApplication.processEvents()
    return small_picture(window.docks.panels[name])


def test_that_the_main_panels_look_as_they_did_when_they_were_looked_at(rich: Any, accept: bool, qtbot: Any, qapp: Any) -> None:
    rich.workbench.select_call(5)
    for mode, colors in PHASES:
        theme.use_colors(colors)
        theme.apply_theme(qapp, mode)
        qapp.processEvents()
        for name in PANELS if colors == "green" else ("compare", "problems"):
            assert_like_golden(picture(rich, name, qtbot), f"{name} {mode} {colors}", accept)


def test_that_another_theme_another_panel_and_another_filter_would_be_noticed(rich: Any, qtbot: Any, qapp: Any) -> None:
    calls = picture(rich, "calls", qtbot)
    assert share_that_differs(calls, picture(rich, "calls", qtbot)) == 0
    assert share_that_differs(calls, picture(rich, "compare", qtbot)) > MAY_DIFFER
    rich.docks.panels["calls"].inside().table.filter.setText("fc1")
    assert share_that_differs(calls, picture(rich, "calls", qtbot)) > MAY_DIFFER
    rich.docks.panels["calls"].inside().table.filter.setText("")
    theme.apply_theme(qapp, "dark")
    assert share_that_differs(calls, picture(rich, "calls", qtbot)) > 0.9


def test_that_a_picture_that_differs_is_kept_beside_the_golden_one_and_can_be_accepted(tmp_path: Path, qtbot: Any) -> None:
    red, white = QImage(40, 40, QImage.Format.Format_RGB32), QImage(40, 40, QImage.Format.Format_RGB32)
    red.fill(QColor("red"))
    white.fill(QColor("white"))
    with pytest.raises(AssertionError, match="--accept"):
        assert_like_golden(red, "square", accept=False, folder=tmp_path)
    assert_like_golden(red, "square", accept=True, folder=tmp_path)
    assert_like_golden(red, "square", accept=False, folder=tmp_path)
    with pytest.raises(AssertionError, match="100% of square differ"):
        assert_like_golden(white, "square", accept=False, folder=tmp_path)
    assert QImage(str(tmp_path / "square.new.png")).pixelColor(3, 3) == QColor("white")


def test_that_a_small_picture_has_a_pixel_for_each_block(qtbot: Any) -> None:
    label = QLabel("one")
    qtbot.addWidget(label)
    label.resize(160, 80)
    assert (small_picture(label).width(), small_picture(label).height()) == (20, 10)
