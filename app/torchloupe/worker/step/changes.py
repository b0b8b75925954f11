"""Changes to a step that is replayed: each is a context, made from outside, of which nothing stays."""

import sys
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from ...analysis.registration.forward_facts import Spot
from ...analysis.step import proofs
from ..nested import tensors_in
from ..operations import short_name
from ..places import Places
from .parameters import parameters_of

_SLOPED = (
    *("round", "floor", "ceil", "trunc", "sign", "clamp", "clip", "hardtanh"),
    *("relu", "relu6", "leaky_relu", "threshold", "hardsigmoid", "hardswish"),
    *("sigmoid", "tanh", "softmax", "log_softmax", "*"),
)
_CUTTING = ("detach", "detach_")


class Change(NamedTuple):
    """One change for the parameters of some ``keys``: ``kind`` is one of ``analysis.step.proofs``, ``at`` the line of the cause.
    ``zeros`` are keys of parameters that stand as zeros in the way."""

    kind: str
    keys: Sequence[str]
    zeros: Sequence[str]
    at: Spot


class Replay(NamedTuple):
    """What a change needs to know of the step: the model, the layers that run now, the optimizers that were seen. ``acted`` gets the
    kinds of the changes that met what they change, ``last`` what is to be done when the step is over."""

    model: nn.Module
    places: Places
    running: List[str]
    optimizers: List[Any]
    acted: Set[str]
    last: List[Callable[[], None]]

    def parameters(self, keys: Sequence[str]) -> List[torch.Tensor]:
        """Those that have the keys now: a layer may be replaced in the step."""
        known = parameters_of(self.model)
        return [known[key] for key in keys if key in known]


@contextmanager
def made(changes: Sequence[Change], replay: Replay) -> Iterator[None]:
    """A context in which all of the changes hold."""
    with ExitStack() as stack:
        for change in changes:
            way = _WAYS.get(change.kind)
            if way is not None:
                stack.enter_context(way(change, replay))
        yield


def afterwards(changes: Sequence[Change], replay: Replay, loss: Any) -> None:
    """What is done once the user's code has returned: the step or the backward pass that it lacks."""
    kinds = {change.kind for change in changes}
    if proofs.BACKWARD in kinds and isinstance(loss, torch.Tensor) and loss.requires_grad:
        backward: Any = loss.sum().backward
        backward()
        replay.acted.add(proofs.BACKWARD)
    if proofs.STEP in kinds or proofs.BACKWARD in replay.acted:
        for optimizer in replay.optimizers:
            optimizer.step()
            replay.acted.add(proofs.STEP)
    for finish in replay.last:
        finish()


@contextmanager
def _unfrozen(change: Change, replay: Replay) -> Iterator[None]:
    parameters = [each for each in replay.parameters(change.keys) if each.is_floating_point() or each.is_complex()]
    before = [each.requires_grad for each in parameters]
    replay.acted.add(change.kind)
    try:
        for each in parameters:
            each.requires_grad_(True)
        yield
    finally:
        for each, wanted in zip(parameters, before):
            each.requires_grad_(wanted)


@contextmanager
def _at_each_step(act: Callable[[Any], None]) -> Iterator[None]:
    """Something is done to each optimizer right before it steps."""
    handle = register_optimizer_step_pre_hook(lambda optimizer, *_: act(optimizer))
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def _seated(change: Change, replay: Replay) -> Iterator[None]:
    def seat(optimizer: Any) -> None:
        has = {id(each) for known in (*replay.optimizers, optimizer) for group in known.param_groups for each in group["params"]}
        absent = [each for each in replay.parameters(change.keys) if id(each) not in has and each.is_leaf]
        if absent:
            optimizer.add_param_group({"params": absent})
            replay.acted.add(change.kind)

    original = torch.autograd.backward

    def backward(*args: Any, **kwargs: Any) -> None:
        for optimizer in replay.optimizers[:1]:  # before a scaler looks at the gradients of its parameters
            seat(optimizer)
        original(*args, **kwargs)

    torch.autograd.backward = backward
    try:
        with _at_each_step(seat):
            yield
    finally:
        torch.autograd.backward = original


