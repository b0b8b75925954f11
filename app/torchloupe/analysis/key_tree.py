"""Dotted keys as a tree: ``layers.0.attn.q.weight`` lies under ``layers``, ``0``, ``attn``, ``q``."""

from typing import Dict, List, NamedTuple, Sequence, Tuple, Union

DEEPEST = 60
"""Levels; a key that lies deeper stands at the top, whole."""


class Branch(NamedTuple):
    """One row of the tree, below the row ``parent`` (-1: at the top). ``leaf`` is the number of its key, -1 for a group."""

    label: str
    parent: int
    leaf: int


class _Node:
    """``held`` in the order in which the keys came: other nodes, or numbers of keys."""

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held: List[Tuple[str, Union[_Node, int]]] = []


def key_tree(keys: Sequence[str]) -> List[Branch]:
    """The rows of the tree, each group before what is in it. A group with one thing in it is told together with that."""
    rows: List[Branch] = []
    waiting: List[Tuple[str, Union[_Node, int], int]] = [("", _nested(keys), -1)]
    while waiting:
        label, held, parent = waiting.pop()
        while isinstance(held, _Node) and len(held.held) == 1 and label:
            below, held = held.held[0]
            label = f"{label}.{below}"
        if isinstance(held, int):
            rows.append(Branch(label, parent, held))
            continue
        if held.held and (label or parent >= 0):
            rows.append(Branch(label, parent, -1))
            parent = len(rows) - 1
        waiting.extend((name, inside, parent) for name, inside in reversed(held.held))
    return rows


def _nested(keys: Sequence[str]) -> _Node:
    root = _Node()
    places: Dict[str, _Node] = {"": root}
    for number, key in enumerate(keys):
        if key.count(".") > DEEPEST:
            root.held.append((key, number))
            continue
        start, _, label = key.rpartition(".")
        node = places.get(start) or _made(places, start)
        node.held.append((label, number))
    return root


def _made(places: Dict[str, _Node], start: str) -> _Node:
    """The group at ``start``, made together with those around it that are not there yet."""
    missing: List[Tuple[str, str]] = []
    while start not in places:
        above, _, label = start.rpartition(".")
        missing.append((start, label))
        start = above
    node = places[start]
    for place, label in reversed(missing):
        below = places[place] = _Node()
        node.held.append((label, below))
        node = below
    return node
