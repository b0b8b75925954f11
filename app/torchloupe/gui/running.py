"""One forward pass: a request to the worker, its calls as they end, and how it ended - into the workbench."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.fixes_to_try import tried_sentence
from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui import judging
from torchloupe.gui.axes import keep_axis_names
from torchloupe.gui.events_trace import trace
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.run_numbers import keep_numbers
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.mismatches import MismatchSeen, TriedFix, TryFixes
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, CallsMeasured, Failed, OpenedTarget, RunForward
from torchloupe.wire.traces import ForwardReport

RUN = "run"
"""Tag of the job."""


@dataclass(frozen=True)
class RunOptions:
    """What a person chose for the next run: input specs, device and mode (None: as the model is), and the rest as in ``RunForward``."""

    inputs: tuple[str, ...] = ()
    device: str | None = None
    mode: str | None = None
    shapes_only: bool = False
    operations: bool = False
    grad: bool | None = None
    autocast: str | None = None
    statistics: bool = True
    seed: int = 0
    time_limit: float | None = None
    dtype: str | None = None
    compile: str | None = None

    @property
    def unusual(self) -> str:
        """What of it the tool bar has no field for and is not as usual: ``no gradients, autocast bfloat16``."""
        parts = ["no gradients"] if self.grad is False else []
        parts += [f"as {self.dtype}"] if self.dtype else []
        parts += [f"autocast {self.autocast}"] if self.autocast else []
        parts += [f"compiled with {self.compile}"] if self.compile else []
        parts += [] if self.statistics else ["no statistics"]
        parts += [f"seed {self.seed}"] if self.seed else []
        parts += [f"at most {self.time_limit:g} s"] if self.time_limit else []
        return ", ".join(parts)

    def request(self) -> RunForward:
        """The question to the worker."""
        return RunForward(
            self.inputs,
            self.device,
            self.mode,
            self.seed,
            self.shapes_only,
            self.operations,
            self.grad,
            self.autocast,
            self.statistics,
            self.time_limit,
            self.dtype,
            self.compile,
        )


class Running(QObject):
    """Starts runs; whatever happens to one, what was captured stays."""

    said = Signal(str)
    finished = Signal()

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._jobs = jobs
        self.options = RunOptions()  # of the last run
        self.first: Callable[[Callable[[], object]], bool] = lambda _run: (
            False
        )  # true when the run has to wait, and is called later

    def start(self, model: OpenedTarget, options: RunOptions, tried: tuple[TriedFix, ...] = ()) -> None:
        """Run the model that the worker holds, once it has the values that it is to have, with repairs that are to be tried."""
        if self.first(partial(self.start, model, options, tried)):
            return
        self.options = options = replace(options, operations=self._workbench.operations.wanted)
        self._workbench.begin_run(options.request(), tried)
        self._jobs.start(
            TryFixes(options.request(), tried) if tried else options.request(),
            done=self._done,
            failed=self._failed,
            events=self._calls_ended,
            tag=RUN,
            label=self.tr("running {0}").format(model.class_name),
        )

    def _calls_ended(self, messages: list[Any]) -> None:
        calls = [call for message in messages if isinstance(message, CallsFinished) for call in message.calls]
        if calls and self._workbench.running:
            self._workbench.add_calls(calls)
        for message in messages:
            if isinstance(message, CallsMeasured) and self._workbench.running:
                measured = {call.index: call for call in message.calls}
                self._workbench.calls = {**self._workbench.calls, **measured}  # shown when the run ends, which is now
            elif isinstance(message, MismatchSeen) and self._workbench.running:
                self._workbench.foresee(message.problem)
        if self._workbench.running:
            self._workbench.operations.hear(messages)

    def _done(self, report: ForwardReport) -> None:
        self._judge(report, partial(self._end, report))

    def _failed(self, failed: Failed) -> None:
        self._judge(None, partial(self._break_off, failed))

    def _judge(self, report: ForwardReport | None, end: Callable[[Sequence[Problem] | None], None]) -> None:
        """Then ``end`` with what the calls show; with None where they are so few that it can be seen when it is shown."""
        calls = self._workbench.calls
        if len(calls) <= judging.MANY_CALLS:
            end(None)
            return
        self._jobs.start(
            judging.JudgeRun(
                calls,
                (report and report.materialised) or self._workbench.tree,
                report.kept_bytes if report is not None else (),
                tuple(self._workbench.operations.found.values()),
            ),
            done=partial(self._judged, report, calls, end),
            failed=lambda broken: end(broken.problems),
            tag=RUN,
            label=self.tr("looking at {0}").format(counted(len(calls), "call")),
        )

    def _judged(
        self,
        report: ForwardReport | None,
        calls: object,
        end: Callable[[Sequence[Problem]], None],
        judged: judging.JudgedRun,
    ) -> None:
        if self._workbench.calls is calls:  # else another model was opened meanwhile
            keep_axis_names(self._workbench, judged.axes)
            keep_numbers(self._workbench, report, judged.numbers)
            end(judged.problems)

    def _end(self, report: ForwardReport, found: Sequence[Problem] | None) -> None:
        self._workbench.end_run(report, found)
        errors = sum(problem.severity == "error" for problem in report.problems)
        codes = [problem.code for problem in report.problems]
        trace("run_finished", calls=len(self._workbench.calls), problems=codes, errors=errors)
        calls, problems = counted(len(self._workbench.calls), "call"), counted(len(report.problems), "problem")
        said = self.tr("{0} in {1}, {2} in the run").format(calls, seconds_text(report.seconds), problems)
        self.said.emit(self._tried(report) if self._workbench.tried else said)
        self.finished.emit()

    def _tried(self, report: ForwardReport) -> str:
        """What came of a trial: it passes, or what is next."""
        tried, errors = (
            plain_text(tried_sentence(self._workbench.tried)),
            [each for each in report.problems if each.severity == "error"],
        )
        if errors:
            return self.tr("Tried: {0}. Next: {1}").format(tried, plain_text(errors[0].message))
        return self.tr("Tried: {0}. The model runs to its end.").format(tried)

    def _break_off(self, failed: Failed, found: Sequence[Problem] | None) -> None:
        self._workbench.fail_run(failed.problems, found)
        calls, codes = len(self._workbench.calls), [problem.code for problem in failed.problems]
        trace("run_failed", cancelled=failed.cancelled, calls=calls, problems=codes)
        if failed.cancelled:
            self.said.emit(self.tr("Cancelled after {0}; what was captured stays on screen.").format(counted(calls, "call")))
        elif failed.problems:
            self.said.emit(failed.problems[0].message)
        if failed.problems:
            self._workbench.select_problem(failed.problems[0])
        self.finished.emit()
