"""A model that was refused is opened again with what mends it; a checkpoint that holds a whole model is loaded for real."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.shell import Shell
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Fix
from torchloupe.wire.requests import Failed, OpenTarget

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


def runs_code(contents: CheckpointContents | None) -> bool:
    """Is it a file that torch loads by running what is in it?"""
    return contents is not None and (bool(contents.globals) or any(word in contents.format.lower() for word in _RUN_CODE))


class OpenAgain(QObject):
    """Two commands of the menu File, and the question about a file that needs trust."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._opening, self._bench, self._say = shell.opening, shell.workbench, shell.say
        self._interpreter = shell.dialogs.interpreter
        shell.opening.refused.connect(self._refused)

    def actions(self) -> tuple[Action, ...]:
        """The commands."""
        menu = self.tr("&File")
        real_tip = self.tr("Load the open file with torch, which runs the code in it, and show the model that it holds")
        fix_tip = self.tr("Apply what the selected problem offers, and open the model again")
        real = Action("open.for_real", self.tr("&Load for real…"), self.load_for_real, (), menu, real_tip, group=True)
        fix = Action("open.with_fix", self.tr("Open again with the f&ix"), self.apply_fix, ("Ctrl+Shift+F",), menu, fix_tip)
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
        fix, request = self._fix(), self._opening.attempt
        if fix is None or request is None:
            return
        if fix.kind == "choose_interpreter":
            self._interpreter()
            return
        mended = with_fix(request, fix)
        if mended is not None:
            self._opening.construct(mended)

    def _fix(self) -> Fix | None:
        problem = self._bench.selection.problem
        if problem is None or self._opening.attempt is None:
            return None
        known = ("choose_interpreter", "add_to_path", "set_working_folder", "allow_downloads")
        return next((fix for fix in problem.fixes if fix.kind in known), None)

    def _refused(self, failed: Failed) -> None:
        request = self._opening.attempt
        problem = failed.problems[0] if failed.problems else None
        if request is None or problem is None or problem.code != NEEDS_TRUST or problem.file is None:
            return
        if self._opening.trust.allows_file(Path(problem.file), problem):
            self._opening.construct(replace(request, trusted=True))
        else:
            self._say(self.tr("{0} was not loaded: it is not trusted.").format(Path(problem.file).name))
