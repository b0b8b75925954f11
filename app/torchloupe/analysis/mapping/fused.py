"""Tensors that one side holds as one and the other as several: attention's q, k and v, a gate and what it gates."""

from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from ..diff_rows import KeyEntry
from .names import words_of
from .repeats import Item
from .units import WEIGHT, Path, Shape

_ROLES = (
    ("q", "query", "wq", "queries", "q1"),
    ("k", "key", "wk", "keys", "k1"),
    ("v", "value", "wv", "values", "v1"),
    ("gate", "w1"),
    ("up", "w3"),
)
_PARTS = ((0, 1, 2), (1, 2), (0, 1), (3, 4))
"""Which roles are found in one tensor, in this order."""
_FUSED = frozenset(["qkv", "wqkv", "attn", "kv", "wkv", "qk", "key", "value", "query", "in", "w12", "w13", "gate"])


class Joined(NamedTuple):
    """``whole`` is one key of one side and ``parts`` are several of the other, joined along ``axis``. ``split`` is true when the whole
    was found and the parts are expected.
    """

    whole: KeyEntry
    parts: Tuple[KeyEntry, ...]
    axis: int
    split: bool


class Group(NamedTuple):
    """Items that together are one on the other side."""

    above: Path
    parts: Tuple[int, ...]
    shapes: Tuple[Shape, ...]


class Fusion(NamedTuple):
    """``whole`` is an item of one side, ``parts`` are items of the other, in the order in which they are joined along ``axis``."""

    whole: int
    parts: Tuple[int, ...]
    axis: int


def fusions(wholes: Sequence[Item], pieces: Sequence[Item]) -> List[Fusion]:
    """Items of ``wholes`` that are several of ``pieces``, where there are as many of the one as of the other."""
    found: List[Fusion] = []
    used: Set[int] = set()
    held = [(item, role) for item in pieces for role in (_role(item),) if role >= 0 and WEIGHT in item.units[0].entries]
    for roles in _PARTS:
        groups = [group for group in _groups(pieces, held, roles) if used.isdisjoint(group.parts)]
        for shape, alike in _by_shape(groups, pieces).items():
            pairs = _paired(shape, alike, wholes, pieces)
            found += pairs
            used.update(part for each in pairs for part in each.parts)
    return found


def joined_keys(found: Sequence[Fusion], wholes: Sequence[Item], pieces: Sequence[Item], split: bool) -> List[Joined]:
    """The keys of fusions: the weights, and the biases where the whole has one."""
    joined = []
    for each in found:
        for number, whole in enumerate(wholes[each.whole].units):
            units = [pieces[part].units[number] for part in each.parts]
            for kind, entry in whole.entries.items():
                parts = tuple(unit.entries[kind] for unit in units if kind in unit.entries)
                if len(parts) == len(units):
                    joined.append(Joined(entry, parts, each.axis if len(entry.shape) > each.axis else 0, split))
    return joined


def _groups(pieces: Sequence[Item], with_role: Sequence[Tuple[Item, int]], roles: Tuple[int, ...]) -> List[Group]:
    """Siblings that have these roles, and whose weights can be joined."""
    held: Dict[Path, Dict[int, int]] = {}
    for item, role in with_role:
        if role in roles:
            held.setdefault(item.path[:-1], {}).setdefault(role, item.number)
    groups = []
    for above, members in held.items():
        if len(members) == len(roles):
            parts = tuple(members[role] for role in roles)
            shapes = tuple(pieces[part].units[0].main.shape for part in parts)
            if (
                all(WEIGHT in pieces[part].units[0].entries for part in parts)
                and len({len(pieces[part].units) for part in parts}) == 1
            ):
                groups.append(Group(above, parts, shapes))
    return groups


def _role(item: Item) -> int:
    words = words_of(item.path[-1:]).all
    for role, names in enumerate(_ROLES):
        if not set(names).isdisjoint(words):
            return role
    return -1


Alike = Tuple[int, Tuple[Shape, ...]]


def _by_shape(groups: Sequence[Group], pieces: Sequence[Item]) -> Dict[Alike, List[Group]]:
    alike: Dict[Alike, List[Group]] = {}
    for group in groups:
        alike.setdefault((len(pieces[group.parts[0]].units), group.shapes), []).append(group)
    return alike


def _paired(joined: Alike, groups: List[Group], wholes: Sequence[Item], pieces: Sequence[Item]) -> List[Fusion]:
    copies, shapes = joined
    for axis in (0, 1):
        whole = _concatenated(shapes, axis)
        if whole is None:
            continue
        there = [item for item in wholes if len(item.units) == copies and item.units[0].main.shape == whole]
        here = sum(len(item.units) == copies and item.units[0].main.shape == whole for item in pieces)
        if len(there) - here != len(groups):
            there = [item for item in there if _sounds_fused(item)]
            if len(there) != len(groups) or here:
                continue
        elif here:
            there = [item for item in there if _sounds_fused(item)]
            if len(there) != len(groups):
                continue
        return [Fusion(item.number, group.parts, axis) for item, group in zip(there, groups)]
    return []


def _sounds_fused(item: Item) -> bool:
    return not _FUSED.isdisjoint(words_of(item.path[-1:]).all)


def _concatenated(shapes: Tuple[Shape, ...], axis: int) -> "Shape | None":
    first = shapes[0]
    if len(first) <= axis or any(len(shape) != len(first) for shape in shapes):
        return None
    if any(shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :] for shape in shapes):
        return None
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])
