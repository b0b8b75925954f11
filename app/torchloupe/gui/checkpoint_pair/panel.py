"""The Checkpoints panel: two checkpoints side by side, their keys, and which weights moved between them."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.pair_motion import PAIR_SERIES
from torchloupe.analysis.wording import bytes_text, count_text, counted
from torchloupe.gui.checkpoint_pair import model as rows
from torchloupe.gui.checkpoint_pair.building import BuildPair, BuiltPair
from torchloupe.gui.checkpoint_pair.compare_values import AT_ONCE_BYTES, BytesRead, left_of
from torchloupe.gui.comparing import CheckpointPair
from torchloupe.gui.events_trace import trace
from torchloupe.gui.fitted_columns import FittedColumns
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.series_choice import SeriesChoice
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.requests import Failed
from torchloupe.wire.values import ComparedValues

if TYPE_CHECKING:
    from torchloupe.gui.motion_plot import MotionPlot

VALUES = "pair-values"
"""Tag of the job."""


class CheckpointPairPanel(TablePanel):
    """Follows the workbench's pair of checkpoints. Values are compared once it is visible, when they are few enough, or when asked."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self.jobs = workbench, jobs
        self.pair: CheckpointPair | None = None
        self.compared: list[ComparedValues] = []
        self.plot: MotionPlot | None = None
        self._in_order: list[rows.PairRow] = []
        self.series = SeriesChoice()
        self._waits_for_show = False
        self.model = rows.PairModel()
        self.table = FilterTable((), self.tr("Comparison of two checkpoints"), model=self.model)
        self.table.one = self.tr("key")
        self.model.setParent(self.table)
        self.table.view.horizontalHeader().setStretchLastSection(True)
        self._columns = FittedColumns(self.table.view, [rows.KEY], rows.BESIDE_KEY)
        self.headline, self.counts, self.state = QLabel(wordWrap=True), QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.progress = QProgressBar(textVisible=False)
        self.compare, self.cancel = QPushButton(self.tr("Compare &values")), QPushButton(self.tr("Cancel"))
        self.header, self.splitter = QWidget(), QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self._build()
        self.compare.clicked.connect(self.compare_values)
        self.cancel.clicked.connect(self._stop)
        self.series.changed.connect(self._draw)
        self.table.chosen.connect(self._choose)
        workbench.other_changed.connect(self._show_pair)
        workbench.pair_changed.connect(self._show_pair)
        workbench.values_wanted.connect(self.compare_values)
        workbench.selection_changed.connect(self._follow)
        self._show_pair()

    def _build(self) -> None:
        for label in (self.headline, self.counts, self.state):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress.setAccessibleName(self.tr("Values compared"))
        self.progress.setFixedSize(em(self, 7), em(self, 0.9))
        self.series.offer([(each.title, each.name) for each in PAIR_SERIES])
        line = QHBoxLayout()
        line.addWidget(self.series, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.state, 1)
        for widget in (self.progress, self.compare, self.cancel):
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self.header)
        box.setContentsMargins(em(self, 0.4), em(self, 0.3), em(self, 0.4), em(self, 0.15))
        box.setSpacing(em(self, 0.3))
        box.addWidget(self.headline)
        box.addWidget(self.counts)
        box.addLayout(line)
        self.splitter.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.header)
        layout.addWidget(self.splitter, 1)

    def showEvent(self, event: QShowEvent) -> None:
        """Now it is worth reading files."""
        super().showEvent(event)
        if self._waits_for_show:
            self.compare_values()

    # following the workbench

    def _show_pair(self) -> None:
        pair = self.workbench.pair
        if pair is self.pair and pair is not None:
            return
        self.jobs.drop(VALUES)
        self.pair, self.compared, self._waits_for_show = pair, [], False
        for widget in (self.header, self.series, self.plot):
            if widget is not None:
                widget.setVisible(False)
        question = BuildPair(pair) if pair else None
        if question is not None and not question.is_large:
            self._show_built(question())
            return
        self.table.keeping(lambda: self.model.show_rows(("", ""), [], {}))
        if question is None:
            self._show_empty()
        else:
            self.table.set_empty(self.tr("Listing the keys …"))
            self.jobs.start(question, done=self._show_built, tag="pair-rows", label=self.tr("listing keys"))

    def _show_built(self, built: BuiltPair) -> None:
        pair = built.pair
        if pair is not self.pair:
            return
        self._in_order = built.in_order
        self.table.keeping(lambda: self.model.show_rows(built.names, built.rows, built.rows_by_key))
        self._columns.fit([built.longest_key])
        self.header.setVisible(True)
        self.headline.setText(built.headline)
        self.counts.setText(rows.counts_text(pair.diff))
        size, has_values = built.bytes, bool(pair.pairs)
        self._show_running(False)
        self.compare.setVisible(has_values)
        self.state.setText(
            self.tr("Values are not compared yet: {0} to read.").format(bytes_text(size))
            if has_values
            else self.tr("No tensor has the same shape in both, so there are no values to compare.")
        )
        self._follow(self.workbench.selection)
        if has_values and size <= AT_ONCE_BYTES:
            self._waits_for_show = not self.isVisible()
            if self.isVisible():
                self.compare_values()

    def _show_empty(self) -> None:
        bench, empty = self.workbench, self.table.empty
        if bench.other is not None:
            empty.set_text(self.tr("The keys of the two checkpoints are being compared …"))
        elif bench.checkpoint is not None:
            empty.offer(self.tr("One checkpoint is open. Drop another one with Shift held, or choose it."), "open.other")
        else:
            empty.offer(self.tr("Two checkpoints stand here side by side. Drop both, or open the first."), "open.checkpoint")

    # values

    def compare_values(self) -> None:
        """Compare the values that were not compared yet."""
        pair, self._waits_for_show = self.pair, False
        if pair is None or self.jobs.runs(VALUES) or len(self.compared) == len(pair.pairs):
            return
        work = left_of(pair, tuple(self.compared))
        self._show_running(True)
        self.state.setText(self.tr("Comparing values …"))
        label = self.tr("comparing values")
        self.jobs.start(work, self._finished, self._failed, events=self._arrived, tag=VALUES, label=label)

    def _show_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.progress.setValue(0)
        self.cancel.setVisible(running)
        left = self.pair is not None and len(self.compared) < len(self.pair.pairs)
        self.compare.setVisible(left and not running)

    def _show_plot(self) -> None:
        if self.plot is None:
            from torchloupe.gui.motion_plot import MotionPlot

            self.plot = MotionPlot(
                self.tr("How far each tensor moved; the table below says the same in numbers"),
                self.tr("tensors in the order of the file"),
                lambda number: rows.hover_text(self.model.names, self._in_order[number]),
            )
            self.plot.chosen.connect(self._choose_number)
            self.plot.stepped.connect(self._walk)
            self.splitter.insertWidget(0, self.plot)
            self.splitter.setSizes([em(self, 13), em(self, 14)])
            self.splitter.setStretchFactor(1, 1)
        self.plot.setVisible(True)
        self.series.setVisible(True)
        self._draw()

    def _draw(self) -> None:
        chosen = next((each for each in PAIR_SERIES if each.name == self.series.name), None)
        if self.plot is not None and chosen is not None:
            self.plot.show_motions([row.moved for row in self._in_order], chosen)
            self._follow(self.workbench.selection)

    def _arrived(self, events: list[Any]) -> None:
        steps = [event for event in events if isinstance(event, BytesRead)]
        arrived = [event for event in events if isinstance(event, ComparedValues)]
        if arrived:
            if not self.compared:
                self._show_plot()
            self.compared += arrived
            changed = self.model.take(arrived)
            if not self.table.is_finding:
                QTimer.singleShot(0, self.table, self.table.find_rows)  # one after the other: each takes a moment
            assert self.plot is not None
            self.plot.take({row.number: row.moved for row in changed})
        if steps:
            done, total = steps[-1].done, steps[-1].total
            self.progress.setMaximum(1000)
            self.progress.setValue(round(1000 * done / total) if total else 0)
            self.state.setText(self.tr("Comparing values: {0} of {1}").format(bytes_text(done), bytes_text(total)))

    def _finished(self, summary: str) -> None:
        trace("values_compared", summary=summary)
        self._show_running(False)
        self.table.find_rows()
        self.state.setText(summary)

    def _stop(self) -> None:
        """This comparison only: what else runs goes on."""
        self.jobs.drop(VALUES)
        self._failed(Failed((), cancelled=True))

    def _failed(self, failed: Failed) -> None:
        self._show_running(False)
        self.table.find_rows()
        pairs = self.pair.pairs if self.pair else ()
        so_far = self.tr("{0} of {1} were compared.").format(count_text(len(self.compared)), counted(len(pairs), "tensor"))
        sentences = [f"{problem.message} {problem.hint}".strip() for problem in failed.problems] or [self.tr("Cancelled.")]
        self.state.setText(" ".join([*sentences, so_far]))

    # selection

    def _choose(self, number: int) -> None:
        row = self._in_order[number] if 0 <= number < len(self._in_order) else None
        if self.plot is not None:
            self.plot.show_current(None if row is None else number)
        if row is None or row.diff.expected is None or self.pair is None:
            return
        key, container = row.diff.expected.key, self.pair.container
        for tensor in self.pair.expected.tensors:
            if tensor.key == key and tensor.container == container:
                self.workbench.select_stored(tensor)
                return

    def _choose_number(self, number: int) -> None:
        self.table.select_key(number)
        self._choose(number)

    def _walk(self, by: int) -> None:
        """To a tensor before or behind the selected one."""
        last = len(self._in_order) - 1
        if last >= 0:
            now = self.table.current_key()
            start = now if now is not None else -1 if by > 0 else last + 1
            self._choose_number(min(max(start + by, 0), last))

    def _follow(self, selection: Selection) -> None:
        stored = selection.stored
        if self.pair is None or stored is None or stored.container != self.pair.container:
            return
        row = self.model.row_of(stored.key)
        if row is not None:
            self.table.select_key(row.number)
            if self.plot is not None:
                self.plot.show_current(row.number)
