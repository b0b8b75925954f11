"""Values along one dimension as a line."""

from typing import Any

from PySide6.QtWidgets import QLabel, QVBoxLayout

from torchloupe.analysis.wording import count_text, counted
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import number_rows
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plot import Plot
from torchloupe.gui.tensor.activation_readings import Line, ReadLine
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.steppers import Steppers
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.theme import color, em


class LineView(ValueView):
    """The last dimension, at a place in each of those before it. The wheel zooms."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Line")
        self.steppers, self.note = Steppers(), QLabel(" ", wordWrap=True)
        self.line: Line | None = None
        self.plot: LinePlot | None = None
        self.flow.addWidget(self.steppers)
        self._box = QVBoxLayout(self.content)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(em(self, 0.3))
        self._box.addWidget(self.note)
        self.steppers.changed.connect(self.read)

    def begin(self, source: ValueSource) -> None:
        """The first line."""
        self.steppers.set_dimensions(list(enumerate(source.shape[:-1])))
        self.controls.setVisible(len(source.shape) > 1)

    def work(self, source: ValueSource) -> Any:
        """The line."""
        return ReadLine(source, self.steppers.places)

    def arrived(self, result: Line) -> None:
        """Draw it."""
        self.line = result
        if self.plot is None:
            self.plot = LinePlot()
            self._box.insertWidget(0, self.plot, 1)
        self.plot.show_line(result)
        self.note.setText(line_sentence(result))

    def copied_text(self) -> str:
        """Index and value in each row."""
        return self.plot.numbers().as_text() if self.plot is not None else ""


def line_sentence(line: Line) -> str:
    """What of it is drawn, and what cannot be."""
    import numpy

    words = [counted(line.length, "value")]
    if line.step > 1:
        words.append(f"every {line.step}. of them is drawn")
    finite = int(numpy.isfinite(line.values).sum())
    if finite < line.values.size:
        words.append(f"✖ {count_text(line.values.size - finite)} NaN or Inf leave gaps")
    return f"{'; '.join(words)}."


class LinePlot(Plot):
    """A line, and a dot for each value where there are few."""

    FEW = 200

    def __init__(self) -> None:
        super().__init__(
            "Values along the last dimension; the view Values says the same in numbers", "index", "value", scrolls=True
        )
        self._line: Line | None = None
        self.curve: Any = self.plot.plot(connect="finite")
        self.curve.setDownsampling(auto=True, method="peak")
        self.curve.setClipToView(True)
        self.follow_theme()

    def show_line(self, line: Line) -> None:
        """Draw another one."""
        import numpy

        self._line = line
        places = numpy.arange(line.values.size) * line.step
        plain = numpy.where(numpy.isfinite(line.values), line.values, numpy.nan)
        finite = plain[numpy.isfinite(plain)]
        self.curve.setData(places, plain, symbol="o" if line.values.size <= self.FEW else None, symbolSize=5)
        self.follow_theme()
        self.plot.setXRange(0, max(1, line.length - 1), padding=0.02)
        if finite.size:
            self.plot.setYRange(float(finite.min()), float(finite.max()), padding=0.08)

    def numbers(self) -> CopiedTable:
        """Index and value in each row."""
        line = self._line
        values = enumerate(line.values.tolist()) if line is not None else ()
        return CopiedTable(("Index", "Value"), number_rows([(at * line.step, value) for at, value in values] if line else []))

    def follow_theme(self) -> None:
        """Its line, too."""
        super().follow_theme()
        self.curve.setPen(self.pyqtgraph.mkPen(color("accent"), width=1.5))
        self.curve.setSymbolBrush(color("accent"))
        self.curve.setSymbolPen(None)
