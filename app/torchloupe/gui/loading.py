"""The open checkpoint's values go into the open model, and again whenever the model is made anew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from torchloupe.analysis.diff_rows import CONVERTED, StateDictDiff
from torchloupe.gui.events_trace import trace
from torchloupe.gui.jobs import Progress
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.opening import Opening
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.loading import LoadCheckpoint, LoadedCheckpoint
from torchloupe.wire.requests import Failed, OpenedTarget

EVAL = "eval"
LOADING = "loading"
"""Tag of the jobs, and the origin under which their problems are kept."""


@dataclass(frozen=True, eq=False)
class PlanLoading:
    """Job: which stored tensor goes where. ``diff`` None: it is yet to be made; ``afresh``: the file may have changed since;
    ``elsewhere``: the worker runs on another machine; ``convert``: what fits only transposed, reshaped, cut or joined is wanted, too."""

    contents: CheckpointContents
    container: str
    model: OpenedTarget
    diff: StateDictDiff | None = None
    afresh: bool = False
    elsewhere: bool = False
    convert: bool = False
    locked: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, progress: Progress | None = None) -> LoadCheckpoint:
        from torchloupe.analysis.loading import planned_load
        from torchloupe.checkpoints import read_contents
        from torchloupe.gui.comparing import CompareKeys  # see the workbench why not sooner

        contents = read_contents(Path(self.contents.path), progress) if self.afresh else self.contents
        diff = self.diff or CompareKeys(contents, self.model, self.container, self.locked)().diff
        assert diff is not None
        return planned_load(diff, contents, self.container, self.convert, self.elsewhere)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return Path(self.contents.path).name

    def again(self, model: OpenedTarget) -> "PlanLoading":
        """The same for the model as it is now: with the same keys and shapes, in the same places."""
        from torchloupe.analysis.containers import keys_of_tree

        is_same = keys_of_tree(model.tree) == keys_of_tree(self.model.tree)
        return replace(self, model=model, diff=self.diff if is_same else None, afresh=True)


class Loading(QObject):
    """Loads when it is told to; from then on the model is never run without these values, until it is told to take them out."""

    def __init__(self, opening: Opening, book: LogBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opening, self._bench, self._jobs, self._book = opening, opening.workbench, opening.jobs, book
        self._plan: PlanLoading | None = None  # of what the model has, or is to have when it is there again
        self._target = ""
        self._run: Callable[[], object] | None = None  # that waits for the values
        opening.opened.connect(self._opened)
        self._bench.model_changed.connect(self._model_changed)
        opening.running.first = self._is_first

    @property
    def can_load(self) -> bool:
        """Both are open, and the model is there."""
        both = self._bench.model is not None and self._bench.checkpoint is not None
        return both and not self._opening.constructing and not self._jobs.runs(LOADING)

    @property
    def can_unload(self) -> bool:
        """The model has values of a checkpoint."""
        return self._bench.weights.loaded is not None and not self._opening.constructing and not self._jobs.runs(LOADING)

    @property
    def can_convert(self) -> bool:
        """Some tensors fit, but not as they are stored."""
        diff = self._bench.diff
        return self.can_load and diff is not None and any(diff.counts.get(status, 0) for status in CONVERTED)

    def load_converted(self) -> None:
        """Also what fits only when it is transposed, reshaped, cut or joined."""
        self.load(convert=True)

    def load(self, convert: bool = False) -> None:
        """Those of the open checkpoint, after the model was constructed again where the worker has it no more."""
        bench = self._bench
        if bench.model is None or bench.checkpoint is None or self._opening.target is None:
            return
        elsewhere = self._opening.worker.is_remote
        plan = PlanLoading(
            bench.checkpoint, bench.container, bench.model, bench.diff, False, elsewhere, convert, bench.mapping.locked
        )
        if self._opening.constructed:
            self._start(plan)
        else:
            self._plan, self._target = plan, self._opening.target.target
            self._opening.construct(self._opening.target, keep_calls=True)

    def unload(self) -> None:
        """Construct the model again, with the values that its constructor gives it."""
        self._plan = None
        if self._opening.target is not None:
            self._opening.construct(self._opening.target, keep_calls=True)

    def plan_again(self, model: OpenedTarget) -> PlanLoading | None:
        """What to load into the model that live reload has constructed; None when nothing was loaded into the old one."""
        return self._plan.again(model) if self._plan is not None else None

    def _is_first(self, run: Callable[[], object]) -> bool:
        """A run waits while values are on their way into the model."""
        if self._jobs.runs(LOADING):
            self._run = run
            return True
        return False

    def _model_changed(self) -> None:
        if self._bench.model is None:
            self._plan = None

    def _opened(self, kind: str, _what: str) -> None:
        """A model was constructed: the same one again gets its values again."""
        target, model = self._opening.target, self._bench.model
        if kind != "model" or target is None or model is None:
            return
        self._bench.report_problems(LOADING, ())
        if self._plan is not None and target.target == self._target:
            self._start(self._plan.again(model))
            return
        self._plan = None
        if self._bench.weights.loaded is not None:
            self._bench.weights.set_loaded(None)
            self._opening.said.emit(self.tr("The model has the values that it was constructed with."))

    def _start(self, plan: PlanLoading) -> None:
        label = self.tr("finding a place for each tensor of {0}").format(plan.name)
        failed = partial(self._failed, plan)
        self._jobs.start(plan, partial(self._planned, plan), failed, tag=LOADING, label=label)

    def _planned(self, plan: PlanLoading, request: LoadCheckpoint) -> None:
        if self._bench.model is not plan.model:
            return
        label = self.tr("loading {0} into {1}").format(plan.name, plan.model.class_name)
        done, failed = partial(self._loaded, plan), partial(self._failed, plan)
        self._jobs.start(request, done, failed, tag=LOADING, label=label)

    def _loaded(self, plan: PlanLoading, loaded: LoadedCheckpoint) -> None:
        from torchloupe.analysis.loading import strict_text  # after the first picture
        from torchloupe.analysis.loading_wording import left_out_lines, loading_sentence

        target = self._opening.target
        if self._bench.model is not plan.model or target is None:
            return
        self._plan, self._target = plan, target.target
        show_loaded(self._opening, loaded)
        if self._bench.diff is not None:
            self._book.add("app", strict_text(self._bench.diff))
        for line in left_out_lines(loaded):
            self._book.add("app", line)
        trace("loaded", verified=loaded.verified, text=loading_sentence(loaded))
        self._opening.said.emit(loading_sentence(loaded))
        self._go_on()

    def _failed(self, plan: PlanLoading, failed: Failed) -> None:
        """The model has the values that it had before; one that was made anew those of its constructor."""
        self._run = None
        if plan.afresh:
            self._plan = None
            self._bench.weights.set_loaded(None)
        kept = self.tr("as constructed") if self._bench.weights.loaded is None else self.tr("as they were before")
        what = failed.problems[0].message if failed.problems else self.tr("Cancelled.")
        self._bench.report_problems(LOADING, failed.problems)
        trace("not_loaded", cancelled=failed.cancelled, problems=[problem.message for problem in failed.problems])
        self._opening.said.emit(self.tr("{0} The values of the model are {1}.").format(what, kept))

    def _go_on(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run()


def show_loaded(opening: Opening, loaded: LoadedCheckpoint) -> None:
    """The model that is shown has these values now, and the sizes that lazy parts got by them."""
    from torchloupe.analysis.loading_mode import train_mode_problems
    from torchloupe.analysis.loading_wording import loading_problems

    bench = opening.workbench
    if loaded.tree is not None and bench.model is not None:
        bench.set_model(replace(bench.model, tree=replace(loaded.tree, hidden=bench.model.tree.hidden)))
    bench.weights.set_loaded(loaded)
    bench.report_problems(LOADING, ())
    modes = train_mode_problems(loaded, bench.tree) if opening.options.mode != EVAL else ()
    bench.report_problems(LOADING, (*loading_problems(loaded, bench.problems), *modes))
