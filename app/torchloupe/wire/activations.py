"""Looking at the tensors that flow: what went into a call or came out of it, after the run, part by part."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .requests import RunForward
from .tensors import TensorStats
from .values import ValueSummary

INPUT, OUTPUT = "input", "output"


@dataclass(frozen=True)
class Activation:
    """One tensor of a run: it went into a call of ``module`` or came out of it (``side``), at this place among the call's ``inputs``
    or ``outputs``. ``call_number`` is that of the ``LayerCall``. No run keeps its tensors: ``run`` says how to repeat it."""

    run: RunForward
    module: str
    call_number: int = 0
    side: str = OUTPUT
    number: int = 0


@dataclass(frozen=True)
class FetchActivation:
    """Values of a part of an activation. Event: ``ValuesArrived`` with the bytes; answer: ``FetchedValues``.

    The pass is repeated up to that call, and the tensor is kept for further parts until another one is asked for; those that are
    ``pinned`` are kept, too. ``index`` is as in ``FetchValues``. What is sparse or quantized comes dense.
    """

    activation: Activation
    index: str = ""
    pinned: Tuple[Activation, ...] = ()


@dataclass(frozen=True)
class MeasureActivation:
    """What all values of an activation are in numbers; of a ``channel_dimension`` for each channel, too. Answer: ``MeasuredActivation``."""

    activation: Activation
    channel_dimension: Optional[int] = None
    pinned: Tuple[Activation, ...] = ()


@dataclass(frozen=True)
class ChannelStats:
    """Statistics of the values of one channel, as in ``TensorStats``."""

    number: int
    mean: Optional[float]
    std: Optional[float]
    min: Optional[float]
    max: Optional[float]
    zeros: int
    not_finite: int


@dataclass(frozen=True)
class MeasuredActivation:
    """An activation in numbers. ``summary`` is None where its values cannot be counted; ``uncountable`` says why, after "it".

    ``call_stats`` are those of the outputs of the call in the repeated pass, to be held against those of the run; empty when the call
    did not end. ``bytes`` is the size of the tensor; ``is_kept`` says that further parts of it cost no further pass.
    """

    shape: Tuple[int, ...]
    dtype: str
    bytes: int
    is_kept: bool
    summary: Optional[ValueSummary] = None
    channels: Tuple[ChannelStats, ...] = ()
    call_stats: Tuple[Optional[TensorStats], ...] = ()
    uncountable: str = ""
