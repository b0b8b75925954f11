"""Which parts of one tree hold what parts of the other hold, by the assignment so far."""

from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from .repeats import Item
from .units import NUMBERED, Path


class Around(NamedTuple):
    """``agreement`` is 0 to 1. ``matched`` are depths at which the two lie in places that belong together, how surely, and whether
    what lies in them stands in the opposite order.
    """

    agreement: float
    matched: Tuple[Tuple[int, int, float, bool], ...]


class Structure:
    """How much of what lies around one item is assigned to what lies around another one."""

    def __init__(self, ones: Sequence[Item], others: Sequence[Item]) -> None:
        self._sizes = _sizes(ones), _sizes(others)
        self._shared: Dict[Tuple[Path, Path], int] = {}
        self._known: Dict[Tuple[Path, Path], Around] = {}
        self._turned: Set[Tuple[Path, Path]] = set()

    def count(self, pairs: Sequence[Tuple[Item, Item]]) -> None:
        """Take an assignment as the present one."""
        shared: Dict[Tuple[Path, Path], int] = {}
        numbers: Dict[Tuple[Path, Path], Dict[Tuple[int, int], int]] = {}
        for one, other in pairs:
            theirs = [(place, _number(other.path, len(place))) for place in _above(other.path)]
            for mine in _above(one.path):
                number = _number(one.path, len(mine))
                for place, there in theirs:
                    both = mine, place
                    shared[both] = shared.get(both, 0) + 1
                    if number >= 0 and there >= 0:
                        held = numbers.setdefault(both, {})
                        held[number, there] = held.get((number, there), 0) + 1
        self._shared = shared
        self._turned = {both for both, votes in numbers.items() if _is_turned(votes)}
        self._known.clear()

    def __call__(self, one: Item, other: Item) -> Around:
        """How much agrees around the two, and which of the places around them belong together."""
        places = one.path[:-1], other.path[:-1]
        known = self._known.get(places)
        if known is None:
            known = self._known[places] = self._compared(one.path, other.path)
        return known

    def is_turned(self, mine: Path, theirs: Path) -> bool:
        """Do the numbered parts of one place stand in the other in the opposite order?"""
        return (mine, theirs) in self._turned

    def _compared(self, one: Path, other: Path) -> Around:
        mine, theirs = _above(one), _above(other)
        table = [[self._agreement(place, there) for there in theirs] for place in mine]
        up = sum(max(row) for row in table) / len(mine)
        down = sum(max(row[place] for row in table) for place in range(len(theirs))) / len(theirs)
        best = [(depth, len(row) - 1 - row[::-1].index(max(row)), max(row)) for depth, row in enumerate(table) if max(row) > 0]
        matched = [(depth, there, sure, (mine[depth], theirs[there]) in self._turned) for depth, there, sure in best]
        return Around((up + down) / 2, tuple(matched))

    def _agreement(self, mine: Path, theirs: Path) -> float:
        shared = self._shared.get((mine, theirs), 0)
        return 2 * shared / (self._sizes[0][mine] + self._sizes[1][theirs]) if shared else 0.0


def _number(path: Path, depth: int) -> int:
    """The number of the part below a place of that depth, -1 where it has none."""
    numbered = NUMBERED.match(path[depth]) if depth < len(path) else None
    return int(numbered[2]) if numbered else -1


def _is_turned(votes: Dict[Tuple[int, int], int]) -> bool:
    """Do the parts of one place stand in the other in the opposite order?"""
    best: Dict[int, Tuple[int, int]] = {}
    for (number, there), count in votes.items():
        best[number] = max(best.get(number, (0, 0)), (count, there))
    places = [there for _, (_, there) in sorted(best.items())]
    steps = [after - before for before, after in zip(places, places[1:])]
    return sum(step < 0 for step in steps) > sum(step > 0 for step in steps)


def _above(path: Path) -> List[Path]:
    return [path[:depth] for depth in range(len(path))] or [()]


def _sizes(items: Sequence[Item]) -> Dict[Path, int]:
    sizes: Dict[Path, int] = {}
    for item in items:
        for place in _above(item.path):
            sizes[place] = sizes.get(place, 0) + 1
    return sizes
