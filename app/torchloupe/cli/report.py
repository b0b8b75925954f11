"""What a command found, before it is drawn."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torchloupe.analysis.converted_export import ConvertedExport
from torchloupe.analysis.fitting import Fit
from torchloupe.analysis.key_renaming import PlannedExport
from torchloupe.analysis.state_dict_diff import StateDictDiff
from torchloupe.wire.arguments import SolvedArguments
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import TorchloupeError
from torchloupe.wire.loading import LoadedCheckpoint
from torchloupe.wire.mismatches import TriedFix
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.numerics import ModesCompared
from torchloupe.wire.problems import ERROR, Problem
from torchloupe.wire.registration import MovedModel
from torchloupe.wire.reproducers import MadeReproducer
from torchloupe.wire.steps import StepReport
from torchloupe.wire.sweeps import SizesSwept
from torchloupe.wire.traces import ForwardReport, LayerCall, Operation
from torchloupe.wire.values import ComparedValues, SingularValues, ValuesSlice, ValueSummary

if TYPE_CHECKING:
    from torchloupe.checkpoints.writing.checkpoint import Written
    from torchloupe.session.discovery import Interpreter

    from .earlier_run import AgainstEarlier

OK, PROBLEMS, COULD_NOT_RUN, CANCELLED = 0, 1, 2, 130


@dataclass
class UsedTarget:
    """The target of a command: what was asked for, then what it turned out to be.

    ``inputs`` are input specs; ``input_source`` is ``given``, ``file`` or ``worked_out``, empty while nothing ran. ``project_files``
    are the source files it came from.
    """

    text: str
    file: str | None = None
    name: str | None = None
    class_name: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    arguments_source: str = ""
    inputs: tuple[str, ...] = ()
    input_source: str = ""
    project_files: tuple[str, ...] = ()


@dataclass
class ShownTensor:
    """One tensor of a checkpoint with what was read of its values. ``saved`` is the file that it was written to, if any."""

    tensor: StoredTensor
    summary: ValueSummary | None = None
    values: ValuesSlice | None = None
    singular: SingularValues | None = None
    saved: str | None = None
    saved_shape: tuple[int, ...] = ()
    saved_dtype: str = ""


@dataclass(frozen=True)
class Exported:
    """A checkpoint that was written: what was planned, what became of it, and the sentences about it."""

    plan: PlannedExport | ConvertedExport
    written: "Written"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class WhatIfMoved:
    """What would stay behind after a ``move``, such as ``.to(cuda)``."""

    move: str
    answer: MovedModel


@dataclass
class Report:
    """Everything a command found. A part that it did not produce is None, and left out when the report is drawn.

    ``solved`` are arguments that were worked out; ``container`` is the mapping of the checkpoint that ``diff`` is about, ``loaded``
    what was loaded of it; ``sides`` are what the two sides of ``diff`` are called, ``code`` is Python that makes one fit the other;
    ``fits`` are state_dicts in their rank, ``also_fitting`` other containers that fit as well; ``written_reports`` are drawn in place
    of it; ``checkpoints`` are those that were read, by their paths, and are not drawn. ``tried`` are fixes that were made for one more
    run, and how that ended; ``reproducer`` is what was written of a failure, and the module that it is
    about. ``initialised`` says by key how a tensor was initialised. ``unfolded``: equal modules are drawn one by
    one. ``versions`` are those of what ran. ``depth`` is the kind of number that is drawn over the calls,
    if any. ``filtered`` says how many rows a filter kept,
    ``notes`` what could not be looked at, ``seconds`` how long each stage took. ``could_run`` is False when what was asked
    for could not be done at all.
    """

    command: str
    target: UsedTarget | None = None
    problems: list[Problem] = field(default_factory=list)
    tree: ModuleTree | None = None
    calls: list[LayerCall] | None = None
    forward: ForwardReport | None = None
    against: "AgainstEarlier | None" = None
    operations: list[Operation] | None = None
    diff: StateDictDiff | None = None
    container: str | None = None
    loaded: LoadedCheckpoint | None = None
    contents: CheckpointContents | None = None
    values: list[ComparedValues] | None = None
    shown: ShownTensor | None = None
    exported: Exported | None = None
    summary: str | None = None
    moved: WhatIfMoved | None = None
    step: StepReport | None = None
    modes: ModesCompared | None = None
    sweep: SizesSwept | None = None
    reproducer: tuple[MadeReproducer, str] | None = None
    tried: tuple[tuple[TriedFix, ...], ForwardReport] | None = None
    depth: str | None = None
    initialised: dict[str, str] | None = None
    interpreters: "list[Interpreter] | None" = None
    solved: SolvedArguments | None = None
    sides: tuple[str, str] = ("the model", "the checkpoint")
    code: str | None = None
    fits: list[Fit] | None = None
    also_fitting: list[str] = field(default_factory=list)
    written_reports: list[str] = field(default_factory=list)
    checkpoints: dict[str, CheckpointContents] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    unfolded: bool = False
    versions: tuple[tuple[str, str], ...] = ()
    filtered: str = ""
    could_run: bool = True
    cancelled: bool = False

    @property
    def exit_status(self) -> int:
        """0 no error, 1 at least one, 2 it could not be run, 130 cancelled."""
        if self.cancelled:
            return CANCELLED
        if not self.could_run:
            return COULD_NOT_RUN
        return PROBLEMS if any(problem.severity == ERROR for problem in self.problems) else OK

    def fail(self, *problems: Problem, cancelled: bool = False) -> None:
        """What was asked for could not be done."""
        self.problems.extend(problems)
        self.could_run = False
        self.cancelled = self.cancelled or cancelled


def problem_of(error: TorchloupeError) -> Problem:
    """An error of ours as a problem."""
    return Problem(error.code, str(error), hint=error.hint)
