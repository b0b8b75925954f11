"""The models that were built so far in a search for constructor arguments, and the best arguments among them."""

import math
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from ..wire.arguments import ArgumentField
from .argument_starts import Start
from .argument_values import LENGTH, Arguments, Coordinate, changed, coordinates, current, key_of
from .shape_fit import Shapes, cost

Build = Callable[[Arguments], Optional[Shapes]]

MOST_BUILDS = 1500
MOST_KEYS = 250_000
_CLOSE = 1e-9
_FEW_STEPS = 16


class EnoughTried(Exception):
    """So many models were built that the best of them has to do."""


class Tries:
    """``best`` are the arguments that fit best so far, ``cost`` how far they are from fitting (0: exactly), ``reasons`` which tensor
    asked for a value, by the argument's name."""

    def __init__(self, fields: Sequence[ArgumentField], wanted: Shapes, given: Arguments, build: Build) -> None:
        self.fields, self.wanted, self.given = tuple(fields), wanted, given
        self.best: Arguments = {}
        self.cost = math.inf
        self.stored: Mapping[str, Any] = {}
        self.reasons: Dict[str, str] = {}
        self.builds = self._keys = 0
        self._build = build
        self._built: Dict[str, Optional[Shapes]] = {}

    def begin(self, start: Start) -> bool:
        """Search from here, if a model can be built with it."""
        self.stored, self.best = start.stored, start.arguments
        self.cost = self.cost_of(start.arguments)
        return self.cost < math.inf

    def shapes(self, arguments: Arguments) -> Optional[Shapes]:
        """What a model has with these arguments; built once. None when it cannot be built. Raises ``EnoughTried``."""
        key = key_of(arguments)
        if key not in self._built:
            if self.builds >= MOST_BUILDS or self._keys >= MOST_KEYS:
                raise EnoughTried
            self.builds += 1
            found = self._built[key] = self._build(arguments)
            self._keys += len(found or ())
        return self._built[key]

    def cost_of(self, arguments: Arguments) -> float:
        """How far the shapes are from the wanted ones; infinite when nothing can be built."""
        shapes = self.shapes(arguments)
        return math.inf if shapes is None else cost(shapes, self.wanted)

    def is_better(self, value: float) -> bool:
        """A cost is lower than the best one, by more than rounding."""
        return value < self.cost - _CLOSE

    def is_as_good(self, arguments: Arguments) -> bool:
        """These arguments fit no worse than the best ones."""
        return self.cost_of(arguments) <= self.cost + _CLOSE

    def accept(self, arguments: Arguments, reason: str = "", names: Sequence[str] = ()) -> None:
        """Go on from these arguments if they fit better; ``reason`` is why the arguments ``names`` have their value."""
        there = self.cost_of(arguments)
        if self.is_better(there):
            self.best, self.cost = arguments, there
            self.reasons.update((name, reason) for name in names if reason)

    def coordinates(self) -> Tuple[Coordinate, ...]:
        """Everything in the best arguments that may be changed."""
        return coordinates(self.fields, self.best, self.given)

    def value(self, coordinate: Coordinate) -> Any:
        """What stands there in the best arguments."""
        return current(self.best, coordinate)

    def moved(self, together: Sequence[Coordinate], value: Any) -> Arguments:
        """The best arguments with another value. When no model can be built with it, others give way: numbers of heads and groups
        that must divide it, then one other number that keeps its ratio to it."""
        arguments = self.best
        for coordinate in together:
            arguments = changed(arguments, coordinate, value)
        if self.shapes(arguments) is None and together[0].kind == "int":
            for other in self._giving_way(arguments, together[0], int(value)):
                if self.shapes(other) is not None:
                    return other
        return arguments

    def _giving_way(self, arguments: Arguments, moved: Coordinate, value: int) -> Iterator[Arguments]:
        now = self.value(moved)
        others = [other for other in self.coordinates() if other.kind == "int" and other != moved]
        divided = arguments
        for other in others:
            count = current(divided, other) if other.divides else None
            if isinstance(count, int) and count > 1:
                divided = changed(divided, other, math.gcd(count, value) or 1)
        yield divided
        for other in others:
            size = current(arguments, other)
            if isinstance(size, int) and isinstance(now, int) and now and value and size > 1:
                scaled = size * value // now if size * value % now == 0 else value * max(1, size // now)
                yield from (changed(base, other, scaled) for base in (arguments, divided))

    def tells(self, coordinate: Coordinate) -> Optional[Shapes]:
        """The shapes that another value of the coordinate gives, if they are others than now."""
        shapes, now = self.shapes(self.best), self.value(coordinate)
        for other in coordinate.choices or neighbours(now, coordinate.kind):
            seen = self.shapes(changed(self.best, coordinate, other)) if other != now else None
            if seen is not None and seen != shapes:
                return seen
        return None


def neighbours(now: Any, kind: str) -> Tuple[Any, ...]:
    """Other values to try, the least risky first: one more of a few, twice as much of many."""
    if isinstance(now, bool) or not isinstance(now, (int, float)):
        return (16, 32) if kind == "int" else (0.5, 2.0) if kind == "float" else ()
    if kind == "float":
        return (now * 2, now / 2) if now else (0.5, 1.5)
    if kind == LENGTH:
        return (now + 1, now - 1) if now > 1 else (now + 1,)
    few = (now + 1, now * 2, now - 1, now + 2, now // 2) if now else (1, 2, 16)
    many = (now * 2, now + 1, now // 2, now * 3, now + 8)
    far = tuple(now + step for step in range(3, 13))
    return tuple(dict.fromkeys(value for value in (few if now <= _FEW_STEPS else many) + far if value != now and value >= 0))
