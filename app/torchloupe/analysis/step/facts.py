"""What one instrumented step showed, as plain facts. The worker gathers them, ``reasons`` and ``findings`` judge."""

from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Tuple

from ...wire.steps import StepEvent
from ..registration.forward_facts import NOWHERE, Spot

WITHOUT_GRAPH = "loss-without-graph"
"""The failure of a step whose loss does not depend on any parameter."""

NO_GRADIENT, ZERO, FINITE, NOT_FINITE = "none", "zero", "finite", "not-finite"
"""What the gradient of a parameter can be."""


@dataclass(frozen=True)
class Loss:
    """Where the gradient of a parameter is lost: ``kind`` is a reason of the catalogue, or ``nan-gradient`` where NaN is born.

    ``in_forward``: inside the model, not in the loss or the step. ``in_library``: no line of the user's project is near.
    ``zeros`` are keys of parameters that are all zero and stand as a factor at that place; ``zeros_move`` that they have a gradient.
    ``layer`` is the innermost module that ran then. ``arrives`` are the layers between the loss and this place, ``unreached`` those before
    it, both in the order of the backward pass. ``node`` is the number of the operation.
    """

    kind: str
    operation: str = ""
    at: Spot = NOWHERE
    in_forward: bool = False
    in_library: bool = False
    layer: str = ""
    zeros: Tuple[str, ...] = ()
    zeros_move: bool = False
    node: int = -1
    arrives: Tuple[str, ...] = ()
    unreached: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ParameterFacts:
    """One parameter in the step.

    ``frozen_by`` is ``from_pretrained``, ``statement`` or empty; ``frozen_at`` its line. ``group``, ``lr`` and ``weight_decay`` are None
    for one that no optimizer has. ``gradient`` is what it was after the last backward pass, ``gradient_at_step`` when the optimizer
    stepped. ``changed_since``: written to after the step, and equal in the end. ``called``: its module ran; ``used``: it entered
    an operation; ``siblings_called``: others beside it in a container ran. ``lost`` is where its gradient ends.
    """

    key: str
    owner: str
    dtype: str
    requires_grad: bool
    moved: bool
    gradient: str
    gradient_at_step: str
    defined_at: Spot = NOWHERE
    in_project: bool = True
    frozen_by: str = ""
    frozen_at: Spot = NOWHERE
    optimizer: int = 0
    group: Optional[int] = None
    lr: Optional[float] = None
    weight_decay: Optional[float] = None
    weight_norm: float = 0.0
    grad_norm: Optional[float] = None
    changed_since: bool = False
    called: bool = True
    used: bool = True
    siblings_called: bool = False
    lost: Optional[Loss] = None


@dataclass(frozen=True)
class Meeting:
    """Two tensors in the loss whose shapes do not go together: refused (``failed``), or broadcast to ``result``."""

    operation: str
    output: Tuple[int, ...]
    target: Tuple[int, ...]
    result: Tuple[int, ...]
    failed: bool
    at: Spot = NOWHERE


@dataclass(frozen=True)
class StepFacts:
    """The step as a whole.

    ``is_own_loop``: backward and step are ours, not those of a ``train_step``. ``own_loss`` and ``own_optimizer``: nobody gave one.
    ``strangers`` are the shapes of tensors that the optimizers have and the model has not. ``piled_up`` is a backward pass that added
    to gradients that were used before. ``eval_backward``: the gradients were made in eval mode. ``probabilities`` is a cross entropy
    that was given the result of a softmax. ``nan_origin`` and ``inf_origin`` are operations whose result is the first that is not
    finite. ``skipped`` is a scaler's step
    that left the optimizer's out. ``failure`` is what the step raised, a code, or empty. ``meeting`` is what does not fit in the loss.
    """

    parameters: Tuple[ParameterFacts, ...]
    events: Tuple[StepEvent, ...] = ()
    is_own_loop: bool = True
    own_loss: bool = True
    own_optimizer: bool = True
    strangers: Tuple[Tuple[int, ...], ...] = ()
    piled_up: Optional[StepEvent] = None
    eval_backward: bool = False
    probabilities: Optional[Spot] = None
    nan_origin: Optional[Loss] = None
    inf_origin: Optional[Loss] = None
    failure: str = ""
    meeting: Optional[Meeting] = None
    skipped: Optional[StepEvent] = None
    dtypes: Tuple[str, ...] = ()

    @cached_property
    def all_frozen(self) -> bool:
        """Not one parameter may learn."""
        return not any(each.requires_grad for each in self.parameters)

    @cached_property
    def largest_gradient(self) -> float:
        """The largest norm of the gradients."""
        return max((each.grad_norm or 0.0 for each in self.parameters), default=0.0)
