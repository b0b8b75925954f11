"""What a model holds without having registered it: modules, Parameters and tensors in lists, dicts, closures and plain objects."""

from dataclasses import dataclass
from itertools import islice
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

import torch
from torch import nn

from ...wire.registration import MODULE as MODULE_PART
from ...wire.registration import PARAMETER, TENSOR, HiddenPart
from ..collector import collector_at_rest
from ..definitions import assignment_place
from ..tensor_facts import device_name, dtype_name
from ..torch_compat import is_lazy, without_torch_function
from . import raw

MOST_VALUES = 200_000
"""So many values, beside the modules themselves, are looked at in one model."""

_OWN = frozenset(vars(nn.Module())) | {"_actual_script_module"}  # that of a traced module is the module itself
_MOST_GRAPH_NODES = 1000
_T: Any = torch.Tensor
_TENSOR_DICT: Any = vars(torch.Tensor)["__dict__"]


@dataclass(frozen=True)
class Held:
    """A value that is not registered: ``part`` says in words what ``value`` is and where. ``owner`` is the registered module.

    ``below`` are the modules in it, itself first; ``leaves`` the tensors that need a gradient from which a tensor was computed.
    """

    value: Any
    part: HiddenPart
    owner: nn.Module
    below: Tuple[nn.Module, ...] = ()
    leaves: Tuple[torch.Tensor, ...] = ()


@dataclass(frozen=True)
class HiddenThings:
    """Everything hidden in a model. ``notes`` say in a sentence each what was too large to be looked through."""

    held: Tuple[Held, ...]
    notes: Tuple[str, ...] = ()
    registered: FrozenSet[int] = frozenset()
    """The ids of the registered modules, parameters and buffers."""

    @property
    def parts(self) -> Tuple[HiddenPart, ...]:
        """The same as plain data."""
        return tuple(held.part for held in self.held)


def hidden_things(model: nn.Module, registered: Sequence[Tuple[str, nn.Module]] = ()) -> HiddenThings:
    """Walk the instances; nothing of the user's runs. ``registered`` are its modules, where somebody has walked them already."""
    with collector_at_rest(), without_torch_function():
        return _Walk(registered or list(raw.modules_below(model))).things()


@dataclass(frozen=True)
class _Found:
    owner: nn.Module
    path: str
    attribute: str
    name: str
    value: Any
    holder: str


class _Walk:
    """One walk. Everything is visited once, under the first name by which it is met."""

    def __init__(self, registered: Sequence[Tuple[str, nn.Module]]) -> None:
        self._kinds = raw.Kinds()
        self._registered = registered
        self._known: Set[int] = {id(module) for _, module in self._registered}
        self._seen: Set[int] = set(self._known)
        for _, module in self._registered:
            self._seen.update(map(id, registered_tensors(module)))
        self._own = frozenset(self._seen)
        self._modules: List[_Found] = []
        self._loose: List[_Found] = []
        self._left = MOST_VALUES
        self._notes: List[str] = []

    def things(self) -> HiddenThings:
        """Modules first: what they register is theirs, and no part of its own."""
        for path, module in self._registered:
            self._look_into(module, path)
        self._look_into_classes()
        modules = self._outermost()
        known = {id(tensor) for _, below in modules for part in below for tensor in registered_tensors(part)}
        held = [_held_module(found, below, self._own) for found, below in modules]
        held += [_held_tensor(found) for found in self._loose if id(found.value) not in known]
        return HiddenThings(tuple(held), tuple(self._notes), self._own)

    def _look_into(self, module: nn.Module, path: str) -> None:
        members = raw.module_vars(module)
        leaf = self._kinds.leaf
        recomputed = _recomputed(members)
        for name, value in _first(members):
            if type(value) in leaf or name in _OWN or (type(value) is tuple and leaf.issuperset(map(type, value))):
                continue  # nearly all, and there may be a million
            if name not in recomputed:
                self._enter(_Found(module, path, str(name), str(name), value, ""))
        if len(members) > raw.MOST_MEMBERS:
            self._note(
                f"`{path or type(module).__name__}` has {len(members):,} attributes: the first {raw.MOST_MEMBERS:,} were looked at."
            )

    def _look_into_classes(self) -> None:
        """A module that is an attribute of a class is no more registered than one in a list."""
        done: Set[int] = set()
        for path, module in self._registered:
            for base in raw.bases_of(type(module)):
                if base is nn.Module or id(base) in done:
                    break
                done.add(id(base))
                for name, value in list(raw.class_members(base).items()):
                    if self._kinds.of(value) in (raw.MODULE, raw.TENSOR, raw.SEQUENCE, raw.MAPPING) and not name.startswith("__"):
                        self._enter(_Found(module, path, name, name, value, "class"))

    def _enter(self, found: _Found) -> None:
        stack = [found]
        while stack:
            found = stack.pop()
            kind = self._kinds.of(found.value)
            if kind == raw.LEAF or id(found.value) in self._seen:
                continue
            self._seen.add(id(found.value))
            if self._left <= 0:
                self._note(f"More than {MOST_VALUES:,} values hang on this model: the rest was not looked at.")
                return
            self._left -= 1
            if kind == raw.TENSOR:
                self._loose.append(found)
            elif kind == raw.MODULE:
                stack.extend(self._inside_module(found))
            else:
                stack.extend(reversed(list(self._inside(found, kind))))

    def _inside(self, found: _Found, kind: int) -> Iterator[_Found]:
        holder = found.holder or _holder_name(found.value, kind)
        size = self._kinds.size(found.value, kind)
        for how, key, value in self._kinds.members(found.value, kind):
            if self._kinds.of(value) != raw.LEAF:
                if size > raw.MOST_MEMBERS:  # a vocabulary of as many words is nothing to look at
                    self._note(f"`{_path(found)}` has {size:,} members: the first {raw.MOST_MEMBERS:,} were looked at.")
                yield _Found(found.owner, found.path, found.attribute, found.name + _step(how, key, found.value), value, holder)

    def _inside_module(self, found: _Found) -> Iterator[_Found]:
        """A module that is not registered, and what those in it hide in turn. One that holds the model itself is above it."""
        below = list(raw.modules_below(found.value))
        if any(id(part) == id(found.owner) for _, part in below):
            return
        self._modules.append(found)
        holder = found.holder or type(found.value).__name__
        for path, part in below:
            self._seen.add(id(part))
            name = f"{found.name}.{path}" if path else found.name
            members = raw.module_vars(part)
            for attribute, value in _first(members):
                if attribute not in _OWN and self._kinds.of(value) != raw.LEAF and attribute not in _recomputed(members):
                    yield _Found(found.owner, found.path, found.attribute, f"{name}.{attribute}", value, holder)

    def _outermost(self) -> List[Tuple[_Found, List[nn.Module]]]:
        """The hidden modules that are not part of another hidden one, each with the modules in it that are nowhere registered."""
        found = [(each, [part for _, part in raw.modules_below(each.value)]) for each in self._modules]
        inner = {id(part) for _, below in found for part in below[1:]}
        return [
            (each, [part for part in below if id(part) not in self._known])
            for each, below in found
            if id(each.value) not in inner
        ]

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


