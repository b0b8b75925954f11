"""Reading objects without running a line of theirs: no property, no ``__getattr__``, no ``__dict__`` or ``__iter__`` of their own."""

import sys
import types
from argparse import Namespace
from collections import OrderedDict, UserDict, UserList, deque
from functools import partial
from itertools import islice
from typing import Any, Dict, Iterator, List, Set, Tuple, Type, Union

import torch
from torch import nn

from ..places import is_foreign

MODULE, TENSOR, SEQUENCE, MAPPING, SET, FUNCTION, METHOD, PARTIAL, OBJECT, LEAF = range(10)

Key = Union[str, int]
Member = Tuple[str, Key, Any]
"""How a value is reached from what holds it (``"[0]"``-like with a key, or ``"."`` with a name), the key, and the value."""

MOST_MEMBERS = 10_000
"""So many members of one container or object are looked at."""

_MRO: Any = type.__dict__["__mro__"]
_CLASS_DICT: Any = type.__dict__["__dict__"]
_MODULE_DICT: Any = vars(nn.Module)["__dict__"]
_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_PLAIN_DICTS = (dict, OrderedDict)
_PARTIAL = vars(partial)
_BUILT_IN = (
    (nn.Module, MODULE),
    (torch.Tensor, TENSOR),
    (list, SEQUENCE),
    (tuple, SEQUENCE),
    (deque, SEQUENCE),
    (dict, MAPPING),
    (types.MappingProxyType, LEAF),
    (set, SET),
    (frozenset, SET),
    (types.FunctionType, FUNCTION),
    (types.MethodType, METHOD),
    (partial, PARTIAL),
    (type, LEAF),
    (types.ModuleType, LEAF),
)
_OPEN_LIBRARY_CLASSES = (types.SimpleNamespace, Namespace, UserDict, UserList)


def bases_of(kind: Type[Any]) -> Tuple[Any, ...]:
    """The method resolution order, whatever the metaclass says."""
    return tuple(_MRO.__get__(kind))


def class_members(kind: Type[Any]) -> Any:
    """What a class itself defines, by name."""
    return _CLASS_DICT.__get__(kind)


def module_vars(module: nn.Module) -> Dict[str, Any]:
    """The attributes of a module that lie in itself."""
    found: Dict[str, Any] = _MODULE_DICT.__get__(module)
    return found


def registered(module: nn.Module, kind: str) -> Dict[str, Any]:
    """``_modules``, ``_parameters`` or ``_buffers`` of a module, without the empty places; nothing before ``Module.__init__``."""
    members = _MODULE_DICT.__get__(module).get(kind)
    if members is None or (type(members) in _PLAIN_DICTS and not members):
        return {}
    items = dict.items(members) if isinstance(members, dict) else members.items()  # the latter in TorchScript
    return {name: value for name, value in items if value is not None}


def modules_below(model: nn.Module) -> Iterator[Tuple[str, nn.Module]]:
    """Every registered module once, under its first path, parents first."""
    seen = set()
    stack = [("", model)]
    while stack:
        path, module = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module
        children = registered(module, "_modules")
        prefix = path + "." if path else ""
        if children:
            stack.extend([(prefix + name, child) for name, child in reversed(list(children.items())) if is_module(child)])


def is_module(value: Any) -> bool:
    """Whether it is an nn.Module, whatever it says of itself."""
    return issubclass(type(value), nn.Module)


