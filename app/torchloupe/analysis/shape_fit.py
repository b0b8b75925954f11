"""How far the keys and shapes of one model are from those that are wanted, and what value of an argument they ask for."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

Shape = Tuple[int, ...]
Shapes = Mapping[str, Shape]

_DIGITS = re.compile(r"\d+")
_NEAR = 0.02
_MANY = 1 << 40


def cost(shapes: Shapes, wanted: Shapes) -> float:
    """0 when all keys and shapes are the same; a key too many or too few counts 1, a wrong shape less."""
    total = float(sum(key not in wanted for key in shapes))
    for key, shape in wanted.items():
        there = shapes.get(key)
        if there is None:
            total += 1.0
        elif there != shape:
            total += _shape_cost(there, shape)
    return total


def _shape_cost(there: Shape, wanted: Shape) -> float:
    if len(there) != len(wanted):
        return 0.95
    wrong = [abs(math.log((one + 1) / (other + 1))) for one, other in zip(there, wanted) if one != other]
    return 0.15 * len(wrong) / len(wanted) + 0.35 + 0.4 * min(1.0, sum(wrong) / 8)


def matched_keys(shapes: Shapes, wanted: Shapes) -> int:
    """How many wanted keys are there with their shape."""
    return sum(shapes.get(key) == shape for key, shape in wanted.items())


@dataclass
class Votes:
    """What the wanted shapes say of one argument: for each value how many dimensions ask for it, and one of them in words."""

    weights: Dict[float, float] = field(default_factory=lambda: defaultdict(float))
    reasons: Dict[float, str] = field(default_factory=dict)

    def add(self, value: float, weight: float, reason: str) -> None:
        """One dimension asks for a value."""
        if math.isfinite(value) and abs(value) < _MANY:
            rounded = float(round(value)) if abs(value - round(value)) < 1e-6 else value
            self.weights[rounded] += weight
            self.reasons.setdefault(rounded, reason)

    def ranked(self, whole: bool, limit: int = 6) -> List[float]:
        """The values, most asked for first; ``whole`` ones only, fractions as their neighbours behind them."""
        asked = sorted(self.weights, key=self.weights.__getitem__, reverse=True)
        if not whole:
            return asked[:limit]
        near = [float(each) for value in asked if value != int(value) for each in (math.floor(value), math.ceil(value))]
        return list(dict.fromkeys([value for value in asked if value == int(value)] + near))[:limit]

    def agreement(self, value: float) -> float:
        """The part of all votes that a value has, 0 to 1."""
        total = sum(self.weights.values())
        return self.weights.get(float(value), 0.0) / total if total else 0.0


def moved_axes(before: Shapes, after: Shapes) -> Set[Tuple[str, int]]:
    """The dimensions that are another size."""
    return {
        (key, axis)
        for key, first in before.items()
        if key in after and len(after[key]) == len(first)
        for axis, (one, other) in enumerate(zip(first, after[key]))
        if one != other
    }


def votes(before: Shapes, after: Shapes, wanted: Shapes, old: float, new: float, shared: Mapping[Tuple[str, int], int]) -> Votes:
    """An argument went from ``old`` to ``new`` and the shapes from ``before`` to ``after``: which value gives the wanted ones?

    ``shared`` says how many arguments move a dimension: one that others move, too, tells less of each.
    """
    found = Votes()
    for key, first in before.items():
        second, goal = after.get(key), wanted.get(key)
        if second is None or goal is None or first == second or not len(first) == len(second) == len(goal):
            continue
        for axis, (d0, d1, g) in enumerate(zip(first, second, goal)):
            if d0 != d1:
                alone = 0.25 ** (max(1, shared.get((key, axis), 1)) - 1)
                for value, weight in _solutions(d0, d1, g, old, new):
                    found.add(value, weight * alone, f"{key} {list(goal)}, dimension {axis}")
    for name, n0, n1, goal_count in _counts(before, after, wanted):
        if n0 != n1 and (n0 or goal_count):
            for value, part in _solutions(n0, n1, goal_count, old, new):
                if part == 1.0:
                    found.add(value, 2.0, f"the count of {name}: {goal_count}")
    return found


def _solutions(d0: int, d1: int, goal: int, old: float, new: float) -> Iterator[Tuple[float, float]]:
    """Values of the argument for which the dimension is ``goal``: by a line, and by other curves through the two points."""
    straight = old + (goal - d0) * (new - old) / (d1 - d0)
    yield straight, 1.0
    if goal == d0 or old <= 0 or new <= 0 or old == new:
        return
    for constant in (0, 1, 2):
        base, moved, aim = d0 - constant, d1 - constant, goal - constant
        if base <= 0 or moved <= 0 or aim <= 0 or base == moved:
            continue
        power = math.log(moved / base) / math.log(new / old)
        if abs(power - round(power)) < _NEAR and round(power) in (2, 3, -1, -2):
            yield old * (aim / base) ** (1 / round(power)), 0.9
        doubling = math.log(moved / base) / (new - old)
        if abs(doubling - math.log(2)) < _NEAR:
            yield old + math.log(aim / base) / math.log(2), 0.9


def _counts(before: Shapes, after: Shapes, wanted: Shapes) -> Iterator[Tuple[str, int, int, int]]:
    """How many numbered things there are at each place (`layers.#`, `layers.0.blocks.#`), in each."""
    places = [_numbered(shapes) for shapes in (before, after, wanted)]
    for name in dict.fromkeys([*places[0], *places[1]]):
        first, second, third = (len(place.get(name, ())) for place in places)
        yield f"`{name}`", first, second, third


def _numbered(shapes: Shapes) -> Dict[str, Set[str]]:
    """The numbers that stand at each place of the keys; the numbers before the place are part of its name."""
    places: Dict[str, Set[str]] = defaultdict(set)
    for key in shapes:
        for number in _DIGITS.finditer(key):
            if number.start():
                places[f"{key[: number.start()]}#"].add(number.group())
    return places


def example_of(before: Shapes, after: Shapes) -> Optional[str]:
    """A key in which two sets of shapes differ, with both sides; None when they are the same."""
    for key, shape in before.items():
        other: Any = after.get(key)
        if other is None:
            return f"whether {key} is there"
        if other != shape:
            return f"{key} {list(shape)}"
    added = next((key for key in after if key not in before), None)
    return f"whether {added} is there" if added else None
