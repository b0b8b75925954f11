"""Commands of the menu Model: what more there is to see of the open model, and how its tree is shown."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.inspecting import Inspecting
from torchloupe.gui.settings import ALL_BELOW, FOLD_BLOCKS
from torchloupe.gui.shell import Shell

if TYPE_CHECKING:
    from torchloupe.gui.modules.panel import ModulesPanel


class ModelCommands(QObject):
    """Asks the worker about the model, and steers the Modules panel."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&Model")
        self._inspecting = Inspecting(shell.opening, shell.book, self)

    def looking(self) -> tuple[Action, ...]:
        """All of them."""
        bench, menu = self._shell.workbench, self._menu

        def has_model() -> bool:
            return bench.model is not None

        what_if, summary = self.tr("What would stay &behind…"), self.tr("&Summary table")
        values = self.tr("&Read the values of the parameters")
        what_if_tip = self.tr("Which tensors .to(device) and .half() would leave behind, and why")
        summary_tip = self.tr("torchinfo's table of the model, to be copied")
        values_tip = self.tr("Statistics and initialisation of the selected parameters, else of all that are listed")
        return (
            Action("model.what_if", what_if, self._shell.dialogs.what_if, (), menu, what_if_tip, when=has_model, group=True),
            Action("model.summary", summary, self._summary, (), menu, summary_tip, when=has_model),
            Action("model.values", values, self._read_values, (), menu, values_tip, when=has_model),
            self._fold(),
            self._below(has_model),
            self._columns(has_model),
        )

    def _fold(self) -> Action:
        tip = self.tr("Show equal blocks of a model, such as its 48 layers, in one row that can be unfolded")
        fold = self.tr("&Fold equal blocks")
        return Action("model.fold", fold, self._toggle_fold, (), self._menu, tip, checked=self._is_folded, group=True)

    def _below(self, has_model: Callable[[], bool]) -> Action:
        tip = self.tr("List the parameters of the selected module and of everything below it, or its own alone")
        below = self.tr("Parameters of &everything below")
        return Action("model.below", below, self._toggle_below, (), self._menu, tip, when=has_model, checked=self._is_below)

    def _columns(self, has_model: Callable[[], bool]) -> Action:
        tip = self.tr(
            "Choose what is shown of modules; of parameters, calls or numbers over depth when their table has the focus"
        )
        return Action("model.columns", self.tr("&Columns…"), self._choose_columns, (), self._menu, tip, when=has_model)

    def _panel(self) -> "ModulesPanel":
        from torchloupe.gui.modules.panel import ModulesPanel

        panel = self._shell.docks.panels["modules"].inside()
        assert isinstance(panel, ModulesPanel)
        return panel

    def _summary(self) -> None:
        from torchloupe.gui.summary.panel import SummaryPanel

        self._shell.docks.raise_panel("summary")
        panel = self._shell.docks.panels["summary"].inside()
        assert isinstance(panel, SummaryPanel)
        panel.ask(self._shell.opening.options.inputs)

    def _read_values(self) -> None:
        self._shell.docks.raise_panel("modules")
        self._panel().below.read_values()

    def _is_folded(self) -> bool:
        return self._shell.settings.text(FOLD_BLOCKS, "1") == "1"

    def _toggle_fold(self) -> None:
        self._panel().set_folded(not self._is_folded())

    def _is_below(self) -> bool:
        return self._shell.settings.text(ALL_BELOW, "1") == "1"

    def _toggle_below(self) -> None:
        self._panel().below.all_below.toggle()

    def _choose_columns(self) -> None:
        docks = self._shell.docks
        focused = docks.focused_panel()
        columns = getattr(docks.panels[focused].inside(), "columns", None) if focused else None
        from torchloupe.gui.column_choice import ColumnChoice  # after the first picture

        if isinstance(columns, ColumnChoice):
            columns.open_menu()
            return
        docks.raise_panel("modules")
        self._panel().choose_columns()
