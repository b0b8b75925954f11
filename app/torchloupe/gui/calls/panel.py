"""The Calls panel: one row for every call of the last forward pass, and for the operations between them, growing while it runs."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout

from torchloupe.analysis.fixes_to_try import tried_sentence
from torchloupe.analysis.shape_strip import cell_at
from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui.axes import axis_names_of
from torchloupe.gui.calls.gradient_marks import gradient_marks
from torchloupe.gui.calls.model import (
    BESIDE_MODULE,
    HIDDEN_AT_FIRST,
    MODULE,
    CallsModel,
    Key,
    Step,
    by_beginning,
    name_text,
    shapes_text,
)
from torchloupe.gui.calls.operations_bar import OperationsBar
from torchloupe.gui.calls.shape_strip import ShapeStrip
from torchloupe.gui.cell_painting import KeptEnd
from torchloupe.gui.column_choice import ColumnChoice
from torchloupe.gui.elided import ElidedLabel
from torchloupe.gui.fitted_columns import FittedColumns, longer
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.run_numbers import numbers_of
from torchloupe.gui.run_shapes import NOTHING, RunShapes, assumed_of, known_shapes, shapes_of
from torchloupe.gui.settings import Settings
from torchloupe.gui.table_panel import TablePanel
from torchloupe.gui.text_table import FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.traces import ForwardReport, LayerCall, Operation

MOST_LETTERS = 26
"""Of an operation, that its column is made wide for."""


class CallsPanel(TablePanel):
    """Follows the workbench's trace and its selected call."""

    def __init__(self, workbench: Workbench, settings: Settings | None = None) -> None:
        super().__init__()
        self.workbench = workbench
        self.model = CallsModel()
        self.table = FilterTable((), self.tr("Calls"), model=self.model)
        self.table.one = self.tr("call")
        self.model.setParent(self.table)
        self.columns = ColumnChoice(self.table, HIDDEN_AT_FIRST, settings, "calls")
        self._columns = FittedColumns(self.table.view, [MODULE], BESIDE_MODULE)
        self.table.view.setItemDelegateForColumn(MODULE, KeptEnd(self.table.view))
        self._longest_name = ""
        self._listed: object = None
        self.summary = ElidedLabel(indent=em(self, 0.25))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, em(self, 0.25), 0, 0)
        layout.setSpacing(em(self, 0.25))
        self.operations = OperationsBar(self.summary)
        self.strip = ShapeStrip()
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(lambda: self._draw_strip(shapes_of(workbench)))
        layout.addWidget(self.operations)
        layout.addWidget(self.strip)
        layout.addWidget(self.table)
        self.strip.chosen.connect(self._choose_cell)
        self.table.chosen.connect(self._choose)
        workbench.calls_added.connect(self._add)
        workbench.operations.added.connect(self._add_operations)
        workbench.operations.switched.connect(self._show_trace)
        workbench.trace_changed.connect(self._show_trace)
        workbench.model_changed.connect(self._show_trace)
        workbench.problems_changed.connect(self._show_strip)
        workbench.selection_changed.connect(self._follow)
        self._show_trace()

    # following the workbench

    def _steps(self) -> list[Step]:
        bench = self.workbench
        operations = bench.operations.found.values() if bench.operations.wanted else ()
        return sorted((*bench.calls.values(), *self._behind(), *operations), key=by_beginning)

    def _behind(self) -> list[LayerCall]:
        """The calls that are assumed behind a failure."""
        return [call for call in assumed_of(self.workbench) if call.index not in self.workbench.calls]

    def _is_complete(self) -> bool:
        """All of them came one by one, and nothing is left to be listed."""
        bench = self.workbench
        operations = bench.operations.found if bench.operations.wanted else ()
        listed = len(bench.calls) + len(operations) + len(self._behind())
        return bench.calls is self._listed and len(self.model.items) == listed

    def _show_trace(self) -> None:
        bench = self.workbench
        self.model.axes = None if bench.running else axis_names_of(bench)
        self.model.points, self.model.shapes = numbers_of(bench).by_call, known_shapes(bench) or NOTHING
        if self._is_complete():
            self.model.refresh()
        else:
            steps, self._listed, self._longest_name = self._steps(), bench.calls, ""
            self.table.keeping(lambda: self.model.set_items(steps))
            self._make_room(steps)
        self._show_empty()
        self._summarize()
        self._follow(bench.selection)

    def _add(self, steps: Sequence[Step]) -> None:
        self.model.add(steps)
        self._make_room(steps)
        self._summarize()

    def _add_operations(self, operations: Sequence[Step]) -> None:
        if self.workbench.operations.wanted:
            self._add(operations)

    def _make_room(self, steps: Iterable[Step]) -> None:
        # What an operation was given is worth less room than the columns beside it: its line stands there.
        names = (name_text(each)[: MOST_LETTERS if isinstance(each, Operation) else None] for each in steps)
        self._longest_name = longer(self._longest_name, names)
        self._columns.fit([self._longest_name])

    def _choose(self, key: Key) -> None:
        if isinstance(key, tuple):
            operation = self.workbench.operations.found[key[1]]
            self.workbench.select(Selection(module=operation.module, call=operation.call, operation=operation.index))
        else:
            self.workbench.select_call(key)

    def _follow(self, selection: Selection) -> None:
        operation = ("operation", selection.operation) if selection.operation is not None else None
        self.table.select_key(operation if operation is not None and self.workbench.operations.wanted else selection.call)
        marks = gradient_marks(selection.problem)
        if marks != self.model.gradient:
            self.model.gradient = marks
            self.model.refresh()
        self._show_strip()

    def _show_strip(self) -> None:
        """Of very many calls a moment later, when the rest is on the screen."""
        shapes = known_shapes(self.workbench)
        if shapes is None:
            self._later.start()
        else:
            self._draw_strip(shapes)

    def _draw_strip(self, shapes: RunShapes) -> None:
        selected = self.workbench.selection
        if self.model.shapes is not shapes:
            self.model.shapes = shapes
            self.model.refresh()
        problem = shapes.problems.index(selected.problem) if selected.problem in shapes.problems else None
        self.strip.setVisible(bool(shapes.cells))
        self.strip.show_cells(shapes.cells, cell_at(shapes.cells, selected.call, problem))

    def _choose_cell(self, at: int) -> None:
        """A break leads to its problem, another cell to its first call."""
        shapes = shapes_of(self.workbench)
        cell = shapes.cells[at]
        if cell.is_break and cell.problem is not None:
            self.workbench.select_problem(shapes.problems[cell.problem])
        elif cell.first >= 0:
            self.workbench.select_call(cell.first)
        else:
            self.workbench.select_module("")

    def _summarize(self) -> None:
        bench = self.workbench
        self.summary.setVisible(bool(bench.calls))
        has_run = bool(bench.calls) and not bench.running
        found = len(bench.operations.found) if bench.operations.wanted else 0
        calls = counted(len(bench.calls), "call") + (f", {counted(found, 'operation')}" if found else "")
        self.operations.show_missing(bench.operations.wanted and has_run and not bench.asked.operations)
        if bench.running:
            self.summary.setText(self.tr("{0} so far, running …").format(calls))
        elif bench.report is not None:
            weights = bench.weights.text_of_run(bench.report, bench.checkpoint is not None)
            tried = self.tr("Tried: {0}").format(plain_text(tried_sentence(bench.tried))) + "  ·  " if bench.tried else ""
            self.summary.setText(tried + summary_text(calls, bench.report, weights), left_behind_text(bench.report))
        else:
            self.summary.setText(self.tr("{0}; partial: the run was not finished").format(calls))

    def _show_empty(self) -> None:
        bench, empty = self.workbench, self.table.empty
        if bench.running:
            empty.set_text(self.tr("Running: no call has ended yet."))
        elif bench.model is None and bench.tree.modules:
            empty.set_text(self.tr("The model is nearly open: what is not registered is still being looked for."))
        elif bench.model is None:
            empty.offer(self.tr("No model yet. Open the file that defines the class, then run one forward pass."), "open.model")
        elif bench.report is not None:
            empty.set_text(self.tr("The run ended before any module was called. The problem says why."))
        else:
            empty.offer(self.tr("Nothing has run. F5 runs one forward pass with the input shown in the tool bar."), "run.forward")


def summary_text(calls: str, report: ForwardReport, weights: str = "") -> str:
    """What was run, in one line; ``weights`` says with which values."""
    source = {"worked_out": "worked out", "file": "from the file", "given": "given"}.get(report.input_source, "")
    parts = [calls, seconds_text(report.seconds), report.device, *([weights] if weights else [])]
    if report.inputs:
        parts.append(f"input {shapes_text(report.inputs)}" + (f" ({source})" if source else ""))
    if report.outputs:
        parts.append(f"output {shapes_text(report.outputs)}")
    errors = sum(problem.severity == "error" for problem in report.problems)
    if errors:
        parts.append(f"✖ {counted(errors, 'error')}")
    if report.side_effects:
        parts.append(f"▲ {counted(len(report.side_effects), 'side effect')}")
    if report.certificate and report.state_restored:
        parts.append("✓ model as before")
    return "  ·  ".join(parts)


def left_behind_text(report: ForwardReport) -> str:
    """What the run left of itself: nothing in the model, and what it did outside."""
    return "\n".join([*report.certificate, *(f"Side effect: {each}" for each in report.side_effects)])
