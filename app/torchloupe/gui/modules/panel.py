"""The Modules panel: the tree of modules, and below it the parameters and buffers of the selected one."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.wording import counted
from torchloupe.gui.copied_table import Cells, CopiedTable
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.modules import model as rows
from torchloupe.gui.modules.building import BuildTree, BuiltTree
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.outline_table import OutlineTable
from torchloupe.gui.text_table import Column, FilterTable
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.modules import ModuleTree, ParameterEntry

BUILDING = "modules"
"""The tag of the job that arranges a large tree."""

_PARAMETER_WIDTHS = (12, 8.5, 6, 6, 3.5, 7, 5.5, 5, 8)


class ModulesPanel(QWidget):
    """Follows the workbench's model, run, problems and selection."""

    def __init__(self, workbench: Workbench, jobs: Jobs) -> None:
        super().__init__()
        self.workbench = workbench
        self._jobs = jobs
        self._statuses: dict[str, str] = {}
        self._owner: str | None = None
        self.tree_model = ModuleTreeModel()
        self.tree = OutlineTable(self.tree_model, self.tr("Modules"))
        no_model = self.tr("No model yet. A checkpoint alone has no modules; point at the file that defines the class.")
        self.tree.empty.offer(no_model, "open.model")
        self.below = QWidget()
        self.parameters_of = QLabel()
        self.parameter_model = self._parameter_model()
        self.parameters = FilterTable((), self.tr("Parameters and buffers"), model=self.parameter_model)
        self.parameters.set_empty(self.tr("No parameters and no buffers here."))
        self._build()
        self._connect()
        self._show_model()

    def _parameter_model(self) -> LazyTableModel:
        columns = [
            Column(title, width, right=title in rows.PARAMETER_NUMBERS)
            for title, width in zip(rows.PARAMETER_COLUMNS, _PARAMETER_WIDTHS, strict=True)
        ]
        return LazyTableModel(
            columns,
            lambda entry: rows.parameter_row(entry, self._statuses, self._owner or ""),
            lambda entry: rows.parameter_haystack(entry, self._statuses),
            rows.parameter_order,
            lambda entry: entry.key,
            self,
        )

    def _build(self) -> None:
        box = QVBoxLayout(self.below)
        box.setContentsMargins(0, em(self, 0.25), 0, 0)
        box.setSpacing(em(self, 0.25))
        self.parameters_of.setIndent(em(self, 0.25))
        box.addWidget(self.parameters_of)
        box.addWidget(self.parameters)
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(self.tree)
        self.splitter.addWidget(self.below)
        self.splitter.setSizes([em(self, 30), em(self, 16)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def _connect(self) -> None:
        bench = self.workbench
        self.tree.chosen.connect(bench.select_module)
        self.parameters.chosen.connect(bench.select_parameter)
        bench.model_changed.connect(self._show_model)
        bench.trace_changed.connect(self._show_trace)
        bench.calls_added.connect(self.tree_model.add_calls)
        bench.problems_changed.connect(lambda: self.tree_model.set_problems(bench.problems))
        bench.diff_changed.connect(self._show_diff)
        bench.selection_changed.connect(self._follow)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F: filter the half that has the focus."""
        table = self.parameters if self.parameters.isAncestorOf(self.focusWidget() or self) else self.tree
        table.filter.setFocus()
        table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected rows of the half that has the focus, as tab-separated text; parameters with their whole keys."""
        return self.copied_table().as_text()

    def copied_table(self) -> CopiedTable:
        """The same with the titles of the columns."""
        if not self.parameters.isAncestorOf(self.focusWidget() or self):
            return self.tree.copied_table()
        rows = Cells(self.parameters.copied_rows(), lambda row: (row.key, *row.cells[1:]))
        return CopiedTable(self.parameters.copied_table().titles, rows)

    # following the workbench

    def _show_model(self) -> None:
        model = self.workbench.model
        self._jobs.drop(BUILDING)  # of a model that is none any more
        question = self.tree_model.question(model.tree if model else ModuleTree((), ()))
        if question.is_large:
            self._show_built(BuildTree(ModuleTree((), ()))())
            self._jobs.start(question, done=self._show_built, tag=BUILDING, label=self.tr("arranging the modules"), owner=self)
        else:
            self._show_built(question())
        self.below.setVisible(model is not None)

    def _show_built(self, built: BuiltTree) -> None:
        self.tree.keeping(lambda: self.tree_model.show(built))
        self._show_trace()
        self._list_parameters("" if self.workbench.model else None)
        self._follow(self.workbench.selection)

    def _show_trace(self) -> None:
        bench = self.workbench
        ran = bench.running or bench.report is not None or bool(bench.calls)
        complete = bench.report is not None and not any(problem.severity == "error" for problem in bench.report.problems)
        self.tree_model.set_calls(bench.calls.values() if ran else None, complete)

    def _show_diff(self) -> None:
        self._statuses = rows.statuses_by_key(self.workbench.diff)
        self.parameter_model.refresh()

    def _list_parameters(self, owner: str | None) -> None:
        model = self.workbench.model
        self._owner = owner
        shown: list[ParameterEntry] = self.tree_model.parameters_below(owner) if model else []
        self.parameters.keeping(lambda: self.parameter_model.set_items(shown))
        where = owner or self.tr("the model")
        buffers = sum(entry.kind == "buffer" for entry in shown)
        self.parameters_of.setText(f"{where}: {counted(len(shown) - buffers, 'parameter')}, {counted(buffers, 'buffer')}")

    def _follow(self, selection: Selection) -> None:
        if selection.module is None:
            return
        self.tree_model.reveal(selection.module)
        self.tree.select_key(selection.module)
        listed = selection.parameter and self.parameter_model.position_of(selection.parameter) >= 0
        if not listed and self._owner != selection.module:
            self._list_parameters(selection.module)
        self.parameters.select_key(selection.parameter)