class Kinds:
    """Which kind of thing an object is, by its class; remembers the classes of one walk."""

    def __init__(self) -> None:
        self.leaf: Set[Type[Any]] = {int, float, bool, str, bytes, complex, type(None), torch.Size}
        """The classes known so far of things that hold nothing."""
        self._known: Dict[Type[Any], int] = dict.fromkeys(self.leaf, LEAF)
        self._slots: Dict[Type[Any], List[Tuple[str, Any]]] = {}
        self._dicts: Dict[Type[Any], Any] = {}

    def of(self, value: Any) -> int:
        """One of the kinds above."""
        kind = type(value)
        try:
            return self._known[kind]
        except KeyError:
            self._known[kind] = found = _kind_of(kind)
            if found == LEAF:
                self.leaf.add(kind)
            return found

    def members(self, value: Any, kind: int) -> Iterator[Member]:
        """What a value of this kind holds, at most ``MOST_MEMBERS`` of it."""
        if kind == SEQUENCE:
            return _sequence(value)
        if kind == MAPPING:
            return (("[]", _key(key), member) for key, member in islice(dict.items(value), MOST_MEMBERS))
        if kind == SET:
            base: Any = set if isinstance(value, set) else frozenset
            return (("{}", number, member) for number, member in enumerate(islice(base.__iter__(value), MOST_MEMBERS)))
        if kind == FUNCTION:
            return _function(value)
        if kind == METHOD:
            return iter(((".", "__self__", value.__self__), (".", "__func__", value.__func__)))
        if kind == PARTIAL:
            return _partial(value)
        return self._object(value)

    def size(self, value: Any, kind: int) -> int:
        """How many members there are to look at."""
        if kind == SEQUENCE:
            base: Any = next(base for base in (list, tuple, deque) if isinstance(value, base))
            return int(base.__len__(value))
        if kind == MAPPING:
            return dict.__len__(value)
        return len(self._dict(value)) if kind == OBJECT else 0

    def _object(self, value: Any) -> Iterator[Member]:
        kind = type(value)
        for name, member in list(islice(self._dict(value).items(), MOST_MEMBERS)):
            yield ".", str(name), member
        if kind not in self._slots:
            self._slots[kind] = [
                (name, member)
                for base in bases_of(kind)
                for name, member in class_members(base).items()
                if isinstance(member, types.MemberDescriptorType) and name not in ("__dict__", "__weakref__")
            ]
        for name, slot in self._slots[kind]:
            try:
                yield ".", name, slot.__get__(value)
            except AttributeError:
                continue  # never filled

    def _dict(self, value: Any) -> Dict[str, Any]:
        kind = type(value)
        if kind not in self._dicts:
            found = (class_members(base).get("__dict__") for base in reversed(bases_of(kind)))
            self._dicts[kind] = next((each for each in found if isinstance(each, _DESCRIPTORS)), None)
        read = self._dicts[kind]
        return {} if read is None else read.__get__(value)


def _kind_of(kind: Type[Any]) -> int:
    bases = bases_of(kind)
    for base, found in _BUILT_IN:
        if any(each is base for each in bases):
            return found
    return OBJECT if _is_open(kind, bases) else LEAF


def _is_open(kind: Type[Any], bases: Tuple[Type[Any], ...]) -> bool:
    """Whether the objects of a class are looked into: those of torch and of Python's library lead everywhere and nowhere."""
    if any(each is known for each in bases for known in _OPEN_LIBRARY_CLASSES):
        return True
    name = class_members(kind).get("__module__")
    if not isinstance(name, str) or name == "builtins":
        return False
    module = sys.modules.get(name)
    if not isinstance(module, types.ModuleType):
        return True  # code without a module: a notebook, exec
    file = vars(module).get("__file__")
    return not is_foreign(file) if isinstance(file, str) else name == "__main__"


def _sequence(value: Any) -> Iterator[Member]:
    base: Any = next(base for base in (list, tuple, deque) if isinstance(value, base))
    for number, member in enumerate(islice(base.__iter__(value), MOST_MEMBERS)):
        yield "[]", number, member


def _function(function: types.FunctionType) -> Iterator[Member]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            yield ".", name, cell.cell_contents
        except ValueError:
            continue  # not yet filled
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(names[len(names) - len(defaults) :], defaults):
        yield ".", name, value
    for name, value in (function.__kwdefaults__ or {}).items():
        yield ".", name, value


def _partial(value: Any) -> Iterator[Member]:
    yield ".", "func", _PARTIAL["func"].__get__(value)
    yield ".", "args", _PARTIAL["args"].__get__(value)
    yield ".", "keywords", _PARTIAL["keywords"].__get__(value)


def _key(key: Any) -> Key:
    return key if type(key) in (str, int) else type(key).__name__
