"""Commands of the menu Run: the sample input, and the worker it runs in."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from torchloupe.analysis.fixes_to_try import all_fixes, can_try, fixes_to_try, patch_of_all
from torchloupe.gui.actions import Action
from torchloupe.gui.settings import OPERATIONS
from torchloupe.gui.shell import Shell
from torchloupe.wire.mismatches import TriedFix


class RunCommands(QObject):
    """Run, cancel, construct anew, choose and restart the worker."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&Run")
        shell.workbench.trial_wanted.connect(self._try)
        shell.workbench.operations.want(shell.settings.text(OPERATIONS, "0") == "1")

    def running(self) -> tuple[Action, ...]:
        """A run, and the ways out of it."""
        opening, jobs, menu = self._shell.opening, self._shell.jobs, self._menu
        run_tip = self.tr("Run one forward pass and watch every call")
        cancel_tip = self.tr("Stop what runs; again to interrupt it, again to stop the worker")
        live, live_tip = self._shell.live, self.tr("Saving a file of the model runs again what is on screen")

        def can_run() -> bool:
            return opening.can_run

        def has_run() -> bool:
            return self._shell.workbench.report is not None

        def has_calls() -> bool:
            return bool(self._shell.workbench.calls)

        def is_busy() -> bool:
            return jobs.busy

        operations, seen = self._shell.workbench.operations, self.tr("Operations &between the calls")
        seen_tip = self.tr(
            "Show what runs between the calls, such as F.relu, torch.cat and x + y, with its line; the next run tells them"
        )
        runs_tip = self.tr("Lay an earlier run beside the last one: the first call that differs, and by how much")
        depth_tip = self.tr("Mean, spread, zeros, time, memory and FLOPs call by call as a plot, with what stands out")
        options_tip = self.tr("Gradients, autocast, statistics, seed and time limit of the next run")
        run, modes = self.tr("Run &sample input"), self.tr("&Train against eval mode…")
        modes_tip = self.tr("Run the same input in both modes: which call differs first, why, and how the difference grows")
        return (
            Action("run.forward", run, opening.run_forward, ("F5",), menu, run_tip, "run", can_run, short=self.tr("Run")),
            Action("run.cancel", self.tr("&Cancel"), opening.cancel, ("Shift+F5",), menu, cancel_tip, "cancel", is_busy),
            Action("run.escape", self.tr("Clear the filter, or cancel"), self._escape, ("Esc",)),
            Action(
                "run.operations",
                seen,
                self._toggle_operations,
                ("Ctrl+Shift+B",),
                menu,
                seen_tip,
                checked=lambda: operations.wanted,
                short=self.tr("Operations"),
            ),
            Action("run.options", self.tr("Run &options…"), self._shell.dialogs.run_options, (), menu, options_tip),
            Action("run.compare_runs", self.tr("Compare ru&ns"), self._compare_runs, (), menu, runs_tip, when=has_run),
            Action("run.depth", self.tr("Numbers over &depth"), self._depth, ("Ctrl+Shift+N",), menu, depth_tip, when=has_calls),
            Action("run.compare_modes", modes, self._shell.dialogs.compare_modes, (), menu, modes_tip, when=can_run),
            Action(
                "run.live", self.tr("&Live reload"), live.toggle, ("Ctrl+Shift+R",), menu, live_tip, checked=lambda: live.is_on
            ),
        )

    def sweeping(self) -> tuple[Action, ...]:
        """Runs with repairs, and many on shapes alone."""
        opening, dialogs = self._shell.opening, self._shell.dialogs
        tip = self.tr(
            "Run the model on shapes alone with other batch sizes, sides and lengths: which ones it takes, and what breaks it"
        )
        sizes = self.tr("Si&zes that it runs with…")
        fix, fixes = self.tr("Tr&y the fix"), self.tr("Try all fi&xes together")
        patch = self.tr("Copy patc&h of all fixes")
        patch_tip = self.tr("One unified diff with the first fix of each problem, for git apply")
        fix_tip = self.tr("Run the model with the first fix of the selected problem, which is gone after the run")
        fixes_tip = self.tr("Run the model with the first fix of each problem, all of which are gone after the run")
        return (
            Action("run.try_fix", fix, self._try_fix, ("Ctrl+Shift+T",), self._menu, fix_tip, when=lambda: bool(self._fix())),
            Action("run.try_all", fixes, self._try_all, (), self._menu, fixes_tip, when=lambda: bool(self._all_fixes())),
            Action("run.copy_patch", patch, self._copy_patch, (), self._menu, patch_tip, when=lambda: bool(self._patch())),
            Action("run.sweep", sizes, dialogs.sweep, (), self._menu, tip, when=lambda: opening.can_run),
        )

    def _fix(self) -> tuple[TriedFix, ...]:
        problem = self._shell.workbench.selection.problem
        if problem is None or not self._shell.opening.can_run:
            return ()
        return next((fixes_to_try(problem, fix) for fix in problem.fixes if can_try(fix)), ())

    def _all_fixes(self) -> tuple[TriedFix, ...]:
        return all_fixes(self._shell.workbench.problems) if self._shell.opening.can_run else ()

    def _patch(self) -> str:
        return patch_of_all(self._shell.workbench.problems)

    def _copy_patch(self) -> None:
        QGuiApplication.clipboard().setText(self._patch())
        self._shell.say(self.tr("The patch is on the clipboard."))

    def _try_fix(self) -> None:
        self._try(self._fix())

    def _try_all(self) -> None:
        self._try(self._all_fixes())

    def _try(self, fixes: tuple[TriedFix, ...]) -> None:
        """One pass with repairs, which are gone after it."""
        opening, model = self._shell.opening, self._shell.workbench.model
        if fixes and opening.can_run and opening.constructed and model is not None:
            opening.running.start(model, opening.options, fixes)

    def worker(self) -> tuple[Action, ...]:
        """What the model is constructed with, and where."""
        dialogs, opening, menu = self._shell.dialogs, self._shell.opening, self._menu
        arguments_tip = self.tr("Construct the model again with other arguments")
        interpreter_tip = self.tr("Choose the Python that runs the model")
        worker_tip = self.tr("What the worker is, what it does, and why it ended")
        restart_tip = self.tr("Start another process in place of the worker; what was captured stays")
        interpreter, restart = self.tr("Choose &interpreter…"), self.tr("&Restart worker")

        def has_target() -> bool:
            return opening.target is not None

        def can_solve() -> bool:
            return opening.target is not None and opening.workbench.checkpoint is not None

        arguments, solve = self.tr("&Arguments…"), self.tr("&Work out arguments…")
        solve_tip = self.tr("Find the arguments with which the model has the keys and shapes of the open checkpoint")
        return (
            Action("run.arguments", arguments, dialogs.edit_arguments, (), menu, arguments_tip, when=has_target, group=True),
            Action("run.solve_arguments", solve, dialogs.solve_arguments, (), menu, solve_tip, when=can_solve),
            Action("worker.show", self.tr("Wor&ker…"), dialogs.worker, ("Ctrl+Shift+K",), menu, worker_tip),
            Action("worker.interpreter", interpreter, dialogs.interpreter, (), menu, interpreter_tip, "interpreter"),
            Action("worker.restart", restart, self._shell.worker.restart, (), menu, restart_tip, "restart"),
        )

    def _compare_runs(self) -> None:
        self._shell.docks.raise_panel("runs")

    def _depth(self) -> None:
        self._shell.docks.focus_panel("depth")

    def _toggle_operations(self) -> None:
        operations = self._shell.workbench.operations
        operations.want(not operations.wanted)
        self._shell.settings.set_text(OPERATIONS, "1" if operations.wanted else "0")

    def _escape(self) -> None:
        field = self._shell.window.focusWidget()
        if isinstance(field, QLineEdit) and field.text() and not field.isReadOnly() and self._shell.docks.focused_panel():
            field.clear()
        else:
            self._shell.opening.cancel()
