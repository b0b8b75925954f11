"""One tensor in numbers: its histogram, its statistics as a table, and what has to be said of them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.plot import is_plotting_loaded
from torchloupe.gui.tensor import model as rows
from torchloupe.gui.tensor.histogram_plot import HistogramPlot
from torchloupe.gui.text_table import Column, FilterTable, Row
from torchloupe.gui.theme import em
from torchloupe.wire.tensors import TensorStats


class NumbersPage(QWidget):
    """The plot is made when there is first something to draw. The switch ``logarithmic`` stands elsewhere."""

    changed = Signal()
    plotting_wanted = Signal()  # what draws has to be loaded first

    def __init__(self) -> None:
        super().__init__()
        self.plot: HistogramPlot | None = None
        self.logarithmic = QCheckBox(self.tr("&Logarithmic counts"))
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        columns = [Column(self.tr("Statistic"), 8), Column(self.tr("Value"), 11, stretch=True, right=True)]
        self.table = FilterTable(columns, self.tr("Statistics and histogram"))
        self.no_plot, self._pages = EmptyState(), QStackedWidget()
        self._pages.addWidget(self.no_plot)
        splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        splitter.addWidget(self._pages)
        splitter.addWidget(self.table)
        splitter.setSizes([em(self, 28), em(self, 21)])
        splitter.setStretchFactor(0, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(em(self, 0.4))
        box.addWidget(self.words)
        box.addWidget(splitter, 1)
        self.logarithmic.toggled.connect(self.changed)

    def show_stats(self, choice: rows.TensorChoice, stats: TensorStats | None, read: Sequence[Row] = ()) -> None:
        """Facts and statistics, and what else was ``read``."""
        self.table.set_rows(rows.statistics_rows(choice, stats, read))
        self.words.setVisible(stats is not None)
        self.logarithmic.setEnabled(stats is not None and bool(stats.histogram))
        if stats is None:
            self.say(choice.note)
            return
        self.words.setText(rows.plain_words(stats))
        if not stats.histogram:
            self.say(self.tr("No finite value, so there is no histogram."))
            return
        if not is_plotting_loaded():
            self.plotting_wanted.emit()
            return
        if self.plot is None:
            self.plot = HistogramPlot()
            self._pages.addWidget(self.plot)
        self.plot.show_stats(stats, self.logarithmic.isChecked())
        self._pages.setCurrentWidget(self.plot)

    def say(self, text: str) -> None:
        """A sentence in place of the plot."""
        self.no_plot.set_text(text)
        self._pages.setCurrentWidget(self.no_plot)