@contextmanager
def _rated(change: Change, replay: Replay) -> Iterator[None]:
    wanted = {id(each) for each in replay.parameters(change.keys)}

    def rate(optimizer: Any) -> None:
        for group in optimizer.param_groups:
            if wanted & {id(each) for each in group["params"]}:
                group["lr"] = float(group["lr"]) or proofs.TRIAL_RATE
                replay.acted.add(change.kind)

    with _at_each_step(rate):
        yield


@contextmanager
def _in_float32(change: Change, replay: Replay) -> Iterator[None]:
    """Weights and gradients are wide while the optimizer steps, and the weights stay so beside it: forward and backward are what they
    were."""
    narrow: Dict[int, Tuple[torch.Tensor, torch.Tensor]] = {}
    wide: Dict[int, torch.Tensor] = {}

    def widen(_optimizer: Any) -> None:
        for each in replay.parameters(change.keys):
            if each.dtype is not torch.float32 and each.grad is not None:
                gradient = each.grad
                narrow.setdefault(id(each), (each, each.data))
                each.grad, each.data = None, wide.get(id(each), each.data.float())
                each.grad = gradient.float()
                replay.acted.add(change.kind)

    def narrowed(_optimizer: Any, *_: Any) -> None:
        for each, data in narrow.values():
            if each.dtype is torch.float32:
                wide[id(each)], gradient, each.grad = each.data, each.grad, None
                each.data = each.data.to(data.dtype)
                each.grad = None if gradient is None else gradient.to(data.dtype)

    def show_wide() -> None:
        for each, _ in narrow.values():
            each.grad, each.data = None, wide.get(id(each), each.data)

    replay.last.append(show_wide)
    handle = register_optimizer_step_post_hook(narrowed)
    try:
        with _at_each_step(widen):
            yield
    finally:
        handle.remove()
        for each, data in narrow.values():
            each.grad, each.data = None, data


@contextmanager
def _perturbed(change: Change, replay: Replay) -> Iterator[None]:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for each in replay.parameters(change.zeros or change.keys):
            each.copy_(torch.randn(each.shape, generator=generator).to(each) * 0.01)
            replay.acted.add(change.kind)
    yield


