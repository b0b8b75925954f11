"""What an annotation and a default say of an argument: its kind for a form, and how a JSON value becomes what is expected."""

import dataclasses
import enum
import inspect
import types
import typing
from collections import abc
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

import torch
from torch import nn

from ..wire.errors import UsageError

MISSING = inspect.Parameter.empty
Make = Callable[[Any], Any]
Kind = Tuple[str, Tuple[str, ...], Make]
"""The kind's name, its choices, and what makes the value."""
COMMON_LAYERS = tuple(
    f"torch.nn.{name}"
    for name in (
        *(
            "Identity",
            "Linear",
            "Conv1d",
            "Conv2d",
            "BatchNorm1d",
            "BatchNorm2d",
            "LayerNorm",
            "GroupNorm",
            "Embedding",
            "Dropout",
        ),
        *("ReLU", "GELU", "SiLU", "LeakyReLU", "Sigmoid", "Tanh", "Softmax", "Flatten", "MaxPool2d", "AdaptiveAvgPool2d"),
        *("LSTM", "GRU", "MultiheadAttention", "TransformerEncoderLayer", "MSELoss", "CrossEntropyLoss"),
    )
)
"""What is offered beside the classes of the file; any other layer may be named, too."""
PLAIN = {int: "int", float: "float", bool: "bool", str: "str"}


def parameters_of(kind: type) -> Dict[str, inspect.Parameter]:
    """Keywords of a class; where it takes any, those of its base classes, too."""
    found: Dict[str, inspect.Parameter] = {}
    for base in kind.__mro__[:-1]:
        function: Any = kind if base is kind else vars(base).get("__init__", object)
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            break
        for one in parameters:
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) and one.name != "self":
                found.setdefault(one.name, one)
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    return found


def factory_value(kind: type, name: str, value: Any) -> Any:
    """A dataclass field made by a factory: its value, so that it can be shown."""
    if dataclasses.is_dataclass(kind) and type(value).__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        factory = next(each.default_factory for each in dataclasses.fields(kind) if each.name == name)
        return factory() if callable(factory) else value
    return value


def is_config(kind: Any) -> bool:
    """A class whose objects only hold settings: a dataclass, or one with ``config`` in its name and a keyword constructor."""
    if not isinstance(kind, type) or issubclass(kind, (nn.Module, enum.Enum, torch.Tensor)):
        return False
    if dataclasses.is_dataclass(kind):
        return True
    return kind.__name__.lower().endswith(("config", "args", "params", "settings", "options")) and bool(parameters_of(kind))


def without_none(hint: Any) -> Tuple[Any, bool]:
    """``Optional[int]`` gives ``int`` and True; of a union, its first plain member."""
    if typing.get_origin(hint) is typing.Union or type(hint).__name__ == "UnionType":
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        plain = [part for part in parts if part in PLAIN]
        return (plain or parts or [Any])[0], len(parts) < len(typing.get_args(hint))
    return hint, False


def known_kind(hint: Any, default: Any) -> Optional[str]:
    """The kind's name, when annotation or default tell it."""
    origin = typing.get_origin(hint) or hint
    if isinstance(default, bool):
        return "bool"
    if isinstance(origin, type):
        if origin in PLAIN:
            return PLAIN[origin]
        if issubclass(origin, (list, tuple, set)) or origin in (abc.Sequence, abc.Iterable, abc.Collection):
            return "list"
        if issubclass(origin, (dict, abc.Mapping)):
            return "dict"
    for kind, name in PLAIN.items():
        if isinstance(default, kind):
            return name
    if isinstance(default, (list, tuple)):
        return "list"
    return "dict" if isinstance(default, dict) and default else None


def is_module_hint(hint: Any, base: type = nn.Module) -> bool:
    """``base`` or a class of that kind."""
    return isinstance(hint, type) and issubclass(hint, base)


def is_class_hint(hint: Any) -> bool:
    """``type`` or ``Type[...]``."""
    return hint is type or typing.get_origin(hint) is type


def enumerated(kind: Any) -> Kind:
    """Members by their value when that is a text, else by name."""
    by_text = {member_text(member): member for member in kind}
    return "choice", tuple(by_text), lambda value: by_text[value] if value in by_text else kind[value]


def member_text(member: Any) -> str:
    """How a member of an Enum is written in JSON."""
    return member.value if isinstance(member.value, str) else str(member.name)


def literal(values: Tuple[Any, ...]) -> Kind:
    """``Literal[...]``."""
    if all(isinstance(value, str) for value in values):
        return "choice", tuple(values), same
    by_text = {str(value): value for value in values}
    return "choice", tuple(by_text), lambda value: by_text.get(str(value), value)


def sequence_maker(hint: Any, default: Any) -> Make:
    """Lists, or tuples where tuples are expected."""
    origin = typing.get_origin(hint) or hint
    if isinstance(default, tuple) or (isinstance(origin, type) and issubclass(origin, tuple)):
        return lambda value: (
            tuple(tuple(item) if isinstance(item, list) else item for item in value) if isinstance(value, list) else value
        )
    return same


def dtype_named(value: Any) -> Any:
    """``float16`` or ``torch.float16``."""
    found = vars(torch).get(value.rpartition(".")[2]) if isinstance(value, str) else value
    if isinstance(value, str) and not isinstance(found, torch.dtype):
        raise UsageError(f"`{value}` is no dtype of torch.", "Give one such as float32, float16 or bfloat16.")
    return found


def reached(root: Any, words: Sequence[str]) -> Any:
    """What stands under these names, one in the other, in a module or class; None when nothing does. None of their code is run, as
    it would be where attributes are computed.
    """
    for word in words:
        root = vars(root).get(word) if isinstance(root, (types.ModuleType, type)) else None
    return root


def may_be_named(found: Any, own: types.ModuleType) -> bool:
    """Module classes, functions and dtypes of torch, and what the target's ``own`` module defines. A configuration beside a checkpoint
    was written by anybody: it must not hand ``os.system`` to a constructor that calls what it is given. ``own`` is the target's module
    wherever the text stands: a class that a text names brings nothing of its module along but other Module classes.
    """
    if isinstance(found, torch.dtype) or is_module_hint(found):
        return True
    home = getattr(found, "__module__", None) or ""
    if home == "torch":
        return hasattr(torch.Tensor, getattr(found, "__name__", ""))
    return callable(found) and home in (own.__name__, "torch.nn.functional", "torch._C._nn")


def same(value: Any) -> Any:
    """The value itself."""
    return value


def is_class(value: Any) -> bool:
    """A class, and not the mark of a missing default."""
    return isinstance(value, type) and value is not MISSING


def annotation_text(annotation: Any) -> str:
    """As it stands in the source."""
    if annotation is MISSING:
        return ""
    if is_module_hint(annotation) and annotation.__module__.startswith("torch.nn."):
        return f"nn.{annotation.__name__}"
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def plain(value: Any) -> Any:
    """A JSON value, or None for what is none."""
    if isinstance(value, enum.Enum):
        return member_text(value)
    if value is MISSING or not isinstance(value, (int, float, str, bool, list, tuple, dict)):
        return None
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value
