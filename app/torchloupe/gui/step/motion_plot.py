"""A step along the depth of the model, drawn with pyqtgraph: a stem for each weight that moved, a field for those that did not."""

from collections.abc import Sequence
from math import ceil, floor
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QToolTip

from torchloupe.analysis.step.motion_series import (
    MEANT,
    MOVED,
    SERIES,
    STILL,
    MotionSeries,
    Stretch,
    height_of,
    point_text,
    state_of,
    stretch_text,
    stretches,
)
from torchloupe.gui.plot import Plot
from torchloupe.gui.step.model import ROLES
from torchloupe.gui.theme import color
from torchloupe.wire.steps import ParameterMotion

LEAST_DECADES = 2.0
FROM_ZERO = "from zero"
SYMBOLS = {STILL: "x", MEANT: "o", FROM_ZERO: "t1"}
"""The marks; one that was all zero before moved, and has no share of its norm."""
FEW = 200
"""So many parameters in sight are drawn with a dot each."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**9), Qt.Key.Key_End: 10**9}


class MotionPlot(Plot):
    """Left, Right, Home and End walk through the parameters."""

    chosen = Signal(str)  # key of the parameter that was clicked
    stepped = Signal(int)  # so many parameters on

    def __init__(self, name: str) -> None:
        super().__init__(name, "parameters in the order of the model", "", scrolls=True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.series = SERIES[0]
        self.motions: Sequence[ParameterMotion] = ()
        self.stretches: list[Stretch] = []
        self.floor, self.top = -4.0, -2.0
        self._heights: list[float | None] = []
        self._labels: list[Any] = []
        curve = self.pyqtgraph.PlotCurveItem
        self.fields = {state: self.pyqtgraph.BarGraphItem(x0=[], x1=[], y0=[], height=[], pen=None) for state in (STILL, MEANT)}
        self.stems, self.dots = curve(connect="pairs"), self.pyqtgraph.ScatterPlotItem(size=5)
        self.marks = {state: self.pyqtgraph.ScatterPlotItem(size=9, symbol=symbol) for state, symbol in SYMBOLS.items()}
        self.mark = self.pyqtgraph.InfiniteLine(angle=90)
        self.band = self.pyqtgraph.LinearRegionItem(orientation="horizontal", movable=False)
        for item in (*self.fields.values(), self.band, self.stems, self.dots, *self.marks.values(), self.mark):
            self.plot.addItem(item)
        self.plot.getAxis("bottom").tickSpacing = self._whole_spacing
        self.plot.setFocusProxy(self)
        self.plot.getViewBox().sigXRangeChanged.connect(lambda *_: self._label())
        self.plot.getViewBox().sigResized.connect(lambda *_: self._label())
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.plot.scene().sigMouseClicked.connect(self._click)
        self.follow_theme()

    def show_motions(self, motions: Sequence[ParameterMotion], series: MotionSeries) -> None:
        """Other parameters, or other numbers of them."""
        self.motions, self.series = motions, series
        self.stretches = stretches(motions)
        self._heights = [height_of(series.value(each), series) for each in motions]
        known = [height for height in self._heights if height is not None]
        self.floor, self.top = self._range(known)
        last = max(len(motions) - 1, 0)
        self.plot.setLimits(xMin=-1, xMax=last + 1, minXRange=min(5.0, last + 2.0))
        self.plot.setXRange(-0.7, last + 0.7, padding=0)
        room = 0.14 * (self.top - self.floor)
        self.plot.setYRange(self.floor, self.top + room, padding=0)
        axis = self.plot.getAxis("left")
        axis.setLabel(series.title)
        axis.setTicks([self._ticks()])
        self._draw()

    def _range(self, known: Sequence[float]) -> tuple[float, float]:
        if not self.series.logarithmic:
            return 0.0, 1.0
        low, high = min(known, default=-4.0), max(known, default=-2.0)
        if self.series.band is not None:
            low, high = min(low, -4.3), max(high, -1.7)
        low, high = floor(low - 0.2), ceil(high)
        return (low, high) if high - low >= LEAST_DECADES else (high - LEAST_DECADES, high)

    def _ticks(self) -> list[tuple[float, str]]:
        if not self.series.logarithmic:
            return [(share / 4, f"{25 * share} %") for share in range(5)]
        decades = int(self.top - self.floor)
        step = max(1, round(decades / 5))
        return [(place, f"1e{place:d}") for place in range(int(self.floor), int(self.top) + 1, step)]

    def _whole_spacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        """There is no half a parameter."""
        spacing = self.pyqtgraph.AxisItem.tickSpacing(self.plot.getAxis("bottom"), low, high, size)
        return list(
            dict.fromkeys((max(1.0, float(step)), offset) for step, offset in spacing if step >= 1 or step == spacing[0][0])
        )

    # drawing

    def _draw(self) -> None:
        shown = [(number, height) for number, height in enumerate(self._heights) if height is not None]
        moved = [(number, height) for number, height in shown if state_of(self.motions[number]) == MOVED]
        self.stems.setData(
            x=[number for number, _ in moved for _ in range(2)],
            y=[place for _, height in moved for place in (self.floor, height)],
        )
        few = len(shown) <= FEW
        self.dots.setData(x=[number for number, _ in moved] if few else [], y=[height for _, height in moved] if few else [])
        self.band.setVisible(self.series.band is not None)
        if self.series.band is not None:
            self.band.setRegion([height_of(edge, self.series) for edge in self.series.band])
        self._draw_fields()
        self._label()

    def _draw_fields(self) -> None:
        """Where nothing moved: a field from the bottom to the top, and a mark at its foot. Thousands of stretches are one item."""
        height = self.top - self.floor
        for state, field in self.fields.items():
            fields = [each for each in self.stretches if each.state == state]
            x0, x1 = [each.first - 0.45 for each in fields], [each.last + 0.45 for each in fields]
            field.setOpts(x0=x0, x1=x1, y0=[self.floor] * len(fields), height=[height] * len(fields))
            numbers = [number for each in fields for number in self._marked(each)]
            self.marks[state].setData(x=numbers, y=[self.floor + 0.04 * height] * len(numbers))
        from_zero = [
            number for number, each in enumerate(self._heights) if each is None and state_of(self.motions[number]) == MOVED
        ]
        self.marks[FROM_ZERO].setData(x=from_zero, y=[self.top - 0.04 * height] * len(from_zero))

    def _marked(self, stretch: Stretch) -> Sequence[int]:
        """Every parameter of a stretch, of very many the one in the middle."""
        if len(self.motions) <= FEW:
            return range(stretch.first, stretch.last + 1)
        return ((stretch.first + stretch.last) // 2,)

    def _label(self) -> None:
        """The reasons, as far as there is room: what should have moved before what may rest, wide stretches before narrow ones."""
        for item in self._labels:
            self.plot.removeItem(item)
        self._labels = []
        box = self.plot.getViewBox()
        (first, last), _ = box.viewRange()
        pixel = (last - first) / max(1.0, box.width())
        metrics = QFontMetrics(self.font())
        taken: list[tuple[float, float]] = []
        in_sight = [each for each in self.stretches if each.last >= first and each.first <= last]
        for stretch in sorted(in_sight, key=lambda each: (each.state != STILL, each.first - each.last)):
            middle = (max(stretch.first, first) + min(stretch.last, last)) / 2
            if any(abs(middle - other) < width for other, width in taken):
                continue  # before its text is measured: there may be thousands
            text = stretch_text(stretch)
            half = (metrics.horizontalAdvance(text) / 2 + 6) * pixel
            middle = min(max(middle, first + half), last - half)
            if all(abs(middle - other) >= half + width for other, width in taken):
                taken.append((middle, half))
                item = self.pyqtgraph.TextItem(text, color=color(ROLES[stretch.state]), anchor=(0.5, 0.0))
                item.setPos(middle, self.top + 0.14 * (self.top - self.floor))
                self.plot.addItem(item, ignoreBounds=True)
                self._labels.append(item)

    def show_current(self, key: str | None) -> None:
        """Mark the parameter that is selected, and bring it into sight."""
        number = next((number for number, each in enumerate(self.motions) if each.key == key), None)
        self.mark.setVisible(number is not None)
        if number is None:
            return
        self.mark.setPos(number)
        (first, last), _ = self.plot.getViewBox().viewRange()
        if not first <= number <= last:
            self.plot.setXRange(number - (last - first) / 2, number + (last - first) / 2, padding=0)

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        pen, brush = self.pyqtgraph.mkPen, self.pyqtgraph.mkBrush
        self.stems.setPen(pen(color("accent"), width=1.6))
        self.dots.setPen(pen(None))
        self.dots.setBrush(brush(color("accent")))
        self.mark.setPen(pen(color("text"), width=1, style=Qt.PenStyle.DashLine))
        tint = QColor(color("matched"))
        tint.setAlpha(32)
        self.band.setBrush(brush(tint))
        for line in self.band.lines:
            line.setPen(pen(None))
        self.band.setZValue(-10)
        for state, field in self.fields.items():
            tint = QColor(color(ROLES[state]))
            tint.setAlpha(46 if state == STILL else 26)
            field.setOpts(brush=brush(tint))
            field.setZValue(-5)
        for state, marks in self.marks.items():
            tint = QColor(color("accent" if state == FROM_ZERO else ROLES[state]))
            marks.setPen(pen(tint, width=1.5))
            marks.setBrush(brush(tint if state == STILL else None))
        self._draw()

    # mouse and keys

    def motion_at(self, place: QPointF) -> ParameterMotion | None:
        """The parameter under a place of the scene."""
        box = self.plot.getViewBox()
        if not self.motions or not box.sceneBoundingRect().contains(place):
            return None
        number = round(box.mapSceneToView(place).x())
        return self.motions[number] if 0 <= number < len(self.motions) else None

    def _hover(self, place: QPointF) -> None:
        motion = self.motion_at(place)
        self.plot.setCursor(Qt.CursorShape.PointingHandCursor if motion else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(QCursor.pos(), point_text(motion) if motion else "", self.plot)

    def _click(self, event: Any) -> None:
        motion = self.motion_at(event.scenePos())
        if motion is not None:
            event.accept()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.chosen.emit(motion.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk."""
        key = Qt.Key(event.key())
        if key in STEPS and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            self.stepped.emit(STEPS[key])
        else:
            super().keyPressEvent(event)
