"""What all plots of the window have in common. Importing pyqtgraph takes a quarter of a second, so it waits for the first plot."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QGraphicsView, QVBoxLayout

from torchloupe.gui.figure import Figure
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.theme import color


def load_plotting() -> None:
    """For a job whose result will be plotted: imported on its thread, pyqtgraph does not stop the window when the first point is drawn."""
    for name in ("pyqtgraph", "numpy.ma"):  # numpy imports the latter when it first sorts out equal values
        import_module(name)


def is_plotting_loaded() -> bool:
    """A plot can be made without stopping the window; else ``LoadPlotting`` comes first."""
    return "pyqtgraph" in sys.modules


class LoadPlotting:
    """The same as a job of its own."""

    def __call__(self, _progress: object) -> None:
        """Import."""
        load_plotting()


def load_plotting_then(draw: Callable[[], object], jobs: Jobs, owner: QObject) -> None:
    """Call ``draw`` when a plot can be made."""
    label = QCoreApplication.translate("plot", "preparing the plot")
    jobs.start(LoadPlotting(), lambda _done: draw(), tag=f"plotting {id(owner)}", label=label, owner=owner)


class Plot(Figure):
    """Two labelled axes in the colours of the theme. ``scrolls``: the mouse moves and zooms it sideways.

    A subclass adds what it draws, says it in ``numbers``, extends ``follow_theme`` by its colours, and calls it once all is there.
    """

    def __init__(self, name: str, bottom: str, left: str, scrolls: bool = False) -> None:
        super().__init__()
        import pyqtgraph

        self.pyqtgraph: Any = pyqtgraph
        self.plot: Any = pyqtgraph.PlotWidget(background=None)
        self.setAccessibleName(name)
        self.plot.setAccessibleName(name)
        self.plot.setMenuEnabled(False)
        menu = self.plot.plotItem.ctrlMenu
        menu.setParent(self.plot, menu.windowFlags())  # it has none, and would outlive the plot
        self.plot.setMouseEnabled(x=scrolls, y=False)
        if not scrolls:
            self.plot.hideButtons()
        for side, label in (("bottom", bottom), ("left", left)):
            self.plot.setLabel(side, label)
            self.plot.getAxis(side).enableAutoSIPrefix(False)  # a tick of 150 at 0.15 misleads
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.addWidget(self.plot)

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: draw in its colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.follow_theme()

    def follow_theme(self) -> None:
        """Draw in the colours of the theme."""
        palette = self.palette()
        self.plot.setBackground(palette.base().color())
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(color("muted"))
            axis.setTextPen(palette.text().color())

    @contextmanager
    def drawing_for_print(self) -> Iterator[None]:
        """Points are drawn as shapes in place of small pictures."""
        items = [item for item in self.plot.scene().items() if hasattr(item, "setExportMode")]
        for item in items:
            item.setExportMode(True, {"antialias": True, "background": None, "painter": None})
        cached = self.plot.cacheMode()
        self.plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)  # the ground is drawn, too, not taken from a picture
        try:
            yield
        finally:
            self.plot.setCacheMode(cached)
            for item in items:
                item.setExportMode(False)
