"""Several steps one after the other: the updates of every weight as lines, or the loss."""

from math import isfinite, log10

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from torchloupe.analysis.step.motion_series import HEALTHY, LOSS, over_steps
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import number_rows
from torchloupe.gui.plot import Plot
from torchloupe.gui.theme import color
from torchloupe.wire.steps import StepReport

MOST_LINES = 150
"""Of more parameters every how-manieth is drawn."""


class MomentsPlot(Plot):
    """Lines over the steps; the one of the selected parameter stands out."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "step", "")
        self.setAccessibleName(name)
        self.report: StepReport | None = None
        self.what = LOSS
        curve = self.pyqtgraph.PlotCurveItem
        self.lines, self.line, self.dots = (
            curve(connect="finite"),
            curve(connect="finite"),
            self.pyqtgraph.ScatterPlotItem(size=5),
        )
        self.band = self.pyqtgraph.LinearRegionItem(orientation="horizontal", movable=False)
        for item in (self.band, self.lines, self.line, self.dots):
            self.plot.addItem(item)
        self._key: str | None = None
        self.follow_theme()

    def show_report(self, report: StepReport, what: str) -> None:
        """The steps of a report."""
        self.report, self.what = report, what
        self.plot.setLabel("left", "loss" if what == LOSS else "update / weight")
        self._draw()

    def show_current(self, key: str | None) -> None:
        """Draw the line of a parameter before the others."""
        self._key = key
        self._draw()

    def _draw(self) -> None:
        report = self.report
        if report is None:
            return
        is_loss = self.what == LOSS
        losses = [moment.loss for moment in report.moments]
        current = over_steps(report, self._key) if self._key is not None and not is_loss else []
        shown = [(number, value) for number, value in enumerate(losses if is_loss else current, 1) if value is not None]
        heights = [
            (number, height) for number, value in shown for height in [value if is_loss else _log(value)] if isfinite(height)
        ]
        self.line.setData(x=[number for number, _ in heights], y=[height for _, height in heights])
        self.dots.setData(x=[number for number, _ in heights], y=[height for _, height in heights])
        x, y = ([], []) if is_loss else self._all_lines(report)
        self.lines.setData(x=x, y=y)
        self.band.setVisible(not is_loss)
        self.band.setRegion([log10(edge) for edge in HEALTHY])
        count = len(report.moments)
        self.plot.setXRange(0.7, count + 0.3, padding=0)
        self.plot.getAxis("bottom").setTicks([[(number, str(number)) for number in _numbers(count)]])
        every = [height for height in ([height for _, height in heights] if is_loss else y) if height == height]
        if every:
            low, high = min(every), max(every)
            room = 0.08 * (high - low) or abs(high) * 0.1 or 1.0
            low, high = (low - room, high + room) if is_loss else (min(low, -4.3) - room, max(high, -1.7) + room)
            self.plot.setYRange(low, high, padding=0)
        axis = self.plot.getAxis("left")
        axis.setTicks(
            None if is_loss else [[(place, f"1e{place}") for place in range(-12, 7, 2 if every and max(every) > 2 else 1)]]
        )

    def _all_lines(self, report: StepReport) -> tuple[list[float], list[float]]:
        """All in one curve, with gaps between them: thousands of curves would be slow."""
        x: list[float] = []
        y: list[float] = []
        count = len(report.parameters)
        for number in range(0, count, max(1, -(-count // MOST_LINES))):
            for step, moment in enumerate(report.moments, 1):
                value = moment.update_ratios[number] if number < len(moment.update_ratios) else None
                x.append(step)
                y.append(_log(value) if value else float("nan"))
            x.append(float(len(report.moments)))
            y.append(float("nan"))
        return x, y

    def numbers(self) -> CopiedTable:
        """A row for each step with its loss, or for each parameter with its updates."""
        moments = self.report.moments if self.report is not None else ()
        if self.report is None or self.what == LOSS:
            return CopiedTable(("Step", "Loss"), number_rows([(at, moment.loss) for at, moment in enumerate(moments, start=1)]))
        rows = [(each.key, *over_steps(self.report, each.key)) for each in self.report.parameters]
        return CopiedTable(("Parameter", *(f"Step {at}" for at in range(1, len(moments) + 1))), number_rows(rows))

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        faint = QColor(color("muted"))
        faint.setAlpha(120)
        pen = self.pyqtgraph.mkPen
        self.lines.setPen(pen(faint, width=1))
        self.line.setPen(pen(color("accent"), width=2, style=Qt.PenStyle.SolidLine))
        self.dots.setPen(pen(None))
        self.dots.setBrush(self.pyqtgraph.mkBrush(color("accent")))
        tint = QColor(color("matched"))
        tint.setAlpha(32)
        self.band.setBrush(self.pyqtgraph.mkBrush(tint))
        for line in self.band.lines:
            line.setPen(pen(None))
        self.band.setZValue(-10)


def _log(value: float) -> float:
    return log10(value) if value > 0.0 else float("nan")


def _numbers(count: int) -> range:
    return range(1, count + 1, max(1, -(-count // 12)))
