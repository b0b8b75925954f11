"""Every operation of a pass: where does the first NaN or Inf come from? What -inf masks say on purpose is left alone."""

import math
import sys
import weakref
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.numerics.facts import INF, NAN, Birth, Operand
from ...analysis.registration.forward_facts import Spot
from ..places import Places
from ..registration.call_watch import CallWatch
from ..registration.operation_watch import said, tensors_among
from ..tensor_facts import dtype_name

MEANT = "meant"
"""The mark of values that someone wrote as constants: -inf in a mask."""
_Mark = Union[str, Birth]
_CONSTANTS = (
    *("full", "full_like", "new_full", "tensor", "as_tensor", "new_tensor", "fill", "masked_fill", "where", "setitem"),
    *(
        "constant",
        "index_fill",
        "empty",
        "empty_like",
        "new_empty",
        "triu",
        "tril",
        "pad",
        "fill_diagonal",
        "masked_scatter",
        "scatter",
    ),
)
_HUGE = 0.9 * torch.finfo(torch.float32).max
_MOST_OPERANDS = 6
_SOFTMAX = ("softmax", "log_softmax", "_softmax", "softmin")
_OF_GRADIENTS = ("__get__", "grad", "backward")
"""What gives a gradient: where those go bad is for others to say."""
_LOSSES = ("cross_entropy", "nll_loss", "nll_loss2d")


