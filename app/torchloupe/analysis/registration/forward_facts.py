"""What a watched forward pass showed, as plain facts. The worker gathers them, ``forward_findings`` and ``mode_findings`` judge."""

from dataclasses import dataclass
from typing import Optional, Tuple

from ...wire.registration import HiddenPart

MEETS = "meets"
SCALAR = "scalar"
INDEX = "index"
MOVED = "moved"
ALONE = "alone"
ROLES = (ALONE, MOVED, INDEX, SCALAR, MEETS)
"""How a tensor that is not registered was used, the harmless first: never together with data, moved to the data's device right there,
as an index into data (may lie elsewhere), as a single number (goes with any device), together with data."""


@dataclass(frozen=True)
class Spot:
    """A line of the user's code."""

    file: Optional[str] = None
    line: Optional[int] = None


NOWHERE = Spot()
"""The source does not tell."""


@dataclass(frozen=True)
class ForeignTensor:
    """A tensor in an operation that is neither registered, nor an input, nor the result of an earlier operation.

    ``role`` is one of ``ROLES``, ``as_weight`` says that data was multiplied with it as with a layer's weight, ``assigned`` is the
    source of what was assigned to its attribute. ``stays``: a copy of the model was moved, and it stayed. ``is_global``: no
    attribute holds it but a global variable of the module in which the class stands.
    """

    part: HiddenPart
    role: str
    operation: str
    used_at: Spot
    as_weight: bool = False
    assigned: str = ""
    stays: bool = True
    is_global: bool = False


@dataclass(frozen=True)
class ForeignParameter:
    """A Parameter (of ``module``, where it belongs to one) in an operation that the model does not hold at all: a global one."""

    name: str
    class_name: str
    operation: str
    used_at: Spot


@dataclass(frozen=True)
class BornModule:
    """A module with parameters that was made while forward ran. ``path`` is where it is registered afterwards, if it is;
    ``each_call``: the second call made another one for the same place."""

    class_name: str
    owner: str
    made_at: Spot
    path: Optional[str] = None
    each_call: bool = False
    parameters: Tuple[str, ...] = ()


@dataclass(frozen=True)
class BornParameter:
    """A Parameter that was made while forward ran, outside of any module that was made."""

    owner: str
    made_at: Spot
    path: Optional[str] = None


@dataclass(frozen=True)
class DirectForward:
    """A forward that was called without the module's ``__call__``. ``hooks`` are the kinds of hooks that were passed over."""

    module: str
    class_name: str
    called_at: Spot
    hooks: Tuple[str, ...] = ()


@dataclass(frozen=True)
class UncalledModule:
    """A registered module that took no part, neither in train nor in eval mode, and that no line of the source reads."""

    path: str
    class_name: str
    parameter_count: int
    numel: int
    defined_at: Spot


@dataclass(frozen=True)
class LeavingTorch:
    """A value that depends on trained parameters was taken out of torch (``numpy``, ``item``, ``tolist``, ``__float__``)."""

    operation: str
    module: str
    used_at: Spot


@dataclass(frozen=True)
class DropoutInEval:
    """A dropout that drops in eval mode. ``is_spelled``: the source says ``training=True`` in so many words. ``is_module``: it is a
    Dropout layer that was made in forward. ``changes_output`` is None where nobody looked."""

    operation: str
    module: str
    probability: float
    used_at: Spot
    is_spelled: bool = False
    is_module: bool = False
    changes_output: Optional[bool] = None


@dataclass(frozen=True)
class GradientsInForward:
    """Forward ran backward (``backward``) or wrote gradients itself (``grad``)."""

    operation: str
    module: str
    used_at: Spot


@dataclass(frozen=True)
class ChangedInput:
    """An input that the pass changed in place."""

    name: str
    operation: str
    module: str
    changed_at: Spot


@dataclass(frozen=True)
class ChangedParameter:
    """A trainable parameter that has other values after a pass, and other ones again after the next."""

    key: str
    changed_at: Spot = NOWHERE


@dataclass(frozen=True)
class KeptGraph:
    """An attribute that holds a result with its graph after a pass in train mode.

    ``grows``: the second pass added to it. ``is_read``: the second pass computed with what the first had left.
    ``is_emptied``: some other line of the project empties or replaces it.
    """

    owner: str
    attribute: str
    assigned_at: Spot
    grows: bool = False
    is_read: bool = False
    is_emptied: bool = False


@dataclass(frozen=True)
class BatchDependence:
    """The answer for a sample depends on the samples beside it, in eval mode.

    ``operation`` is the first that mixes them, in ``module``. ``recurrent`` is the path of a layer that reads the batch as time
    (``batch_first`` is False), ``is_verified``: with ``batch_first=True`` the samples are independent.
    """

    operation: str
    module: str
    used_at: Spot
    difference: float
    recurrent: Optional[str] = None
    class_name: str = ""
    defined_at: Spot = NOWHERE
    is_verified: bool = False


@dataclass(frozen=True)
class ForwardFacts:
    """Everything that the passes showed."""

    foreign: Tuple[ForeignTensor, ...] = ()
    foreign_parameters: Tuple[ForeignParameter, ...] = ()
    modules: Tuple[BornModule, ...] = ()
    parameters: Tuple[BornParameter, ...] = ()
    direct: Tuple[DirectForward, ...] = ()
    uncalled: Tuple[UncalledModule, ...] = ()
    leaving: Tuple[LeavingTorch, ...] = ()
    gradients: Tuple[GradientsInForward, ...] = ()
    dropouts: Tuple[DropoutInEval, ...] = ()
    changed_inputs: Tuple[ChangedInput, ...] = ()
    changed_parameters: Tuple[ChangedParameter, ...] = ()
    kept_graphs: Tuple[KeptGraph, ...] = ()
    batch: Optional[BatchDependence] = None
