"""Commands of the menu Go: find something by its name, walk through problems, calls, differences and what was looked at."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QTableView, QWidget

from torchloupe.gui.actions import Action
from torchloupe.gui.docks import START
from torchloupe.gui.looking import open_place, source_place
from torchloupe.gui.panels import LazyPanel
from torchloupe.gui.settings import EDITOR_COMMAND
from torchloupe.gui.shell import Shell
from torchloupe.gui.walking import step_call, step_difference, step_problem


class GoCommands(QObject):
    """All of them lead to another selection."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&Go")
        self._before = ""  # the view that a preview took the place of
        shell.docks.panel_built.connect(self._attach)
        shell.workbench.editor_wanted.connect(self._open)
        shell.workbench.source_wanted.connect(self._show)

    def finding(self) -> tuple[Action, ...]:
        """By a few letters of a name, or in the source."""
        dialogs, menu, anything_open = self._shell.dialogs, self._menu, self._shell.anything_open
        palette_tip = self.tr("Find a command by its name")
        go_tip = self.tr("Find a module, key, tensor or problem by a few of its letters")
        source_tip = self.tr("Open the file at the line of what is selected")
        has_place = self._has_place
        preview_tip = self.tr("Show the values of the selected tensor; once more goes back")
        preview = Action("go.preview", self.tr("Pre&view values"), self._preview, ("Space",), menu, preview_tip, in_tables=True)
        command_tip = self.tr("Choose the program that opens a line of the source")
        return (
            Action("go.palette", self.tr("&Commands…"), dialogs.palette, ("Ctrl+Shift+P",), menu, palette_tip, "palette"),
            Action("go.to", self.tr("&Go to…"), dialogs.go_to, ("Ctrl+P",), menu, go_tip, "search", anything_open),
            Action(
                "go.source", self.tr("Show source in &editor"), self._source, ("Ctrl+E",), menu, source_tip, "editor", has_place
            ),
            replace(preview, when=self._has_values),
            Action("go.editor_command", self.tr("Editor co&mmand…"), dialogs.editor_command, (), menu, command_tip),
        )

    def walking(self) -> tuple[Action, ...]:
        """Step by step."""
        bench, history = self._shell.workbench, self._shell.history
        differs = self._differs

        def has_problems() -> bool:
            return bool(bench.problems)

        def has_calls() -> bool:
            return bool(bench.calls)

        problem, call = partial(step_problem, bench), partial(step_call, bench)
        difference = partial(step_difference, bench)
        return (
            self._step("go.back", self.tr("&Back"), history.back, "Alt+Left", lambda: history.can_go_back, True, "back"),
            self._step(
                "go.forward", self.tr("&Forward"), history.forward, "Alt+Right", lambda: history.can_go_forward, icon="forward"
            ),
            self._step("go.next_problem", self.tr("&Next problem"), partial(problem, 1), "F8", has_problems, True),
            self._step("go.previous_problem", self.tr("&Previous problem"), partial(problem, -1), "Shift+F8", has_problems),
            self._step("go.next_call", self.tr("Next ca&ll"), partial(call, 1), "Ctrl+Down", has_calls, True),
            self._step("go.previous_call", self.tr("Previous c&all"), partial(call, -1), "Ctrl+Up", has_calls),
            self._step("go.next_difference", self.tr("Next &difference"), partial(difference, 1), "Alt+Down", differs, True),
            self._step("go.previous_difference", self.tr("Previous d&ifference"), partial(difference, -1), "Alt+Up", differs),
        )

    def _step(
        self,
        name: str,
        text: str,
        run: Callable[[], object],
        keys: str,
        when: Callable[[], bool],
        group: bool = False,
        icon: str = "",
    ) -> Action:
        return Action(name, text, run, (keys,), self._menu, icon=icon, when=when, group=group)

    def _attach(self, panel: QWidget) -> None:
        """The keys that count in tables; on the start page nothing has values."""
        around = panel.parentWidget()
        if isinstance(around, LazyPanel) and around.place.id == START:
            return
        for view in panel.findChildren(QTableView):
            view.addActions([action for action in [self._shell.window.findChild(QAction, "go.preview")] if action is not None])

    def _preview(self) -> None:
        tabs, panels = self._shell.docks.tabs, self._shell.docks.panels
        if tabs.currentWidget() is panels["tensor"] and self._before:
            self._shell.docks.raise_panel(self._before)
            self._before = ""
        elif tabs.currentWidget() is not panels["tensor"]:
            self._before = next((name for name, panel in panels.items() if panel is tabs.currentWidget()), "")
            self._shell.docks.raise_panel("tensor")

    def _has_values(self) -> bool:
        chosen = self._shell.workbench.selection
        return chosen.stored is not None or chosen.parameter is not None or chosen.call is not None

    def _source(self) -> None:
        place = source_place(self._shell.workbench)
        if place is not None:
            self._open(*place)

    def _open(self, file: str, line: int) -> None:
        self._shell.say(open_place(file, line, self._shell.settings.text(EDITOR_COMMAND)))

    def _show(self, file: str, line: int) -> None:
        from torchloupe.gui.source.panel import SourcePanel

        self._shell.docks.raise_panel("source")
        panel = self._shell.docks.panels["source"].inside()
        assert isinstance(panel, SourcePanel)
        panel.show_place(file, line)

    def _has_place(self) -> bool:
        return source_place(self._shell.workbench) is not None

    def _differs(self) -> bool:
        return self._shell.workbench.has_differences
