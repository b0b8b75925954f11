"""The Depth panel: numbers of the run over its calls as one or two plots, and below them the same as a table."""

from bisect import bisect_left

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, DepthPoint, Series
from torchloupe.analysis.wording import counted
from torchloupe.gui.cell_painting import KeptEnd
from torchloupe.gui.column_choice import ColumnChoice
from torchloupe.gui.depth.depth_plot import DepthPlot
from torchloupe.gui.depth.earlier_run import EarlierRun
from torchloupe.gui.depth.model import BAND, COLUMNS, HIDDEN_AT_FIRST, IN_SIGHT, MODULE, depth_haystack, depth_order, depth_row
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.plot import is_plotting_loaded, load_plotting_then
from torchloupe.gui.run_history import RunHistory
from torchloupe.gui.run_numbers import MANY_CALLS, NO_NUMBERS, RunNumbers, keep_numbers, known_numbers, question_of
from torchloupe.gui.settings import Settings
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench

RECKONING = "depth"
"""The tag of the job that works out the numbers of very many calls."""
EVERY_MS = 300
"""While a run goes on, it is drawn so often."""
FIRST, SECOND = "std", "time"
LEAST = 7
"""So many lines of text the plots take at least."""


class DepthPanel(TablePanel):
    """Follows the run and the selected call; works only while it can be seen."""

    def __init__(self, workbench: Workbench, jobs: Jobs, history: RunHistory, settings: Settings | None = None) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self.numbers = NO_NUMBERS
        self._is_stale, self._drawn_range = True, (0, -1)
        self.first = self._combo(self.tr("What the plot shows"))
        self.second = self._combo(self.tr("What a second plot shows"))
        self.beside = EarlierRun(history, jobs)
        self.containers = QCheckBox(self.tr("Con&tainers"))
        self.containers.setToolTip(
            self.tr("Also modules that call others, such as Sequential; what they took is told without their parts")
        )
        self.summary = ElidedLabel(indent=em(self, 0.4))
        self.plots: list[DepthPlot] = []
        self.model = LazyTableModel(
            COLUMNS,
            lambda point: depth_row(point, self.numbers.outliers),
            lambda point: depth_haystack(point, self.numbers.outliers),
            lambda point, column: depth_order(point, self.numbers.outliers, column),
            lambda point: point.call.index,
        )
        self.table = FilterTable((), self.tr("Numbers over depth"), model=self.model)
        self.model.setParent(self.table)
        self.columns = ColumnChoice(self.table, HIDDEN_AT_FIRST, settings, "depth")
        self._fitted = FittedColumns(self.table.view, [MODULE], IN_SIGHT)
        self.table.view.setItemDelegateForColumn(MODULE, KeptEnd(self.table.view))
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.refresh)
        self._build()
        self._connect()

    # building

    def _combo(self, name: str) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo

    def _build(self) -> None:
        for combo in (self.first, self.second):
            for series in SERIES:
                combo.addItem(self.tr("Mean ± std") if series is BAND else series.title, series.name)
                combo.setItemData(combo.count() - 1, series.noun, Qt.ItemDataRole.ToolTipRole)
        self.second.insertItem(0, self.tr("nothing"), "")
        self.first.setCurrentIndex(self.first.findData(FIRST))
        self.second.setCurrentIndex(self.second.findData(SECOND))
        self.controls = QWidget()
        flow = FlowLayout(self.controls, em(self, 0.6))
        flow.setContentsMargins(em(self, 0.4), 0, em(self, 0.4), 0)
        for text, combo in ((self.tr("&Show"), self.first), (self.tr("&and"), self.second), (self.tr("b&eside"), self.beside)):
            flow.addWidget(_labelled(text, combo))
        self.containers.setMinimumHeight(self.first.sizeHint().height())
        flow.addWidget(self.containers)
        self._above = QWidget()
        self._drawing = QVBoxLayout(self._above)
        self._drawing.setContentsMargins(0, 0, 0, 0)
        self._drawing.setSpacing(0)
        self._above.setMinimumHeight(em(self, LEAST))
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self._above)
        splitter.addWidget(self.table)
        splitter.setSizes([em(self, 24), em(self, 12)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.25))
        for widget in (self.controls, self.summary, splitter):
            layout.addWidget(widget, 1 if widget is splitter else 0)

    def _connect(self) -> None:
        bench = self.workbench
        for combo in (self.first, self.second):
            combo.currentIndexChanged.connect(self._draw)
        self.beside.taken.connect(self._draw)
        self.containers.toggled.connect(self._show_points)
        self.table.chosen.connect(bench.select_call)
        bench.calls_added.connect(lambda _calls: self._wake(EVERY_MS))
        for signal in (bench.trace_changed, bench.model_changed):
            signal.connect(lambda: self._wake(0))
        bench.selection_changed.connect(self._follow)

    # following the workbench

    def showEvent(self, event: QShowEvent) -> None:
        """What happened while it was hidden."""
        super().showEvent(event)
        if self._is_stale:
            self.refresh()

    def _wake(self, after: int) -> None:
        self._is_stale = True
        if self.isVisible() and (after == 0 or not self._timer.isActive()):
            self._timer.start(after)

    def refresh(self) -> None:
        """Work out the numbers of the calls that are there now; very many on a thread."""
        bench, self._is_stale = self.workbench, False
        known = known_numbers(bench)
        if known is not None:
            self._take(known)
            return
        question, report, running = question_of(bench), bench.report, bench.running

        def done(numbers: RunNumbers) -> None:
            if bench.report is report and bench.running == running and len(bench.calls) == len(question.calls) and not running:
                keep_numbers(bench, report, numbers)
            if bench.calls or not question.calls:
                self._take(numbers)

        if len(question.calls) > MANY_CALLS:
            self._jobs.start(question, done=done, tag=RECKONING, label=self.tr("working out numbers over depth"), owner=self)
        else:
            self._jobs.drop(RECKONING)
            done(question())

    def _take(self, numbers: RunNumbers) -> None:
        self.numbers = numbers
        self._show_points()

    @property
    def points(self) -> list[DepthPoint]:
        """The calls that are shown."""
        return list(self.numbers.points if self.containers.isChecked() else self.numbers.leaves)

    def _show_points(self) -> None:
        points = self.points
        self.table.keeping(lambda: self.model.set_items(points))
        self._fitted.fit([longer("", (point.name for point in points))])
        for widget in (self.controls, self.summary, self._above):
            widget.setVisible(bool(self.numbers.points))
        self._summarize()
        self._show_empty()
        self._draw()
        self._follow(self.workbench.selection)

    def _summarize(self) -> None:
        count, told = len(self.numbers.points), self.numbers.outliers
        parts = [counted(count, "call"), self.tr("{0} of them call no other module").format(f"{len(self.numbers.leaves):,}")]
        parts += [self.tr("running …")] if self.workbench.running else []
        reasons = [f"{self.numbers.by_call[index].name}: {each.reason}" for index, those in told.items() for each in those]
        parts.append(self._standing_out(len(told)))
        self.summary.setText("  ·  ".join(parts), "\n".join(reasons))

    def _standing_out(self, count: int) -> str:
        if count == 1:
            return self.tr("1 stands out")
        return self.tr("{0} stand out").format(count) if count else self.tr("none stands out")

    def _show_empty(self) -> None:
        bench, empty = self.workbench, self.table.empty
        if bench.running:
            empty.set_text(self.tr("Running: no call has ended yet."))
        elif bench.model is None:
            empty.offer(self.tr("No model yet. Open the file that defines the class, then run one forward pass."), "open.model")
        elif bench.report is not None:
            empty.set_text(self.tr("The run ended before any module was called. The problem says why."))
        else:
            empty.offer(
                self.tr("Nothing has run. F5 runs one forward pass; its numbers are drawn here call by call."), "run.forward"
            )

    # the plots

    def _chosen_series(self) -> list[Series]:
        names = (self.first.currentData(), self.second.currentData())
        return [SERIES_BY_NAME[name] for name in dict.fromkeys(names) if name]

    def _draw(self) -> None:
        points, series = self.points, self._chosen_series()
        if not points:
            return
        if not is_plotting_loaded():
            load_plotting_then(self._draw, self._jobs, self)
            return
        while len(self.plots) < len(series):
            self._add_plot()
        for plot, shown in zip(self.plots, series, strict=False):
            plot.show_points(shown, points, self.numbers.outliers, self.beside.numbers.points)
        for number, plot in enumerate(self.plots):
            plot.setVisible(number < len(series))
            plot.name_calls(self._legend() if number == len(series) - 1 else "")
        reach = (self.numbers.points[0].call.index, self.numbers.points[-1].call.index)
        if reach != self._drawn_range:
            self._drawn_range = reach
            for plot in self.plots:
                plot.show_range(*reach)

    def _legend(self) -> str:
        run = self.beside.run
        calls = self.tr("calls in the order in which they began")
        return calls if run is None else self.tr("{0}; dashed: {1}").format(calls, run.name)

    def _add_plot(self) -> None:
        plot = DepthPlot(self.tr("Numbers over depth; the table below says the same"))
        plot.chosen.connect(self.workbench.select_call)
        plot.stepped.connect(self._step)
        if self.plots:
            plot.plot.setXLink(self.plots[0].plot)
        if self._drawn_range[1] >= 0:
            plot.show_range(*self._drawn_range)
        plot.show_current(self.workbench.selection.call)
        self.plots.append(plot)
        self._drawing.addWidget(plot, 1)

    def _step(self, steps: int) -> None:
        """From the selected call, or where it would stand, to one that is shown."""
        numbers, current = [point.call.index for point in self.points], self.workbench.selection.call
        if current is None:
            place = 0 if steps > 0 else len(numbers) - 1
        else:
            here = bisect_left(numbers, current)
            between = steps > 0 and (here == len(numbers) or numbers[here] != current)
            place = here + steps - between
        self.workbench.select_call(numbers[min(max(place, 0), len(numbers) - 1)])

    def _follow(self, selection: Selection) -> None:
        for plot in self.plots:
            plot.show_current(selection.call)
        self.table.select_key(selection.call)


def _labelled(text: str, combo: QComboBox) -> QWidget:
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel(text)
    label.setBuddy(combo)
    row.addWidget(label)
    row.addWidget(combo)
    return both
