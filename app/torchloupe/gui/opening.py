"""What happens when files and targets are opened, constructed, run and cancelled: jobs in, workbench out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from torchloupe.analysis.target_source import split_target
from torchloupe.analysis.wording import counted, read_text
from torchloupe.gui.events_trace import trace
from torchloupe.gui.other_checkpoint import OTHER, OtherCheckpoint
from torchloupe.gui.read_checkpoint import ReadCheckpoint
from torchloupe.gui.running import RUN, Running, RunOptions
from torchloupe.gui.targets import ReadTargetFile
from torchloupe.gui.tree_ahead import TreeAhead
from torchloupe.gui.trust import Trust
from torchloupe.gui.workbench import Workbench
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import (
    Failed,
    ListTargets,
    OpenedTarget,
    OpenTarget,
    TargetChoices,
)

if TYPE_CHECKING:
    from torchloupe.gui.comparing import CompareKeys

Given = dict[str, Any] | None
"""Constructor keywords; None when nobody said anything."""
_RUNGS = {
    "asked": "Asked to stop at the next layer. Cancel again to interrupt.",
    "interrupted": "Interrupted. Cancel again to stop the worker.",
    "killed": "The worker was stopped. What was captured stays; F5 starts it again.",
}

CHECKPOINT, TARGET = "checkpoint", "target"
"""Tags of the jobs, and the origins under which their problems are kept."""


@dataclass(frozen=True)
class Asked:
    """What a person asked to be constructed, while the class or its arguments are still to be said.

    ``solve``: the arguments are to be worked out from the open checkpoint.
    """

    request: OpenTarget
    choices: TargetChoices | None = None
    solve: bool = False


class Opening(QObject):
    """Opens, runs, cancels. It decides nothing about widgets: it says what happened by signals."""

    said = Signal(str)  # one sentence for the status bar
    arrived = Signal(str)  # something was read and is about to be shown in this dock: the panels come before their rows are made
    opened = Signal(str, str)  # "checkpoint" or "model", path or target
    choice_needed = Signal(object)  # Asked: which class, or which arguments
    refused = Signal(object)  # Failed: nothing was opened
    run_finished = Signal()

    def __init__(self, workbench: Workbench, worker: WorkerLink, trust: Trust, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workbench, self.worker, self.jobs, self.trust = workbench, worker, worker.jobs, trust
        self.options = RunOptions()
        self.running, self.ahead = Running(workbench, self.jobs, self), TreeAhead(workbench, self.jobs, self)
        self.running.said.connect(self.said)
        self.ahead.said.connect(self.said)
        self.ahead.arrived.connect(partial(self.arrived.emit, "modules"))
        self.running.finished.connect(self.run_finished)
        self.other = OtherCheckpoint(workbench, self.jobs, self)
        self.other.read.connect(self._other_read)
        self.other.refused.connect(partial(self._failed, OTHER))
        self.target: OpenTarget | None = None
        self.attempt: OpenTarget | None = None  # what was last to be constructed, also when it was refused
        self.folders_of: Callable[[str], Sequence[str]] = lambda _place: ()  # where a file's imports were found the last time
        self.constructed = False  # the worker of this moment holds the model that is shown
        self._reloading = False
        self._left_out: list[str] = []  # of the files that were to be opened together
        workbench.compare_later = self._compare_later
        worker.changed.connect(self._worker_changed)
        worker.restarted.connect(self._worker_restarted)

    # opening

    def open_paths(self, paths: Sequence[str | Path], trusted: bool = False, compare: bool = False) -> None:
        """Open files: ``.py`` files are targets, the others checkpoints. A second checkpoint stands beside the first; with ``compare``
        the first does so beside the one that is open. More are left out, which is said. ``trusted``: named on the command line."""
        texts = [str(path) for path in paths]
        targets = [text for text in texts if is_target(text)]
        checkpoints = [Path(text) for text in texts if not is_target(text)]
        others = checkpoints if compare and self.workbench.checkpoint else checkpoints[1:]
        self._left_out = [path.name for path in (*others[1:], *map(Path, targets[1:]))]
        if others == checkpoints:
            for path in others[:1]:
                self.other.open(path)
        else:
            self.open_checkpoint(checkpoints[0], *others[:1])
        for text in targets[:1]:
            self.open_target(text, trusted)

    def open_checkpoint(self, path: Path, other: Path | None = None) -> None:
        """Read a checkpoint on a thread; what was open stays until the new one is there. ``other`` is opened beside it then."""
        path = path.absolute()
        self.jobs.start(
            ReadCheckpoint(path),
            done=partial(self._checkpoint_read, other),
            failed=partial(self._failed, CHECKPOINT, str(path)),
            tag=CHECKPOINT,
            label=self.tr("reading {0}").format(path.name),
        )

    def _compare_later(self, question: "CompareKeys") -> None:
        label = self.tr("comparing keys")
        self.jobs.start(question, done=self.workbench.set_comparison, tag="compare", label=label)

    def close_checkpoint(self) -> None:
        """Close the checkpoint; the model stays. Another one beside it takes its place."""
        other = self.workbench.other
        self.other.close()
        self.workbench.report_problems(CHECKPOINT, other.problems if other else ())
        self.workbench.set_checkpoint(other)

    def swap_checkpoints(self) -> None:
        """The other checkpoint is the open one now, and the open one the other."""
        self.other.swap(CHECKPOINT)

    def close_model(self) -> None:
        """Close the model; the checkpoint stays. What the worker holds of it goes with the next one."""
        self.target, self.constructed = None, False
        self.workbench.report_problems(TARGET, ())
        self.workbench.set_model(None)

    def open_target(self, text: str, trusted: bool = False, arguments: Given = None, like: OpenTarget | None = None) -> None:
        """Open ``file.py``, ``file.py:Name``, ``package.module:Name`` or ``package.module``; without a name the choices are looked up.

        ``arguments`` None: they may be asked for. ``like`` says how it is imported: its folders, and whether it may download. The code
        of a file runs only when its folder is trusted; a person is asked once.
        """
        place, name = split_target(text.strip())
        path = Path(place).expanduser().absolute()
        is_elsewhere = not place.endswith(".py") or self.worker.is_remote  # a file of the far side is for the worker to read
        place = place if is_elsewhere else str(path)
        how = like or OpenTarget("", import_folders=tuple(self.folders_of(place)))
        target = f"{place}:{name}" if name else place
        request = replace(how, target=target, arguments=arguments or None, device=self.options.device)
        if is_elsewhere:
            self._open_there(request, place, name, arguments is not None)
            return
        if trusted:
            self.trust.allow(path.parent)
        self.jobs.start(
            ReadTargetFile(path),
            done=lambda found: self.trust.find_out(Path(found.file), partial(self._file_read, request, name, found)),
            failed=partial(self._failed, TARGET, str(path)),
            tag=TARGET,
            label=self.tr("reading {0}").format(path.name),
        )

    def _open_there(self, request: OpenTarget, place: str, name: str | None, is_whole: bool) -> None:
        if name and is_whole:
            self.construct(request)
            return
        self.jobs.start(
            ListTargets(place),
            done=partial(self._choices_known, request),
            failed=(lambda _failed: self.construct(request)) if name else partial(self._failed, TARGET, place),
            tag=TARGET,
            label=self.tr("looking into {0}").format(place),
        )

    def _file_read(self, request: OpenTarget, name: str | None, choices: TargetChoices, is_trusted: bool) -> None:
        if not is_trusted:
            self.said.emit(self.tr("{0} was not run: its folder is not trusted.").format(Path(choices.file).name))
        elif name and not (_required_of(choices, name) and request.arguments is None):
            self.construct(request)
        else:
            self._choices_known(request, choices)

    def _choices_known(self, request: OpenTarget, choices: TargetChoices) -> None:
        names = [choice.name for choice in choices.choices]
        place, asked_name = split_target(request.target)
        if not names and not asked_name:
            self._failed(TARGET, request.target, Failed((_nothing_to_open(choices.file),)))
            return
        name = asked_name or choices.default or (names[0] if len(names) == 1 else None)
        if name and (not _required_of(choices, name) or request.arguments):
            self.construct(replace(request, target=f"{place}:{name}"))
        else:
            solve = self.workbench.checkpoint is not None and request.arguments is None
            self.choice_needed.emit(Asked(request, choices, solve))

    def construct(self, request: OpenTarget, then_run: bool = False, keep_calls: bool = False) -> None:
        """Import the target in the worker and construct it. ``keep_calls``: the calls on screen stay when the model is the same."""
        name, self.attempt = request.target.rpartition(":")[2] or request.target, request
        self.ahead.start(
            request,
            done=partial(self._model_opened, request, then_run, keep_calls),
            failed=partial(self._failed, TARGET, request.target),
            tag=TARGET,
            label=self.tr("constructing {0}").format(name),
        )

    def _checkpoint_read(self, other: Path | None, contents: CheckpointContents) -> None:
        self.arrived.emit("checkpoint")
        # The panels are drawn before their rows are made.
        QTimer.singleShot(0, self, partial(self._show_checkpoint, other, contents))

    def _show_checkpoint(self, other: Path | None, contents: CheckpointContents) -> None:
        self.workbench.report_problems(CHECKPOINT, contents.problems)
        self.workbench.set_checkpoint(contents)
        trace("opened", kind="checkpoint", path=contents.path, tensors=len(contents.tensors))
        self._say_opened(read_text(contents))
        self.opened.emit("checkpoint", contents.path)
        if other is not None:
            self.other.open(other)

    def _other_read(self, contents: CheckpointContents) -> None:
        self._say_opened(read_text(contents))
        self.opened.emit("checkpoint", contents.path)

    def _model_opened(self, request: OpenTarget, then_run: bool, keep_calls: bool, model: OpenedTarget) -> None:
        self.target, self.constructed = request, True
        self.workbench.report_problems(TARGET, ())  # those of the model come with it
        if not keep_calls or self.workbench.model != model:
            self.workbench.set_model(model)
        trace("opened", kind="model", target=request.target, class_name=model.class_name, modules=len(model.tree.modules))
        self._say_opened(self.tr("{0} in {1}").format(counted(len(model.tree.modules), "module"), model.class_name))
        self.opened.emit("model", request.target)
        if then_run:
            self.run_forward()

    def _say_opened(self, text: str) -> None:
        if self._left_out:
            names = ", ".join(self._left_out)
            text = self.tr("{0}. Not opened: {1}; two checkpoints and one model are open at a time.").format(text, names)
        self.said.emit(text)

    def _failed(self, origin: str, what: str, failed: Failed) -> None:
        if failed.cancelled:
            self.said.emit(self.tr("Cancelled. What was open stays open."))
            return
        self.workbench.report_problems(origin, failed.problems)
        trace("refused", what=what, problems=[problem.message for problem in failed.problems])
        if failed.problems:
            self.said.emit(failed.problems[0].message)
            self.workbench.select_problem(failed.problems[0])
        self.refused.emit(failed)

    # running

    @property
    def constructing(self) -> bool:
        """A target is being read, imported or constructed."""
        return self.jobs.runs(TARGET)

    @property
    def can_run(self) -> bool:
        """There is a model and nothing is being run or constructed."""
        return self.workbench.model is not None and not self.jobs.runs(RUN) and not self.jobs.runs(TARGET)

    def run_forward(self) -> None:
        """One forward pass of the open model; constructs it anew first when the worker was replaced."""
        if self.workbench.model is None or self.target is None:
            self.said.emit(self.tr("There is no model to run. Open one first."))
            return
        if not self.constructed:
            self.construct(self.target, then_run=True, keep_calls=True)
            return
        self.running.start(self.workbench.model, self.options)

    def cancel(self) -> None:
        """Stop what runs; again for the next rung of the ladder."""
        rung = self.jobs.cancel()
        if rung:
            trace("cancel", rung=rung)
            self.said.emit(_RUNGS.get(rung, rung))

    # the worker comes and goes

    def reload(self) -> None:
        """Read the files again and construct the model in a new worker."""
        bench = self.workbench
        if bench.checkpoint:
            self.open_checkpoint(Path(bench.checkpoint.path), Path(bench.other.path) if bench.other else None)
        self._reloading = True
        self.worker.restart()

    def _worker_changed(self, state: str) -> None:
        if state in ("died", "stopped", "starting"):
            self.constructed = False
        trace("worker", state=state)

    def _worker_restarted(self) -> None:
        keep_calls, self._reloading = not self._reloading, False
        self.constructed = False
        if self.target is not None:
            self.construct(self.target, keep_calls=keep_calls)
        else:
            self.said.emit(self.tr("The worker was started again."))


def _nothing_to_open(file: str) -> Problem:
    hint = "Open the file that defines the model, or add a function make_model() that returns it."
    return Problem("target-empty", f"{Path(file).name} defines no Module class and no factory.", hint=hint, file=file)


def _required_of(choices: TargetChoices, name: str) -> tuple[str, ...]:
    return next((choice.required for choice in choices.choices if choice.name == name), ())


def is_target(text: str) -> bool:
    """A ``.py`` file or an import path, with or without a name behind it; everything else is a checkpoint."""
    place, _name = split_target(text)
    return place.endswith(".py") or (":" in text and not Path(text).exists())
