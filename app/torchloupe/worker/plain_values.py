"""Arguments that are no tensors, as a person would write them: short, and without running a line of the user's code."""

import types
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import torch

from ..wire.traces import PlainValue

MOST_VALUES = 32
MOST_LETTERS = 80
_MOST_ITEMS = 8
_DEEPEST = 3
_LONGEST_NUMBER = 256
"""Bits: Python refuses to write numbers of thousands of digits."""
_TENSOR = "tensor"
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType)
_NAME: Any = type.__dict__["__name__"]  # past a metaclass with a mind of its own
_Writer = Callable[[Any, int], str]


def plain_values(args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str] = ()) -> Tuple[PlainValue, ...]:
    """The arguments that are not tensors and hold more than tensors; ``names`` are those of the positional ones."""
    found: List[PlainValue] = []
    for number, value in enumerate(args):
        _add(found, names[number] if number < len(names) else f"[{number}]", value)
    for name, value in kwargs.items():
        _add(found, name, value)
    return tuple(found)


def _add(found: List[PlainValue], name: str, value: Any) -> None:
    if len(found) < MOST_VALUES and not _is_tensor(value) and not _only_tensors(value, 0):
        found.append(PlainValue(name, plain_text(value)))


def plain_text(value: Any) -> str:
    """``0.5``, ``(2, 3)``, ``1:``, ``'mean'``; of anything else than plain Python values the name of its class."""
    text = _written(value, 0)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _only_tensors(value: Any, depth: int) -> bool:
    """Whether it is a container with nothing but tensors, which are told already."""
    if depth > _DEEPEST or type(value) not in (tuple, list, dict) or not value:
        return False
    items = list(value.values() if type(value) is dict else value)
    return all(_is_tensor(item) or _only_tensors(item, depth + 1) for item in items)


def _is_tensor(value: Any) -> bool:
    """By its class: ``isinstance`` asks the value itself, too."""
    return issubclass(type(value), torch.Tensor)


def _written(value: Any, depth: int) -> str:
    if _is_tensor(value):
        return _TENSOR
    write = _WRITERS.get(type(value))
    return write(value, depth) if write is not None else _of_class(value)


def _of_class(value: Any) -> str:
    """A class or function by its own name, an object by that of its class: what it says of itself is the user's code."""
    kind = type(value)
    if issubclass(kind, type):
        return str(_NAME.__get__(value))
    if kind in _FUNCTIONS:
        return f"{value.__name__}()"
    return str(_NAME.__get__(kind))


def _text(value: str, _depth: int) -> str:
    return repr(value if len(value) <= MOST_LETTERS else value[:MOST_LETTERS])


def _number(value: int, _depth: int) -> str:
    bits = value.bit_length()
    return repr(value) if bits <= _LONGEST_NUMBER else f"a number of {bits} bits"


def _slice(value: slice, depth: int) -> str:
    start, stop, step = ["" if each is None else _written(each, depth + 1) for each in (value.start, value.stop, value.step)]
    return f"{start}:{stop}" + (f":{step}" if step else "")


def _items(value: Any, depth: int, opening: str, closing: str) -> str:
    if depth >= _DEEPEST:
        return f"{opening}…{closing}"
    texts = [_written(item, depth + 1) for item in value[:_MOST_ITEMS]] + ["…"] * (len(value) > _MOST_ITEMS)
    return f"{opening}{', '.join(texts)}{',' if opening == '(' and len(value) == 1 else ''}{closing}"


def _dict(value: Dict[Any, Any], depth: int) -> str:
    if depth >= _DEEPEST:
        return "{…}"
    texts = [f"{_written(key, depth + 1)}: {_written(item, depth + 1)}" for key, item in list(value.items())[:_MOST_ITEMS]]
    return "{" + ", ".join(texts + ["…"] * (len(value) > _MOST_ITEMS)) + "}"


def _shown(value: Any, _depth: int) -> str:
    return repr(value)


_WRITERS: Dict[type, _Writer] = {
    **dict.fromkeys((float, bool, complex, type(None), torch.dtype, torch.layout, torch.memory_format), _shown),
    int: _number,
    str: _text,
    bytes: lambda value, _depth: f"bytes of length {len(value)}",
    slice: _slice,
    type(Ellipsis): lambda _value, _depth: "...",
    torch.device: lambda value, _depth: repr(str(value)),
    tuple: lambda value, depth: _items(value, depth, "(", ")"),
    torch.Size: lambda value, depth: _items(tuple(value), depth, "[", "]"),
    list: lambda value, depth: _items(value, depth, "[", "]"),
    range: _shown,
    dict: _dict,
}
