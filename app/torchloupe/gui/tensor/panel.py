"""The Tensor panel: statistics of an output, a parameter, a buffer, or a tensor of the checkpoint; and its values in several views."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.elided import ElidedCombo
from torchloupe.gui.empty_state import EmptyState
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plot import load_plotting_then
from torchloupe.gui.tensor import model as rows
from torchloupe.gui.tensor.flow_readings import FlowReadings
from torchloupe.gui.tensor.numbers_page import NumbersPage
from torchloupe.gui.tensor.pin_bar import PinBar, pinned_sentence
from torchloupe.gui.tensor.side_by_side import SideBySide
from torchloupe.gui.tensor.sources import LiveSource, StepSource, ValueSource, source_of_stored
from torchloupe.gui.tensor.stored import StoredReading, reading_of, reading_rows
from torchloupe.gui.tensor.views import HISTOGRAM, Subject, TensorViews
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.requests import Failed, FetchedStats
from torchloupe.wire.step_values import CHANGE, GRADIENT


class TensorPanel(QWidget):
    """Follows the workbench's selection. While it is visible it asks the worker for a parameter's statistics, and reads the values
    of a stored tensor from its file."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self.jobs = workbench, jobs
        self.choices: list[rows.TensorChoice] = []
        self._fetched: dict[str, FetchedStats] = {}
        self._readings: dict[StoredTensor, StoredReading] = {}
        self._wanted: StoredTensor | None = None
        self.flow = FlowReadings(workbench, jobs, self._show_choice)
        self.choice, self.numbers = ElidedCombo(self.tr("Tensor"), self.tr("Which tensor of what is selected")), NumbersPage()
        self.table, self.logarithmic = self.numbers.table, self.numbers.logarithmic
        self.origin = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.step = QPushButton()
        self.pin_bar = PinBar(workbench, self.pin_choice, self.show_pinned)
        self.empty = EmptyState()
        self.empty.offer(self.tr("Nothing to plot. Select a call, a parameter or a tensor of the checkpoint."), "go.to")
        self._pages, self._content = QStackedWidget(), QWidget()
        self.views = TensorViews(jobs, self.numbers)
        self.beside = SideBySide(jobs)
        self._build()
        self.step.clicked.connect(self.flow.allow)
        self.choice.activated.connect(self._show_choice)
        self.numbers.changed.connect(self._show_choice)
        self.numbers.plotting_wanted.connect(lambda: load_plotting_then(self._show_choice, jobs, self))
        self.views.changed.connect(lambda: self.logarithmic.setVisible(self.views.tabs.currentIndex() == HISTOGRAM))
        workbench.selection_changed.connect(self._show)
        workbench.model_changed.connect(self._forget)
        workbench.weights.changed.connect(self._forget)
        workbench.steps.changed.connect(self._forget_step)
        workbench.checkpoint_changed.connect(self._forget_readings)
        workbench.trace_changed.connect(self._forget_flow)
        workbench.pins.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.origin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = QHBoxLayout()
        top.setSpacing(em(self, 0.6))
        top.addWidget(self.choice, 1)
        top.addWidget(self.logarithmic)
        top.addWidget(self.pin_bar.pin)
        said = QHBoxLayout()
        said.setSpacing(em(self, 0.6))
        said.addWidget(self.origin, 1)
        said.addWidget(self.step, 0, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self._content)
        box.setContentsMargins(em(self, 0.4), em(self, 0.4), em(self, 0.4), em(self, 0.4))
        box.setSpacing(em(self, 0.4))
        box.addLayout(top)
        box.addWidget(self.pin_bar)
        box.addLayout(said)
        box.addWidget(self.views, 1)
        box.addWidget(self.beside, 1)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F: the filter of a table, the slice of a view."""
        field = (self.views.current or self.numbers).findChild(QLineEdit)
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

    def _forget_flow(self) -> None:
        self.flow.forget()
        self.views.forget()
        self._show()

    def _forget(self) -> None:
        self._fetched.clear()
        self.workbench.pins.clear()
        self.flow.forget()
        self.views.forget()
        self._show()

    def _forget_step(self) -> None:
        """What another step did is another matter."""
        self._fetched = {key: fetched for key, fetched in self._fetched.items() if not key.endswith((CHANGE, GRADIENT))}
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
        self.views.set_subject(self._subject_of(choice))
        self._show_parts(choice)
        self._show_origin(self._readings.get(choice.stored) if choice.stored else None)
        if choice.pin is not None or choice.pair is not None:
            self._show_flow(choice)
            return
        if choice.stored is not None:
            self._show_stored(choice, choice.stored)
            return
        choice = rows.with_answer(choice, self._fetched.get(choice.fetch or ""))
        self.numbers.show_stats(choice, choice.stats)
        if choice.stats is None and choice.question is not None:
            self.numbers.say(self.tr("Reading the values of {0} …").format(choice.fetch))
            label = self.tr("Statistics of {0}").format(choice.fetch)
            self.jobs.start(choice.question, self._arrived, self._failed, tag="tensor-stats", label=label)

    def _source_of(self, choice: rows.TensorChoice) -> ValueSource | None:
        """Where the values of a choice come from, if they can be had."""
        contents = self.workbench.checkpoint
        if choice.pin is not None:
            return self.flow.source(choice.pin) if not choice.note else None
        if choice.pair is not None:
            return self.flow.difference(choice.pair) if choice.kind else None
        if choice.stored is not None:
            return source_of_stored(contents, choice.stored, self.jobs.ask) if contents is not None else None
        if choice.motion is not None:
            return StepSource(self.jobs.ask, choice.motion, choice.shape, choice.dtype)
        return LiveSource(self.jobs.ask, choice.fetch, choice.shape, choice.dtype) if choice.fetch else None

    def _subject_of(self, choice: rows.TensorChoice) -> Subject:
        """What the views are given; a question in place of the values where a person has to be asked before."""
        question = self.flow.question if (choice.pin or choice.pair) and not choice.note else ""
        if question:
            return Subject(None, question, choice.kind, choice.shape, choice.axes, self.flow.button, self.flow.allow)
        return Subject(self._source_of(choice), rows.no_values_sentence(choice), choice.kind, choice.shape, choice.axes)

    def _show_parts(self, choice: rows.TensorChoice) -> None:
        """Two tensors of different shapes lie side by side; everything else has the views."""
        apart = choice.pair is not None and not choice.kind
        self.views.setVisible(not apart)
        self.beside.setVisible(apart)
        self.logarithmic.setVisible(not apart and self.views.tabs.currentIndex() == HISTOGRAM)
        self.pin_bar.pin.setVisible(choice.pin is not None)
        self.pin_bar.set_pinned(choice.pin is not None and self.workbench.pins.has(choice.pin.activation))
        if apart and choice.pair is not None:
            self.beside.show_pair(choice.pair, self.flow)

    def _show_flow(self, choice: rows.TensorChoice) -> None:
        """Numbers of what flowed: those of the run at once, quantiles once they are there."""
        found = self.flow.numbers(choice)
        self.origin.setText(found.said)
        self.origin.setVisible(bool(found.said))
        self.step.setText(found.button)
        self.step.setVisible(bool(found.button))
        choice = replace(choice, facts=(*choice.facts, *found.facts))
        self.numbers.show_stats(choice, found.stats, rows.quantile_rows(found.summary))
        if found.stats is None:
            self.numbers.say(found.in_place)

    # pins

    def pin_choice(self) -> str:
        """Pin what is looked at, or let it go; what happened as a sentence. Nothing is pinned that has no values."""
        choice = self._current()
        if choice is None or choice.pin is None:
            return self.tr("Select a call first.")
        if choice.note:
            return choice.note
        self.workbench.pins.toggle(choice.pin)
        return pinned_sentence(choice.pin, self.workbench.pins)

    def show_pinned(self) -> None:
        """Hold the two that are pinned against each other."""
        if self.workbench.pins.pair is not None:
            self.choice.setCurrentIndex(len(self.choices) - 1)
            self._show_choice()

    def _show_stored(self, choice: rows.TensorChoice, tensor: StoredTensor) -> None:
        contents, reading = self.workbench.checkpoint, self._readings.get(tensor)
        if reading is not None or self._wanted != tensor:
            found = reading.summary.stats if reading and reading.summary else None
            self.numbers.show_stats(choice, found, reading_rows(reading) if reading else ())
        if reading is not None:
            if reading.summary is None:
                self.numbers.say(reading.note)
        elif contents is not None:
            if self._wanted == tensor and self.jobs.runs("tensor-values"):
                return
            self._wanted = tensor
            self.numbers.say(self.tr("Reading the values of {0} …").format(tensor.key))
            label = self.tr("Values of {0}").format(tensor.key)
            failed = partial(self._not_read, tensor)
            work = reading_of(source_of_stored(contents, tensor, self.jobs.ask))
            self.jobs.start(work, self._read, failed, tag="tensor-values", label=label)

    def _show_origin(self, reading: StoredReading | None) -> None:
        """What the file has in place of the values, over all views of them."""
        self.step.hide()
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
        self._fetched[fetched.key] = fetched
        choice = self._current()
        if choice and choice.fetch == fetched.key:
            self._show_choice()

    def _failed(self, failed: Failed) -> None:
        said = "\n".join(f"{problem.message} {problem.hint}".strip() for problem in failed.problems)
        self.numbers.say(said or self.tr("Reading the values was cancelled. Select the tensor again to read them."))
