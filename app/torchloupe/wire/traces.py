"""A forward pass as it was seen through hooks."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .modules import ModuleTree
from .problems import Problem
from .tensors import TensorMeta, TensorStats

DONE = "done"
FAILED = "failed"
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class LayerCall:
    """One call of one module during a forward pass.

    ``index`` counts calls in the order in which they began (a parent before its children); ``call_number`` counts the calls of
    this module alone, from 0. ``stats`` stands parallel to ``outputs``, None where no statistics could be made. ``status`` is
    ``done``, ``failed`` (the failure arose in it) or ``unfinished`` (one of its parts failed, or the run was cancelled).
    ``file`` and ``line`` are the place in the user's code that called it. ``seconds`` includes its children.
    """

    index: int
    module: str
    class_name: str
    call_number: int
    depth: int
    inputs: Tuple[TensorMeta, ...]
    outputs: Tuple[TensorMeta, ...] = ()
    stats: Tuple[Optional[TensorStats], ...] = ()
    seconds: Optional[float] = None
    status: str = DONE
    file: Optional[str] = None
    line: Optional[int] = None


@dataclass(frozen=True)
class ForwardReport:
    """How a forward pass ended. The calls themselves were sent one by one as they ended.

    ``inputs`` are the tensors the model was given and ``input_source`` where they came from (``given``, ``file``,
    ``worked_out``), with ``input_specs`` to give for the same input again where it has some; ``outputs`` what it returned.
    ``problems`` is empty when it ran to its end. ``state_restored`` says that parameters, buffers, gradients, RNG, modes and hooks
    were compared with what they were before, bit for bit, and are equal. ``materialised`` is the module tree with the sizes that
    the input gave to lazy modules; None when none is lazy.
    """

    inputs: Tuple[TensorMeta, ...]
    input_source: str
    outputs: Tuple[TensorMeta, ...]
    call_count: int
    seconds: float
    device: str
    problems: Tuple[Problem, ...] = ()
    state_restored: bool = True
    input_specs: Tuple[str, ...] = ()
    materialised: Optional[ModuleTree] = None