class ValueWatch(TorchFunctionMode):
    """A mode in which every result is looked at. ``calls`` know which module runs now, ``names`` how parameters, buffers and inputs are
    called, ``paths`` where a module hangs. ``seen`` gets every operation afterwards."""

    def __init__(
        self,
        places: Places,
        calls: CallWatch,
        names: Dict[int, str],
        paths: Dict[int, str],
        seen: Callable[[str, Any, Any, Any, Any], None] = lambda *_: None,
    ) -> None:
        super().__init__()
        self._places = places
        self._calls = calls
        self._names = names
        self._paths = paths
        self._seen = seen
        self._marks: Dict[int, Tuple[Any, _Mark]] = {}
        self._looking = False
        self.births: List[Birth] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and look at what comes out."""
        kwargs = kwargs or {}
        self._calls.check()
        try:
            result = func(*args, **kwargs)
        except Exception:
            self._while_looking(self._refused, args, kwargs)
            raise
        name = str(getattr(func, "__name__", ""))
        if not (name == "__get__" and not isinstance(result, torch.Tensor)):
            self._while_looking(self._look, name, func, args, kwargs, result)
        return result

    def _while_looking(self, look: Callable[..., object], *what: Any) -> None:
        """Looking must never be what fails."""
        if self._looking:
            return
        self._looking = True
        try:
            with torch.no_grad():
                look(*what)
        except Exception:
            pass
        finally:
            self._looking = False

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Inside, operations are our own and not looked at: what hooks compute."""
        before, self._looking = self._looking, True
        try:
            with torch.no_grad():
                yield
        finally:
            self._looking = before

    def here(self) -> Spot:
        """The user's line that runs now."""
        place = self._places.of_caller(sys._getframe(1))
        return Spot(*place) if place else Spot()

    def module_path(self) -> str:
        """The path of the innermost module that runs now."""
        return self._paths.get(id(self._calls.running), "")

    def births_reaching(self, outputs: List[torch.Tensor]) -> Tuple[Birth, ...]:
        """Where NaN and Inf came from, in order; those that the outputs have say so."""
        with self.at_rest():
            marks = [self._mark_of(tensor) for tensor in outputs if not is_finite(tensor)]
        return tuple(replace(birth, reaches_output=any(mark is birth for mark in marks)) for birth in self.births)

    def _refused(self, args: Any, kwargs: Any) -> None:
        for tensor in tensors_among((args, kwargs)):
            if not is_finite(tensor):
                self._mark_of(tensor)

    def _look(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        self._look_at_values(name, func, args, kwargs, result)
        self._seen(name, func, args, kwargs, result)

    def _look_at_values(self, name: str, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        changed = list(tensors_among(result))
        if name == "__setitem__" or (name.endswith("_") and not name.endswith("__") and args and result is not args[0]):
            changed += tensors_among(args[:1])
        for tensor in changed:
            if is_finite(tensor):
                self._marks.pop(id(tensor), None)
            else:
                self._put(tensor, self._mark(name, func, args, kwargs, tensor))

    def _put(self, tensor: torch.Tensor, mark: _Mark) -> None:
        self._marks[id(tensor)] = weakref.ref(tensor), mark

    def _mark_of(self, tensor: torch.Tensor) -> _Mark:
        """Of a tensor with bad values: where they come from, as far as it was seen."""
        found = self._marks.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]
        name = self._names.get(id(tensor), "")
        has_nan = bool(torch.isnan(tensor).any())
        if not has_nan and not isinstance(tensor, nn.Parameter):
            return MEANT  # masks, tables, inputs: an Inf that was there before was written by someone
        kind = NAN if has_nan else INF
        birth = Birth(kind, "", "", self.module_path(), self.here(), (operand(tensor, name),), *_first_bad(tensor, has_nan))
        self.births.append(birth)
        self._put(tensor, birth)
        return birth

    def _mark(self, name: str, func: Any, args: Any, kwargs: Any, tensor: torch.Tensor) -> _Mark:
        """Where the bad values of a result come from: one of the operands, or here."""
        has_nan = bool(torch.isnan(tensor).any())
        before = self._marks.get(id(tensor))
        was_bad = before is not None and before[0]() is tensor
        operands = [each for each in tensors_among((args, kwargs)) if each is not tensor and not is_finite(each)]
        marks = [self._mark_of(each) for each in operands] + ([before[1]] if was_bad and before is not None else [])
        births = [mark for mark in marks if isinstance(mark, Birth)]
        if has_nan:
            sick = next((birth for birth in births if birth.kind == NAN), None)
            if sick is not None:
                return sick
            gradients = any(mark == MEANT and bool(torch.isnan(each).any()) for mark, each in zip(marks, operands))
            if gradients or name in _OF_GRADIENTS:
                return MEANT
        elif births:
            return births[0]
        elif marks or self._is_meant(name, args, kwargs, tensor):
            return MEANT
        birth = self._born(NAN if has_nan else INF, name, func, args, kwargs, tensor, births[0] if births else None)
        self.births.append(birth)
        return birth

    def _is_meant(self, name: str, args: Any, kwargs: Any, tensor: torch.Tensor) -> bool:
        """Whether an Inf is written by the author: a constant, a mask of 0 and 1 whose logarithm is taken, the lowest number twice."""
        if name.strip("_") in _CONSTANTS or any(math.isinf(number) for number in _numbers(args, kwargs)):
            return True
        operands = [each for each in tensors_among((args, kwargs)) if each.is_floating_point() and each.numel()]
        if name.startswith("log") and operands and bool(((operands[0] == 0) | (operands[0] == 1)).all()):
            return True
        return any(float(each.abs().max()) >= _HUGE for each in operands if each is not tensor and is_finite(each))

    def _born(
        self, kind: str, name: str, func: Any, args: Any, kwargs: Any, tensor: torch.Tensor, because: Optional[Birth]
    ) -> Birth:
        shape, dtype, count, index = _first_bad(tensor, kind == NAN)
        found = [each for each in tensors_among((args, kwargs)) if each is not tensor or not name.endswith("_")]
        dimension = _dimension(name, args, kwargs)
        rows = found[0] if found and name in _SOFTMAX and found[0].dim() else None
        return Birth(
            kind,
            said(func),
            name,
            self.module_path(),
            self.here(),
            tuple(operand(each, self._names.get(id(each), ""), index, shape) for each in _told_of(found)),
            shape,
            dtype,
            count,
            index,
            dimension,
            rows is not None and dimension is not None and bool(torch.isneginf(rows).all(dimension).any()),
            tuple(_numbers(args, kwargs)),
            because,
            ignored=_ignored(name, args, kwargs),
            is_negative=kind == INF and not tensor.is_complex() and not bool(torch.isposinf(tensor).any()),
            is_written=name.strip("_") in _CONSTANTS,
        )


def is_finite(tensor: torch.Tensor) -> bool:
    """Whether there is neither NaN nor Inf in it; what cannot be counted is."""
    if not (tensor.is_floating_point() or tensor.is_complex()) or tensor.layout is not torch.strided or not tensor.numel():
        return True
    if tensor.device.type == "meta" or tensor.is_quantized or tensor.is_nested:
        return True
    try:
        values = tensor.detach()
        if tensor.is_complex():
            return bool(torch.isfinite(values).all())
        low, high = torch.aminmax(values)
        return math.isfinite(float(low)) and math.isfinite(float(high))
    except RuntimeError:  # float8 and other dtypes that cannot be compared
        return True


def operand(tensor: torch.Tensor, name: str, index: Tuple[int, ...] = (), shape: Tuple[int, ...] = ()) -> Operand:
    """What an operand was, and its value where the result with this ``shape`` went bad at ``index``."""
    sizes, dtype = tuple(int(size) for size in tensor.shape), dtype_name(tensor.dtype)
    if not tensor.numel() or tensor.is_complex() or tensor.dtype is torch.bool or tensor.layout is not torch.strided:
        return Operand(sizes, dtype, name)
    values = tensor.detach()
    finite = values[torch.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.numel() else (None, None)
    nan, inf = int(torch.isnan(values).sum()), int(torch.isinf(values).sum())
    return Operand(sizes, dtype, name, low, high, nan, inf, _value_at(values, index, shape))


def _told_of(tensors: List[torch.Tensor]) -> List[torch.Tensor]:
    """The first operands, and a mask behind them: attention takes its mask after all of its weights."""
    first, rest = tensors[:_MOST_OPERANDS], tensors[_MOST_OPERANDS:]
    return first + [each for each in rest if each.dtype is torch.bool or not is_finite(each)][:1]


def _value_at(values: torch.Tensor, index: Tuple[int, ...], shape: Tuple[int, ...]) -> Optional[float]:
    """The value that meets the element at ``index`` when ``values`` are spread to ``shape``."""
    try:
        return float(values.expand(shape)[index]) if values.dim() <= len(shape) and len(index) == len(shape) else None
    except RuntimeError:
        return None


def _first_bad(tensor: torch.Tensor, nan: bool) -> Tuple[Tuple[int, ...], str, int, Tuple[int, ...]]:
    """Shape, dtype, how many are bad, and where the first is."""
    bad = torch.isnan(tensor) if nan else torch.isinf(tensor)
    flat = int(bad.reshape(-1).to(torch.uint8).argmax())
    index = []
    for size in reversed(tensor.shape):
        index.append(flat % int(size))
        flat //= int(size)
    return tuple(int(size) for size in tensor.shape), dtype_name(tensor.dtype), int(bad.sum()), tuple(reversed(index))


def _numbers(args: Any, kwargs: Any) -> Iterator[float]:
    for value in (*args, *kwargs.values()):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield float(value)


def _dimension(name: str, args: Any, kwargs: Any) -> Optional[int]:
    if name not in _SOFTMAX:
        return None
    value = kwargs.get("dim", args[1] if len(args) > 1 else None)
    return value if isinstance(value, int) else None


def _ignored(name: str, args: Any, kwargs: Any) -> Optional[int]:
    """How many targets a loss was given when it leaves out every one of them."""
    if name not in _LOSSES or len(args) < 2 or not isinstance(args[1], torch.Tensor) or args[1].is_floating_point():
        return None
    left_out = kwargs.get("ignore_index", args[4] if len(args) > 4 else -100)
    return int(args[1].numel()) if bool((args[1] == left_out).all()) else None


def module_names(walked: List[Tuple[str, nn.Module]]) -> Dict[int, str]:
    """What the parameters and buffers are called."""
    names: Dict[int, str] = {}
    for path, module in walked:
        for members in (module._parameters, module._buffers):
            for name, tensor in members.items():
                if tensor is not None:
                    names.setdefault(id(tensor), f"{path}.{name}" if path else name)
    return names
