"""The axes of what flows through a pass: which tensor was reshaped into what, and which met another of the same count of values."""

import sys
import weakref
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.regrouping import permutation_meant, regrouped
from ...analysis.step.loss_shapes import is_silent_broadcast
from ..operations import short_name
from ..places import Places
from ..source_trial import Spot, spot_of
from ..torch_compat import has_sizes
from .call_watch import CallWatch

Shape = Tuple[int, ...]

_RESHAPES = {"view", "reshape", "flatten", "unflatten", "_unsafe_view", "view_as", "reshape_as", "unsqueeze", "squeeze"}
_PERMUTES = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "adjoint", "T", "mT"}
_MEETS = {"+", "-", "*", "/", "+=", "isub", "imul", "itruediv", "add", "sub", "mul", "div", "maximum", "minimum", "where"}
_KEEPS_AXES = {
    *_MEETS,
    *(
        "relu",
        "relu_",
        "gelu",
        "silu",
        "sigmoid",
        "tanh",
        "softplus",
        "leaky_relu",
        "elu",
        "selu",
        "hardtanh",
        "exp",
        "log",
        "sqrt",
    ),
    *("dropout", "feature_dropout", "dropout1d", "dropout2d", "softmax", "log_softmax", "layer_norm", "batch_norm", "group_norm"),
    *("contiguous", "clone", "to", "float", "half", "double", "detach", "neg", "abs", "pow", "masked_fill", "clamp", "linear"),
}
_ON_PURPOSE = {"unsqueeze", "expand", "view", "reshape", "broadcast_to", "diagonal"}
_SHIFTS = {"pad", "cat", "_pad"}
MOST_OPERATIONS = 4_000
"""So many are followed; a model of more repeats itself."""
_MARKS = (2, 3, 5, 7, 11, 13, 17, 19)


class Reshaped(NamedTuple):
    """An operation that made other axes out of ``source``. ``is_whole``: these are the axes as they stood before it."""

    operation: str
    source: Shape
    target: Shape
    is_whole: bool
    spot: Spot
    module: Optional[nn.Module]


class Met(NamedTuple):
    """An operation that combined each value of one with each of the other."""

    operation: str
    one: Shape
    other: Shape
    result: Shape
    spot: Spot
    module: Optional[nn.Module]


class _Axes(NamedTuple):
    """What is known of a tensor: for each axis the sizes that were merged into it; whether an axis was added on purpose, and whether
    something was put before or behind, so that what comes next may shift rows."""

    tensor: Any
    axes: Tuple[Shape, ...]
    on_purpose: bool = False
    is_shifted: bool = False
    seen: Optional[Reshaped] = None


