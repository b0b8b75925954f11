"""The Tensor panel: statistics of an output, a parameter, a buffer, or a tensor of the checkpoint; and its values in several views."""

from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.elided import ElidedCombo
from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.tensor import model as rows
from torchloupe.gui.tensor.histogram_plot import HistogramPlot
from torchloupe.gui.tensor.sources import LiveSource, ValueSource, source_of_stored
from torchloupe.gui.tensor.stored import StoredReading, reading_of, reading_rows
from torchloupe.gui.tensor.views import HISTOGRAM, TensorViews
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.requests import Failed, FetchedStats, FetchStats
from torchloupe.wire.tensors import TensorStats


class TensorPanel(QWidget):
    """Follows the workbench's selection. While it is visible it asks the worker for a parameter's statistics, and reads the values
    of a stored tensor from its file."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self.jobs = workbench, jobs
        self.choices: list[rows.TensorChoice] = []
        self._fetched: dict[str, TensorStats] = {}
        self._readings: dict[StoredTensor, StoredReading] = {}
        self._wanted: StoredTensor | None = None
        self.plot: HistogramPlot | None = None
        self.choice, self.logarithmic = ElidedCombo(), QCheckBox(self.tr("&Logarithmic counts"))
        self.words, self.origin = QLabel(wordWrap=True), QLabel(wordWrap=True)
        columns = [Column(self.tr("Statistic"), 10), Column(self.tr("Value"), 9, stretch=True, right=True)]
        self.table = FilterTable(columns, self.tr("Statistics and histogram"))
        self.no_plot = EmptyState()
        self.empty = EmptyState(self.tr("Nothing to plot. Select a call, a parameter or a tensor of the checkpoint."))
        self._pages, self._plot_pages, self._content = QStackedWidget(), QStackedWidget(), QWidget()
        self._histogram = QWidget()
        self.views = TensorViews(jobs, self._histogram)
        self._build()
        self.choice.activated.connect(self._show_choice)
        self.logarithmic.toggled.connect(self._show_choice)
        self.views.changed.connect(lambda: self.logarithmic.setVisible(self.views.tabs.currentIndex() == HISTOGRAM))
        workbench.selection_changed.connect(self._show)
        workbench.model_changed.connect(self._forget)
        workbench.checkpoint_changed.connect(self._forget_readings)
        workbench.trace_changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.choice.setAccessibleName(self.tr("Tensor"))
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for label in (self.words, self.origin):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._plot_pages.addWidget(self.no_plot)
        top = QHBoxLayout()
        top.setSpacing(em(self, 0.6))
        top.addWidget(self.choice, 1)
        top.addWidget(self.logarithmic)
        splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        splitter.addWidget(self._plot_pages)
        splitter.addWidget(self.table)
        splitter.setSizes([em(self, 28), em(self, 21)])
        splitter.setStretchFactor(0, 1)
        inside = QVBoxLayout(self._histogram)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(em(self, 0.4))
        inside.addWidget(self.words)
        inside.addWidget(splitter, 1)
        box = QVBoxLayout(self._content)
        box.setContentsMargins(em(self, 0.4), em(self, 0.4), em(self, 0.4), em(self, 0.4))
        box.setSpacing(em(self, 0.4))
        box.addLayout(top)
        box.addWidget(self.origin)
        box.addWidget(self.views, 1)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F: the filter of a table, the slice of a view."""
        field = (self.views.current or self._histogram).findChild(QLineEdit)
        if field is not None:
            field.setFocus()
            field.selectAll()

    def copy_rows(self) -> str:
        """Facts, statistics and bins as tab-separated text, or what the chosen view shows."""
        view = self.views.current
        return view.copied_text() if view is not None else self.table.copied_text()

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is worth asking."""
        super().showEvent(event)
        self._show_choice()

    # following the workbench

    def _forget(self) -> None:
        self._fetched.clear()
        self.views.forget()
        self._show()

    def _forget_readings(self) -> None:
        self.jobs.drop("tensor-values")  # what is being read belongs to the file before
        self._readings.clear()
        self.views.forget()
        self._wanted = None

    def _show(self) -> None:
        before = self.choice.currentIndex()
        same_titles = [choice.title for choice in self.choices]
        self.choices = rows.choices_of(self.workbench)
        with QSignalBlocker(self.choice):
            self.choice.clear()
            self.choice.addItems([choice.title for choice in self.choices])
            if same_titles == [choice.title for choice in self.choices] and before >= 0:
                self.choice.setCurrentIndex(before)
        self._pages.setCurrentWidget(self._content if self.choices else self.empty)
        self._show_choice()

    def _current(self) -> rows.TensorChoice | None:
        number = self.choice.currentIndex()
        return self.choices[number] if 0 <= number < len(self.choices) else None

    def _show_choice(self) -> None:
        choice = self._current()
        if choice is None or not self.isVisible():
            return
        self.views.set_source(self._source_of(choice), rows.no_values_sentence(choice))
        self._show_origin(self._readings.get(choice.stored) if choice.stored else None)
        if choice.stored is not None:
            self._show_stored(choice, choice.stored)
            return
        stats = choice.stats or self._fetched.get(choice.fetch or "")
        self._show_stats(choice, stats)
        if stats is None and choice.fetch:
            self._say(self.tr("Reading the values of {0} …").format(choice.fetch))
            label = self.tr("Statistics of {0}").format(choice.fetch)
            self.jobs.start(FetchStats(choice.fetch), self._arrived, self._failed, tag="tensor-stats", label=label)

    def _source_of(self, choice: rows.TensorChoice) -> ValueSource | None:
        """Where the values of a choice come from, if they can be had."""
        contents = self.workbench.checkpoint
        if choice.stored is not None:
            return source_of_stored(contents, choice.stored, self.jobs.ask) if contents is not None else None
        return LiveSource(self.jobs.ask, choice.fetch, choice.shape, choice.dtype) if choice.fetch else None

    def _show_stored(self, choice: rows.TensorChoice, tensor: StoredTensor) -> None:
        contents, reading = self.workbench.checkpoint, self._readings.get(tensor)
        if reading is not None or self._wanted != tensor:
            self._show_stats(choice, reading.summary.stats if reading and reading.summary else None, reading)
        if reading is not None:
            if reading.summary is None:
                self._say(reading.note)
        elif contents is not None:
            if self._wanted == tensor and self.jobs.runs("tensor-values"):
                return
            self._wanted = tensor
            self._say(self.tr("Reading the values of {0} …").format(tensor.key))
            label = self.tr("Values of {0}").format(tensor.key)
            failed = partial(self._not_read, tensor)
            work = reading_of(source_of_stored(contents, tensor, self.jobs.ask))
            self.jobs.start(work, self._read, failed, tag="tensor-values", label=label)

    def _show_origin(self, reading: StoredReading | None) -> None:
        """What the file has in place of the values, over all views of them."""
        self.origin.setVisible(bool(reading and reading.origin))
        self.origin.setText(rows.origin_sentence(reading.origin) if reading else "")

    def _read(self, reading: StoredReading) -> None:
        self._readings[reading.tensor] = reading
        if self._shows(reading.tensor):
            self._show_choice()

    def _not_read(self, tensor: StoredTensor, failed: Failed) -> None:
        if self._shows(tensor):
            self._failed(failed)

    def _shows(self, tensor: StoredTensor) -> bool:
        choice = self._current()
        return choice is not None and choice.stored == tensor

    def _arrived(self, fetched: FetchedStats) -> None:
        self._fetched[fetched.key] = fetched.stats
        choice = self._current()
        if choice and choice.fetch == fetched.key:
            self._show_stats(choice, fetched.stats)

    def _failed(self, failed: Failed) -> None:
        sentences = [f"{problem.message} {problem.hint}".strip() for problem in failed.problems]
        self._say("\n".join(sentences) or self.tr("Reading the values was cancelled. Select the tensor again to read them."))

    def _show_stats(self, choice: rows.TensorChoice, stats: TensorStats | None, reading: StoredReading | None = None) -> None:
        self.table.set_rows(rows.statistics_rows(choice, stats, reading_rows(reading) if reading else ()))
        self.words.setVisible(stats is not None)
        self.logarithmic.setEnabled(stats is not None and bool(stats.histogram))
        if stats is None:
            self._say(choice.note)
            return
        self.words.setText(rows.plain_words(stats))
        if not stats.histogram:
            self._say(self.tr("No finite value, so there is no histogram."))
            return
        if self.plot is None:
            self.plot = HistogramPlot()
            self._plot_pages.addWidget(self.plot)
        self.plot.show_stats(stats, self.logarithmic.isChecked())
        self._plot_pages.setCurrentWidget(self.plot)

    def _say(self, text: str) -> None:
        self.no_plot.set_text(text)
        self._plot_pages.setCurrentWidget(self.no_plot)
