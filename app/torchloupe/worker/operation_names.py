"""What a person writes for a torch function: ``F.relu``, ``torch.cat``, ``x + y``, ``.view``, and what its arguments are called."""

import inspect
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch.overrides import get_testing_overrides, resolve_name

from ..wire.traces import PlainValue
from .nested import tensors_in
from .plain_values import plain_text, plain_values

MOST_LETTERS = 48
_SHORT_NUMBER = 8
_METHOD = "torch.Tensor."
_SHORT = (("torch.nn.functional.", "F."), ("torch.nn.", "nn."), ("torch.functional.", "torch."))
_TURNED = ("T", "mT", "H", "mH", "real", "imag")
_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "truediv": "/",
    "matmul": "@",
    "pow": "**",
    "floor_divide": "//",
    "floordiv": "//",
    "remainder": "%",
    "mod": "%",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}
_DUNDER_SIGNS = {**_SIGNS, "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}
_ONE_SIDED = {
    "neg": "-x",
    "__neg__": "-x",
    "__invert__": "~x",
    "__abs__": "abs(x)",
    "__bool__": "bool(x)",
    "__float__": "float(x)",
    "__int__": "int(x)",
    "__index__": "int(x)",
    "__contains__": "y in x",
    "__deepcopy__": "copy.deepcopy(x)",
    "__array__": "numpy.asarray(x)",
}
_READS = {
    "item",
    "tolist",
    "numpy",
    "equal",
    "allclose",
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__contains__",
    "__array__",
}
_NOTES = {"requires_grad_", "retain_grad", "register_hook", "as_subclass", "__set__", "backward", "_set_grad_enabled"}
_QUERIES = {
    *("size", "dim", "ndimension", "numel", "nelement", "stride", "storage_offset", "element_size", "get_device", "data_ptr"),
    *("is_contiguous", "is_floating_point", "is_complex", "is_neg", "is_conj", "is_inference", "untyped_storage"),
    *("__len__", "__hash__", "__format__", "__repr__", "__reduce_ex__"),
}
_SILENT = _NOTES | _QUERIES
"""They compute nothing; most are asked for by our own statistics."""


@dataclass(frozen=True)
class Spoken:
    """A torch function as people write it. ``operator`` stands between its operands, ``reflected`` ones in the other order.

    ``reads``: it gives plain Python numbers, and for that waits for the values. ``arguments`` are the names of its parameters,
    ``defaults`` what they are when nobody says.
    """

    name: str
    operator: str = ""
    reflected: bool = False
    indexes: bool = False
    writes: bool = False
    reads: bool = False
    arguments: Tuple[str, ...] = ()
    defaults: Dict[str, Any] = field(default_factory=dict)

    def written(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> str:
        """With what it was given: ``x * 0.5``, ``1 - x``, ``x[:, 0] = y``."""
        if self.indexes and len(args) > 1:
            index = plain_text(args[1])
            index = index[1:-1].rstrip(",") if type(args[1]) is tuple else index
            index = index if len(index) <= MOST_LETTERS else index[: MOST_LETTERS - 1] + "…"
            return f"x[{index}]" + (f" = {_operand(args[2], 'y')}" if self.writes and len(args) > 2 else "")
        if self.operator and len(args) > 1 and not kwargs:
            first, second = (args[1], args[0]) if self.reflected else (args[0], args[1])
            left = _operand(first, "x")
            return f"{left} {self.operator} {_operand(second, 'y' if left == 'x' else 'x')}"
        return self.name

    def tensors(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> List[Tuple[str, torch.Tensor]]:
        """Its operands by name."""
        found: List[Tuple[str, torch.Tensor]] = []
        for number, value in enumerate(args):
            found += tensors_in(value, self._argument(number))
        for name, value in kwargs.items():
            found += tensors_in(value, name)
        return found

    def values(self, args: Sequence[Any], kwargs: Dict[str, Any]) -> Tuple[PlainValue, ...]:
        """What else it was given, without what stands in its name already and what is so when nobody says."""
        if self.indexes or (self.operator and not kwargs):
            return ()
        last = len(self.arguments) - 1
        if 0 < last < len(args) - 1 and all(type(value) is int for value in args[last:]):
            args = (*args[:last], tuple(args[last:]))  # x.view(2, -1) is x.view((2, -1))
        names = [self._argument(number) for number in range(len(args))]
        given = {**dict(zip(names, args)), **kwargs}
        told = {name: value for name, value in given.items() if not name.startswith("_") and not self._is_default(name, value)}
        return plain_values((), told)

    def _argument(self, number: int) -> str:
        """The name of the argument at a position."""
        for at, name in enumerate(self.arguments[: number + 1]):
            if name.startswith("*"):
                return f"{name[1:]}[{number - at}]"
        return self.arguments[number] if number < len(self.arguments) else f"[{number}]"

    def _is_default(self, name: str, value: Any) -> bool:
        default = self.defaults.get(name, self.defaults)
        return type(value) is type(default) and (value is None or (isinstance(value, (int, float, str)) and value == default))


def _operand(value: Any, name: str) -> str:
    """In few letters: what a number is to the last digit says nothing here."""
    if type(value) is float and len(repr(value)) > _SHORT_NUMBER:
        return f"{value:.6g}"
    return name if isinstance(value, torch.Tensor) else plain_text(value)


def spoken(func: Callable[..., Any]) -> Optional[Spoken]:
    """How an operation is told; None for what is none: attributes, and what only makes a note on a tensor."""
    name = getattr(func, "__name__", "")
    resolved = str(resolve_name(func) or "")
    if name == "__get__":
        attribute = resolved.rpartition(".__get__")[0].rpartition(".")[2]
        return Spoken(f".{attribute}", arguments=("x",)) if attribute in _TURNED else None
    if name in _SILENT:
        return None
    arguments, defaults = _parameters(func)
    if not resolved.startswith(_METHOD):
        return Spoken(_short(resolved or name), reads=name in _READS, arguments=arguments, defaults=defaults)
    arguments = ("x", *arguments[1:])
    if name in ("__getitem__", "__setitem__"):
        return Spoken("x[…]", indexes=True, writes=name == "__setitem__", arguments=("x", "index", "y"))
    operator, reflected = _operator(name)
    if operator:
        return Spoken(f".{name.strip('_')}", operator, reflected, arguments=("y", "x") if reflected else ("x", "y"))
    return Spoken(_ONE_SIDED.get(name, f".{name}"), reads=name in _READS, arguments=arguments, defaults=defaults)


def _operator(name: str) -> Tuple[str, bool]:
    """``+`` of ``add`` and ``__radd__``, ``+=`` of ``add_`` and ``__iadd__``; and whether its operands are the other way round."""
    core = name.strip("_")
    if not name.startswith("__"):
        sign = _SIGNS.get(core, "")
        return (sign + "=" if sign and name.endswith("_") else sign), False
    if core in _DUNDER_SIGNS:
        return _DUNDER_SIGNS[core], False
    sign = _DUNDER_SIGNS.get(core[1:], "")
    return (sign + "=" if sign and core[0] == "i" else sign), core[0] == "r"


def _short(name: str) -> str:
    for long, short in _SHORT:
        if name.startswith(long):
            return short + name[len(long) :]
    return name


def _signature(func: Any) -> List[inspect.Parameter]:
    try:
        return list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):  # most of torch is written in C
        return []


def _parameters(func: Callable[..., Any]) -> Tuple[Tuple[str, ...], Dict[str, Any]]:
    """Names and defaults; those of a function without a signature from the stand-in that torch tests it with."""
    parameters = _signature(func)
    if all(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters):
        parameters = _signature(get_testing_overrides().get(func))
    parameters = [each for each in parameters if each.name != "out"]  # by position nobody gives it
    names = tuple([f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name for each in parameters])
    return names, {each.name: each.default for each in parameters if each.default is not each.empty}
