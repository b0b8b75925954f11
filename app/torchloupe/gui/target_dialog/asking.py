"""What the target dialog asks of the worker: what a class takes, and which arguments the open checkpoint needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.argument_sources import stored_arguments, wanted_tensors
from torchloupe.analysis.target_source import split_target
from torchloupe.checkpoints.config_beside import config_beside
from torchloupe.gui.jobs import Progress
from torchloupe.gui.opening import Opening
from torchloupe.gui.plain_text import plain_text
from torchloupe.wire.arguments import DescribeArguments, SolveArguments
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.requests import Failed

DESCRIBE, SOLVE = "describe arguments", "solve arguments"
LAST_TIME = "as the last time"
"""Under this name the worker is told what the target was opened with before."""


@dataclass(frozen=True)
class GatherStored:
    """Job: the question to the worker, with everything that the checkpoint and the file beside it say."""

    target: str
    contents: CheckpointContents
    container: str
    given: dict[str, Any]
    remembered: Mapping[str, Any]
    folders: tuple[str, ...] = ()

    def __call__(self, progress: Progress) -> SolveArguments:
        progress(0, 0, "reading what the checkpoint stores")
        stored = stored_arguments(self.contents, config_beside(Path(self.contents.path)))
        known = {**stored, LAST_TIME: dict(self.remembered)} if self.remembered else stored
        wanted = wanted_tensors(self.contents, self.container)
        return SolveArguments(self.target, wanted, known, self.given, self.folders)


class ArgumentQuestions(QObject):
    """Asks, and says what came. The dialog is the owner: when it is gone, no answer is heard."""

    described = Signal(object)  # ArgumentForm
    class_described = Signal(object)  # ArgumentForm of a class that an argument names
    solved = Signal(object, object)  # SolveArguments, SolvedArguments
    reading = Signal()  # the file is imported to see what the target takes
    untrusted = Signal()  # it is not, because its folder is not trusted
    failed = Signal(str)  # a sentence; empty when it was cancelled
    progressed = Signal(str)

    def __init__(self, opening: Opening, dialog: QObject) -> None:
        super().__init__(dialog)
        self._opening, self._jobs, self._dialog = opening, opening.jobs, dialog
        self._refused: set[str] = set()  # files whose code was not to be run
        self._wanted: dict[str, str] = {}  # for each file that is being asked about, the target to describe then
        self.folders: tuple[str, ...] = ()  # searched, too, for what the file imports
        self._jobs.progress.connect(self._progress)

    @property
    def solving(self) -> bool:
        """Arguments are being worked out."""
        return self._jobs.runs(SOLVE)

    @property
    def can_solve(self) -> bool:
        """There is a checkpoint to work them out from."""
        bench = self._opening.workbench
        return bench.checkpoint is not None and bool(bench.container or bench.checkpoint.tensors)

    def describe(self, target: str) -> None:
        """Ask what the target takes; its file is imported, so only when its folder is trusted."""
        place, _name = split_target(target)
        if not place.endswith(".py") or self._opening.worker.is_remote:
            self._describe(target)
        elif place in self._refused:
            self.untrusted.emit()
        else:
            is_asked = place in self._wanted
            self._wanted[place] = target
            if not is_asked:
                self._opening.trust.find_out(Path(place), partial(self._trust_known, place))

    def _trust_known(self, place: str, is_trusted: bool) -> None:
        target = self._wanted.pop(place)
        if is_trusted:
            self._describe(target)
        else:
            self._refused.add(place)
            self.untrusted.emit()

    def _describe(self, target: str) -> None:
        self.reading.emit()
        self._jobs.start(
            DescribeArguments(target, self.folders),
            done=self.described.emit,
            failed=self._say_failed,
            tag=DESCRIBE,
            owner=self._dialog,
            label=self.tr("reading the arguments of {0}").format(target.rpartition(":")[2]),
        )

    def describe_class(self, target: str, name: str) -> None:
        """Ask what a Module class takes that an argument of the target names."""
        self._jobs.start(
            DescribeArguments(target, self.folders, name),
            done=self.class_described.emit,
            failed=self._say_failed,
            tag=f"{DESCRIBE} of {name}",
            owner=self._dialog,
            label=self.tr("reading the arguments of {0}").format(name),
        )

    def solve(self, target: str, given: dict[str, Any], remembered: Mapping[str, Any]) -> None:
        """Work the arguments out from the open checkpoint."""
        bench = self._opening.workbench
        if bench.checkpoint is not None:
            self._jobs.start(
                GatherStored(target, bench.checkpoint, bench.container, given, remembered, self.folders),
                done=self._ask_worker,
                failed=self._say_failed,
                tag=SOLVE,
                owner=self._dialog,
                label=self.tr("reading what the checkpoint stores"),
            )

    def _ask_worker(self, question: SolveArguments) -> None:
        self._jobs.start(
            question,
            done=partial(self.solved.emit, question),
            failed=self._say_failed,
            tag=SOLVE,
            owner=self._dialog,
            label=self.tr("trying arguments of {0}").format(question.target.rpartition(":")[2]),
        )

    def stop(self) -> None:
        """Work nothing out any more."""
        if self.solving:
            self._jobs.cancel()

    def _progress(self, what: str, done: int, _total: int) -> None:
        if self.solving and done:
            self.progressed.emit(self.tr("{0}: {1} built").format(what, f"{done:,}"))

    def _say_failed(self, failed: Failed) -> None:
        self.failed.emit(failure_text(failed))


def failure_text(failed: Failed) -> str:
    """What went wrong and what to do; empty when it was cancelled."""
    if failed.cancelled or not failed.problems:
        return ""
    problem = failed.problems[0]
    stop = "" if problem.message.endswith((".", "!", "?", ":")) else "."
    return plain_text(f"{problem.message}{stop} {problem.hint}".strip())
