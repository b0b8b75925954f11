"""What the values of a pass show: where NaN and Inf come from, and train against eval mode, layer by layer."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .problems import Problem

DROPOUT = "dropout"
BATCH_NORM = "batch-norm"


@dataclass(frozen=True)
class LookAtValues:
    """Run the open model once with every value watched: NaN and Inf with their operation, units that never fire, inputs nobody scaled.
    Answer: ``ValuesLookedAt``.

    ``inputs``, ``device``, ``mode`` and ``seed`` are those of ``RunForward``. ``InspectModel`` does the same among other things.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    mode: Optional[str] = None
    seed: int = 0


@dataclass(frozen=True)
class ValuesLookedAt:
    """What the values showed. ``notes`` say what could not be looked at."""

    problems: Tuple[Problem, ...] = ()
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class CompareModes:
    """Run the open model in train and in eval mode, with the same input and seed. Answer: ``ModesCompared``.

    ``inputs``, ``device`` and ``seed`` are those of ``RunForward``.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    seed: int = 0


@dataclass(frozen=True)
class ModeChange:
    """An operation that does something else in train mode: ``kind`` is ``dropout`` or ``batch-norm``, ``operation`` what people call it.

    A dropout has its ``probability``. A norm has the distance ``off`` between the means of the batch and the stored ones, in stored
    standard deviations, and ``wider``, the ratio of the standard deviations, both the median over the channels; ``counted`` is from
    how many batches its stored ones are, None where it does not count.
    """

    kind: str
    operation: str
    probability: float = 0.0
    off: float = 0.0
    wider: float = 1.0
    counted: Optional[int] = None
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class ModeCall:
    """One call in both modes. ``index`` counts the calls of the pass in eval mode, ``call_number`` those of this module.

    ``difference`` is the root mean square of what the modes give differently, as a part of the root mean square in eval mode;
    ``input_difference`` the same of what goes in. None where nothing can be compared; then ``only_in`` may say that a mode does not
    call it. ``changes`` are the operations of its own that do something else.
    """

    index: int
    module: str
    class_name: str
    call_number: int
    depth: int
    shape: Tuple[int, ...] = ()
    difference: Optional[float] = None
    input_difference: Optional[float] = None
    train_mean: Optional[float] = None
    train_std: Optional[float] = None
    eval_mean: Optional[float] = None
    eval_std: Optional[float] = None
    only_in: str = ""
    changes: Tuple[ModeChange, ...] = ()
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class ModesCompared:
    """The calls of both modes in execution order, and how far apart the model's answers are."""

    calls: Tuple[ModeCall, ...]
    difference: Optional[float] = None
    seconds: float = 0.0
