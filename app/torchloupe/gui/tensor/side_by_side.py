"""Two tensors of different shapes beside each other: each with its views, and the numbers of both in one table."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.activation_views import best_view
from torchloupe.analysis.wording import count_text, number_text, shape_text
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.pinning import Pin
from torchloupe.gui.tensor.flow_readings import FlowReadings
from torchloupe.gui.tensor.views import Subject, TensorViews
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em
from torchloupe.wire.tensors import TensorStats


class SideBySide(QWidget):
    """Its first view is the table; the others are those of a single tensor."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self.sides: list[tuple[ElidedLabel, TensorViews]] = []
        columns = [Column("Statistic", 8), Column("A", 14, right=True), Column("B", 8, stretch=True, right=True)]
        self.table = FilterTable(columns, self.tr("Numbers of both"))
        self._splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        rows = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        rows.addWidget(self._splitter)
        rows.addWidget(self.table)
        rows.setSizes([em(self, 26), em(self, 12)])
        rows.setStretchFactor(0, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(rows)

    def show_pair(self, pair: tuple[Pin, Pin], flow: FlowReadings) -> None:
        """Look at these two."""
        if not self.sides:
            self._build()
        self.table.set_rows(both_rows(pair))
        for letter, pin, (name, views) in zip("AB", pair, self.sides, strict=True):
            name.setText(f"{letter}: {pin.title}")
            kind = best_view(pin.meta.shape, pin.stats, axes=pin.axes)
            if flow.question:
                views.set_subject(Subject(None, flow.question, kind, pin.meta.shape, pin.axes, flow.button, flow.allow))
            else:
                views.set_subject(Subject(flow.source(pin), "", kind, pin.meta.shape, pin.axes))
            views.show_best()

    def _build(self) -> None:
        for _ in "AB":
            side, name = QWidget(), ElidedLabel()
            views = TensorViews(self._jobs, QWidget())
            views.hide_histogram()
            inside = QVBoxLayout(side)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(em(self, 0.4))
            inside.addWidget(name)
            inside.addWidget(views, 1)
            self.sides.append((name, views))
            self._splitter.addWidget(side)
        self._splitter.setSizes([1, 1])


def both_rows(pair: tuple[Pin, Pin]) -> list[Row]:
    """The numbers of the run, side by side."""
    facts = [("Shape", *(shape_text(pin.meta.shape) for pin in pair)), ("Dtype", *(pin.meta.dtype for pin in pair))]
    for name in ("mean", "std", "min", "max"):
        facts.append((name.capitalize(), *(_number(pin.stats, name) for pin in pair)))
    for name, title in (("zeros", "Zeros"), ("nan", "NaN"), ("inf", "Inf")):
        facts.append((title, *(count_text(getattr(pin.stats, name)) if pin.stats else "" for pin in pair)))
    return [Row(tuple(cells), cells[0]) for cells in facts]


def _number(stats: TensorStats | None, name: str) -> str:
    return number_text(getattr(stats, name)) if stats else ""
