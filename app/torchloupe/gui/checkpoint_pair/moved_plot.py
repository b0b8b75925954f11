"""Which weights moved, drawn with pyqtgraph in the order of the files."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QToolTip

from torchloupe.gui.checkpoint_pair.model import POINTS, PairRow, kind_of, log_relative, scale_of, thinned
from torchloupe.gui.plot import Plot
from torchloupe.gui.theme import color

REACH = 10
"""So many pixels away a point is still meant."""


def _no_points() -> "tuple[dict[str, array[int]], dict[str, array[float]]]":
    return {kind: array("q") for kind in POINTS}, {kind: array("d") for kind in POINTS}


class MovedPlot(Plot):
    """A point for each row. ``describe`` says a row in words."""

    chosen = Signal(object)  # PairRow that was clicked

    def __init__(self, describe: Callable[[PairRow], str]) -> None:
        name = "How far each tensor moved; the table below says the same in numbers"
        super().__init__(name, "tensors in the order of the file", "relative change", scrolls=True)
        self._describe = describe
        self._rows: dict[int, PairRow] = {}  # by number
        self._numbers, self._heights = _no_points()
        self._current: PairRow | None = None
        self.scale = scale_of(())
        self.points: dict[str, Any] = {}
        self.mark: Any = self.pyqtgraph.InfiniteLine(angle=90)
        self._build()
        self.follow_theme()

    def _build(self) -> None:
        plot = self.plot
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.addItem(self.mark)
        for kind, point in POINTS.items():
            self.points[kind] = self.pyqtgraph.ScatterPlotItem(symbol=point.symbol, size=8)
            plot.addItem(self.points[kind])
        plot.getViewBox().sigXRangeChanged.connect(self._draw)
        plot.scene().sigMouseMoved.connect(self._hover)
        plot.scene().sigMouseClicked.connect(self._click)

    def show_rows(self, rows: Sequence[PairRow], count: int) -> None:
        """Other rows; ``count`` is how many there will be."""
        self._rows, self._current = {}, None
        self._numbers, self._heights = _no_points()
        margin = max(1.0, 0.01 * count)
        self.plot.setLimits(xMin=-margin, xMax=count - 1 + margin, minXRange=min(5.0, count - 1 + 2 * margin))
        self.plot.setXRange(-margin, count - 1 + margin, padding=0)
        self.add_rows(sorted(rows, key=lambda row: row.number))

    def add_rows(self, rows: Sequence[PairRow]) -> None:
        """More rows, in the order of the files; those that still wait are left."""
        for row in rows:
            kind = kind_of(row)
            if kind in POINTS:
                self._rows[row.number] = row
                self._numbers[kind].append(row.number)
                self._heights[kind].append(log_relative(row) or 0.0)
        self.scale = scale_of(self._heights["moved"])
        lanes = self.scale.lanes
        edge = abs(lanes["equal"] - lanes["unpaired"]) / 2
        self.plot.setYRange(min(lanes.values()) - edge, max(lanes.values()) + edge, padding=0)
        self.plot.getAxis("left").setTicks([self.scale.ticks])
        self.show_current(self._current)
        self._draw()

    def _draw(self) -> None:
        """The points that are in sight, and of very many as many as can be told apart."""
        (first, last), _ = self.plot.getViewBox().viewRange()
        lanes = self.scale.lanes
        for kind, point in POINTS.items():
            numbers, heights = self._numbers[kind], self._heights[kind]
            shown = slice(bisect_left(numbers, first - 1), bisect_right(numbers, last + 1))
            x, y = thinned(numbers[shown], heights[shown])
            self.points[kind].setData(x=x, y=y if point.lane not in lanes else [lanes[point.lane]] * len(x))

    def show_current(self, row: PairRow | None) -> None:
        """Mark the row that is selected in the table; None for none."""
        self._current = row
        self.mark.setVisible(row is not None)
        if row is not None:
            self.mark.setPos(row.number)

    def height_of(self, row: PairRow) -> float:
        """How high its point stands."""
        height = log_relative(row)
        return self.scale.lanes[POINTS[kind_of(row)].lane] if height is None else height

    def row_at(self, place: QPointF) -> PairRow | None:
        """The row whose point is nearest to a place of the scene, when one is near enough."""
        view = self.plot.getViewBox()
        if not view.sceneBoundingRect().contains(place):
            return None
        here, (width, height) = view.mapSceneToView(place), view.viewPixelSize()
        first, last = round(here.x() - REACH * width), round(here.x() + REACH * width)
        near = [self._rows[number] for number in range(first, last + 1) if number in self._rows]

        def distance(row: PairRow) -> float:
            return float(((row.number - here.x()) / width) ** 2 + ((self.height_of(row) - here.y()) / height) ** 2)

        nearest = min(near, key=distance, default=None)
        return nearest if nearest is not None and distance(nearest) <= REACH**2 else None

    def _hover(self, place: QPointF) -> None:
        row = self.row_at(place)
        text = self._describe(row) if row else ""
        self.plot.setCursor(Qt.CursorShape.PointingHandCursor if row else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(QCursor.pos(), text, self.plot)

    def _click(self, event: Any) -> None:
        row = self.row_at(event.scenePos())
        if row is not None:
            event.accept()
            self.chosen.emit(row)

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        for kind, point in POINTS.items():
            self.points[kind].setPen(self.pyqtgraph.mkPen(color(point.role), width=1.4))
            self.points[kind].setBrush(self.pyqtgraph.mkBrush(color(point.role)))
        self.mark.setPen(self.pyqtgraph.mkPen(color("text"), width=1, style=Qt.PenStyle.DashLine))
