"""The Step tab: the last training step in a line, along the depth of the model as a plot, and a row for each parameter."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from torchloupe.analysis.step.motion_series import LOSS, SERIES, SERIES_BY_NAME, UPDATES, rows_of
from torchloupe.analysis.step.wording import step_line
from torchloupe.gui.command_button import CommandButton
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.plot import LoadPlotting
from torchloupe.gui.step import model as rows
from torchloupe.gui.step.moments_plot import MomentsPlot
from torchloupe.gui.step.motion_plot import MotionPlot
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench

PLOTTING = "step plot"
"""Tag of the job that imports what draws."""
LEAST = 8
"""So many lines of text the plot takes at least."""


class StepPanel(TablePanel):
    """Follows the workbench's last step and its selected parameter."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self.model = LazyTableModel(
            rows.COLUMNS, rows.motion_row, rows.motion_haystack, rows.motion_order, lambda motion: motion.key
        )
        self.table = FilterTable((), self.tr("Parameters in the step"), model=self.model)
        self.model.setParent(self.table)
        self._columns = FittedColumns(self.table.view, [rows.KEY], [rows.MOVED, rows.GROUP])
        self.summary = ElidedLabel(indent=em(self, 0.25))
        self.series = QComboBox()
        self.controls, self.drawing = QWidget(), QStackedWidget()
        self.plot: MotionPlot | None = None
        self.moments: MomentsPlot | None = None
        self._build()
        self.table.chosen.connect(self._choose)
        self.series.currentIndexChanged.connect(self._draw)
        workbench.model_changed.connect(self._show)
        workbench.steps.changed.connect(self._show)
        workbench.selection_changed.connect(self._follow)
        self._show()

    def _build(self) -> None:
        self.series.setAccessibleName(self.tr("What the plot shows"))
        self.series.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        label = QLabel(self.tr("&Show"))
        label.setBuddy(self.series)
        shown = QWidget()
        beside = QHBoxLayout(shown)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(label)
        beside.addWidget(self.series)
        flow = FlowLayout(self.controls, em(self, 0.6))
        flow.setContentsMargins(em(self, 0.4), 0, em(self, 0.4), 0)
        for widget in (shown, CommandButton("run.prove"), CommandButton("run.step_options")):
            flow.addWidget(widget)
        self.drawing.setMinimumHeight(em(self, LEAST))
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self.drawing)
        splitter.addWidget(self.table)
        splitter.setSizes([em(self, 15), em(self, 18)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.controls)
        layout.addWidget(self.summary)
        layout.addWidget(splitter, 1)

    # following the workbench

    def _show(self) -> None:
        report = self.workbench.steps.report
        motions = rows.ranked(rows_of(report)) if report is not None else []
        self.table.keeping(lambda: self.model.set_items(motions))
        self._columns.fit([longer("", (each.key for each in motions))])
        for widget in (self.summary, self.controls, self.drawing):
            widget.setVisible(report is not None)
        self.summary.setText(step_line(report) if report is not None else "")
        self._list_series()
        empty = self.table.empty
        if self.workbench.model is None:
            empty.offer(self.tr("No model yet. Open the file that defines the class, then run one training step."), "open.model")
        elif report is not None:
            empty.set_text(self.tr("The model has no parameters."))
        else:
            empty.offer(
                self.tr("No step yet. F6 runs one, with the loss and the optimizer of the file where it has them."), "run.step"
            )
        if report is not None and self.plot is None:
            self._jobs.start(LoadPlotting(), done=self._make_plots, tag=PLOTTING, label=self.tr("preparing the plot"), owner=self)
        self._draw()
        self._follow(self.workbench.selection)

    def _list_series(self) -> None:
        """What can be drawn of this step; over the steps only where there were several."""
        report = self.workbench.steps.report
        names = [(each.title, each.name) for each in SERIES]
        if report is not None and report.moments:
            names += [(self.tr("Updates over the steps"), UPDATES), (self.tr("Loss over the steps"), LOSS)]
        chosen = self.series.currentData()
        with QSignalBlocker(self.series):
            self.series.clear()
            for title, name in names:
                self.series.addItem(title, name)
            self.series.setCurrentIndex(max(0, self.series.findData(chosen)))

    def _make_plots(self, _done: object) -> None:
        if self.plot is None:
            self.plot = MotionPlot(self.tr("The step along the depth of the model; the table below says the same in numbers"))
            self.moments = MomentsPlot(self.tr("Several steps one after the other"))
            self.plot.chosen.connect(self._choose)
            self.plot.stepped.connect(self._walk)
            self.drawing.addWidget(self.plot)
            self.drawing.addWidget(self.moments)
        self._draw()

    def _draw(self) -> None:
        report, name = self.workbench.steps.report, self.series.currentData()
        if report is None or self.plot is None or self.moments is None:
            return
        if name in (UPDATES, LOSS):
            self.moments.show_report(report, name)
            self.drawing.setCurrentWidget(self.moments)
        else:
            self.plot.show_motions(report.parameters, SERIES_BY_NAME[name])
            self.drawing.setCurrentWidget(self.plot)
        self._mark()

    def _choose(self, key: str) -> None:
        """Its problem comes along, when there is one that is about it."""
        for problem in self.workbench.steps.problems:
            if key in problem.data.get("parameters", ()):
                self.workbench.select(Selection(key.rpartition(".")[0], parameter=key, problem=problem))
                return
        self.workbench.select_parameter(key)

    def _walk(self, by: int) -> None:
        """To a parameter before or behind the selected one."""
        report = self.workbench.steps.report
        if report is None or not report.parameters:
            return
        keys = [each.key for each in report.parameters]
        now = keys.index(self._current) if self._current in keys else -1 if by > 0 else len(keys)
        self._choose(keys[min(max(now + by, 0), len(keys) - 1)])

    @property
    def _current(self) -> str | None:
        selection = self.workbench.selection
        about = selection.problem.data.get("parameters", ()) if selection.problem is not None else ()
        return selection.parameter or next(iter(about), None)

    def _follow(self, _selection: Selection) -> None:
        self.table.select_key(self._current)
        self._mark()

    def _mark(self) -> None:
        for plot in (self.plot, self.moments):
            if plot is not None:
                plot.show_current(self._current)
