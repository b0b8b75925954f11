"""Every operation of a forward pass: which tensors come from where, and what becomes of those that nobody registered."""

import sys
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.registration.forward_facts import ALONE, INDEX, MEETS, MOVED, NOWHERE, ROLES, SCALAR, Spot
from ..operations import short_name
from ..places import Places
from ..torch_compat import is_lazy
from .call_watch import CallWatch

DATA = 1
LEARNED = 2
HANDLED = 4
"""What a value comes from: an input or something registered, a trained parameter; and that it was moved to a device on purpose."""

_MOVES = {"to", "type_as", "cuda", "cpu", "new_tensor", "as_tensor", "tensor", "copy_", "__setitem__"}
_SHAPE_OF_THE_REST = {"expand_as", "view_as", "reshape_as"}
_LEAVING = {"numpy", "item", "tolist", "__float__", "__array__"}
_AS_WEIGHT = {
    "matmul",
    "__matmul__",
    "__rmatmul__",
    "mm",
    "bmm",
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "einsum",
    "addmm",
    "baddbmm",
}
_DROPOUTS = ("dropout", "alpha_dropout", "feature_alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout")
_GRAD: Any = torch.Tensor.grad
_MAX_DEPTH = 3
_REGISTERED, _KEPT = 8, 16
_WHERE_FROM = DATA | LEARNED | HANDLED
_TENSORS = (torch.Tensor, torch.nn.Parameter)
_NEVER_TENSORS = {int, float, bool, str, type(None), torch.dtype, torch.device, torch.Size, slice}


@dataclass
class ForeignUse:
    """The most telling use of a foreign tensor so far."""

    role: str = ""
    operation: str = ""
    used_at: Spot = NOWHERE
    as_weight: bool = False


@dataclass
class Seen:
    """An operation that is worth a remark: its name, its line, the ``layer`` it ran in (``in_training`` or not) and the innermost
    ``module`` that is none of torch's own layers."""

    operation: str
    used_at: Spot
    layer: Optional[nn.Module] = None
    module: Optional[nn.Module] = None
    probability: float = 0.0
    in_training: bool = False


class _Function:
    """What is known of a torch function by its name; asked of thousands of calls of the same few."""

    def __init__(self, func: Any) -> None:
        name = str(getattr(func, "__name__", ""))
        self.name = name
        self.reads_attribute = name == "__get__"
        self.may_move = name in _MOVES
        self.leaves = name in _LEAVING
        self.makes_gradients = name == "backward" or (name == "__set__" and getattr(func, "__self__", None) is _GRAD)
        self.may_drop = name == "scaled_dot_product_attention" or name.rstrip("_") in _DROPOUTS
        self.writes = name.endswith("_") or name.startswith("__i") or name == "__setitem__"
        self.is_remarkable = self.leaves or self.makes_gradients or self.may_drop or self.writes


