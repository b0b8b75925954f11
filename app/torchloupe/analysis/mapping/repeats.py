"""Lists of equal layers told as one: a run of children that have the same names and shapes inside is matched once."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .units import NUMBERED, Path, Unit

ANY = "*"
"""Stands for the number of a layer in the path of an item."""
_LONG = 16
"""A run of single units is told as one from this length."""
_SAME = 0.5
"""Runs of the two sides may belong together when so much of what they hold is the same."""
Signature = Tuple[Tuple[str, Tuple[int, ...]], ...]
Run = Tuple[int, int]
"""Which subtree, and how often."""


@dataclass(frozen=True, eq=False)
class Item:
    """Units that are matched together: one unit, or the same unit of every layer in a run."""

    number: int
    path: Path
    units: Tuple[Unit, ...]
    runs: Tuple[Run, ...] = ()


class Subtree(NamedTuple):
    """Everything below a place. ``keys`` are in the order of their names below it, so that equal subtrees correspond key by key."""

    path: Path
    keys: Tuple[str, ...]
    units: int


@dataclass(eq=False)
class _Node:
    children: Dict[str, "_Node"] = field(default_factory=dict)
    unit: Optional[Unit] = None
    kind: int = -1
    held: "Counter[Signature]" = field(default_factory=Counter)


class Side:
    """One side as a tree, with the runs in it."""

    def __init__(self, units: Sequence[Unit], kinds: Dict[object, int]) -> None:
        self._root = _Node()
        self.runs: Dict[Run, "Counter[Signature]"] = {}
        for unit in units:
            node = self._root
            for part in unit.path:
                node = node.children.setdefault(part, _Node())
            node.unit = unit
        self._describe(self._root, kinds)

    def _describe(self, node: _Node, kinds: Dict[object, int]) -> None:
        for child in node.children.values():
            self._describe(child, kinds)
        own = signature(node.unit) if node.unit else ()
        if own:
            node.held[own] += 1
        for child in node.children.values():
            node.held.update(child.held)
        key = own, tuple((name, child.kind) for name, child in node.children.items())
        node.kind = kinds.setdefault(key, len(kinds))
        for run in _runs(node):
            if len(run) > 1:
                self.runs[node.children[run[0]].kind, len(run)] = node.children[run[0]].held

    def equal_subtrees(self) -> List[List[Subtree]]:
        """Subtrees that are equal but for their own names, the largest first."""
        held: Dict[int, List[Tuple[Path, _Node]]] = {}
        waiting: List[Tuple[Path, _Node]] = [((), self._root)]
        while waiting:
            path, node = waiting.pop()
            held.setdefault(node.kind, []).append((path, node))
            waiting += [((*path, name), child) for name, child in node.children.items()]
        groups = [alike for alike in held.values() if len(alike) > 1]
        groups.sort(key=lambda alike: -sum(alike[0][1].held.values()))
        return [
            [Subtree(path, tuple(_keys(node)), sum(node.held.values())) for path, node in sorted(alike, key=lambda each: each[0])]
            for alike in groups
        ]

    def items(self, folded: Set[Run]) -> List[Item]:
        """The items, when the runs in ``folded`` are told as one."""
        rows = _items(self._root, (), folded)
        return [Item(number, path, tuple(units), runs) for number, (path, units, runs) in enumerate(rows)]


def _keys(node: _Node) -> Iterator[str]:
    if node.unit:
        yield from (entry.key for _, entry in sorted(node.unit.entries.items()))
    for _, child in sorted(node.children.items()):
        yield from _keys(child)


def signature(unit: Unit) -> Signature:
    """What a unit holds: kinds and shapes."""
    return tuple(sorted((kind, entry.shape) for kind, entry in unit.entries.items()))


def folded_items(side: Side, other: Side) -> Tuple[List[Item], List[Item]]:
    """The items of both sides. A run is told as one where the other side has the like in the same length."""
    folded = foldable(side, other), foldable(other, side)
    while True:
        items = side.items(folded[0]), other.items(folded[1])
        lengths = _lengths(items[0]), _lengths(items[1])
        loose = [
            {item.runs[-1] for item in mine if item.runs and len(item.units) not in there.get(_what(item), (len(item.units),))}
            for mine, there in zip(items, lengths[::-1])
        ]
        if not any(loose):
            return items
        folded = folded[0] - loose[0], folded[1] - loose[1]


def _what(item: Item) -> Tuple[object, ...]:
    return item.units[0].main.shape, item.units[0].has_statistics


def _lengths(items: Sequence[Item]) -> Dict[Tuple[object, ...], Set[int]]:
    lengths: Dict[Tuple[object, ...], Set[int]] = {}
    for item in items:
        lengths.setdefault(_what(item), set()).add(len(item.units))
    return lengths


def foldable(side: Side, other: Side) -> Set[Run]:
    """The runs of ``side`` that the other side has in the same length and with much the same inside."""
    folded = set()
    for (kind, length), held in side.runs.items():
        if any(length == theirs and _share(held, inside) >= _SAME for (_, theirs), inside in other.runs.items()):
            folded.add((kind, length))
    return folded


def _share(one: "Counter[Signature]", other: "Counter[Signature]") -> float:
    if one is other:
        return 1.0
    both = sum((one & other).values())
    return 2 * both / (sum(one.values()) + sum(other.values()))


def _runs(node: _Node) -> List[List[str]]:
    """The names of the children, equal numbered neighbours together."""
    runs: List[List[str]] = []
    last: Tuple[object, ...] = ()
    for name, child in node.children.items():
        numbered = NUMBERED.match(name)
        this = (numbered[1], child.kind) if numbered else ()
        if this and this == last:
            runs[-1].append(name)
        else:
            runs.append([name])
        last = this
    whole = []
    for run in runs:
        single = sum(node.children[run[0]].held.values()) < 2
        whole += [[name] for name in run] if single and len(run) < _LONG else [run]
    return whole


Row = Tuple[Path, List[Unit], Tuple[Run, ...]]


def _items(node: _Node, path: Path, folded: Set[Run]) -> List[Row]:
    rows: List[Row] = [(path, [node.unit], ())] if node.unit else []
    for names in _runs(node):
        first = node.children[names[0]]
        run = first.kind, len(names)
        if len(names) == 1 or run not in folded:
            for name in names:
                rows += _items(node.children[name], (*path, name), folded)
            continue
        numbered = NUMBERED.match(names[0])
        place = (*path, (numbered[1] if numbered else "") + ANY)
        layers = [_items(node.children[name], place, folded) for name in names]
        rows += [(row[0][0], [unit for _, units, _ in row for unit in units], (run, *row[0][2])) for row in zip(*layers)]
    return rows
