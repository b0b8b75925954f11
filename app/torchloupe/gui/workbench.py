"""What is open and what is selected. Every panel follows this one object and never another panel."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance

from torchloupe.analysis.diff_rows import MATCHED, StateDictDiff
from torchloupe.gui.events_trace import trace
from torchloupe.gui.known_problems import KnownProblems
from torchloupe.gui.mapping_edits import MappingEdits
from torchloupe.gui.note_book import Notes
from torchloupe.gui.operations import Operations
from torchloupe.gui.pinning import Pins
from torchloupe.gui.selecting import Selecting, Selection
from torchloupe.gui.steps import Steps
from torchloupe.gui.tree_index import NOTHING, index_of
from torchloupe.gui.undoing import Undoing
from torchloupe.gui.weights import Weights
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.mismatches import TriedFix
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import OpenedTarget, RunForward
from torchloupe.wire.traces import ForwardReport, LayerCall

if TYPE_CHECKING:
    from torchloupe.analysis.explained import Explained
    from torchloupe.gui.comparing import CheckpointPair, CompareKeys, Comparison, PairKeys

__all__ = ["Selection", "Workbench"]


class Workbench(Selecting):
    """Holds the open checkpoint, another one beside it, the open model, the trace of the last run and what was ``asked`` for it,
    their diffs and problems, and the selection."""

    checkpoint_changed = Signal()
    other_changed = Signal()  # another checkpoint stands beside the open one, or does no longer
    pair_changed = Signal()  # the keys of the two were compared, or are about to be
    values_wanted = Signal()  # the values of the two are to be compared
    model_changed = Signal()
    diff_changed = Signal()
    calls_added = Signal(object)  # list[LayerCall], in the order in which they ended
    trace_changed = Signal()  # a run began, ended or was cleared
    problems_changed = Signal()
    source_wanted = Signal(str, int)  # file and line are to be shown in the window
    editor_wanted = Signal(str, int)  # or in the user's editor
    trial_wanted = Signal(object)  # tuple[TriedFix, ...]: a run with these repairs

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.checkpoint: CheckpointContents | None = None
        self.other: CheckpointContents | None = None
        self.pair: CheckpointPair | None = None
        self.container = ""
        self.model: OpenedTarget | None = None
        self.tree = NOTHING  # of the model, with the sizes that the last run gave to lazy parts; of one that is nearly open
        self.index = index_of(NOTHING)
        self.diff: StateDictDiff | None = None
        self.explained: Explained | None = None  # by the diff
        self.also_fitting = ""  # which other mappings of the checkpoint fit as well, in a sentence
        self.calls: dict[int, LayerCall] = {}
        self.report: ForwardReport | None = None
        self.running, self.asked, self.selection, self.weights = False, RunForward(), Selection(), Weights(self)
        self.tried: tuple[TriedFix, ...] = ()
        self.pins, self.operations = Pins(self), Operations(self)
        self.undoing = Undoing(self)
        opened = (self.model_changed, self.checkpoint_changed)
        self.notes = Notes(self._open_names, lambda: self.selection, self.undoing, opened, self)
        self.mapping = MappingEdits(self.compare_again, self.undoing, self)
        self.steps = Steps(self, lambda: self.tree, (self.model_changed, self.weights.changed))
        self.steps.changed.connect(self.problems_changed)
        self.compare_later: Callable[[CompareKeys], None] | None = None
        self.pair_later: Callable[[PairKeys], None] | None = None
        self._known = KnownProblems()

    def changes(self) -> tuple[SignalInstance, ...]:
        """Every signal after which another command may make sense."""
        opened = (self.checkpoint_changed, self.other_changed, self.pair_changed, self.model_changed, self.diff_changed)
        run = (self.trace_changed, self.problems_changed, self.selection_changed)
        written = (self.mapping.changed, self.undoing.moved, self.notes.changed)
        return (*opened, *run, *written, self.pins.changed, self.weights.changed)

    # what is open

    def set_checkpoint(self, contents: CheckpointContents | None) -> None:
        """A checkpoint was read (or closed). The container that is the model's state_dict is chosen, others by ``use_container``."""
        if self.selection.stored is not None:
            self.select(Selection())
        self.checkpoint, self.pair = contents, None
        self._compare(news=self.checkpoint_changed)

    def set_other(self, contents: CheckpointContents | None) -> None:
        """A second checkpoint stands beside the open one (or does no longer)."""
        self.other, self.pair = contents, None
        self.other_changed.emit()
        self._pair_up()

    def swap_checkpoints(self) -> None:
        """The other checkpoint is the open one now, and the open one the other."""
        opened, other = self.checkpoint, self.other
        self.set_other(None)
        self.set_checkpoint(other)
        self.set_other(opened)

    def _open_names(self) -> tuple[str, str]:
        return self.model.target if self.model else "", self.checkpoint.path if self.checkpoint else ""

    def checkpoint_name(self) -> str:
        """The file name of the open checkpoint, empty without one."""
        return os.path.basename(self.checkpoint.path) if self.checkpoint else ""

    def use_container(self, container: str) -> None:
        """Compare another mapping of the checkpoint with the model."""
        if self.checkpoint and container != self.container:
            self._compare(container, self.checkpoint_changed)

    def set_model(self, model: OpenedTarget | None) -> None:
        """A model was constructed (or closed): the old trace is gone, the selection starts anew."""
        self.model = model
        self._known.model = model.problems if model else ()
        self._forget_trace()
        self.select(Selection())
        self.weights.set_loaded(None)
        self.model_changed.emit()
        self.trace_changed.emit()
        self._compare()

    def show_ahead(self, tree: ModuleTree) -> None:
        """The tree of a model that is nearly open, where there is no other; ``NOTHING`` when it was not opened after all."""
        if self.model is None:
            self._use_tree(tree)
            self.select(self.selection if self.selection.module is None else Selection())  # nothing of the tree that was there
            self.model_changed.emit()

    def _compare(self, container: str | None = None, news: SignalInstance | None = None) -> None:
        """Small comparisons are made at once, large ones by ``compare_later``. ``news`` is told once the container is known."""
        self.container, self.diff, self.explained, self._known.diff = "", None, None, ()
        self._known.weigh(None, None)
        question = None
        if self.checkpoint is not None:
            from torchloupe.gui.comparing import CompareKeys  # see there why not sooner

            self.mapping.about((self.checkpoint.path, self.model.target if self.model else ""))
            question = CompareKeys(self.checkpoint, self.model, container, self.mapping.locked)
            self.container = question.first_guess
            if self.compare_later is None or not question.is_large:
                self._take(question())
                question = None
        if news is not None:
            news.emit()
        self.diff_changed.emit()
        self.problems_changed.emit()
        self._look_again(self.problems)
        if question is not None and self.compare_later is not None:
            self.compare_later(question)
        self._pair_up()

    def compare_again(self) -> None:
        """Something was decided about the mapping. What is shown stays until the answer is there."""
        if self.checkpoint is None or self.model is None:
            return
        from torchloupe.gui.comparing import CompareKeys  # see there why not sooner

        question = CompareKeys(self.checkpoint, self.model, self.container, self.mapping.locked)
        if self.compare_later is None or not question.is_large:
            self.set_comparison(question())
        else:
            self.compare_later(question)

    def set_comparison(self, comparison: "Comparison") -> None:
        """The answer of a comparison that was made later; one about something that is no longer open is left."""
        if comparison.contents is self.checkpoint and comparison.model is self.model:
            self._take(comparison)
            self.diff_changed.emit()
            self.problems_changed.emit()
            self._look_again(self.problems)
            self._pair_up()

    def _pair_up(self) -> None:
        """Compare the keys of the two checkpoints when it was not done for these."""
        if self.pair is not None and self.pair.is_of(self.checkpoint, self.container, self.other):
            return
        self.pair, question = None, None
        if self.checkpoint is not None and self.other is not None:
            from torchloupe.gui.comparing import PairKeys  # see there why not sooner

            question = PairKeys(self.checkpoint, self.container, self.other)
            if self.pair_later is None or not question.is_large:
                self.pair = question()
        self.pair_changed.emit()
        if question is not None and self.pair is None and self.pair_later is not None:
            self.pair_later(question)

    def set_pair(self, pair: "CheckpointPair") -> None:
        """The answer about two checkpoints that came later; one about others than those that stand side by side is left."""
        if pair.is_of(self.checkpoint, self.container, self.other):
            self.pair = pair
            self.pair_changed.emit()

    def _take(self, comparison: "Comparison") -> None:
        self.container, self.diff, self._known.diff = comparison.container, comparison.diff, comparison.problems
        self.explained, self.also_fitting = comparison.explained, comparison.also
        self._known.weigh(comparison.diff, self.tree)
        if comparison.diff is not None:
            trace("compared", counts=dict(comparison.diff.counts))

    # a run

    def begin_run(self, asked: RunForward = RunForward(), tried: tuple[TriedFix, ...] = ()) -> None:
        """A forward pass starts, with repairs that are ``tried``: the trace is empty and grows by ``add_calls``."""
        self._forget_trace()
        self.running, self.asked, self.tried = True, asked, tried
        self.trace_changed.emit()
        self.problems_changed.emit()

    def add_calls(self, calls: Sequence[LayerCall]) -> None:
        """Calls that ended since the last time."""
        self.calls.update((call.index, call) for call in calls)
        self.calls_added.emit(list(calls))

    def foresee(self, problem: Problem) -> None:
        """Why the pass failed that is still looked at: it is selected now, its repairs come when the run ends."""
        self._known.run = (problem,)
        self.problems_changed.emit()
        self.select_problem(problem)

    def end_run(self, report: ForwardReport, found: Sequence[Problem] | None = None) -> None:
        """The forward pass ended; its first problem is selected. ``found`` is what its calls show, where somebody knows already."""
        self.running, self.report = False, report
        self.weights.note_run()
        if report.materialised is not None and self.model is not None:
            self._use_tree(replace(report.materialised, hidden=self.model.tree.hidden))
        self._tell_run(report.problems, found)
        if self._known.run:
            self.select_problem(self._known.run[0])

    def fail_run(self, problems: Sequence[Problem], found: Sequence[Problem] | None = None) -> None:
        """The forward pass could not be finished (worker died, input failed, cancelled): what was captured stays."""
        self.running = False
        self._tell_run(problems, found)

    def _tell_run(self, problems: Sequence[Problem], found: Sequence[Problem] | None) -> None:
        from torchloupe.analysis.numerics import findings_of  # after the first picture

        found = findings_of(list(self.calls.values()), self.tree) if found is None else found
        self._known.run = (*problems, *found)
        self.trace_changed.emit()
        self.problems_changed.emit()

    def _forget_trace(self) -> None:
        self.calls, self.operations.found, self.report, self.running = {}, {}, None, False
        self._known.run = self._known.later = ()
        self._use_tree(self.model.tree if self.model else NOTHING)

    def _use_tree(self, tree: ModuleTree) -> None:
        if tree is not self.tree:
            self.tree, self.index = tree, index_of(tree)

    # problems and selection

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems: what could not be opened first, then those of the run."""
        return self._known.listed(self.steps.problems_beside)

    def add_found(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """What a closer look at the model found after a run; those that are known already are left out. What is new comes back."""
        self._known.later = ()
        new = self._known.found_later(problems, self.problems)
        self.problems_changed.emit()
        return new

    def report_problems(self, origin: str, problems: Sequence[Problem]) -> None:
        """What went wrong (or is doubtful) with opening ``origin``, a checkpoint or a target; nothing takes the old ones away."""
        if self._known.of_opening(origin, problems):
            self.problems_changed.emit()

    @property
    def has_differences(self) -> bool:
        """Checkpoint and model are both open, and some key is not the same in both."""
        return self.diff is not None and any(count for status, count in self.diff.counts.items() if status != MATCHED)