@contextmanager
def _kept(change: Change, replay: Replay) -> Iterator[None]:
    """The gradients as backward() left them are there when the optimizer steps."""
    gradients: Dict[int, torch.Tensor] = {}
    original = torch.autograd.backward

    def backward(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        gradients.update({id(each): each.grad.clone() for each in replay.parameters(change.keys) if each.grad is not None})

    def give_back(_optimizer: Any) -> None:
        for each in replay.parameters(change.keys):
            if id(each) in gradients:
                each.grad = gradients[id(each)]
                replay.acted.add(change.kind)

    torch.autograd.backward = backward
    try:
        with _at_each_step(give_back):
            yield
    finally:
        torch.autograd.backward = original


@contextmanager
def _not_loaded(change: Change, replay: Replay) -> Iterator[None]:
    """After the first step nothing is loaded into a module."""
    stepped: List[int] = []
    a_class: Any = nn.Module
    original = a_class.load_state_dict

    def load(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        if not stepped:
            return original(self, *args, **kwargs)
        replay.acted.add(change.kind)
        return None

    a_class.load_state_dict = load
    try:
        with _at_each_step(lambda _: stepped.append(1)):
            yield
    finally:
        a_class.load_state_dict = original


@contextmanager
def _joined(change: Change, replay: Replay) -> Iterator[None]:
    """What the modules give is added to the loss."""
    outputs: List[torch.Tensor] = []
    original = torch.autograd.backward

    def took(_module: nn.Module, _args: Any, output: Any) -> None:
        outputs.extend(each for _, each in tensors_in(output) if each.requires_grad and each.is_floating_point())

    def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(tensors, torch.Tensor) and tensors.numel() == 1 and outputs:
            tensors = tensors + torch.stack([each.square().mean().to(tensors) for each in outputs]).sum()
            outputs.clear()
            replay.acted.add(change.kind)
        original(tensors, *args, **kwargs)

    torch.autograd.backward = backward
    owners = {key.rpartition(".")[0] for key in change.keys}
    handles = [module.register_forward_hook(took) for path, module in replay.model.named_modules() if path in owners]
    try:
        yield
    finally:
        torch.autograd.backward = original
        for handle in handles:
            handle.remove()


class _Uncut(TorchFunctionMode):
    """No detach at the line of the cut; or gradients are on in the layers of its file, where they are switched off."""

    def __init__(self, change: Change, replay: Replay) -> None:
        super().__init__()
        self._change, self._replay = change, replay

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The operation, or what it was given."""
        name = str(getattr(func, "__name__", ""))
        if name == "__get__":
            name = str(getattr(getattr(func, "__self__", None), "__name__", ""))
        if self._change.kind == proofs.UNCUT:
            if name in (*_CUTTING, "data") and args and _is_at(self._change.at, self._replay.places, 2):
                self._replay.acted.add(self._change.kind)
                return args[0]
            return func(*args, **(kwargs or {}))
        is_off = not torch.is_grad_enabled() and name != "_set_grad_enabled"
        if self._replay.running and is_off and _is_in_file(self._change.at, self._replay.places, 2):
            self._replay.acted.add(self._change.kind)
            with torch.inference_mode(False), torch.enable_grad():
                return func(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


class _Sloped(TorchFunctionMode):
    """What an operation at the line gives has a small slope in what it was given. Its value stays, but for one that leaks."""

    def __init__(self, change: Change, replay: Replay) -> None:
        super().__init__()
        self._change, self._replay = change, replay

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The operation, and its slope."""
        if short_name(func).rstrip("_") not in _SLOPED or not _is_at(self._change.at, self._replay.places, 2):
            return func(*args, **(kwargs or {}))
        before = [each.clone() for each in args[:2] if _can_learn(each)]  # the operation may write into what it is given
        name = str(getattr(func, "__name__", ""))
        writes = name.endswith("_") and not name.endswith("__") and _can_learn(args[0])  # a statement of its own, maybe
        result = func(*((args[0].clone(), *args[1:]) if writes else args), **(kwargs or {}))
        for given in before:
            if isinstance(result, torch.Tensor) and result.shape == given.shape:
                self._replay.acted.add(self._change.kind)
                leaks = self._change.kind == proofs.LEAK
                sloped = result + proofs.SMALL_SLOPE * (given if leaks else given - given.detach())
                return args[0].copy_(sloped) if writes else sloped
        return args[0].copy_(result) if writes else result


def _can_learn(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad and value.is_floating_point()


def _is_at(at: Spot, places: Places, above: int) -> bool:
    """Whether the user's code is at the line now; without a line it always is."""
    if not at.line:
        return True
    return places.of_caller(sys._getframe(above)) == (at.file, at.line)


def _is_in_file(at: Spot, places: Places, above: int) -> bool:
    """Whether the user's code is in the file of a line now; without a line it always is."""
    place = places.of_caller(sys._getframe(above)) if at.line else None
    return not at.line or (place is not None and place[0] == at.file)


_WAYS: Dict[str, Callable[[Change, Replay], Any]] = {
    proofs.UNFREEZE: _unfrozen,
    proofs.SEAT: _seated,
    proofs.UNCUT: _Uncut,
    proofs.GRAD_ON: _Uncut,
    proofs.SLOPE: _Sloped,
    proofs.LEAK: _Sloped,
    proofs.PERTURB: _perturbed,
    proofs.RATE: _rated,
    proofs.FLOAT32: _in_float32,
    proofs.KEEP: _kept,
    proofs.NO_LOAD: _not_loaded,
    proofs.JOIN: _joined,
}
