"""The singular values of a weight: how they fall, and what that says in numbers."""

from math import log10, prod
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout

from torchloupe.analysis.spectrum import singular_facts
from torchloupe.analysis.wording import count_text, number_text
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.figure import number_rows
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plot import Plot
from torchloupe.gui.tensor.readings import ReadSingularValues
from torchloupe.gui.tensor.sources import ValueSource
from torchloupe.gui.tensor.value_view import ValueView
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import color, em
from torchloupe.wire.values import SingularValues

AT_ONCE = 1 << 31
"""Rows x columns x the shorter side; more than about a second of work waits for a button."""


class SingularView(ValueView):
    """Computed when the view is chosen; of a large matrix when the button is pressed."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs, "Singular values")
        columns = [Column(self.tr("Singular values"), 11), Column(self.tr("Value"), 7, stretch=True, right=True)]
        self.table = FilterTable(columns, self.tr("Singular values"))
        self.plot: SingularPlot | None = None
        self._allowed: ValueSource | None = None
        self._splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._splitter.addWidget(self.table)
        box = QVBoxLayout(self.content)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._splitter)

    def work(self, source: ValueSource) -> Any:
        """All of them, at once or when it was asked for."""
        rows, columns = (source.shape[0], prod(source.shape[1:])) if source.shape else (0, 0)
        if rows * columns * min(rows, columns) <= AT_ONCE or self._allowed == source:
            return ReadSingularValues(source)
        text = self.tr("Those of a matrix of {0} x {1} take a while, and the last step cannot be cancelled.")
        self.said.set_text(text.format(count_text(rows), count_text(columns)), self.tr("Compute"), self._allow)
        return None

    def _allow(self) -> None:
        self._allowed = self.source
        self.read()

    def arrived(self, result: SingularValues) -> None:
        """Plot and numbers."""
        if self.plot is None:
            self.plot = SingularPlot()
            self._splitter.insertWidget(0, self.plot)
            self._splitter.setSizes([em(self, 28), em(self, 21)])
            self._splitter.setStretchFactor(0, 1)
        self.plot.show_values(result.values)
        self.table.set_rows(singular_rows(result))

    def copied_text(self) -> str:
        """The table."""
        return self.table.copied_text()


def singular_rows(found: SingularValues) -> list[Row]:
    """What the values say, then the values."""
    pairs = [("Matrix", f"{count_text(found.rows)} x {count_text(found.columns)}"), *singular_facts(found)]
    pairs += [(f"σ {number}", number_text(value)) for number, value in enumerate(found.values, start=1)]
    return [Row(pair, pair[0]) for pair in pairs]


class SingularPlot(Plot):
    """The values over their number, on a logarithmic scale; zeros are left out."""

    def __init__(self) -> None:
        super().__init__("Singular values; the table beside it says the same in numbers", "number", "singular value")
        self.plot.getAxis("left").setLogMode(True)
        self._values: tuple[float, ...] = ()
        self.curve: Any = self.plot.plot()
        self.follow_theme()

    def show_values(self, values: tuple[float, ...]) -> None:
        """Draw others."""
        self._values = values
        heights = [log10(value) for value in values if value > 0]
        self.curve.setData(list(range(1, len(heights) + 1)), heights)
        self.plot.setXRange(0, len(values) + 1, padding=0.02)
        self.plot.setYRange(min(heights, default=0.0), max(heights, default=1.0), padding=0.08)

    def numbers(self) -> CopiedTable:
        """All of them, zeros too."""
        return CopiedTable(("Number", "Singular value"), number_rows(list(enumerate(self._values, start=1))))

    def follow_theme(self) -> None:
        """Its items too."""
        super().follow_theme()
        self.curve.setPen(self.pyqtgraph.mkPen(color("accent"), width=2))