def registered_tensors(module: nn.Module) -> List[torch.Tensor]:
    """The module's own parameters and buffers."""
    return [*raw.registered(module, "_parameters").values(), *raw.registered(module, "_buffers").values()]


def is_parameter(value: torch.Tensor) -> bool:
    """Whether it is an nn.Parameter, also one of a tensor class of its own."""
    return issubclass(type(value), nn.Parameter) or bool(_TENSOR_DICT.__get__(value).get("_is_param"))


def _first(members: Dict[str, Any]) -> List[Tuple[str, Any]]:
    return list(members.items() if len(members) <= raw.MOST_MEMBERS else islice(members.items(), raw.MOST_MEMBERS))


def _recomputed(members: Dict[str, Any]) -> Set[str]:
    """Attributes that hooks of torch compute before each forward: weight_norm, spectral_norm, pruning."""
    names: Set[str] = set()
    hooks = members.get("_forward_pre_hooks")
    for hook in hooks.values() if hooks else ():
        if type(hook).__module__.startswith("torch.nn.utils"):
            own = vars(hook)
            names.add(own.get("name", own.get("_tensor_name")))
    return names


def _holder_name(value: Any, kind: int) -> str:
    return {raw.FUNCTION: "function", raw.METHOD: "method", raw.PARTIAL: "partial"}.get(kind, type(value).__name__)


def _step(how: str, key: raw.Key, holder: Any) -> str:
    if how == "[]":
        return f"[{key!r}]" if type(key) is int or isinstance(holder, dict) else f"[{key}]"
    if how == "{}":
        return "{" + str(key) + "}"
    return f".{key}"


def _path(found: _Found) -> str:
    return f"{found.path}.{found.name}" if found.path else found.name


def own_parameters(modules: Iterable[nn.Module], registered: FrozenSet[int]) -> List[torch.Tensor]:
    """The parameters of hidden modules, each once, without those that are registered elsewhere."""
    found = {id(each): each for module in modules for each in raw.registered(module, "_parameters").values()}
    return [each for number, each in found.items() if number not in registered]


def _held_module(found: _Found, below: List[nn.Module], registered: FrozenSet[int]) -> Held:
    parameters = own_parameters(below, registered)
    numel = sum(map(_numel, parameters))
    part = _part(found, MODULE_PART, parameter_count=len(parameters), numel=numel)
    return Held(found.value, part, found.owner, tuple(below))


def _held_tensor(found: _Found) -> Held:
    value = found.value
    kind = PARAMETER if is_parameter(value) else TENSOR
    try:
        leaves = () if kind == PARAMETER else tuple(leaves_of(value))
        part = _part(
            found,
            kind,
            parameter_count=int(kind == PARAMETER),
            numel=_numel(value),
            shape=None if is_lazy(value) else tuple(_T.shape.__get__(value)),
            dtype=dtype_name(_T.dtype.__get__(value)),
            device=device_name(_T.device.__get__(value)),
            requires_grad=bool(_T.requires_grad.__get__(value)),
            from_parameter=any(map(is_parameter, leaves)),
        )
    except Exception:  # a tensor class may refuse to say what it is
        leaves, part = (), _part(found, kind)
    return Held(value, part, found.owner, leaves=leaves)


def _part(found: _Found, kind: str, **facts: Any) -> HiddenPart:
    file, line = assignment_place(type(found.owner), found.attribute) or (None, None)
    return HiddenPart(
        owner=found.path,
        attribute=found.attribute,
        name=found.name,
        kind=kind,
        class_name=type(found.value).__name__,
        held_by=found.holder,
        file=file,
        line=line,
        **facts,
    )


def _numel(tensor: torch.Tensor) -> int:
    return 0 if is_lazy(tensor) else int(_T.numel(tensor))


def leaves_of(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """The tensors at the ends of the graph that a tensor was computed from, Parameters among them."""
    first: Optional[Any] = _T.grad_fn.__get__(tensor)
    stack, seen = [first] if first is not None else [], 0
    done: Set[Any] = set()
    while stack and seen < _MOST_GRAPH_NODES:
        node = stack.pop()
        seen += 1
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            yield variable
        for following, _ in node.next_functions:
            if following is not None and following not in done:
                done.add(following)
                stack.append(following)
