"""The Step tab: the last training step in a line, along the depth of the model as a plot, and a row for each parameter."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from torchloupe.analysis.step.motion_series import LOSS, SERIES, SERIES_BY_NAME, UPDATES, point_text, rows_of
from torchloupe.analysis.step.wording import step_line
from torchloupe.gui.cell_painting import CodeDelegate, Place
from torchloupe.gui.command_button import CommandButton
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.flow_layout import FlowLayout
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.plot import LoadPlotting
from torchloupe.gui.series_choice import SeriesChoice
from torchloupe.gui.step import model as rows
from torchloupe.gui.step.moments_plot import MomentsPlot
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.steps import ParameterMotion

if TYPE_CHECKING:
    from torchloupe.gui.motion_plot import MotionPlot

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
        self.table.one = self.tr("parameter")
        self.model.setParent(self.table)
        self.table.view.horizontalHeader().setStretchLastSection(True)
        self.table.view.setItemDelegateForColumn(rows.WHY, CodeDelegate(self.table.view, self._reason))
        self._columns = FittedColumns(self.table.view, [rows.KEY], [rows.MOVED, rows.GROUP])
        self.summary = ElidedLabel(indent=em(self, 0.25))
        self.series = SeriesChoice()
        self.controls, self.drawing = QWidget(), QStackedWidget()
        self.plot: MotionPlot | None = None
        self.moments: MomentsPlot | None = None
        self._build()
        self.table.chosen.connect(self._choose)
        self.series.changed.connect(self._draw)
        workbench.model_changed.connect(self._show)
        workbench.steps.changed.connect(self._show)
        workbench.selection_changed.connect(self._follow)
        self._show()

    def _reason(self, place: Place) -> str:
        motion = self.workbench.steps.motions.get(place.data(Qt.ItemDataRole.UserRole))
        return rows.reason(motion) if motion is not None else str(place.data())

    def _build(self) -> None:
        flow = FlowLayout(self.controls, em(self, 0.6))
        flow.setContentsMargins(em(self, 0.4), 0, em(self, 0.4), 0)
        for widget in (self.series, CommandButton("run.prove"), CommandButton("run.step_options")):
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
        self.series.offer(names)

    def _make_plots(self, _done: object) -> None:
        if self.plot is None:
            from torchloupe.gui.motion_plot import MotionPlot

            self.plot = MotionPlot(
                self.tr("The step along the depth of the model; the table below says the same in numbers"),
                self.tr("parameters in the order of the model"),
                lambda number: point_text(self._parameters[number]),
            )
            self.moments = MomentsPlot(self.tr("Several steps one after the other"))
            self.plot.chosen.connect(lambda number: self._choose(self._parameters[number].key))
            self.plot.stepped.connect(self._walk)
            self.drawing.addWidget(self.plot)
            self.drawing.addWidget(self.moments)
        self._draw()

    def _draw(self) -> None:
        report, name = self.workbench.steps.report, self.series.name
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
        last = len(self._parameters) - 1
        if last >= 0:
            now = self._number_of(self._current)
            start = now if now is not None else -1 if by > 0 else last + 1
            self._choose(self._parameters[min(max(start + by, 0), last)].key)

    @property
    def _parameters(self) -> tuple[ParameterMotion, ...]:
        report = self.workbench.steps.report
        return report.parameters if report is not None else ()

    def _number_of(self, key: str | None) -> int | None:
        return next((number for number, each in enumerate(self._parameters) if each.key == key), None)

    @property
    def _current(self) -> str | None:
        selection = self.workbench.selection
        about = selection.problem.data.get("parameters", ()) if selection.problem is not None else ()
        return selection.parameter or next(iter(about), None)

    def _follow(self, _selection: Selection) -> None:
        self.table.select_key(self._current)
        self._mark()

    def _mark(self) -> None:
        if self.plot is not None and self.moments is not None:
            self.plot.show_current(self._number_of(self._current))
            self.moments.show_current(self._current)
