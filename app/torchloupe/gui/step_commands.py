"""The command that takes a training step."""

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.shell import Shell
from torchloupe.gui.stepping import StepOptions, Stepping

OPTIMIZERS = "optimizers"
"""Tag of the job."""


class StepCommands(QObject):
    """Takes a step, and shows the columns that say what it did."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._stepping = Stepping(shell.opening, self)
        self._stepping.finished.connect(self._show)

    def training(self) -> tuple[Action, ...]:
        """The step, how it is made, and the proof of what it says."""
        text, menu = self.tr("Run one trainin&g step"), self.tr("&Run")
        tip = self.tr("Which weights move in one step of training, which do not, and why; the model stays as it is")
        options_tip = self.tr("Loss, target, optimizer, number of steps, accumulation and autocast of the next step")
        prove_tip = self.tr(
            "Take the cause away in a copy of the step - unfreeze, skip the detach - and see whether the weight moves"
        )
        return (
            Action("run.step", text, self._stepping.step, ("F6",), menu, tip, when=lambda: self._stepping.can_step),
            Action("run.prove", self.tr("Prov&e it"), self._prove, ("Shift+F6",), menu, prove_tip, when=self._can_prove),
            Action("run.step_options", self.tr("Loss and optimizer o&f the step…"), self._ask_options, (), menu, options_tip),
        )

    def _can_prove(self) -> bool:
        report = self._shell.workbench.steps.report
        if report is None or not self._stepping.can_step:
            return False
        from torchloupe.analysis.step.motion_series import unproven  # after the first picture

        return bool(unproven(report.parameters))

    def _prove(self) -> None:
        """The cause of the selected parameter, with all that share it; of every one where the selected one moved."""
        from torchloupe.analysis.step.motion_series import keys_to_prove

        report = self._shell.workbench.steps.report
        if report is not None:
            self._stepping.step(keys_to_prove(report.parameters, self._shell.workbench.selection.parameter))

    def _ask_options(self) -> None:
        from torchloupe.gui.step_options.dialog import StepOptionsDialog
        from torchloupe.wire.optimizers import ListOptimizers

        dialog = StepOptionsDialog(self._shell.window, self._stepping.options, self._choose)
        if self._shell.opening.constructed:
            self._shell.jobs.start(
                ListOptimizers(),
                done=lambda answer: dialog.show_classes(answer.classes),
                failed=lambda _: None,
                tag=OPTIMIZERS,
                label=self.tr("listing optimizers"),
                owner=dialog,
            )
        dialog.open()

    def _choose(self, options: StepOptions) -> None:
        self._stepping.options = options

    def _show(self) -> None:
        from torchloupe.gui.modules.panel import ModulesPanel

        if self._shell.workbench.steps.report is None:
            return
        self._shell.docks.raise_panel("step")
        panel = self._shell.docks.panels["modules"].inside()
        assert isinstance(panel, ModulesPanel)
        panel.show_motions()
