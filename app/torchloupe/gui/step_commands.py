"""The command that takes a training step."""

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.shell import Shell
from torchloupe.gui.stepping import Stepping


class StepCommands(QObject):
    """Takes a step, and shows the columns that say what it did."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._stepping = Stepping(shell.opening, self)
        self._stepping.finished.connect(self._show)

    def training(self) -> tuple[Action, ...]:
        """The step."""
        text, menu = self.tr("Run one trainin&g step"), self.tr("&Run")
        tip = self.tr("Which weights move in one step of training, which do not, and why; the model stays as it is")
        return (Action("run.step", text, self._stepping.step, ("F6",), menu, tip, when=lambda: self._stepping.can_step),)

    def _show(self) -> None:
        from torchloupe.gui.modules.panel import ModulesPanel

        if self._shell.workbench.steps.report is None:
            return
        self._shell.docks.raise_panel("step")
        panel = self._shell.docks.panels["modules"].inside()
        assert isinstance(panel, ModulesPanel)
        panel.show_motions()
