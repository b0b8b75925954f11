"""Whether a model's code keeps tensors outside of its modules, where nobody puts back what a pass without data leaves: in globals, in what
classes share, in caches of functions."""

import dis
import sys
from types import CodeType, FunctionType
from typing import Any, Callable, Iterator, List

from torch import nn

from .module_tree import walk_modules

_CONTAINERS = (dict, list, set)
_STORE_GLOBAL = dis.opmap["STORE_GLOBAL"]


def may_keep_tensors(model: nn.Module, is_project: Callable[[str], bool]) -> bool:
    """True also where it only could. Asked of the files that the user's own modules are written in."""
    names = {type(module).__module__ for _, module in walk_modules(model)}
    files = [sys.modules[name] for name in names if name in sys.modules]
    own = [file for file in files if is_project(getattr(file, "__file__", None) or "")]
    return any(_may_keep(value, file.__name__) for file in own for value in _own_members(file))


def _may_keep(value: Any, file: str) -> bool:
    if hasattr(type(value), "cache_clear"):
        return True
    if isinstance(value, _CONTAINERS):
        return _is_mutable_cache(value)
    if getattr(value, "__module__", file) != file:
        return False
    if isinstance(value, FunctionType):
        return any(_STORE_GLOBAL in code.co_code[::2] for code in _codes(value.__code__))
    if isinstance(value, type):
        return any(isinstance(each, _CONTAINERS) or _may_keep(_plain(each), file) for each in _own_members(value))
    return False


def _own_members(holder: Any) -> List[Any]:
    """Without what Python puts there."""
    return [each for name, each in vars(holder).items() if not name.startswith("__") or name in ("__init__", "__call__")]


def _is_mutable_cache(value: Any) -> bool:
    """An empty one is there to be filled; one that holds only plain values is a table of settings."""
    return not value or any(hasattr(each, "shape") for each in (value.values() if isinstance(value, dict) else value))


def _plain(member: Any) -> Any:
    return getattr(member, "__func__", member)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function and those inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