class OperationWatch(TorchFunctionMode):
    """A mode in which every torch function is looked at. ``calls`` know which module runs now.

    ``registered`` are the parameters and buffers, ``foreign`` the tensors that are held without being registered, by any key of the
    caller's; both were there before the pass, so that no result can have their identity. ``check`` may raise to stop.
    """

    def __init__(self, places: Places, calls: CallWatch, check: Callable[[], None]) -> None:
        super().__init__()
        self._places = places
        self._calls = calls
        self._check = check
        self._kinds: Dict[int, int] = {}
        self._derived: Dict[int, Tuple[torch.Tensor, Set[Any]]] = {}
        self._inputs: List[Tuple[str, torch.Tensor, int]] = []
        self._functions: Dict[Any, _Function] = {}
        self.uses: Dict[Any, ForeignUse] = {}
        self.used: Set[int] = set()
        self.read_kept: Set[int] = set()
        self.leaving: List[Seen] = []
        self.gradients: List[Seen] = []
        self.dropouts: List[Seen] = []
        self.changed: Dict[str, Seen] = {}
        self.written: Dict[Optional[int], Seen] = {}

    def expect(
        self,
        registered: Iterable[torch.Tensor],
        foreign: Dict[Any, torch.Tensor],
        inputs: List[Tuple[str, torch.Tensor]],
        kept: List[torch.Tensor],
    ) -> None:
        """What is known before the pass. ``kept`` are results that an earlier pass left in the model."""
        for tensor in registered:
            self._kinds[id(tensor)] = _REGISTERED | DATA | (LEARNED if tensor.requires_grad else 0)
        for key, tensor in foreign.items():
            if id(tensor) not in self._kinds:
                self._derived.setdefault(id(tensor), (tensor, set()))[1].add(key)
        for name, tensor in inputs:
            self._kinds[id(tensor)] = DATA
            version = version_of(tensor)
            if version is not None:
                self._inputs.append((name, tensor, version))
        for tensor in kept:
            self._kinds[id(tensor)] = self._kinds.get(id(tensor), 0) | _KEPT

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and note where its result comes from."""
        kwargs = kwargs or {}
        operands = _operands(args, kwargs)
        result = func(*args, **kwargs)
        if operands:
            function = self._functions.get(func) or self._functions.setdefault(func, _Function(func))
            self._note(function, func, operands, args, kwargs, result)
        else:
            self._follow(0, set(), result)  # made of nothing; what had its place in memory before is gone
        return result

    def _note(
        self,
        function: _Function,
        func: Any,
        operands: List[torch.Tensor],
        args: Tuple[Any, ...],
        kwargs: Dict[str, Any],
        result: Any,
    ) -> None:
        self._check()
        if function.reads_attribute and not isinstance(result, torch.Tensor):
            return  # a shape, a dtype, a device: nothing is computed
        kinds = 0
        origins: Set[Any] = set()
        for operand in operands:
            known = self._kinds.get(id(operand), 0)
            kinds |= known
            if known & _REGISTERED:
                self.used.add(id(operand))
            if known & _KEPT:
                self.read_kept.add(id(operand))
            if self._derived and id(operand) in self._derived:
                origins |= self._derived[id(operand)][1]
        kinds &= _WHERE_FROM
        if origins:
            kinds = self._use(function.name, func, operands, origins, kinds, args, kwargs)
        elif function.may_move and _names_a_device(function.name, args, kwargs):
            kinds |= HANDLED
        elif len(operands) > 1:
            kinds &= ~HANDLED
        self._follow(kinds, origins if not kinds & (DATA | LEARNED) else set(), result)
        for input_name, tensor, version in self._inputs:
            if version_of(tensor) != version and input_name not in self.changed:
                self.changed[input_name] = self._seen(said(func))
        if function.is_remarkable:
            self._remark(function, func, args, kwargs, operands[0])

    def _use(
        self, name: str, func: Any, operands: List[torch.Tensor], origins: Set[Any], kinds: int, args: Any, kwargs: Any
    ) -> int:
        """How the operation uses foreign tensors; what its result counts as."""
        foreign = [operand for operand in operands if id(operand) in self._derived]
        if name in _SHAPE_OF_THE_REST and operands[0] is foreign[0]:
            kinds, role = 0, ALONE
        elif name in _MOVES and _names_a_device(name, args, kwargs):
            kinds, role = kinds | HANDLED, MOVED
        elif not kinds & (DATA | LEARNED) or kinds & HANDLED:
            role = ALONE
        elif name == "__getitem__" and id(operands[0]) not in self._derived:
            role = INDEX
        elif all(operand.dim() == 0 for operand in foreign):
            role = SCALAR
        else:
            role = MEETS
        for origin in origins:
            use = self.uses.setdefault(origin, ForeignUse())
            if not use.role or ROLES.index(role) > ROLES.index(use.role):
                use.role, use.operation, use.used_at = role, said(func), self._here()
                use.as_weight = name in _AS_WEIGHT
        return kinds

    def _follow(self, kinds: int, origins: Set[Any], result: Any) -> None:
        for tensor in (result,) if type(result) is torch.Tensor else tensors_among(result):
            number = id(tensor)
            known = self._kinds.get(number, 0)
            if known & _REGISTERED or (not origins and not kinds and number in self._derived):
                continue
            if kinds:
                self._derived.pop(number, None)
            elif origins:
                self._derived[number] = (tensor, origins)
            self._kinds[number] = kinds | (known & _KEPT)

    def _remark(self, function: _Function, func: Any, args: Any, kwargs: Any, first: torch.Tensor) -> None:
        if function.leaves and self._kinds.get(id(first), 0) & LEARNED and first.is_floating_point():
            self.leaving.append(self._seen(function.name))
        if function.makes_gradients:
            self.gradients.append(self._seen("backward" if function.name == "backward" else "grad"))
        probability = dropout_probability(function.name, args, kwargs) if function.may_drop else 0.0
        if probability:
            self.dropouts.append(self._seen(function.name, probability))
        if function.writes:
            self.written.setdefault(memory_of(first), self._seen(said(func)))

    def _seen(self, name: str, probability: float = 0.0) -> Seen:
        layer = self._calls.running
        in_training = bool(getattr(layer, "training", False))
        return Seen(name, self._here(), layer, self._calls.owner(), probability, in_training)

    def _here(self) -> Spot:
        place = self._places.of_caller(sys._getframe(1))
        return Spot(*place) if place else Spot()


def _operands(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[torch.Tensor]:
    found: List[torch.Tensor] = []
    for value in (*args, *kwargs.values()) if kwargs else args:
        kind = type(value)
        if kind in _TENSORS:
            found.append(value)
        elif kind not in _NEVER_TENSORS:
            found.extend(tensors_among(value, 2))
    return found


def tensors_among(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    """The tensors in the arguments or the result of an operation."""
    if isinstance(value, torch.Tensor):
        if not is_lazy(value):
            yield value
    elif depth < _MAX_DEPTH and isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_among(item, depth + 1)
    elif depth < _MAX_DEPTH and isinstance(value, dict):
        for item in value.values():
            yield from tensors_among(item, depth + 1)


def said(func: Callable[..., Any]) -> str:
    """What people call an operation: ``matmul``, ``+``, ``-=``, ``indexing``."""
    name = str(getattr(func, "__name__", "an operation"))
    known = {"div": "/", "div_": "/="}.get(name) or short_name(func)
    if name == "__getitem__":
        return "indexing"
    if known.isidentifier():
        return name.strip("_") or known
    return known if known.endswith("=") or not (name.endswith("_") and not name.endswith("__")) else known + "="


def memory_of(tensor: torch.Tensor) -> Optional[int]:
    """Where a tensor's memory begins; None for one that has none of its own."""
    try:
        return tensor.untyped_storage().data_ptr() or None
    except Exception:  # fake, sparse and other tensors each refuse in their own way
        return None


def version_of(tensor: torch.Tensor) -> Optional[int]:
    """How often a tensor was changed in place; None for those that do not count."""
    try:
        return int(tensor._version)
    except RuntimeError:
        return None


def dropout_probability(name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> float:
    """With which probability an operation drops values now; 0 when it is no dropout or is at rest."""
    if name == "scaled_dot_product_attention":
        return float(kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0) or 0.0)
    if name.rstrip("_") not in _DROPOUTS:
        return 0.0
    probability = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    at_work = kwargs.get("training", kwargs.get("train", args[2] if len(args) > 2 else True))
    return float(probability) if at_work and isinstance(probability, (int, float)) else 0.0


def _names_a_device(name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> bool:
    """Whether a conversion says where its result is to be; ``to(torch.float16)`` does not."""
    if name in ("cuda", "cpu", "type_as", "new_tensor", "copy_", "__setitem__"):
        return True
    said = (*args[1:], *(value for key, value in kwargs.items() if key in ("device", "other")))
    return any(isinstance(value, (torch.device, str, torch.Tensor)) for value in said)
