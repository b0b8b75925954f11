"""The runs of this session, kept so that each can be laid beside another: what was run, how, and its calls."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.wording import counted, seconds_text, shape_text
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.requests import RunForward
from torchloupe.wire.traces import ForwardReport, LayerCall

MOST_RUNS = 20
MOST_CALLS = 200_000
"""Of all runs that are kept; the oldest go first."""


@dataclass(frozen=True)
class KeptRun:
    """One run. ``number`` counts them in this session; ``weights`` says whose values the model had, ``tree`` what it was then.
    ``earlier``: it was in the last session."""

    number: int
    at: str
    target: str
    request: RunForward
    report: ForwardReport
    calls: tuple[LayerCall, ...]
    weights: str = ""
    tree: ModuleTree | None = None
    earlier: bool = False

    @property
    def name(self) -> str:
        """``run 3``."""
        return f"run {self.number} from last session" if self.earlier else f"run {self.number}"

    @property
    def text(self) -> str:
        """What it was, in one line."""
        shapes = " ".join(shape_text(meta.shape) for meta in self.report.inputs)
        errors = sum(problem.severity == "error" for problem in self.report.problems)
        parts = [
            self.name,
            *self._options(),
            self.weights,
            shapes,
            self.report.device,
            counted(errors, "error") if errors else "",
        ]
        parts += [counted(len(self.calls), "call"), seconds_text(self.report.seconds), self.target, self.at]
        return "  ·  ".join(part for part in parts if part)

    def _options(self) -> list[str]:
        asked = self.request
        parts = [
            asked.mode or "",
            f"autocast {asked.autocast}" if asked.autocast else "",
            f"compiled with {asked.compile}" if asked.compile else "",
            f"seed {asked.seed}" if asked.seed else "",
        ]
        parts += [f"as {asked.dtype}"] if asked.dtype else []
        return parts + ["no gradients" if asked.grad is False else ""]


class RunHistory(QObject):
    """Follows the workbench: each run that ended is kept, newest last."""

    changed = Signal()

    def __init__(
        self, workbench: Workbench, parent: QObject | None = None, clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S")
    ) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._clock = clock
        self._count = 0
        self.runs: list[KeptRun] = []
        workbench.trace_changed.connect(self._keep)

    def _keep(self) -> None:
        bench = self._workbench
        report = bench.report
        if bench.running or report is None or bench.model is None or any(run.report is report for run in self.runs):
            return
        self._count += 1
        target = bench.model.target
        name = target if not bench.model.file else os.path.basename(bench.model.file) + ":" + bench.model.name
        calls, weights = tuple(bench.calls.values()), bench.weights.text_of_run(report, False)
        self.runs.append(KeptRun(self._count, self._clock(), name, bench.asked, report, calls, weights, bench.tree))
        while len(self.runs) > 2 and (len(self.runs) > MOST_RUNS or sum(len(run.calls) for run in self.runs) > MOST_CALLS):
            self.runs.pop(0)
        self.changed.emit()

    def take_earlier(self, runs: Sequence[KeptRun]) -> None:
        """Those of the last session come before those of this one."""
        if runs:
            self.runs = [*runs, *(run for run in self.runs if not run.earlier)]
            self.changed.emit()

    def is_shown(self, run: KeptRun) -> bool:
        """Whether it is the one whose calls the other panels show."""
        return run.report is self._workbench.report
