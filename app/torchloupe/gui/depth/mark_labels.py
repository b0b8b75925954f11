"""The labels of what stands out, as far as there is room for them."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QFontMetrics

from torchloupe.analysis.depth_outliers import Outlier
from torchloupe.gui.depth.model import KINDS
from torchloupe.gui.plot import Plot
from torchloupe.gui.theme import color

GAP = 4
"""So many pixels between two labels."""


class MarkLabels:
    """Texts in a plot. None lies on another one; those that stand furthest out come first."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self.items: list[Any] = []

    def show_beside(self, spots: Sequence[tuple[Outlier, float]]) -> None:
        """Others, each with how high its mark stands."""
        for item in self.items:
            self._plot.plot.removeItem(item)
        self.items = []
        box = self._plot.plot.getViewBox()
        (first, last), _ = box.viewRange()
        pixel = (last - first) / max(1.0, box.width())
        metrics = QFontMetrics(self._plot.font())
        taken: list[tuple[float, float]] = []
        for each, height in sorted(spots, key=lambda spot: -spot[1] if KINDS[spot[0].kind].above else spot[1]):
            half = (metrics.horizontalAdvance(each.label) / 2 + GAP) * pixel
            if all(abs(each.call - place) >= half + other for place, other in taken):
                taken.append((each.call, half))
                # Inside the plot: a label at an edge stands beside its mark.
                side = 1.0 if each.call + half > last else 0.0 if each.call - half < first else 0.5
                self._add(each, height, side)

    def _add(self, told: Outlier, height: float, side: float) -> None:
        kind = KINDS[told.kind]
        anchor = (side, 1.1 if kind.above else -0.1)
        item = self._plot.pyqtgraph.TextItem(told.label, color=color(kind.role), anchor=anchor)
        item.setPos(told.call, height)
        self._plot.plot.addItem(item, ignoreBounds=True)
        self.items.append(item)
