"""The histogram of one tensor, drawn with pyqtgraph. Importing pyqtgraph takes a quarter of a second, so it waits for the first."""

from math import log10
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from torchloupe.gui.tensor.model import bin_edges
from torchloupe.gui.theme import color
from torchloupe.wire.tensors import TensorStats

LOG_FLOOR = -0.3
"""Where bars start on a logarithmic axis, so that a count of one can be seen."""


def bar_heights(histogram: tuple[int, ...], logarithmic: bool) -> list[float]:
    """Heights of the bars above the axis' start."""
    if not logarithmic:
        return [float(count) for count in histogram]
    return [log10(count) - LOG_FLOOR if count else 0.0 for count in histogram]


class HistogramPlot(QWidget):
    """Bars over [min, max]; follows the theme."""

    def __init__(self) -> None:
        super().__init__()
        import pyqtgraph

        self._pyqtgraph: Any = pyqtgraph
        self.plot: Any = pyqtgraph.PlotWidget(background=None)
        self.plot.setAccessibleName(self.tr("Histogram; the table beside it says the same in numbers"))
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setLabel("bottom", self.tr("value"))
        self.plot.setLabel("left", self.tr("count"))
        self.bars: Any = pyqtgraph.BarGraphItem(x0=[0], width=1, y0=0, height=[0])
        self.zero: Any = pyqtgraph.InfiniteLine(pos=0, angle=90)
        self.plot.addItem(self.bars)
        self.plot.addItem(self.zero)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._follow_theme()

    def show_stats(self, stats: TensorStats, logarithmic: bool) -> None:
        """Draw another histogram."""
        histogram = stats.histogram or ()
        low, width = bin_edges(stats)
        floor = LOG_FLOOR if logarithmic else 0.0
        starts = [low + number * width for number in range(len(histogram))]
        heights = bar_heights(histogram, logarithmic)
        self.bars.setOpts(x0=starts, width=width, y0=floor, height=heights)
        self.zero.setVisible(bool(histogram) and low < 0 < low + width * len(histogram))
        self.plot.getAxis("left").setLogMode(logarithmic)
        self.plot.setXRange(low, low + width * max(1, len(histogram)), padding=0.02)
        self.plot.setYRange(floor, floor + (max(heights, default=0.0) or 1.0), padding=0.05)

    def changeEvent(self, event: QEvent) -> None:
        """Another palette: draw in its colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._follow_theme()

    def _follow_theme(self) -> None:
        palette = self.palette()
        fill = QColor(color("accent"))
        fill.setAlpha(150)
        self.plot.setBackground(palette.base().color())
        self.bars.setOpts(brush=fill, pen=self._pyqtgraph.mkPen(color("accent"), width=0.5))
        self.zero.setPen(self._pyqtgraph.mkPen(color("muted"), style=self._pyqtgraph.QtCore.Qt.PenStyle.DashLine))
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(color("muted"))
            axis.setTextPen(palette.text().color())
