"""A forward pass as it was seen through hooks."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .modules import ModuleTree
from .problems import Problem
from .tensors import TensorMeta, TensorStats

DONE = "done"
FAILED = "failed"
UNFINISHED = "unfinished"
ASSUMED = "assumed"


@dataclass(frozen=True)
class PlainValue:
    """An argument that is no tensor: ``name`` says where it stood, ``text`` is how Python writes it, shortened."""

    name: str
    text: str


@dataclass(frozen=True)
class LayerCall:
    """One call of one module during a forward pass.

    ``index`` counts calls in the order in which they began (a parent before its children); ``call_number`` counts the calls of
    this module alone, from 0. ``stats`` stands parallel to ``outputs``, None where no statistics could be made. ``status`` is
    ``done``, ``failed`` (the failure arose in it), ``unfinished`` (one of its parts failed, or the run was cancelled) or ``assumed`` (it
    lies behind a failure: what it would give if the mismatches before it were repaired).
    ``file`` and ``line`` are the place in the user's code that called it. ``seconds`` includes its children.

    ``training`` is the mode of the module when it was called. ``values`` are the arguments that are no tensors. ``compiled`` says that it
    ran as ``torch.compile`` made it: what it calls is not seen.
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
    training: Optional[bool] = None
    values: Tuple[PlainValue, ...] = ()
    compiled: bool = False


@dataclass(frozen=True)
class Operation:
    """One operation that no layer of torch owns (``F.relu``, ``torch.cat``, ``x + y``), in the forward of ``module``.

    ``index`` counts operations in their order. ``before_call`` is the index of the call that begins next after it, so that calls
    and operations can be told in one order; ``call`` is the innermost call that was open, None outside of all.
    ``name`` is as a person writes it (``F.relu``, ``torch.cat``, ``x + y``, ``.view``); the rest is as in ``LayerCall``.
    """

    index: int
    name: str
    module: str
    before_call: int
    call: Optional[int] = None
    depth: int = 0
    inputs: Tuple[TensorMeta, ...] = ()
    outputs: Tuple[TensorMeta, ...] = ()
    stats: Tuple[Optional[TensorStats], ...] = ()
    values: Tuple[PlainValue, ...] = ()
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
    the input gave to lazy modules; None when none is lazy. ``side_effects`` are files that the pass wrote, processes it started and
    hosts it spoke to: what has some is not run again unasked. ``certificate`` says, part by part, what was compared. ``kept_bytes`` is,
    by the index of the call, what autograd keeps of it and of what it calls for the backward pass; empty where nothing is kept. ``assumed``
    are the calls that a failed pass did not come to, as far as it could be taken.
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
    side_effects: Tuple[str, ...] = ()
    certificate: Tuple[str, ...] = ()
    kept_bytes: Tuple[int, ...] = ()
    assumed: Tuple[LayerCall, ...] = ()
