"""The histogram of one tensor, drawn with pyqtgraph."""

from math import log10
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import number_rows
from torchloupe.gui.plot import Plot
from torchloupe.gui.tensor.model import bars, bin_edges
from torchloupe.gui.theme import color
from torchloupe.wire.tensors import TensorStats

LOG_FLOOR = -0.3
"""Where bars start on a logarithmic axis, so that a count of one can be seen."""


def bar_heights(histogram: tuple[int, ...], logarithmic: bool) -> list[float]:
    """Heights of the bars above the axis' start."""
    if not logarithmic:
        return [float(count) for count in histogram]
    return [log10(count) - LOG_FLOOR if count else 0.0 for count in histogram]


class HistogramPlot(Plot):
    """Bars over [min, max]."""

    def __init__(self) -> None:
        super().__init__("Histogram; the table beside it says the same in numbers", "value", "count")
        self._bins: list[tuple[float, float, int]] = []
        self.bars: Any = self.pyqtgraph.BarGraphItem(x0=[0], width=1, y0=0, height=[0])
        self.zero: Any = self.pyqtgraph.InfiniteLine(pos=0, angle=90)
        self.plot.addItem(self.bars)
        self.plot.addItem(self.zero)
        self.follow_theme()

    def show_stats(self, stats: TensorStats, logarithmic: bool) -> None:
        """Draw another histogram."""
        bins, (low, width) = len(stats.histogram or ()), bin_edges(stats)
        starts, counts = bars(stats)
        self._bins = [(start, start + width, count) for start, count in zip(starts, counts, strict=True)]
        floor = LOG_FLOOR if logarithmic else 0.0
        heights = bar_heights(counts, logarithmic)
        self.bars.setOpts(x0=starts, width=width, y0=floor, height=heights)
        self.zero.setVisible(bool(bins) and low < 0 < low + width * bins)
        self.plot.getAxis("left").setLogMode(logarithmic)
        self.plot.setXRange(low, low + width * max(1, bins), padding=0.02)
        self.plot.setYRange(floor, floor + (max(heights, default=0.0) or 1.0), padding=0.05)

    def numbers(self) -> CopiedTable:
        """The bins that are not empty."""
        return CopiedTable(("From", "To", "Count"), number_rows(self._bins))

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        fill = QColor(color("accent"))
        fill.setAlpha(150)
        self.bars.setOpts(brush=fill, pen=self.pyqtgraph.mkPen(color("accent"), width=0.5))
        self.zero.setPen(self.pyqtgraph.mkPen(color("muted"), style=Qt.PenStyle.DashLine))