class AxisWatch(TorchFunctionMode):
    """A mode that notes in ``reshaped`` what looks like a reshape in place of a permutation, and in ``met`` pairs of all with all.

    Only what is computed from the input counts, in files of the project.
    """

    def __init__(self, places: Places, calls: CallWatch) -> None:
        super().__init__()
        self._places = places
        self._calls = calls
        self._known: Dict[int, _Axes] = {}
        self._names: Dict[Any, str] = {}
        self._mixed: Dict[Tuple[Shape, Shape], bool] = {}
        self._count = 0
        self.reshaped: List[Reshaped] = []
        self.met: List[Met] = []

    def expect(self, inputs: Iterable[torch.Tensor]) -> None:
        """The tensors of the input."""
        for tensor in filter(has_sizes, inputs):
            self._note(tensor, tuple((size,) for size in tensor.shape))

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and follow the axes of its first operand."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = self._names.get(func) or self._names.setdefault(func, _name(func))
        if name != "__get__" and self._count < MOST_OPERATIONS:
            self._count += 1
            self._follow(name, func, args, kwargs, result)
        return result

    def _follow(self, name: str, func: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any], result: Any) -> None:
        operands = [self._of(each) for value in args[:3] for each in (value if isinstance(value, (tuple, list)) else (value,))]
        known = [each for each in operands if each is not None]
        if not known:
            return
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, torch.Tensor) and has_sizes(tensor):
                self._follow_one(name, func, args, kwargs, known, tensor)

    def _follow_one(
        self, name: str, func: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any], known: List[_Axes], result: torch.Tensor
    ) -> None:
        first, shape = known[0], tuple(result.shape)
        seen = None
        if name in _RESHAPES:
            axes = self._regrouped(first, shape)
            if name not in ("unsqueeze", "squeeze"):
                seen = self._reshaped(name, first, shape)
        elif name in _PERMUTES:
            axes = _permuted(first.axes, func, args, kwargs) or _plain(shape)
        else:
            axes = _kept(name, known, shape)
        is_shifted = name in _SHIFTS or (name == "__getitem__" and first.seen is not None and _is_shorter(first, shape))
        if is_shifted and first.seen in self.reshaped:
            self.reshaped.remove(first.seen)  # rows shifted against each other, as for relative positions
        on_purpose = name in _ON_PURPOSE or bool(kwargs.get("keepdim")) or (name == "__getitem__" and _adds_an_axis(args))
        if name in _KEEPS_AXES:
            on_purpose = any(each.on_purpose for each in known)
        if name in _MEETS and len(known) > 1:
            self._meet(name, known, shape)
        self._note(result, axes, on_purpose, is_shifted, seen)

    def _regrouped(self, first: _Axes, shape: Shape) -> Tuple[Shape, ...]:
        """Axes that are merged stay known as what they were."""
        parts = tuple(size for axis in first.axes for size in axis)
        axes = list(_plain(shape))
        for group in regrouped(parts, shape):
            if len(group.target) == 1:
                axes[group.target[0]] = tuple(parts[at] for at in group.source)
        return tuple(axes)

    def _reshaped(self, name: str, first: _Axes, shape: Shape) -> Optional[Reshaped]:
        source = tuple(size for axis in first.axes for size in axis)
        if source == shape or first.is_shifted or not self._is_mixed(source, shape):
            return None
        spot = self._spot()
        if spot is None:
            return None
        seen = Reshaped(name, source, shape, len(source) == len(first.axes), spot, self._calls.owner())
        self.reshaped.append(seen)
        return seen

    def _is_mixed(self, source: Shape, target: Shape) -> bool:
        if (source, target) not in self._mixed:
            groups = [group for group in regrouped(source, target) if group.is_mixed]
            is_of_batch = any(group.source[0] == 0 for group in groups)
            self._mixed[source, target] = is_of_batch or (bool(groups) and permutation_meant(source, target) is not None)
        return self._mixed[source, target]

    def _meet(self, name: str, known: List[_Axes], result: Shape) -> None:
        one, other = (tuple(map(_size, each.axes)) for each in known[:2])
        longer = known[0] if len(one) > len(other) else known[1]
        if is_silent_broadcast(one, other, result) and not longer.on_purpose:
            spot = self._spot()
            if spot is not None:
                self.met.append(Met(name, one, other, result, spot, self._calls.owner()))

    def _spot(self) -> Optional[Spot]:
        spot = spot_of(sys._getframe(1))
        return spot if spot is not None and self._places.is_project(spot.file) else None

    def _of(self, value: Any) -> Optional[_Axes]:
        known = self._known.get(id(value)) if isinstance(value, torch.Tensor) else None
        return known if known is not None and known.tensor() is value else None

    def _note(
        self,
        tensor: torch.Tensor,
        axes: Tuple[Shape, ...],
        on_purpose: bool = False,
        is_shifted: bool = False,
        seen: Optional[Reshaped] = None,
    ) -> None:
        self._known[id(tensor)] = _Axes(weakref.ref(tensor), axes, on_purpose, is_shifted, seen)


def _name(func: Any) -> str:
    """Of an attribute that gives a view, the attribute."""
    name = str(getattr(func, "__name__", ""))
    if name == "__get__":
        attribute = str(getattr(getattr(func, "__self__", None), "__name__", ""))
        return attribute if attribute in _PERMUTES else name
    return name if name == "__getitem__" else {"__matmul__": "matmul"}.get(name, short_name(func))


def _plain(shape: Shape) -> Tuple[Shape, ...]:
    return tuple((size,) for size in shape)


def _size(axis: Shape) -> int:
    size = 1
    for part in axis:
        size *= part
    return size


def _permuted(axes: Tuple[Shape, ...], func: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Optional[Tuple[Shape, ...]]:
    """The same operation on a tensor whose sizes say which axis is which."""
    marks = _MARKS[: len(axes)]
    if len(marks) != len(axes):
        return None
    try:
        moved = func(torch.empty(marks, device="meta"), *args[1:], **kwargs)
    except Exception:  # the tensor was given by its name
        return None
    return tuple(axes[marks.index(size)] for size in moved.shape)


def _kept(name: str, known: List[_Axes], shape: Shape) -> Tuple[Shape, ...]:
    """The axes that an operation hands on: all of them, all but the last, or the first."""
    axes = _plain(shape)
    first = next((each for each in known if len(each.axes) == len(shape)), None)
    if first is None or not shape:
        return axes
    sizes = tuple(map(_size, first.axes))
    if name == "linear":
        return (*first.axes[:-1], axes[-1]) if sizes[:-1] == shape[:-1] else axes
    if name in _KEEPS_AXES and sizes == shape:
        return first.axes
    return (first.axes[0], *axes[1:]) if sizes[0] == shape[0] else axes


def _is_shorter(known: _Axes, shape: Shape) -> bool:
    """Whether an index left out one place of an axis."""
    sizes = tuple(map(_size, known.axes))
    return len(sizes) == len(shape) and sum(size - other for size, other in zip(sizes, shape)) == 1


def _adds_an_axis(args: Tuple[Any, ...]) -> bool:
    index = args[1] if len(args) > 1 else ()
    return any(each is None for each in (index if isinstance(index, tuple) else (index,)))
