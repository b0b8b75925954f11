"""How far each weight moved, along the depth of the model, drawn with pyqtgraph: a stem for each that moved, a field for those that
did not. A training step and two checkpoints are drawn alike."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor
from typing import Any

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QCursor, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QToolTip

from torchloupe.analysis.step.motion_series import (
    MEANT,
    STILL,
    MotionSeries,
    Stretch,
    height_of,
    stretch_text,
)
from torchloupe.analysis.step.wording import moved_text
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import number_rows
from torchloupe.gui.motion_columns import ROLES
from torchloupe.gui.motion_points import MotionPoints
from torchloupe.gui.plot import Plot
from torchloupe.gui.theme import color
from torchloupe.wire.steps import ParameterMotion

LEAST_DECADES = 2.0
FROM_ZERO = "from zero"
SYMBOLS = {STILL: "x", MEANT: "o", FROM_ZERO: "t1"}
"""The marks; one that was all zero before moved, and has no share of its norm."""
FEW = 200
"""So many parameters in sight are drawn with a dot each."""
MOST_LABELLED = 500
"""Of so many stretches in sight the widest may have a label."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**9), Qt.Key.Key_End: 10**9}
REDRAW_MS = 60
"""Motions that arrive one by one are drawn together."""


class MotionPlot(Plot):
    """Left, Right, Home and End walk through the parameters. ``bottom`` says in which order they stand, ``describe`` one of them, by its
    number."""

    chosen = Signal(int)  # the number of the parameter that was clicked
    stepped = Signal(int)  # so many parameters on

    def __init__(self, name: str, bottom: str, describe: Callable[[int], str]) -> None:
        super().__init__(name, bottom, "", scrolls=True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._describe = describe
        self.series: MotionSeries | None = None
        self.motions: list[ParameterMotion] = []
        self.points = MotionPoints()
        self.floor, self.top = -4.0, -2.0
        self._labels: list[Any] = []
        curve = self.pyqtgraph.PlotCurveItem
        self.fields = {state: self.pyqtgraph.BarGraphItem(x0=[], x1=[], y0=[], height=[], pen=None) for state in (STILL, MEANT)}
        self.stems, self.dots = curve(connect="pairs"), self.pyqtgraph.ScatterPlotItem(size=5)
        self.marks = {state: self.pyqtgraph.ScatterPlotItem(size=9, symbol=symbol) for state, symbol in SYMBOLS.items()}
        self.mark = self.pyqtgraph.InfiniteLine(angle=90)
        self.mark.setVisible(False)
        self.band = self.pyqtgraph.LinearRegionItem(orientation="horizontal", movable=False)
        self._later = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._later.timeout.connect(self._scale)
        self._build()
        self.follow_theme()

    def _build(self) -> None:
        for item in (*self.fields.values(), self.band, self.stems, self.dots, *self.marks.values(), self.mark):
            self.plot.addItem(item)
        self.plot.getAxis("bottom").tickSpacing = self._whole_spacing
        self.plot.setFocusProxy(self)
        self.plot.getViewBox().sigXRangeChanged.connect(lambda *_: self._draw())
        self.plot.getViewBox().sigResized.connect(lambda *_: self._label())
        self.plot.scene().sigMouseMoved.connect(self._hover)
        self.plot.scene().sigMouseClicked.connect(self._click)

    def show_motions(self, motions: Sequence[ParameterMotion], series: MotionSeries) -> None:
        """Other parameters, or other numbers of them."""
        self.motions, self.series = list(motions), series
        self.points = MotionPoints(motions, series)
        last = max(len(motions) - 1, 0)
        self.plot.setLimits(xMin=-1, xMax=last + 1, minXRange=min(5.0, last + 2.0))
        with_room = (-0.7, last + 0.7)
        self.plot.setXRange(*with_room, padding=0)
        self._later.stop()
        self._scale()

    def take(self, motions: Mapping[int, ParameterMotion]) -> None:
        """Some of the parameters, by their number, have become others; they are drawn in a moment."""
        for number, motion in motions.items():
            self.motions[number] = motion
        self.points.take(motions)
        if not self._later.isActive():
            self._later.start()

    def _scale(self) -> None:
        """The decades that the numbers take."""
        series = self.series
        assert series is not None  # nothing is scaled before it is shown
        self.floor, self.top = self._range(series)
        room = 0.14 * (self.top - self.floor)
        self.plot.setYRange(self.floor, self.top + room, padding=0)
        axis = self.plot.getAxis("left")
        axis.setLabel(series.title)
        axis.setTicks([self._ticks(series)])
        self.band.setVisible(series.band is not None)
        if series.band is not None:
            self.band.setRegion([height_of(edge, series) for edge in series.band])
        self._draw()

    def _range(self, series: MotionSeries) -> tuple[float, float]:
        if not series.logarithmic:
            return 0.0, 1.0
        low, high = self.points.extremes or (-4.0, -2.0)
        if series.band is not None:
            low, high = min(low, -4.3), max(high, -1.7)
        low, high = floor(low - 0.2), ceil(high)
        return (low, high) if high - low >= LEAST_DECADES else (high - LEAST_DECADES, high)

    def _ticks(self, series: MotionSeries) -> list[tuple[float, str]]:
        if not series.logarithmic:
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

    def _in_sight(self) -> tuple[int, int]:
        (first, last), _ = self.plot.getViewBox().viewRange()
        return max(0, floor(first)), min(len(self.motions), ceil(last) + 1)

    def _draw(self) -> None:
        """What is in sight, and of very many parameters as much as can be told apart."""
        first, last = self._in_sight()
        x, y = self.points.stems(first, last)
        self.stems.setData(x=x.repeat(2), y=self.points.feet(y, self.floor))
        few = last - first <= FEW
        self.dots.setData(x=x if few else [], y=y if few else [])
        from_zero = self.points.without_number(first, last)
        self.marks[FROM_ZERO].setData(x=from_zero, y=[self.top - 0.04 * (self.top - self.floor)] * len(from_zero))
        self._draw_fields(first, last)
        self._label()

    def _draw_fields(self, first: int, last: int) -> None:
        """Where nothing moved: a field from the bottom to the top, and a mark at its foot. Thousands of stretches are one item."""
        height = self.top - self.floor
        for state, field in self.fields.items():
            starts, ends = self.points.fields(state, first, last)
            field.setOpts(x0=starts - 0.45, x1=ends + 0.45, y0=[self.floor] * len(starts), height=[height] * len(starts))
            if last - first <= FEW:
                numbers = [number for one, other in zip(starts, ends, strict=True) for number in range(one, other + 1)]
            else:
                numbers = ((starts + ends) // 2).tolist()
            self.marks[state].setData(x=numbers, y=[self.floor + 0.04 * height] * len(numbers))

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
        for stretch in self.points.widest(*self._in_sight(), MOST_LABELLED):
            middle = (max(stretch.first, first) + min(stretch.last, last)) / 2
            if any(abs(middle - other) < width for other, width in taken):
                continue  # before its text is measured: there may be many
            text = stretch_text(stretch)
            half = (metrics.horizontalAdvance(text) / 2 + 6) * pixel
            middle = min(max(middle, first + half), last - half)
            if all(abs(middle - other) >= half + width for other, width in taken):
                taken.append((middle, half))
                self._labels.append(self._text(text, stretch, middle))

    def _text(self, text: str, stretch: Stretch, middle: float) -> Any:
        item = self.pyqtgraph.TextItem(text, color=color(ROLES[stretch.state]), anchor=(0.5, 0.0))
        item.setPos(middle, self.top + 0.14 * (self.top - self.floor))
        self.plot.addItem(item, ignoreBounds=True)
        return item

    def show_current(self, number: int | None) -> None:
        """Mark the parameter that is selected, and bring it into sight; None for none."""
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

    def numbers(self) -> CopiedTable:
        """A row for each parameter, in the order in which they stand."""
        series = self.series
        rows = [(each.key, moved_text(each), series.value(each)) for each in self.motions] if series is not None else []
        return CopiedTable(("Parameter", "Moved", series.title if series is not None else ""), number_rows(rows))

    # mouse and keys

    def number_at(self, place: QPointF) -> int | None:
        """The parameter under a place of the scene."""
        box = self.plot.getViewBox()
        if not self.motions or not box.sceneBoundingRect().contains(place):
            return None
        number = round(box.mapSceneToView(place).x())
        return number if 0 <= number < len(self.motions) else None

    def _hover(self, place: QPointF) -> None:
        number = self.number_at(place)
        self.plot.setCursor(Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor)
        QToolTip.showText(QCursor.pos(), "" if number is None else self._describe(number), self.plot)

    def _click(self, event: Any) -> None:
        number = self.number_at(event.scenePos())
        if number is not None:
            event.accept()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.chosen.emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk."""
        key = Qt.Key(event.key())
        if key in STEPS and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier):
            self.stepped.emit(STEPS[key])
        else:
            super().keyPressEvent(event)
