"""One training step: a request to the worker, and what it found - into the workbench."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.wording import counted, number_text
from torchloupe.gui.events_trace import trace
from torchloupe.gui.opening import Opening
from torchloupe.wire.problems import INFO
from torchloupe.wire.requests import Failed, OpenedTarget
from torchloupe.wire.steps import RunStep, StepReport

STEP = "step"
"""Tag of the job."""


@dataclass(frozen=True)
class StepOptions:
    """How the next step is made; see ``RunStep``. None is as the file has it."""

    loss: str | None = None
    target: str | None = None
    optimizer: str | None = None
    optimizer_arguments: dict[str, Any] = field(default_factory=dict)
    steps: int = 1
    accumulate: int = 1
    autocast: str | None = None
    keep: bool = False


class Stepping(QObject):
    """Takes a step of the open model with the input, device and mode of its runs; constructs it anew first when the worker was replaced."""

    finished = Signal()

    def __init__(self, opening: Opening, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opening, self._bench, self._jobs = opening, opening.workbench, opening.jobs
        self.options = StepOptions()
        self._waits: tuple[str, ...] | None = None
        opening.opened.connect(self._opened)
        self._bench.model_changed.connect(lambda: self._jobs.drop(STEP))

    @property
    def can_step(self) -> bool:
        """There is a model, and nothing else is done with it."""
        return self._opening.can_run and not self._jobs.runs(STEP)

    def step(self, prove: tuple[str, ...] = ()) -> None:
        """Take one step; replay it for the parameters of ``prove`` with what holds them taken away."""
        model, target = self._bench.model, self._opening.target
        if model is None or target is None:
            self._opening.said.emit(self.tr("There is no model to train. Open one first."))
        elif self._opening.constructed:
            self._start(model, prove)
        else:
            self._waits = prove
            self._opening.construct(target, keep_calls=True)

    def _opened(self, kind: str, _what: str) -> None:
        if kind == "model" and self._waits is not None and self._bench.model is not None:
            prove, self._waits = self._waits, None
            self._start(self._bench.model, prove)

    def _start(self, model: OpenedTarget, prove: tuple[str, ...]) -> None:
        if self._opening.running.first(partial(self._start, model, prove)):
            return
        run, options = self._opening.options, self.options
        request = RunStep(run.inputs, run.device, run.mode, prove=prove, **vars(options))
        label = self.tr("replaying the step of {0}") if prove else self.tr("training {0} for a step")
        request = replace(request, keep=options.keep and not prove)
        self._jobs.start(
            request,
            done=partial(self._done, model, request),
            failed=self._failed,
            tag=STEP,
            label=label.format(model.class_name),
        )

    def _done(self, model: OpenedTarget, request: RunStep, report: StepReport) -> None:
        if self._bench.model is not model:
            return
        self._bench.steps.take(report, request=request)
        moved = sum(each.moved for each in report.parameters)
        tried = [each.proven for each in report.parameters if each.proven is not None]
        problems = [each.code for each in report.problems]
        trace("step_finished", moved=moved, of=len(report.parameters), problems=problems, proven=[sum(tried), len(tried)])
        text = self.tr("{0} of {1} moved").format(moved, counted(len(report.parameters), "parameter"))
        if report.loss_before is not None and report.loss_after is not None:
            loss = self.tr("loss {0} → {1}").format(number_text(report.loss_before), number_text(report.loss_after))
            text = f"{text}, {loss}"
        if tried:
            text = self.tr("{0} of {1} moved once the cause was taken away").format(sum(tried), len(tried))
        if report.kept:
            text = self.tr("{0}; the model keeps it").format(text)
        if report.side_effects:
            from torchloupe.analysis.step.wording import effects_text  # after the first picture

            text += f". {effects_text(report)}"
        self._opening.said.emit(text)
        self._select(tuple(each for each in report.problems if each.severity != INFO))
        self.finished.emit()

    def _failed(self, failed: Failed) -> None:
        trace("step_failed", cancelled=failed.cancelled, problems=[each.code for each in failed.problems])
        if failed.cancelled:
            self._opening.said.emit(self.tr("The step was cancelled; the model is as it was."))
        elif failed.problems:
            self._bench.steps.take(None, failed.problems)
            self._opening.said.emit(failed.problems[0].message)
            self._select(failed.problems)
        self.finished.emit()

    def _select(self, problems: tuple[object, ...]) -> None:
        for problem in self._bench.problems:
            if problem in problems:
                self._bench.select_problem(problem)
                return
