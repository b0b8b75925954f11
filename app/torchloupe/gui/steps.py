"""The last training step of the open model: what it did to each parameter. Panels follow it through the workbench."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal, SignalInstance

from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.steps import ParameterMotion, RunStep, StepReport


class Steps(QObject):
    """Belongs to the workbench: another model, or other values in it, has taken no step yet."""

    changed = Signal()

    def __init__(self, parent: QObject, tree: Callable[[], ModuleTree], over: Sequence[SignalInstance]) -> None:
        """After each signal of ``over`` the step is of another model."""
        super().__init__(parent)
        self._tree = tree
        self.report: StepReport | None = None
        self.request = RunStep()
        self.failed: tuple[Problem, ...] = ()
        self.motions: Mapping[str, ParameterMotion] = {}
        for signal in over:
            signal.connect(self._forget)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the step found, or why there was none."""
        return self.report.problems if self.report is not None else self.failed

    def problems_beside(self, known: Sequence[Problem]) -> list[Problem]:
        """Those that are not ``known``, nor follow from what is."""
        if not self.problems:
            return []
        from torchloupe.analysis.step.beside import new_problems  # after the first picture

        return new_problems(self.problems, known)

    def take(self, report: StepReport | None, failed: tuple[Problem, ...] = (), request: RunStep | None = None) -> None:
        """A step was taken as in ``request``, or could not be."""
        self.report, self.failed, self.request = report, failed, request or RunStep()
        self.motions = self._by_key(report) if report is not None else {}
        self.changed.emit()

    def _by_key(self, report: StepReport) -> Mapping[str, ParameterMotion]:
        """Each motion under every key of its parameter."""
        found = {each.key: each for each in report.parameters}
        for entry in self._tree().parameters:
            for key in entry.tied_to if entry.key not in found else ():
                if key in found:
                    found[entry.key] = found[key]
        return found

    def _forget(self) -> None:
        if self.report is not None or self.failed:
            self.take(None)
