"""The Modules panel: the tree of modules, and below it the parameters and buffers of the selected one."""

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from torchloupe.analysis.loading import loaded_keys
from torchloupe.analysis.notes import MODULE, PARAMETER
from torchloupe.gui.column_choice import ColumnChoice
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.fitted_columns import FittedColumns
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.modules.building import BuildTree, BuiltTree
from torchloupe.gui.modules.columns import CLASS, HIDDEN_AT_FIRST, NAME
from torchloupe.gui.modules.parameter_table import ParameterTable
from torchloupe.gui.modules.parameters import statuses_by_key
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.outline_table import OutlineTable
from torchloupe.gui.run_numbers import numbers_of
from torchloupe.gui.settings import FOLD_BLOCKS, Settings
from torchloupe.gui.theme import em
from torchloupe.gui.tree_index import NOTHING
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.registration import HiddenPart

BUILDING = "modules"
"""The tag of the job that arranges a large tree."""


class ModulesPanel(QWidget):
    """Follows the workbench's model, run, problems and selection."""

    def __init__(self, workbench: Workbench, jobs: Jobs, settings: Settings | None = None) -> None:
        super().__init__()
        self.workbench, self._jobs = workbench, jobs
        self._settings = settings or Settings(None)
        self._shown, self._of_model = NOTHING, False
        self._longest = ""  # name in the tree, with its place
        self._listed: Any = None  # the key of the row whose parameters are listed
        self.tree_model = ModuleTreeModel()
        self.tree_model.folded = self._settings.text(FOLD_BLOCKS, "1") == "1"
        self.tree = OutlineTable(self.tree_model, self.tr("Modules"))
        self.tree.one = self.tr("module")
        self._fitted = FittedColumns(self.tree.view, [NAME], [CLASS], first=0.75)
        self.columns = ColumnChoice(self.tree, HIDDEN_AT_FIRST, self._settings, "modules")
        no_model = self.tr("No model yet. A checkpoint alone has no modules; point at the file that defines the class.")
        self.tree.empty.offer(no_model, "open.model")
        self.below = ParameterTable(jobs, self._settings)
        self.parameters = self.below.table
        self._build()
        self._connect()
        self._show_model()

    def _build(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(self.tree)
        self.splitter.addWidget(self.below)
        self.splitter.setSizes([em(self, 30), em(self, 16)])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def _connect(self) -> None:
        bench = self.workbench
        self.tree.chosen.connect(self._choose)
        self.below.all_below_changed.connect(lambda: self._list_parameters(self._listed))
        self.parameters.chosen.connect(bench.select_parameter)
        bench.model_changed.connect(self._show_model)
        bench.trace_changed.connect(self._show_trace)
        bench.calls_added.connect(self.tree_model.add_calls)
        bench.problems_changed.connect(lambda: self.tree_model.set_problems(bench.problems))
        bench.diff_changed.connect(lambda: self.below.set_statuses(statuses_by_key(bench.diff)))
        bench.selection_changed.connect(self._follow)
        bench.weights.changed.connect(self._show_weights)
        bench.steps.changed.connect(lambda: self.below.set_motions(bench.steps.motions))
        self.tree_model.sign_of = lambda key: bench.notes.sign(MODULE, key) if isinstance(key, str) else ""
        self.below.model.sign_of = partial(bench.notes.sign, PARAMETER)
        bench.notes.changed.connect(self._fit)
        for table in (self.tree, self.parameters):
            bench.notes.changed.connect(table.view.viewport().update)

    # what the shell asks of every panel

    def focus_filter(self) -> None:
        """Ctrl+F: filter the half that has the focus."""
        table = self.parameters if self._is_below else self.tree
        table.filter.setFocus()
        table.filter.selectAll()

    def copy_rows(self) -> str:
        """The selected rows of the half that has the focus, as tab-separated text; parameters with their whole keys."""
        return self.copied_table().as_text()

    def copied_table(self) -> CopiedTable:
        """The same with the titles of the columns."""
        return self.below.copied_table() if self._is_below else self.tree.copied_table()

    def choose_columns(self) -> None:
        """The columns of the half that has the focus."""
        (self.below.columns if self._is_below else self.columns).open_menu()

    def show_motions(self) -> None:
        """The columns that say what the last training step did."""
        self.below.show_motions()

    def set_folded(self, folded: bool) -> None:
        """Equal blocks in one row each, or every module in its own; kept for the next start."""
        self._settings.set_text(FOLD_BLOCKS, "1" if folded else "0")
        self.tree_model.folded = folded
        self._show_model()

    @property
    def _is_below(self) -> bool:
        return self.parameters.isAncestorOf(self.focusWidget() or self)

    # following the workbench

    def _show_model(self) -> None:
        self._jobs.drop(BUILDING)  # of a model that is none any more
        of_another, self._of_model = self._of_model, self.workbench.model is not None
        self._shown = self.workbench.tree
        question = self.tree_model.question(self._shown, ahead=not self._of_model)
        if question.is_large:
            if of_another:  # else it is the tree of the same model, which was shown ahead
                self._show_built(BuildTree(NOTHING)())
            self._jobs.start(question, done=self._show_built, tag=BUILDING, label=self.tr("arranging the modules"), owner=self)
        else:
            self._show_built(question())
        self.below.setVisible(bool(self._shown.modules))

    def _fit(self) -> None:
        """Names are as wide as the longest, with what stands behind those that bear a note."""
        signs = max((note.sign for note in self.workbench.notes.listed() if note.kind == MODULE), key=len, default="")
        self._fitted.fit([f"{self._longest}  {signs}".rstrip()])

    def _show_built(self, built: BuiltTree) -> None:
        self.tree.keeping(lambda: self.tree_model.show(built))
        self._longest = built.longest
        self._fit()
        self._show_trace()
        self._show_weights()
        self._list_parameters("" if built.tree.modules else None)
        self._follow(self.workbench.selection)

    def _show_trace(self) -> None:
        bench = self.workbench
        if bench.tree is not self._shown:  # a run has given sizes to lazy parts, or the next one begins without
            self._show_model()
            return
        ran = bench.running or bench.report is not None or bool(bench.calls)
        complete = bench.report is not None and not any(problem.severity == "error" for problem in bench.report.problems)
        self.tree_model.set_calls(bench.calls.values() if ran else None, complete, numbers_of(bench).flops_by_module)

    def _show_weights(self) -> None:
        """What was read of other values is of no use."""
        loaded = self.workbench.weights.loaded
        self.below.forget(loaded_keys(loaded) if loaded else ())

    def _list_parameters(self, key: Any) -> None:
        self._listed = key
        entries = self.tree_model.parameters_of(key, self.below.all_below.isChecked())
        owner = key if isinstance(key, str) else ""
        self.below.show_entries(entries, owner, self.tree_model.title_of(key) or self.tr("the model"))

    def _choose(self, key: Any) -> None:
        """A row was chosen: a module, what is not registered, or equal blocks, which stand for the first of them."""
        if isinstance(key, HiddenPart):
            self.workbench.select_hidden(key)
        elif isinstance(key, str):
            self.workbench.select_module(key)
        elif isinstance(key[0], HiddenPart):
            self.workbench.select_hidden(key[0])
        else:
            self.workbench.select_module(key[0])
            self._list_parameters(key)

    def _follow(self, selection: Selection) -> None:
        shown = selection.hidden or selection.module
        if shown is None:
            return
        here = self.tree.current_key()
        if not (isinstance(here, tuple) and here[0] == shown):  # equal blocks stand for the first of them
            self.tree_model.reveal(shown)
            self.tree.select_key(shown)
            if not self.below.lists(selection.parameter) and self._listed != selection.module:
                self._list_parameters(selection.module)
        self.below.select(selection.parameter)
