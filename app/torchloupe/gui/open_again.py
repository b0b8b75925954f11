"""A model that was refused is opened again with what mends it; a checkpoint that holds a whole model is loaded for real."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from torchloupe.analysis.package_names import CHOOSE, wanted_python, with_holders
from torchloupe.analysis.target_source import split_target
from torchloupe.gui.actions import Action
from torchloupe.gui.jobs import Reporter
from torchloupe.gui.opening import TARGET
from torchloupe.gui.shell import Shell
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenTarget

if TYPE_CHECKING:
    from torchloupe.session.discovery import Interpreter

NEEDS_TRUST = "needs-trust"
_RUN_CODE = ("torchscript", "torch.export")


def with_fix(request: OpenTarget, fix: Fix) -> OpenTarget | None:
    """The request with a fix in it; None when this kind of fix is nothing that a request can hold."""
    if fix.kind == "add_to_path":
        return replace(request, import_folders=(*request.import_folders, str(fix.value)))
    if fix.kind == "set_working_folder":
        return replace(request, working_folder=str(fix.value))
    if fix.kind == "allow_downloads":
        return replace(request, allow_downloads=True)
    return None


@dataclass(frozen=True)
class FindHolders:
    """Job: which interpreters have the module, or the version of Python, that a model lacks?"""

    wanted: str
    near: Path | None
    current: str

    def __call__(self, progress: Reporter) -> "list[Interpreter]":
        from torchloupe.session.wanted_python import interpreters_with  # hardly ever needed, and not at the start

        progress(0, 0, f"looking for an interpreter with {self.wanted}")
        return interpreters_with(self.wanted, self.near, self.current)


def runs_code(contents: CheckpointContents | None) -> bool:
    """Is it a file that torch loads by running what is in it?"""
    return contents is not None and (bool(contents.globals) or any(word in contents.format.lower() for word in _RUN_CODE))


class OpenAgain(QObject):
    """Two commands of the menu File, and the question about a file that needs trust."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._opening, self._bench, self._say = shell.opening, shell.workbench, shell.say
        self._dialogs = shell.dialogs
        self._settings = shell.settings
        shell.opening.folders_of = shell.settings.import_folders_of
        shell.opening.refused.connect(self._refused)
        shell.opening.opened.connect(self._opened)

    def actions(self) -> tuple[Action, ...]:
        """The commands."""
        menu = self.tr("&File")
        real_tip = self.tr("Load the open file with torch, which runs the code in it, and show the model that it holds")
        fix_tip = self.tr("Apply what the selected problem offers, and open the model again")
        real = Action("open.for_real", self.tr("&Load for real…"), self.load_for_real, (), menu, real_tip, group=True)
        fix = Action("open.with_fix", self.tr("Open again with the f&ix"), self.apply_fix, ("Ctrl+Shift+Y",), menu, fix_tip)
        return (
            replace(real, when=lambda: runs_code(self._bench.checkpoint)),
            replace(fix, when=lambda: self._fix() is not None),
        )

    def load_for_real(self) -> None:
        """Open the file of the open checkpoint as the model."""
        if self._bench.checkpoint is not None:
            path = Path(self._bench.checkpoint.path)
            trusted = self._opening.trust.knows_file(path)
            self._opening.construct(OpenTarget(str(path), device=self._opening.options.device, trusted=trusted))

    def apply_fix(self) -> None:
        """Open what was refused once more, mended."""
        from torchloupe.analysis.diff_problems import SOLVE  # after the first picture

        fix, request = self._fix(), self._opening.attempt
        if fix is None or request is None:
            return
        if fix.kind == CHOOSE:
            self._dialogs.interpreter_with(str(fix.argument or fix.value), partial(self._opening.construct, request))
            return
        if fix.kind == SOLVE:
            self._dialogs.solve_arguments()
            return
        mended = with_fix(request, fix)
        if mended is not None:
            self._opening.construct(mended)

    def _fix(self) -> Fix | None:
        problem = self._bench.selection.problem
        if problem is None or self._opening.attempt is None:
            return None
        from torchloupe.analysis.diff_problems import SOLVE

        known = (CHOOSE, SOLVE, "add_to_path", "set_working_folder", "allow_downloads")
        return next((fix for fix in problem.fixes if fix.kind in known), None)

    def _opened(self, kind: str, _what: str) -> None:
        """The folders that its imports were found in are known the next time."""
        if kind == "model" and self._opening.target is not None:
            place = split_target(self._opening.target.target)[0]
            self._settings.remember_import_folders(place, self._opening.target.import_folders)

    def _refused(self, failed: Failed) -> None:
        request = self._opening.attempt
        problem = failed.problems[0] if failed.problems else None
        if request is not None and problem is not None and not self._opening.worker.is_remote:
            self._find_holders(request, failed.problems)
        if request is None or problem is None or problem.code != NEEDS_TRUST or problem.file is None:
            return
        file = Path(problem.file)
        self._opening.trust.find_out_file(file, problem, partial(self._trust_known, request, file))

    def _trust_known(self, request: OpenTarget, file: Path, is_trusted: bool) -> None:
        if is_trusted:
            self._opening.construct(replace(request, trusted=True))
        else:
            self._say(self.tr("{0} was not loaded: it is not trusted.").format(file.name))

    def _find_holders(self, request: OpenTarget, problems: tuple[Problem, ...]) -> None:
        """Look in the background for the interpreter that has what is missing in this one."""
        problem = problems[0]
        wanted, place = wanted_python(problem), split_target(request.target)[0]
        if wanted is not None:
            near = Path(place).parent if place.endswith(".py") else None
            self._opening.jobs.start(
                FindHolders(wanted, near, self._opening.worker.interpreter),
                done=lambda holders: self._tell(problems, with_holders(problem, wanted, holders)),
                tag="wanted interpreter",
                label=self.tr("looking for an interpreter with {0}").format(wanted),
            )

    def _tell(self, problems: tuple[Problem, ...], told: Problem) -> None:
        """The problem says more now; when it is looked at, it stays so."""
        if problems[0] in self._bench.problems:
            is_shown = self._bench.selection.problem == problems[0]
            self._bench.report_problems(TARGET, (told, *problems[1:]))
            if is_shown:
                self._bench.select_problem(told)
