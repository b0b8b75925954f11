"""One kind of number over the calls of a run, drawn with pyqtgraph."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QCursor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip

from torchloupe.analysis.depth_numbers import SERIES_BY_NAME, DepthPoint, Series, beside
from torchloupe.analysis.depth_outliers import Outlier
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.depth.mark_labels import MarkLabels
from torchloupe.gui.depth.model import (
    BAND,
    KINDS,
    MOST_TICKS,
    Line,
    Outliers,
    Scale,
    band_of,
    drawn_values,
    line_of,
    point_text,
    scale_of,
)
from torchloupe.gui.figure import number_rows
from torchloupe.gui.plot import Plot
from torchloupe.gui.theme import color, em, tint

REACH = 6
"""So many pixels away a call is still meant."""
TICK = 1.4
"""So many lines of text are from one number of the axis to the next, at least."""
FEW = 150
"""So many calls in sight are drawn with a dot each."""
KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
ENDS = {Qt.Key.Key_Home: -(10**9), Qt.Key.Key_End: 10**9}
ZOOM = {Qt.Key.Key_Plus: 0.5, Qt.Key.Key_Equal: 0.5, Qt.Key.Key_Minus: 2.0}


class DepthPlot(Plot):
    """A line (of the mean with a band, of costs with bars) and marks at what stands out. The keys Left, Right, Home and End walk, plus
    and minus zoom."""

    chosen = Signal(int)  # index of the call that was clicked
    stepped = Signal(int)  # so many calls on

    def __init__(self, name: str) -> None:
        super().__init__(name, "", "", scrolls=True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.series, self.scale = BAND, Scale(0.0, 1.0)
        self._points: Sequence[DepthPoint] = ()
        self._earlier: dict[int, DepthPoint] = {}
        self._numbers: list[int] = []
        self._told: Mapping[int, Outlier] = {}
        self._outliers: Outliers = {}
        self._lines: dict[str, Line] = {}
        self.items: dict[str, Any] = {}
        self.labels = MarkLabels(self)
        self.mark: Any = self.pyqtgraph.InfiniteLine(angle=90)
        self.mark.setVisible(False)
        self._build()
        self.follow_theme()

    def _build(self) -> None:
        plot, curve = self.plot, self.pyqtgraph.PlotCurveItem
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setFocusProxy(self)
        for name in ("low", "high", "earlier", "bars", "line"):
            self.items[name] = curve(connect="pairs" if name == "bars" else "all")
        band = self.items["band"] = self.pyqtgraph.FillBetweenItem(self.items["low"], self.items["high"])
        self.items["dots"] = self.pyqtgraph.ScatterPlotItem(size=5)
        self.items["marks"] = self.pyqtgraph.ScatterPlotItem(size=em(self, 0.6))
        for item in (band, *(self.items[name] for name in ("bars", "earlier", "line")), self.mark):
            plot.addItem(item)
        for name in ("dots", "marks"):
            plot.addItem(self.items[name])
        plot.getAxis("left").setWidth(em(self, 7.5))
        plot.getViewBox().sigXRangeChanged.connect(self._draw)
        plot.getViewBox().sigResized.connect(self._draw)
        plot.getViewBox().sigResized.connect(lambda *_what: self._label_axis())
        plot.scene().sigMouseMoved.connect(self._hover)
        plot.scene().sigMouseClicked.connect(self._click)
        self.box.setContentsMargins(2, 2, 2, 2)  # room for the focus frame

    # what is shown

    def show_points(
        self, series: Series, points: Sequence[DepthPoint], outliers: Outliers, earlier: Sequence[DepthPoint] = ()
    ) -> None:
        """Other numbers; ``earlier`` are those of another run, drawn dashed at the places of the same calls."""
        self.series, self._points, self._outliers = series, points, outliers
        self._numbers = [point.call.index for point in points]
        names = (series.name,) if series.cost else ("nan", series.name)  # where NaN begins is seen in all values
        self._told = {each.call: each for name in names for told in outliers.values() for each in told if each.series == name}
        pairs = beside(points, earlier) if earlier else []
        self._earlier = {point.call.index: partner for point, partner in pairs}
        self.scale = scale = scale_of(series, drawn_values(series, [*points, *(partner for _, partner in pairs)]))
        self._lines = {
            "line": line_of(series, scale, points),
            "earlier": line_of(series, scale, [point for point, _ in pairs], [partner for _, partner in pairs]),
        }
        if series is BAND:
            self._lines["low"], self._lines["high"] = band_of(points)
        axis = self.plot.getAxis("left")
        axis.setLabel("Mean ± std" if series is BAND else series.title)
        self._label_axis()
        room = 0.16 * (scale.high - scale.low)
        self.plot.setYRange(scale.low - (0 if self._has_bars else room), scale.high + 1.7 * room, padding=0)
        self._draw()

    def _label_axis(self) -> None:
        """As many numbers as do not touch each other."""
        room = int(self.plot.getViewBox().height() / em(self, TICK))
        self.plot.getAxis("left").setTicks([self.scale.ticks(self.series, min(max(room, 1), MOST_TICKS))])

    def show_range(self, first: int, last: int) -> None:
        """From one call to another, and no further to be scrolled."""
        margin = max(0.5, 0.01 * (last - first))
        self.plot.setLimits(xMin=first - margin, xMax=last + margin, minXRange=min(5.0, last - first + 2 * margin))
        self.plot.setXRange(first - margin, last + margin, padding=0)

    def name_calls(self, text: str) -> None:
        """What stands below the axis of calls; nothing where another plot below says it."""
        axis = self.plot.getAxis("bottom")
        axis.setLabel(text)
        axis.showLabel(bool(text))
        axis.setStyle(showValues=bool(text))

    def show_current(self, call: int | None) -> None:
        """Mark the call that is selected, and bring it into sight; None for none."""
        self.mark.setVisible(call is not None)
        if call is None:
            return
        self.mark.setPos(call)
        (first, last), _ = self.plot.getViewBox().viewRange()
        if not first <= call <= last:
            self.plot.setXRange(call - (last - first) / 2, call + (last - first) / 2, padding=0)

    # drawing

    @property
    def _has_bars(self) -> bool:
        return self.series.cost

    def _draw(self, *_what: object) -> None:
        """What is in sight, and of very many calls as many as can be told apart."""
        box = self.plot.getViewBox()
        (first, last), _ = box.viewRange()
        columns = max(1, int(box.width()))
        seen = {name: line.between(first, last, columns) for name, line in self._lines.items()}
        nothing = Line((), ())
        for name in ("earlier", "low", "high"):
            shown = seen.get(name, nothing)
            self.items[name].setData(x=list(shown.numbers), y=list(shown.heights))
        line = seen.get("line", nothing)
        bars = line if self._has_bars else nothing
        self.items["bars"].setData(
            x=[number for number in bars.numbers for _ in range(2)],
            y=[height for top in bars.heights for height in (self.scale.low, top)],
        )
        curve = nothing if self._has_bars else line
        self.items["line"].setData(x=list(curve.numbers), y=list(curve.heights))
        few = len(line.numbers) <= FEW
        self.items["dots"].setData(x=list(line.numbers) if few else [], y=list(line.heights) if few else [])
        self.items["band"].setVisible("low" in seen)
        self._mark(first, last)

    def _mark(self, first: float, last: float) -> None:
        """What stands out: all of it with a mark, and what has room with its label, the furthest first."""
        line = self._lines.get("line", Line((), ()))
        height_at = dict(zip(line.numbers, line.heights, strict=True)) if self._told else {}
        told = [each for each in self._told.values() if first <= each.call <= last]
        spots = [(each, height_at.get(each.call, self.scale.low)) for each in told]
        self.items["marks"].setData(
            spots=[
                {
                    "pos": (each.call, height),
                    "symbol": KINDS[each.kind].symbol,
                    "brush": self.pyqtgraph.mkBrush(color(KINDS[each.kind].role)),
                    "pen": self.pyqtgraph.mkPen(color(KINDS[each.kind].role)),
                }
                for each, height in spots
            ]
        )
        self.labels.show_beside(spots)

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        pen, accent = self.pyqtgraph.mkPen, color("accent")
        self.items["line"].setPen(pen(accent, width=1.4))
        self.items["bars"].setPen(pen(accent, width=1.4))
        self.items["earlier"].setPen(pen(color("muted"), width=1.2, style=Qt.PenStyle.DashLine))
        for name in ("low", "high"):
            self.items[name].setPen(pen(None))
        self.items["band"].setBrush(self.pyqtgraph.mkBrush(tint("accent", 50)))
        self.items["dots"].setPen(pen(None))
        self.items["dots"].setBrush(self.pyqtgraph.mkBrush(accent))
        self.mark.setPen(pen(color("text"), width=1, style=Qt.PenStyle.DashLine))
        self._draw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A frame while it has the focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(color("highlight"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the frame."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show none."""
        super().focusOutEvent(event)
        self.update()

    def numbers(self) -> CopiedTable:
        """A row for each call, with those of the run beside it, and why it stands out."""
        said = [(each.title, each.value) for each in self._said]
        titles = ["Call", "Module", *(title for title, _ in said)]
        titles += [f"{title}, other run" for title, _ in said] if self._earlier else []
        rows = []
        for point in self._points:
            partner, told = self._earlier.get(point.call.index), self._told.get(point.call.index)
            beside_it = [value(partner) if partner else None for _, value in said] if self._earlier else []
            own = [value(point) for _, value in said]
            rows.append((point.call.index, point.name, *own, *beside_it, told.reason if told else ""))
        return CopiedTable((*titles, "Stands out"), number_rows(rows))

    # mouse and keys

    def point_at(self, place: QPointF) -> DepthPoint | None:
        """The call that is drawn nearest to a place of the scene; a mark of what stands out is nearer than a line."""
        box = self.plot.getViewBox()
        if not self._points or not box.sceneBoundingRect().contains(place):
            return None
        here, (width, height) = box.mapSceneToView(place), box.viewPixelSize()
        first, last = (bisect_left(self._numbers, here.x() + side * REACH * width) for side in (-1, 1))
        near = self._points[first:last]
        if not near:
            return min(self._points[max(0, first - 1) : first + 1], key=lambda point: abs(point.call.index - here.x()))

        def distance(point: DepthPoint) -> float:
            value = self.series.value(point)
            top = self.scale.height(value) if value is not None else None
            up = 0.0 if top is None else (top - here.y()) / height
            over = (point.call.index - here.x()) / width
            return float(over * over + (0.0 if self._has_bars and here.y() < (top or 0.0) else up * up))

        return min(near, key=distance)

    def _hover(self, place: QPointF) -> None:
        point = self.point_at(place)
        self.plot.setCursor(Qt.CursorShape.PointingHandCursor if point else Qt.CursorShape.ArrowCursor)
        told = self._outliers.get(point.call.index, ()) if point else ()
        text = point_text(point, self._said, told) if point else ""
        QToolTip.showText(QCursor.pos(), text, self.plot)

    @property
    def _said(self) -> Sequence[Series]:
        return (self.series, SERIES_BY_NAME["std"]) if self.series is BAND else (self.series,)

    def _click(self, event: Any) -> None:
        point = self.point_at(event.scenePos())
        if point is not None:
            event.accept()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.chosen.emit(point.call.index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk and zoom."""
        key = Qt.Key(event.key())
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key in KEYS or key in ENDS:
            self.stepped.emit(KEYS.get(key) or ENDS[key])
        elif key in ZOOM:
            self._zoom(ZOOM[key])
        else:
            super().keyPressEvent(event)

    def _zoom(self, times: float) -> None:
        (first, last), _ = self.plot.getViewBox().viewRange()
        middle = self.mark.value() if self.mark.isVisible() else (first + last) / 2
        self.plot.setXRange(middle - (middle - first) * times, middle + (last - middle) * times, padding=0)
