"""A training step seen from outside: what the user's code calls, in order, with lines, and the gradients as they come and go."""

import sys
from dataclasses import replace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from ...wire.steps import BACKWARD, CLIP, EVAL, LOAD, MADE, SCALE, SCHEDULE, STEP, TRAIN, ZERO_GRAD, StepEvent
from ..places import Place, Places, is_foreign
from .kept_optimizers import SCALER, KeptOptimizers
from .motion import Gradient, gradients_of, is_same_gradient
from .parameters import parameters_of
from .piles import Piles

_MOST_EVENTS = 2000
_STEPS_FROM_SCALE = 4
_HAS_MODES = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


class Seat(NamedTuple):
    """Where a parameter sits in an optimizer, as it was when that last stepped (or was made)."""

    optimizer: int
    group: int
    lr: float
    weight_decay: float


class StepWatch:
    """A context in which the optimizers, the backward passes and the gradients of the parameters of ``model`` are seen.

    ``user`` is the module of the user's code, which may hold names that were imported from torch before, such as ``clip_grad_norm_``.
    Optimizers that were not made here are ``kept``.
    """

    def __init__(
        self,
        model: nn.Module,
        kept: KeptOptimizers,
        places: Places,
        check: Callable[[], None],
        user: Any = None,
    ) -> None:
        self._model = model
        self.parameters = list(parameters_of(model).values())
        self._stepping = False
        self._kept = kept
        self._places = places
        self._check = check
        self._user = user
        self._undo: List[Callable[[], None]] = []
        self._depth = 0
        self._piles = Piles()
        self._losses: Dict[int, torch.Tensor] = {}
        self._scales: Dict[Any, float] = {}
        self.events: List[StepEvent] = []
        self.optimizers: List[Any] = []
        self.seats: Dict[int, Seat] = {}
        self.strangers: Dict[int, torch.Tensor] = {}
        self.after_backward: Dict[int, Gradient] = {}
        self.at_step: Optional[Dict[int, Gradient]] = None
        self.at_any_step: Dict[int, Gradient] = {}
        self.versions_after_step: Dict[int, int] = {}
        self.eval_backward = False
        self.probabilities: Optional[Place] = None
        self.skipped: Optional[StepEvent] = None
        self.on_step: Callable[[], None] = lambda: None

    def __enter__(self) -> "StepWatch":
        self._wrap(torch.optim.Optimizer, "__init__", self._constructed)
        self._wrap(torch.optim.Optimizer, "zero_grad", self._told(ZERO_GRAD))
        self._wrap(nn.Module, "zero_grad", self._told(ZERO_GRAD, is_root=True))
        self._wrap(nn.Module, "load_state_dict", self._told(LOAD, is_root=True))
        self._wrap(nn.Module, "train", self._mode)
        self._wrap(torch.autograd, "backward", self._backward)
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            original = getattr(torch.nn.utils, name)
            for owner in (torch.nn.utils, torch.nn.utils.clip_grad, self._user):
                if getattr(owner, name, None) is original:
                    self._wrap(owner, name, self._told(CLIP, name))
        original = nn.functional.cross_entropy
        for owner in (nn.functional, self._user):
            if getattr(owner, "cross_entropy", None) is original:
                self._wrap(owner, "cross_entropy", self._cross_entropy)
        for scheduler in _schedulers():
            self._wrap(scheduler, "step", self._told(SCHEDULE))
        self._wrap(SCALER, "scale", self._scale)
        for name in ("unscale_", "step", "update"):
            self._wrap(SCALER, name, self._scaled(name))
        handles = (register_optimizer_step_pre_hook(self.before_step), register_optimizer_step_post_hook(self.after_step))
        self._undo += [handle.remove for handle in handles]
        return self

    def __exit__(self, *_: object) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()
        for number, loss in self._losses.items():
            self.events[number] = replace(self.events[number], value=_number(loss))
        self._losses.clear()

    @property
    def piled_up(self) -> Optional[StepEvent]:
        """The backward pass that added to gradients that were used before; None where none did."""
        return self._piles.found

    def lines_of(self, kind: str) -> List[StepEvent]:
        """The events of one kind, in order."""
        return [event for event in self.events if event.kind == kind]

    def made(self, optimizer: Any) -> None:
        """An optimizer came into being."""
        self.optimizers.append(optimizer)
        self._note(MADE, type(optimizer).__name__)
        self._look_up(optimizer)

    def before_step(self, optimizer: Any, *_: Any) -> None:
        """It is about to change the weights."""
        self._check()
        self._stepping = True
        if not any(each is optimizer for each in self.optimizers):
            self.optimizers.append(optimizer)
            self._kept.keep(optimizer)
        self._note(STEP, type(optimizer).__name__)
        self._look_up(optimizer)
        self._piles.before_step(optimizer, self.after_backward)
        written = [each for each in self.parameters if not is_same_gradient(each, self.after_backward.get(id(each)))]
        now = {**self.after_backward, **gradients_of(written)}
        self.at_step = {id(each): now[id(each)] for each in self.parameters if each.grad is not None}
        self.at_any_step.update(self.at_step)

    def after_step(self, optimizer: Any, *_: Any) -> None:
        """It has changed them."""
        self._stepping = False
        stepped = [each for group in optimizer.param_groups for each in group["params"]]
        self.versions_after_step.update((id(each), each._version) for each in stepped)
        self._piles.stepped(stepped, {**self.after_backward, **(self.at_step or {})})
        self.on_step()

    def _wrap(self, owner: Any, name: str, watched: Callable[..., Any]) -> None:
        original = vars(owner)[name]

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return watched(original, args, kwargs)

        wrapper.__dict__.update(getattr(original, "__dict__", {}))
        wrapper.__name__ = name
        setattr(owner, name, wrapper)
        self._undo.append(lambda: setattr(owner, name, original))

    def _told(self, kind: str, what: str = "", is_root: bool = False) -> Callable[..., Any]:
        def watched(original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
            if not is_foreign(sys._getframe(2).f_code.co_filename) and (not is_root or args[:1] == (self._model,)):
                self._note(kind, what or type(args[0]).__name__)
            return original(*args, **kwargs)

        return watched

    def _constructed(self, original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        original(*args, **kwargs)
        self.made(args[0])

    def _cross_entropy(self, original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        given = args[0] if args else kwargs.get("input")
        if self.probabilities is None and isinstance(given, torch.Tensor) and _are_probabilities(given):
            self.probabilities = self._places.of_caller(sys._getframe(2))
        return original(*args, **kwargs)

    def _scaled(self, name: str) -> Callable[..., Any]:
        """A call of a scaler; one of ``step`` that leaves the optimizer's step out says so."""

        def watched(original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
            number = self._note(SCALE, name)
            steps = len(self.lines_of(STEP))
            result = original(*args, **kwargs)
            if name == "step" and args[0].is_enabled() and len(self.lines_of(STEP)) == steps:
                self.skipped = self.skipped or self.events[number]
            return result

        return watched

    def _scale(self, original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        """A scaler makes a loss larger: its events say the loss as it was."""
        result = original(*args, **kwargs)
        if isinstance(result, torch.Tensor) and result.grad_fn is not None:
            self._scales[result.grad_fn] = float(args[0].get_scale())
        return result

    def _factor(self, loss: torch.Tensor) -> float:
        """What a scaler multiplied the loss with, which may have been divided by a number since."""
        node: Any = loss.grad_fn
        for _ in range(_STEPS_FROM_SCALE * bool(self._scales)):
            if node is None or node in self._scales:
                break
            node = node.next_functions[0][0] if node.next_functions else None
        return self._scales.pop(node, 1.0)

    def _mode(self, original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        if args and args[0] is self._model:
            is_train = args[1] if len(args) > 1 else kwargs.get("mode", True)
            self._note(TRAIN if is_train else EVAL, type(self._model).__name__)
        return original(*args, **kwargs)

    def _backward(self, original: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        self._check()
        tensors = args[0] if args else kwargs.get("tensors")
        first = tensors if isinstance(tensors, torch.Tensor) else next(iter(tensors or ()), None)
        number = self._note(BACKWARD)
        if first is not None and first.numel() == 1:
            self._losses[number] = first.detach() / self._factor(first)
        self.parameters = list(parameters_of(self._model).values())  # layers may have been replaced
        self._piles.before_backward(self.parameters, self.events[number])
        if not self._model.training and any(isinstance(each, _HAS_MODES) for each in self._model.modules()):
            self.eval_backward = True
        result = original(*args, **kwargs)
        self.after_backward = gradients_of(self.parameters)
        if self._stepping:  # the optimizer calls for gradients itself
            self.at_step = self.after_backward
            self.at_any_step.update(self.at_step)
        return result

    def _look_up(self, optimizer: Any) -> None:
        ours = {id(each) for each in self.parameters}
        number = next(index for index, each in enumerate(self.optimizers) if each is optimizer)
        for key in [key for key, seat in self.seats.items() if seat.optimizer == number]:
            del self.seats[key]
        for index, group in enumerate(optimizer.param_groups):
            lr, decay = _plain(group.get("lr")), _plain(group.get("weight_decay"))
            for each in group["params"]:
                if id(each) in ours:
                    self.seats[id(each)] = Seat(number, index, lr, decay)
                else:
                    self.strangers[id(each)] = each

    def _note(self, kind: str, what: str = "") -> int:
        place = self._places.of_caller(sys._getframe(1)) or (None, None)
        if len(self.events) < _MOST_EVENTS:
            self.events.append(StepEvent(kind, what, None, *place))
        return len(self.events) - 1


def _schedulers() -> List[Any]:
    """The classes that have a ``step`` of their own."""
    kinds = [kind for kind in vars(lr_scheduler).values() if isinstance(kind, type) and kind.__module__ == lr_scheduler.__name__]
    return [kind for kind in dict.fromkeys(kinds) if "step" in vars(kind)]


def _are_probabilities(given: torch.Tensor) -> bool:
    """Whether every row is what a softmax gives: no negative number, and 1 in all."""
    if given.dim() == 0 or not given.is_floating_point() or given.numel() == 0:
        return False
    values = given.detach()
    dim = 1 if values.dim() > 1 else 0
    if values.shape[dim] < 2 or not bool((values >= 0).all()):
        return False
    sums = values.float().sum(dim)
    return bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-3))


def _plain(value: Any) -> float:
    return float(value) if isinstance(value, (int, float, torch.Tensor)) else 0.0


def _number(loss: torch.Tensor) -> Optional[float]:
    return float(loss.real) if loss.is_complex() else float(loss)
