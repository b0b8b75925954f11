"""What the plots of the window have in common."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from torchloupe.gui import theme
from torchloupe.gui.figure import svg_of
from torchloupe.gui.plot import LoadPlotting, Plot, is_plotting_loaded


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    """Light at the start and at the end."""
    theme.apply_theme(qapp, "light")
    yield qapp
    theme.apply_theme(qapp, "light")


def made(qtbot: QtBot, scrolls: bool = False) -> Any:
    """A shown plot, and its pyqtgraph widget."""
    plot = Plot("Losses; a table says the same", "step", "loss", scrolls)
    plot.follow_theme()
    qtbot.addWidget(plot)
    plot.show()
    return plot


def test_that_a_plot_says_its_name_and_its_axes(app: QApplication, qtbot: QtBot) -> None:
    made_plot = made(qtbot)
    plot = made_plot.plot
    assert plot.accessibleName() == "Losses; a table says the same"
    assert plot.getAxis("bottom").labelText == "step"
    assert plot.getAxis("left").labelText == "loss"


def test_that_the_mouse_moves_a_plot_only_sideways_and_only_when_it_scrolls(app: QApplication, qtbot: QtBot) -> None:
    still, scrolling = made(qtbot), made(qtbot, scrolls=True)
    assert still.plot.getViewBox().state["mouseEnabled"] == [False, False]
    assert scrolling.plot.getViewBox().state["mouseEnabled"] == [True, False]


def test_that_ticks_say_the_values_themselves(app: QApplication, qtbot: QtBot) -> None:
    made_plot = made(qtbot)
    axis = made_plot.plot.getAxis("bottom")
    made_plot.plot.setXRange(0, 0.2, padding=0)
    app.processEvents()
    assert axis.labelUnitPrefix == ""
    assert axis.tickStrings([0.05, 0.15], axis.autoSIPrefixScale * axis.scale, 0.05) == ["0.05", "0.15"]


@pytest.mark.parametrize("other", ["dark", "light"])
def test_that_a_plot_follows_the_theme(app: QApplication, qtbot: QtBot, other: str) -> None:
    theme.apply_theme(app, "light" if other == "dark" else "dark")
    app.processEvents()
    plot = made(qtbot)
    before = plot.plot.backgroundBrush().color()
    theme.apply_theme(app, other)
    app.processEvents()
    assert plot.plot.backgroundBrush().color() == plot.palette().base().color()
    assert plot.plot.backgroundBrush().color() != before
    for name in ("left", "bottom"):
        assert plot.plot.getAxis(name).textPen().color() == plot.palette().text().color()
        assert plot.plot.getAxis(name).pen().color() == theme.color("muted")


def test_that_what_draws_is_loaded_by_a_job(app: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    LoadPlotting()(None)
    assert is_plotting_loaded()
    monkeypatch.delitem(sys.modules, "pyqtgraph")
    assert not is_plotting_loaded()


def test_that_a_drawing_of_a_plot_has_shapes_and_no_pictures(app: QApplication, qtbot: QtBot) -> None:
    plot = made(qtbot)
    plot.plot.addItem(plot.pyqtgraph.ScatterPlotItem(x=[1, 2], y=[3, 4]))
    app.processEvents()
    before = plot.plot.cacheMode()
    drawn = svg_of(plot)
    assert b"<image" not in drawn
    assert b"sans-serif" in drawn
    assert plot.plot.cacheMode() == before
    assert b"<title>Losses</title>" in drawn
