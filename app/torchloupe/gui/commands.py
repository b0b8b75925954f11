"""The table of all commands. What the window can do is written here once and nowhere else."""

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit

from torchloupe.gui import theme
from torchloupe.gui.actions import Action
from torchloupe.gui.looking import copy_path, copy_rows, dotted_path, show_source, source_place
from torchloupe.gui.shell import Shell

Key = QKeySequence.StandardKey


class Commands(QObject):
    """Makes the table for one window."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell

    def table(self) -> tuple[Action, ...]:
        """All actions, in the order of the menus."""
        return (*self._file(), *self._edit(), *self._go(), *self._run(), *self._view(), *self._panels(), *self._help())

    def _file(self) -> tuple[Action, ...]:
        shell, dialogs, bench = self._shell, self._shell.dialogs, self._shell.workbench
        menu = self.tr("&File")
        return (
            Action(
                "open.checkpoint",
                self.tr("&Open checkpoint…"),
                dialogs.open_checkpoint,
                (Key.Open,),
                menu,
                self.tr("Open a checkpoint; nothing in it is executed"),
                "checkpoint",
                short=self.tr("Checkpoint"),
            ),
            Action(
                "open.model",
                self.tr("Open &model…"),
                dialogs.open_model,
                ("Ctrl+Shift+O",),
                menu,
                self.tr("Point at the file or module that defines the model"),
                "model",
                short=self.tr("Model"),
            ),
            Action(
                "open.example",
                self.tr("Try the &example"),
                dialogs.open_example,
                (),
                menu,
                self.tr("Open a small model and its checkpoint, in which some things are wrong"),
                "example",
                dialogs.has_example,
            ),
            Action(
                "reload",
                self.tr("&Reload"),
                shell.opening.reload,
                ("Ctrl+R",),
                menu,
                self.tr("Read the files again and construct the model in a new worker"),
                "reload",
                self._anything_open,
                group=True,
            ),
            Action(
                "close.checkpoint",
                self.tr("Close &checkpoint"),
                shell.opening.close_checkpoint,
                (),
                menu,
                when=lambda: bench.checkpoint is not None,
            ),
            Action(
                "close.model", self.tr("Close mo&del"), shell.opening.close_model, (), menu, when=lambda: bench.model is not None
            ),
            Action(
                "close.all",
                self.tr("Close &all"),
                self._close_all,
                ("Ctrl+W",),
                menu,
                self.tr("Close the checkpoint and the model"),
            ),
            Action("quit", self.tr("&Quit"), shell.window.close, ("Ctrl+Q",), menu, group=True),
        )

    def _anything_open(self) -> bool:
        return self._shell.workbench.checkpoint is not None or self._shell.workbench.model is not None

    def _close_all(self) -> None:
        self._shell.opening.close_checkpoint()
        self._shell.opening.close_model()
        self._shell.docks.show_start()

    def _edit(self) -> tuple[Action, ...]:
        shell, bench = self._shell, self._shell.workbench
        menu = self.tr("&Edit")
        return (
            Action(
                "edit.copy",
                self.tr("&Copy"),
                lambda: shell.say(copy_rows(shell.docks, shell.window.focusWidget())),
                (Key.Copy,),
                menu,
                self.tr("Copy the selected rows as tab-separated text"),
                "copy",
            ),
            Action(
                "edit.copy_path",
                self.tr("Copy dotted &path"),
                lambda: shell.say(copy_path(bench)),
                ("Ctrl+Shift+C",),
                menu,
                self.tr("Copy the key or module path of what is selected"),
                when=lambda: bool(dotted_path(bench.selection)),
            ),
            Action(
                "edit.filter",
                self.tr("&Filter this panel"),
                self._filter,
                (Key.Find,),
                menu,
                self.tr("Words, -word, [*,768] for a shape, dtype:bf16 for a column"),
                "search",
                group=True,
            ),
        )

    def _filter(self) -> None:
        if not self._shell.docks.focus_filter():
            self._shell.say(self.tr("This panel has no filter."))

    def _go(self) -> tuple[Action, ...]:
        shell, bench, history = self._shell, self._shell.workbench, self._shell.history
        menu = self.tr("&Go")

        def differs() -> bool:
            return bench.diff is not None and any(row.status != "matched" for row in bench.diff.rows)

        return (
            Action(
                "go.palette",
                self.tr("&Commands…"),
                shell.dialogs.palette,
                ("Ctrl+Shift+P",),
                menu,
                self.tr("Find a command by its name"),
            ),
            Action(
                "go.to",
                self.tr("&Go to…"),
                shell.dialogs.go_to,
                ("Ctrl+P",),
                menu,
                self.tr("Find a module, key, tensor or problem by a few of its letters"),
                "search",
                self._anything_open,
            ),
            Action(
                "go.back",
                self.tr("&Back"),
                history.back,
                ("Alt+Left",),
                menu,
                icon="back",
                when=lambda: history.can_go_back,
                group=True,
            ),
            Action(
                "go.forward",
                self.tr("&Forward"),
                history.forward,
                ("Alt+Right",),
                menu,
                icon="forward",
                when=lambda: history.can_go_forward,
            ),
            Action(
                "go.next_problem",
                self.tr("&Next problem"),
                partial(bench.step_problem, 1),
                ("F8",),
                menu,
                when=self._has_problems,
                group=True,
            ),
            Action(
                "go.previous_problem",
                self.tr("&Previous problem"),
                partial(bench.step_problem, -1),
                ("Shift+F8",),
                menu,
                when=self._has_problems,
            ),
            Action(
                "go.next_call",
                self.tr("Next ca&ll"),
                partial(bench.step_call, 1),
                ("Ctrl+Down",),
                menu,
                when=lambda: bool(bench.calls),
                group=True,
            ),
            Action(
                "go.previous_call",
                self.tr("Previous c&all"),
                partial(bench.step_call, -1),
                ("Ctrl+Up",),
                menu,
                when=lambda: bool(bench.calls),
            ),
            Action(
                "go.next_difference",
                self.tr("Next &difference"),
                partial(bench.step_difference, 1),
                ("Alt+Down",),
                menu,
                when=differs,
                group=True,
            ),
            Action(
                "go.previous_difference",
                self.tr("Previous d&ifference"),
                partial(bench.step_difference, -1),
                ("Alt+Up",),
                menu,
                when=differs,
            ),
            Action(
                "go.source",
                self.tr("Show source in &editor"),
                lambda: shell.say(show_source(bench)),
                ("Ctrl+E",),
                menu,
                self.tr("Open the file at the line of what is selected"),
                "editor",
                lambda: source_place(bench) is not None,
                group=True,
            ),
        )

    def _has_problems(self) -> bool:
        return bool(self._shell.workbench.problems)

    def _run(self) -> tuple[Action, ...]:
        shell, opening = self._shell, self._shell.opening
        menu = self.tr("&Run")
        return (
            Action(
                "run.forward",
                self.tr("Run &sample input"),
                opening.run_forward,
                ("F5",),
                menu,
                self.tr("Run one forward pass and watch every call"),
                "run",
                lambda: opening.can_run,
                short=self.tr("Run"),
            ),
            Action(
                "run.cancel",
                self.tr("&Cancel"),
                opening.cancel,
                ("Shift+F5",),
                menu,
                self.tr("Stop what runs; again to interrupt it, again to stop the worker"),
                "cancel",
                lambda: shell.jobs.busy,
            ),
            Action("run.escape", self.tr("Clear the filter, or cancel"), self._escape, ("Esc",)),
            Action(
                "run.arguments",
                self.tr("&Arguments…"),
                shell.dialogs.edit_arguments,
                (),
                menu,
                self.tr("Construct the model again with other arguments"),
                when=lambda: opening.target is not None,
                group=True,
            ),
            Action(
                "worker.interpreter",
                self.tr("Choose &interpreter…"),
                shell.dialogs.interpreter,
                (),
                menu,
                self.tr("Choose the Python that runs the model"),
                "interpreter",
            ),
            Action(
                "worker.restart",
                self.tr("&Restart worker"),
                shell.worker.restart,
                (),
                menu,
                self.tr("Start another process in place of the worker; what was captured stays"),
                "restart",
            ),
        )

    def _escape(self) -> None:
        field = self._shell.window.focusWidget()
        if isinstance(field, QLineEdit) and field.text() and not field.isReadOnly() and self._shell.docks.focused_panel():
            field.clear()
        else:
            self._shell.opening.cancel()

    def _view(self) -> tuple[Action, ...]:
        shell, docks = self._shell, self._shell.docks
        menu = self.tr("&View")

        def themed(name: str, text: str, group: bool = False) -> Action:
            tip = self.tr("Follow the desktop; light when it does not say") if name == "system" else ""
            run = partial(shell.set_theme, name)
            return Action(f"theme.{name}", text, run, (), menu, tip, checked=lambda: theme.mode() == name, group=group)

        return (
            Action(
                "view.left",
                self.tr("&Left side"),
                partial(docks.toggle_area, "left"),
                ("Ctrl+B",),
                menu,
                checked=lambda: docks.is_shown("left"),
            ),
            Action(
                "view.bottom",
                self.tr("&Bottom"),
                partial(docks.toggle_area, "bottom"),
                ("Ctrl+J",),
                menu,
                checked=lambda: docks.is_shown("bottom"),
            ),
            Action(
                "view.right",
                self.tr("&Right side"),
                partial(docks.toggle_area, "right"),
                (),
                menu,
                checked=lambda: docks.is_shown("right"),
            ),
            Action("view.start", self.tr("&Start page"), docks.show_start, (), menu),
            Action(
                "view.reset",
                self.tr("Reset la&yout"),
                docks.reset,
                (),
                menu,
                self.tr("Put all panels back where they were at first"),
            ),
            themed("light", self.tr("Ligh&t"), group=True),
            themed("dark", self.tr("Dar&k")),
            themed("system", self.tr("As the &desktop")),
            Action(
                "view.larger", self.tr("Larger te&xt"), partial(shell.set_text_size, 1), ("Ctrl+=", "Ctrl++"), menu, group=True
            ),
            Action("view.smaller", self.tr("S&maller text"), partial(shell.set_text_size, -1), ("Ctrl+-",), menu),
            Action("view.normal", self.tr("&Normal text"), partial(shell.set_text_size, 0), ("Ctrl+0",), menu),
            Action(
                "view.full_screen", self.tr("F&ull screen"), self._full_screen, ("F11",), menu, checked=shell.window.isFullScreen
            ),
        )

    def _full_screen(self) -> None:
        window = self._shell.window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _panels(self) -> tuple[Action, ...]:
        docks = self._shell.docks
        menu = self.tr("&View")
        places = [place for place in docks.places.values() if place.id != "start"]
        return tuple(
            Action(
                f"panel.{place.id}",
                f"&{number} {place.title}",
                partial(docks.focus_panel, place.id),
                (f"Alt+{number}",),
                menu,
                self.tr("Go to the panel {0}").format(place.title),
                group=number == 1,
            )
            for number, place in enumerate(places, start=1)
        )

    def _help(self) -> tuple[Action, ...]:
        dialogs = self._shell.dialogs
        menu = self.tr("&Help")
        return (
            Action(
                "help.keys",
                self.tr("&Keys and commands"),
                dialogs.keys,
                ("F1",),
                menu,
                self.tr("All commands with their keys"),
                "help",
            ),
            Action("help.about", self.tr("&About Torchloupe"), dialogs.about, (), menu),
        )
