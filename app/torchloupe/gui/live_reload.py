"""Live reload: a file of the model is saved, and what was on screen is made anew; what cannot be made anew stays, marked as stale."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from torchloupe.analysis.target_source import split_target
from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui.events_trace import trace
from torchloupe.gui.loading import PlanLoading, show_loaded
from torchloupe.gui.notice_bar import NoticeBar
from torchloupe.gui.opening import TARGET, Opening
from torchloupe.gui.place import Place, place_of
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.running import RunOptions
from torchloupe.gui.settings import Settings
from torchloupe.gui.watching import Watching
from torchloupe.gui.worker_link import RestartWorker
from torchloupe.wire.loading import LoadCheckpoint, LoadedCheckpoint
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, CallsMeasured, Failed, OpenedTarget, OpenTarget, OperationsFinished
from torchloupe.wire.traces import ForwardReport, LayerCall

RELOAD = "live reload"
"""Tag of its jobs."""
IS_ON = "live_reload"
"""Name of the setting."""
_CANNOT_BE_CONSTRUCTED = ("construct-failed", "missing-super-init")

_WITH_CALLS = (CallsFinished, CallsMeasured)


@dataclass(frozen=True)
class Rerun:
    """What was on screen when a file was saved: ``options`` of its run, None when nothing had been run."""

    file: str
    request: OpenTarget
    options: RunOptions | None
    calls: list[LayerCall] = field(default_factory=list)
    operations: list[OperationsFinished] = field(default_factory=list)

    @property
    def saved(self) -> str:
        """Which file, and when it was saved."""
        try:
            seconds = os.stat(self.file).st_mtime
        except OSError:
            seconds = time.time()
        return f"{os.path.basename(self.file)} was saved at {time.strftime('%H:%M:%S', time.localtime(seconds))}"

    def hear(self, messages: list[Any]) -> None:
        """Keep the calls until all of them can be shown."""
        self.operations.extend(message for message in messages if isinstance(message, OperationsFinished))
        self.calls.extend(call for message in messages if isinstance(message, _WITH_CALLS) for call in message.calls)


class LiveReload(QObject):
    """Reruns on a worker that has torch imported already. The old result stays on screen until the new one is complete."""

    def __init__(
        self, opening: Opening, settings: Settings, show_problems: Callable[[], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.bar = NoticeBar()
        """Says that what is shown is stale, and why; hidden otherwise."""
        self._opening = opening
        self._bench, self._jobs, self._worker = opening.workbench, opening.jobs, opening.worker
        self._settings = settings
        self._show_problems = show_problems
        self._watching = Watching(self._jobs, self)
        self._watching.saved.connect(self._saved)
        self.files_gone = self._watching.gone
        self.plan_again: Callable[[OpenedTarget], PlanLoading | None] = lambda _model: None
        self._has_run = False  # the model that is shown, however that ended
        self._showing = False
        self._saved_meanwhile: str | None = None
        self._place: Place | None = None  # what was looked at when the result became stale
        self._problems: tuple[Problem, ...] = ()  # why it is stale
        self._bench.model_changed.connect(self._model_changed)
        self._bench.trace_changed.connect(self._trace_changed)
        opening.opened.connect(self._opened_by_hand)

    # on and off

    @property
    def is_on(self) -> bool:
        """Saved files are noticed."""
        return self._settings.text(IS_ON, "1") == "1"

    @property
    def is_stale(self) -> bool:
        """What is shown is of a file as it was before."""
        return not self.bar.isHidden()

    def toggle(self) -> None:
        """On or off; kept for the next start. What was saved while it was off is noticed when it is on again."""
        self._settings.set_text(IS_ON, "0" if self.is_on else "1")
        self._watch()
        word = self.tr("Saving a file of the model runs it again.") if self.is_on else self.tr("Live reload is off.")
        self._opening.said.emit(word)

    # which files

    def _watch(self, afresh: bool = False) -> None:
        self._watching.beside = self.is_stale
        self._watching.watch(self._files() if self.is_on else (), afresh)

    def _files(self) -> list[str]:
        model = self._bench.model
        if model is None or self._worker.is_remote:
            return []
        broken = [problem.file for problem in self._problems if problem.file and problem.file.endswith(".py")]
        files = dict.fromkeys((*model.project_files, *broken))
        folders = {folder for folder in {Path(file).parent for file in files} if self._is_trusted(model, folder)}
        return [file for file in files if Path(file).parent in folders]

    def _is_trusted(self, model: OpenedTarget, folder: Path) -> bool:
        """A target that was named by its import path is trusted with all that lies beside it."""
        place, _name = split_target(model.target)
        if self._opening.trust.knows(folder / "any.py"):
            return True
        return (
            not place.endswith(".py") and model.file is not None and (folder / "any.py").is_relative_to(Path(model.file).parent)
        )

    def _model_changed(self) -> None:
        if not self._showing:
            self._has_run = False
            self._mend()
            self._watch(afresh=True)

    def _trace_changed(self) -> None:
        self._has_run = self._has_run or self._bench.running

    def _opened_by_hand(self, kind: str, _what: str) -> None:
        if kind == "model":
            self._mend()
            file, self._saved_meanwhile = self._saved_meanwhile, None
            if file is not None:
                self._rerun(file)

    # a file was saved

    def _saved(self, files: tuple[str, ...]) -> None:
        if self._opening.constructing:
            self._saved_meanwhile = files[0]
        elif self._bench.model is not None and self._opening.target is not None:
            self._rerun(files[0])

    def _rerun(self, file: str) -> None:
        """Latest wins: what an earlier save began is given up. A worker that is about to come up has seen nothing of the old code
        and is waited for."""
        request = self._opening.target
        if request is None:
            return
        rerun = Rerun(file, request, self._opening.running.options if self._has_run else None)
        self._opening.constructed = False
        if self._worker.state != "starting":
            label = self.tr("{0}: taking the next worker").format(rerun.saved)
            done = partial(self._open, rerun)
            self._jobs.start(RestartWorker(self._worker.session, spare=False), lambda _: done(), tag=RELOAD, label=label)
            return
        if self._jobs.runs(RELOAD):
            self._worker.cancel()
        self._open(rerun)

    def _open(self, rerun: Rerun) -> None:
        if self._is_overtaken(rerun):
            return
        waits = self._worker.state == "starting"
        label = self.tr("{0}: waiting for a worker with torch") if waits else self.tr("{0}: constructing again")
        self._jobs.start(
            rerun.request,
            done=partial(self._constructed, rerun),
            failed=partial(self._broken, rerun, ""),
            tag=RELOAD,
            label=label.format(rerun.saved),
        )

    def _constructed(self, rerun: Rerun, model: OpenedTarget) -> None:
        plan = self.plan_again(model)
        if plan is None:
            self._run(rerun, model, None)
        elif not self._is_overtaken(rerun):
            self._start(plan, partial(self._load, rerun, model, plan.name), rerun, plan.name)

    def _load(self, rerun: Rerun, model: OpenedTarget, name: str, request: LoadCheckpoint) -> None:
        if not self._is_overtaken(rerun):
            self._start(request, partial(self._run, rerun, model), rerun, name)

    def _start(self, work: object, done: Callable[[Any], object], rerun: Rerun, name: str) -> None:
        failed = partial(self._broken, rerun, self.tr("does not get the values of {0}").format(name))
        label = self.tr("{0}: loading {1} again").format(rerun.saved, name)
        self._jobs.start(work, done, failed, tag=RELOAD, label=label)

    def _run(self, rerun: Rerun, model: OpenedTarget, loaded: LoadedCheckpoint | None) -> None:
        if self._is_overtaken(rerun):
            return
        if rerun.options is None:
            self._show(model, loaded)
            self._opening.said.emit(f"{rerun.saved}: {counted(len(model.tree.modules), 'module')}")
            return
        self._jobs.start(
            rerun.options.request(),
            done=partial(self._ran, rerun, model, loaded),
            failed=partial(self._not_run, rerun, model, loaded),
            events=rerun.hear,
            tag=RELOAD,
            label=self.tr("{0}: running again").format(rerun.saved),
        )

    def _is_overtaken(self, rerun: Rerun) -> bool:
        """A person has opened something meanwhile."""
        overtaken = self._opening.constructing or self._opening.target is not rerun.request
        if overtaken:
            self._worker.session.keep_spare()
        return overtaken

    # what became of it

    def _ran(self, rerun: Rerun, model: OpenedTarget, loaded: LoadedCheckpoint | None, report: ForwardReport) -> None:
        if self._is_overtaken(rerun):
            return
        self._show(model, loaded, rerun, report)
        calls, problems = counted(len(rerun.calls), "call"), counted(len(report.problems), "problem")
        self._opening.said.emit(f"{rerun.saved}: {calls} in {seconds_text(report.seconds)}, {problems} in the run")
        self._opening.run_finished.emit()

    def _not_run(self, rerun: Rerun, model: OpenedTarget, loaded: LoadedCheckpoint | None, failed: Failed) -> None:
        """The run did not start. Without a result of an earlier one there is nothing to keep."""
        if self._bench.calls or self._bench.report is not None or failed.cancelled:
            self._broken(rerun, self.tr("does not run"), failed)
        else:
            self._show(model, loaded)
            self._bench.fail_run(failed.problems)

    def _show(
        self,
        model: OpenedTarget,
        loaded: LoadedCheckpoint | None,
        rerun: Rerun | None = None,
        report: ForwardReport | None = None,
    ) -> None:
        """All of it at once, and the same place selected."""
        bench, place, has_run = self._bench, self._remembered_place(), self._has_run
        bench.report_problems(TARGET, ())
        self._showing = True
        bench.set_model(model)
        if loaded is not None:
            show_loaded(self._opening, loaded)
        if rerun is not None:
            bench.asked = rerun.options.request() if rerun.options else bench.asked
            bench.add_calls(rerun.calls)
            bench.operations.hear(rerun.operations)
        if report is not None:
            bench.end_run(report)
        self._showing, self._has_run, self._opening.constructed = False, has_run, True
        place.find_in(bench)
        self._mend()
        self._watch()
        self._worker.session.keep_spare()
        trace(
            "reloaded", modules=len(model.tree.modules), calls=len(bench.calls), problems=[each.code for each in bench.problems]
        )

    def _remembered_place(self) -> Place:
        """What is looked at, or was before somebody looked at why it is stale."""
        here = place_of(self._bench)
        return self._place if self._place is not None and here.is_at(self._problems) else here

    # stale

    def _broken(self, rerun: Rerun, what: str, failed: Failed) -> None:
        if self._is_overtaken(rerun):
            return
        self._worker.session.keep_spare()
        problem = failed.problems[0] if failed.problems else None
        self._place, self._problems = self._remembered_place(), failed.problems
        self._bench.report_problems(TARGET, failed.problems)
        if problem is None:
            self._mark(rerun, self.tr("was not run to its end"), self.tr("Run again"), partial(self._rerun, rerun.file))
        else:
            said = f"{what or self._failing(problem)}: {_in_short(problem, rerun.file)}"
            self._mark(rerun, said, self.tr("Show"), partial(self._look_at, problem))

    def _failing(self, problem: Problem) -> str:
        if problem.code in _CANNOT_BE_CONSTRUCTED:
            return self.tr("cannot be constructed")
        return self.tr("does not import") if problem.code == "import-failed" else self.tr("cannot be opened")

    def _mark(self, rerun: Rerun, what: str, button: str, clicked: Callable[[], object]) -> None:
        text = self.tr("Stale: {0} and {1}. What is shown is from before.").format(rerun.saved, plain_text(what).rstrip("."))
        self.bar.say(text, button, clicked, stays=True)
        self._opening.said.emit("")  # the bar has said it
        self._watch()
        trace("stale", text=text)

    def _look_at(self, problem: Problem) -> None:
        self._show_problems()
        self._bench.select_problem(problem)

    def _mend(self) -> None:
        self.bar.hide()
        self._watching.beside = False
        self._place, self._problems = None, ()


def _in_short(problem: Problem, saved: str) -> str:
    """The error and its line, without what the sentence around it says already."""
    said = problem.message.partition(": ")[2] or problem.message
    if problem.line is None:
        return said
    said = said.partition(", line ")[0]  # the source line itself stands among the problems
    elsewhere = f" of {os.path.basename(problem.file)}" if problem.file and problem.file != saved else ""
    return f"{said.rstrip('.')} in line {problem.line}{elsewhere}"
