"""The Calls panel: one row for every call of the last forward pass, growing while it runs."""

from collections.abc import Iterable

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui.calls.model import BESIDE_MODULE, MODULE, CallsModel, by_index, name_text, shapes_text
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.traces import ForwardReport, LayerCall


class CallsPanel(QWidget):
    """Follows the workbench's trace and its selected call."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:  # noqa: ARG002  # all panels are built alike
        super().__init__()
        self.workbench = workbench
        self.model = CallsModel()
        self.table = FilterTable((), self.tr("Calls"), model=self.model)
        self.model.setParent(self.table)
        self._columns = FittedColumns(self.table.view, [MODULE], BESIDE_MODULE)
        self._longest_name = ""
        self.summary = QLabel()
        self.summary.setIndent(em(self, 0.25))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(self.summary)
        layout.addWidget(self.table)
        self.table.chosen.connect(workbench.select_call)
        workbench.calls_added.connect(self._add)
        workbench.trace_changed.connect(self._show_trace)
        workbench.model_changed.connect(self._show_trace)
        workbench.selection_changed.connect(self._follow)
        self._show_trace()

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F."""
        self.table.filter.setFocus()
        self.table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected rows as tab-separated text."""
        return self.table.copied_text()

    # following the workbench

    def _show_trace(self) -> None:
        bench = self.workbench
        self.table.keeping(lambda: self.model.set_items(sorted(bench.calls.values(), key=by_index)))
        self._longest_name = ""
        self._make_room(bench.calls.values())
        self._show_empty()
        self._summarize()
        self._follow(bench.selection)

    def _add(self, calls: list[LayerCall]) -> None:
        self.model.add(calls)
        self._make_room(calls)
        self._summarize()

    def _make_room(self, calls: Iterable[LayerCall]) -> None:
        self._longest_name = longer(self._longest_name, map(name_text, calls))
        self._columns.fit([self._longest_name])

    def _follow(self, selection: Selection) -> None:
        self.table.select_key(selection.call)

    def _summarize(self) -> None:
        bench = self.workbench
        self.summary.setVisible(bool(bench.calls))
        calls = counted(len(bench.calls), "call")
        if bench.running:
            self.summary.setText(self.tr("{0} so far, running …").format(calls))
        elif bench.report is not None:
            self.summary.setText(summary_text(calls, bench.report))
        else:
            self.summary.setText(self.tr("{0}; partial: the run was not finished").format(calls))

    def _show_empty(self) -> None:
        bench, empty = self.workbench, self.table.empty
        if bench.running:
            empty.set_text(self.tr("Running: no call has ended yet."))
        elif bench.model is None:
            empty.offer(self.tr("No model yet. Open the file that defines the class, then run one forward pass."), "open.model")
        elif bench.report is not None:
            empty.set_text(self.tr("The run ended before any module was called. The problem says why."))
        else:
            empty.offer(self.tr("Nothing has run. F5 runs one forward pass with the input shown in the tool bar."), "run.forward")


def summary_text(calls: str, report: ForwardReport) -> str:
    """What was run, in one line."""
    source = {"worked_out": "worked out", "file": "from the file", "given": "given"}.get(report.input_source, "")
    parts = [calls, seconds_text(report.seconds), report.device]
    if report.inputs:
        parts.append(f"input {shapes_text(report.inputs)}" + (f" ({source})" if source else ""))
    if report.outputs:
        parts.append(f"output {shapes_text(report.outputs)}")
    errors = sum(problem.severity == "error" for problem in report.problems)
    if errors:
        parts.append(f"✖ {counted(errors, 'error')}")
    return "  ·  ".join(parts)
