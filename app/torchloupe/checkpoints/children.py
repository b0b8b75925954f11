"""What lies directly inside one thing that a pickle made, as labelled parts, in the order of the file."""

from itertools import chain
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from .inert import SCALARS, Group, Mapping, PickledTensor, Record
from .plain_values import short_text

Children = Iterator[Tuple[str, Any]]

_MODULE_PARTS = {"_parameters", "_buffers", "_modules"}
_ATTRIBUTES_LOOKED_AT = 400


def children_of(node: Any) -> Children:
    """The labelled parts of a dict, list, tuple, set or object; nothing for all else."""
    kind = type(node)
    if kind is Mapping:
        return iter(pairs_of(node))
    if kind in (list, tuple):
        return _numbered(node)
    if kind is Group:
        return _numbered(node.items) if type(node.items) in (list, tuple) else iter(())
    return _object_children(node) if kind is Record else iter(())


def pairs_of(mapping: Mapping) -> Iterable[Tuple[str, Any]]:
    """Label and value of each entry; of entries with the same key the last one, at the place of the first one."""
    flat = mapping.pairs
    source = mapping.source
    if type(source) is Mapping:
        flat = source.pairs + flat
    elif type(source) in (list, tuple):
        flat = [part for pair in source if type(pair) in (list, tuple) and len(pair) == 2 for part in pair] + flat
    keys = flat[0::2]
    if set(map(type, keys)) == {str}:
        return dict(zip(keys, flat[1::2])).items()
    # A key is never hashed when it could be deep: hashing a nested tuple recurses in C.
    unlike: Dict[Any, Tuple[str, Any]] = {}
    for key, value in zip(keys, flat[1::2]):
        plain = type(key) in SCALARS
        unlike[(type(key), key) if plain else id(key)] = (key if type(key) is str else short_text(key), value)
    return unlike.values()


def parts_of(node: Any) -> List[Any]:
    """The lists and tuples, not empty, whose items ``children_of`` goes through: their identities tell what is shared."""
    kind = type(node)
    if kind in (list, tuple):
        found = [node]
    elif kind is Mapping:
        found = [node.pairs, node.source.pairs if type(node.source) is Mapping else node.source]
    elif kind is Group:
        found = [node.items]
    elif kind is Record:
        found = [node.args, node.items, node.pairs, node.state]
        if type(node.state) is Mapping:
            found.append(node.state.pairs)
    else:
        found = []
    return [part for part in found if type(part) in (list, tuple) and part]


def has_tensors(pairs: Iterable[Tuple[str, Any]]) -> bool:
    """True when one of the values is a tensor itself."""
    return any(type(value) is PickledTensor for _, value in pairs)


def module_state(record: Record) -> Optional[Mapping]:
    """The attributes of a pickled ``torch.nn.Module``, None for any other object."""
    state = record.state
    if type(state) is not Mapping:
        return None
    names = {key for key in state.pairs[:_ATTRIBUTES_LOOKED_AT:2] if type(key) is str}
    return state if names >= _MODULE_PARTS else None


def module_children(state: Mapping) -> Children:
    """The parts of a pickled module in the order of its ``state_dict``: parameters, lasting buffers, then child modules."""
    attributes = dict(pairs_of(state))
    passing = attributes.get("_non_persistent_buffers_set")
    transient = set()
    if type(passing) is Group and type(passing.items) in (list, tuple):
        transient = {name for name in passing.items if type(name) is str}
    parameters = _entries(attributes.get("_parameters"))
    buffers = (pair for pair in _entries(attributes.get("_buffers")) if pair[0] not in transient)
    present = (pair for pair in chain(parameters, buffers) if pair[1] is not None)
    return chain(present, (pair for pair in _entries(attributes.get("_modules")) if pair[1] is not None))


def module_attributes(state: Mapping) -> Children:
    """The attributes that the author of a pickled module gave it."""
    return ((name, value) for name, value in pairs_of(state) if not name.startswith("_"))


def _entries(node: Any) -> Iterable[Tuple[str, Any]]:
    return pairs_of(node) if type(node) is Mapping else ()


def _numbered(items: Iterable[Any]) -> Children:
    return ((str(number), item) for number, item in enumerate(items))


def _object_children(record: Record) -> Children:
    parts: List[Iterable[Tuple[str, Any]]] = []
    state = record.state
    states = state if type(state) is tuple and len(state) == 2 else (state,)
    for part in states:
        if type(part) is Mapping:
            parts.append(pairs_of(part))
        elif part is not None:
            parts.append([("state", part)])
    if record.pairs:
        made = Mapping()
        made.pairs = record.pairs
        parts.append(pairs_of(made))
    if record.items:
        parts.append(_numbered(record.items))
    args = record.args if type(record.args) is tuple else (record.args,)
    parts.append((f"args.{number}", item) for number, item in enumerate(args) if type(item) not in SCALARS)
    return chain.from_iterable(parts)
