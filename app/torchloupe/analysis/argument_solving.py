"""Which constructor arguments give exactly the keys and shapes of a checkpoint?

The model is built again and again, without data, with one argument changed at a time; what its shapes do tells what the argument
has to be. Nothing here builds: ``build`` is a function that gives the keys and shapes of a model, or None where it cannot be built.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..wire.arguments import ArgumentField, SolvedArgument
from .argument_starts import Start, starts
from .argument_values import LENGTH, Arguments, Coordinate, changed, coordinates, current, key_of, value_at
from .shape_fit import Shapes, Votes, cost, example_of, matched_keys, moved_axes, votes

Build = Callable[[Arguments], Optional[Shapes]]

MOST_BUILDS = 1500
MOST_KEYS = 250_000
ROUNDS = 12
_USUAL = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 48, 64, 96, 100, 128, 192, 224, 256, 384, 512, 768, 1024)
_FEW = 12
_SILENT = 2
_HEADS = (1, 2, 3, 4, 6, 8, 12, 16, 32)
_CLOSE = 1e-9


@dataclass(frozen=True)
class Solution:
    """The best arguments that were found; ``cost`` is 0 when keys and shapes are exactly the wanted ones."""

    arguments: Arguments
    values: Tuple[SolvedArgument, ...]
    cost: float
    matched: int
    unexpected: int
    builds: int


@dataclass(frozen=True)
class _Proposal:
    """What the shapes ask of one coordinate (or of lists that can only grow together)."""

    together: Tuple[Coordinate, ...]
    values: Tuple[Any, ...]
    agreement: float
    reason: str = ""


@dataclass(frozen=True)
class _Probe:
    """A coordinate went from ``old`` to ``new``: the shapes ``before`` and ``after``."""

    together: Tuple[Coordinate, ...]
    old: Any
    new: Any
    before: Shapes
    after: Shapes


class _Budget(Exception):
    """Enough was tried."""


def solve_arguments(
    fields: Sequence[ArgumentField], wanted: Shapes, stored: Mapping[str, Any], given: Arguments, build: Build
) -> Optional[Solution]:
    """The arguments with which the model fits best; None when it could not be built with any that were tried.

    ``stored`` are values that the checkpoint holds under the arguments' names, ``given`` stay as they are. ``build`` may raise to
    stop the search.
    """
    search = _Search(fields, wanted, given, build)
    for start in starts(fields, stored, given):
        if search.begin(start):
            break
    else:
        return None
    try:
        search.run()
    except _Budget:
        pass
    return search.solution()


class _Search:
    def __init__(self, fields: Sequence[ArgumentField], wanted: Shapes, given: Arguments, build: Build) -> None:
        self._fields, self._wanted, self._given, self._build = fields, wanted, given, build
        self._built: Dict[str, Optional[Shapes]] = {}
        self._start = Start({}, ())
        self._best: Arguments = {}
        self._cost = math.inf
        self._reasons: Dict[str, str] = {}
        self.builds = self._keys = 0

    # building

    def shapes(self, arguments: Arguments) -> Optional[Shapes]:
        key = key_of(arguments)
        if key not in self._built:
            if self.builds >= MOST_BUILDS or self._keys >= MOST_KEYS:
                raise _Budget
            self.builds += 1
            found = self._built[key] = self._build(arguments)
            self._keys += len(found or ())
        return self._built[key]

    def _cost_of(self, arguments: Arguments) -> float:
        shapes = self.shapes(arguments)
        return math.inf if shapes is None else cost(shapes, self._wanted)

    def begin(self, start: Start) -> bool:
        """Search from here, if a model can be built with it."""
        self._start, self._best = start, start.arguments
        self._cost = self._cost_of(start.arguments)
        return self._cost < math.inf

    def _accept(self, arguments: Arguments, reason: str = "", names: Sequence[str] = ()) -> bool:
        """Go on from these arguments if they fit better."""
        better = self._cost_of(arguments)
        if better >= self._cost - _CLOSE:
            return False
        self._best, self._cost = arguments, better
        self._reasons.update((name, reason) for name in names if reason)
        return True

    # searching

    def run(self) -> None:
        """Until it fits, or nothing makes it better."""
        for _ in range(ROUNDS):
            if self._cost == 0:
                break
            if not (self._round() or self._past_a_hill() or self._widely()):
                break
        self._settle()

    def _coordinates(self) -> Tuple[Coordinate, ...]:
        return coordinates(self._fields, self._best, tuple(self._given))

    def _round(self) -> bool:
        """Ask every coordinate once; follow them together, then one by one. True when something got better."""
        before = self._cost
        proposals = sorted(self._proposals(), key=lambda proposal: -proposal.agreement)
        together = self._best
        for proposal in proposals:
            if proposal.agreement > 0.5 and proposal.together[0].kind != LENGTH:
                for coordinate in proposal.together:
                    together = changed(together, coordinate, proposal.values[0])
        self._accept(together)
        for proposal in proposals:
            if proposal.agreement <= 0.5 or current(self._best, proposal.together[0]) != proposal.values[0]:
                self._follow(proposal)
            if self._cost == 0:
                break
        return self._cost < before - _CLOSE

    def _proposals(self) -> List[_Proposal]:
        """What the shapes ask of every coordinate."""
        probes = [probe for group in self._groups() if (probe := self._probe(group)) is not None]
        shared = Counter(
            axis for probe in probes if len(probe.together) == 1 for axis in moved_axes(probe.before, probe.after)
        )
        made = [_Proposal((each,), tuple(c for c in each.choices if c != current(self._best, each)), 0.3)
                for each in self._coordinates() if each.choices]
        for probe in probes:
            asked = votes(probe.before, probe.after, self._wanted, float(probe.old), float(probe.new), shared)
            proposal = self._proposal(probe.together, asked)
            if proposal is not None:
                made.append(proposal)
        floats = [each for each in self._coordinates() if each.kind == "float" and current(self._best, each)]
        return made + [_Proposal((each,), (0.0,), 0.0) for each in floats]

    def _proposal(self, together: Tuple[Coordinate, ...], asked: Votes) -> Optional[_Proposal]:
        coordinate, now = together[0], current(self._best, together[0])
        whole = coordinate.kind != "float"
        values = [value for value in asked.ranked(whole) if value >= 0 and value != now]
        if whole and asked.agreement(0) < 0.5:
            values = [value for value in values if value]
        if not values or (isinstance(now, (int, float)) and asked.agreement(now) >= 0.5):
            return None
        made = [int(value) for value in values] if whole else [*_plain_floats(values), 0.0]
        agreement = asked.agreement(values[0]) if len(together) == 1 else asked.agreement(values[0]) / 2
        return _Proposal(together, tuple(made), agreement, asked.reasons.get(values[0], "") if values else "")

    def _follow(self, proposal: _Proposal) -> None:
        """Take the value of a proposal that fits best, if it fits better than what is there."""
        names = [coordinate.name for coordinate in proposal.together]
        best, lowest = None, self._cost
        for value in proposal.values:
            arguments = self._moved(proposal.together, value)
            there = self._cost_of(arguments)
            if there < lowest - _CLOSE:
                best, lowest = arguments, there
                if proposal.agreement > 0.5:
                    break  # what most dimensions ask for, although another value may suit more of them by accident
        if best is not None:
            self._accept(best, proposal.reason, names)

    def _moved(self, together: Sequence[Coordinate], value: Any) -> Arguments:
        """The best arguments with another value. When no model can be built with it, others give way: numbers of heads and groups
        that must divide it, then one other number that keeps its ratio to it."""
        arguments = self._best
        for coordinate in together:
            arguments = changed(arguments, coordinate, value)
        if self.shapes(arguments) is None and together[0].kind == "int":
            for other in self._giving_way(arguments, together[0], int(value)):
                if self.shapes(other) is not None:
                    return other
        return arguments

    def _giving_way(self, arguments: Arguments, moved: Coordinate, value: int) -> Iterator[Arguments]:
        now = current(self._best, moved)
        others = [other for other in self._coordinates() if other.kind == "int" and other != moved]
        divided = arguments
        for other in others:
            count = current(divided, other) if other.divides else None
            if isinstance(count, int) and count > 1:
                divided = changed(divided, other, math.gcd(count, value) or 1)
        yield divided
        for other in others:
            size = current(arguments, other)
            if isinstance(size, int) and now and value and size > 1:
                scaled = size * value // now if size * value % now == 0 else value * max(1, size // now)
                yield from (changed(base, other, scaled) for base in (arguments, divided))

    # asking one coordinate

    def _groups(self) -> List[Tuple[Coordinate, ...]]:
        """Every coordinate alone; lists of the same length together, and equal numbers that stand beside each other."""
        free = [coordinate for coordinate in self._coordinates() if not coordinate.choices]
        groups: List[Tuple[Coordinate, ...]] = [(coordinate,) for coordinate in free]
        alike: Dict[Tuple[Any, ...], List[Coordinate]] = defaultdict(list)
        for coordinate in free:
            now = current(self._best, coordinate)
            if coordinate.kind == LENGTH:
                alike[LENGTH, len(coordinate.path), now].append(coordinate)
            elif isinstance(coordinate.path[-1], int):
                beside = alike[coordinate.path[:-1], now]
                if not beside or beside[-1].path[-1] == coordinate.path[-1] - 1:
                    beside.append(coordinate)
        return groups + [tuple(group) for group in alike.values() if len(group) > 1]

    def _probe(self, together: Tuple[Coordinate, ...]) -> Optional[_Probe]:
        """The shapes when the coordinate is moved a little; None when no model can be built so, or nothing moves."""
        now, base, kind = current(self._best, together[0]), self._best, together[0].kind
        if not isinstance(now, (int, float)):
            now = 0.5 if kind == "float" else 16
            base = self._moved(together, now)
        first, silent = self.shapes(base), 0
        for probe in _probes(now, kind) if first is not None else ():
            arguments = base
            for each in together:
                arguments = changed(arguments, each, probe)
            second = self.shapes(arguments)
            if second is not None and first is not None and second != first:
                return _Probe(together, now, probe, first, second)
            silent += second is not None
            if silent == _SILENT:
                break
        return None

    # when no coordinate alone makes it better

    def _widely(self) -> bool:
        """Small numbers, usual ones and the wanted sizes themselves, for every coordinate that changes anything."""
        before = self._cost
        shapes = self.shapes(self._best) or {}
        wrong = {size for key, shape in self._wanted.items() if shapes.get(key) != shape for size in shape}
        grid = sorted({*range(1, 65), *_USUAL, *sorted(wrong)[:40]})
        for group in self._groups():
            if group[0].kind == "int" and self._tells(group[0]):
                few = grid if self._keeps_keys(group[0]) else grid[:_FEW]
                self._follow(_Proposal(group, tuple(few), 0.0))
            if self._cost == 0:
                break
        return self._cost < before - _CLOSE

    def _past_a_hill(self) -> bool:
        """A flag or a choice the other way, another number of heads, and a round from there: kept when it ends lower."""
        kept = self._best, self._cost, dict(self._reasons)
        for coordinate in self._coordinates():
            here = current(kept[0], coordinate)
            for choice in coordinate.choices or (_HEADS if coordinate.divides else (0.0,) if coordinate.kind == "float" else ()):
                other = changed(kept[0], coordinate, choice)
                if choice == here or self._cost_of(other) == math.inf:
                    continue
                self._best, self._cost = other, self._cost_of(other)
                self._round()
                if self._cost < kept[1] - _CLOSE:
                    return True
                self._best, self._cost, self._reasons = kept[0], kept[1], dict(kept[2])
        return False

    # the end

    def _settle(self) -> None:
        """What the shapes do not ask for goes back to its default; heads that nothing tells become what is usual."""
        for field_path, default in _defaults(self._fields, ()):
            if field_path[0] in self._given or value_at(self._best, field_path) == default:
                continue
            if field_path[-1] in self._start.stored:
                continue
            back = changed(self._best, Coordinate(field_path, "other"), default)
            if self._cost_of(back) <= self._cost + _CLOSE:
                self._best = back
        for coordinate in self._coordinates():
            if coordinate.kind == "float":
                self._plainer(coordinate)
            if coordinate.divides and coordinate.path[-1] not in self._start.stored and not self._has_default(coordinate):
                self._guess_heads(coordinate)

    def _plainer(self, coordinate: Coordinate) -> None:
        """2.5 in place of 2.57, when it does as well."""
        now = current(self._best, coordinate)
        for parts in (1, 2, 4, 10, 3, 8, 20, 100) if now else ():
            near = round(now * parts) / parts
            other = changed(self._best, coordinate, near)
            if near and abs(near - now) <= 0.1 * abs(now) and self._cost_of(other) <= self._cost + _CLOSE:
                self._best = other
                return

    def _guess_heads(self, coordinate: Coordinate) -> None:
        if self._tells(coordinate):
            return
        widths = [value for value in _numbers(value_at(self._best, coordinate.path[:-1]) or self._best) if value >= 64]
        for heads in [*(width // 64 for width in widths if width % 64 == 0), 8, 4, 2]:
            other = changed(self._best, coordinate, heads)
            if self._cost_of(other) <= self._cost + _CLOSE:
                self._best = other
                return

    def _tells(self, coordinate: Coordinate) -> bool:
        """Another value would give other shapes."""
        shapes = self.shapes(self._best)
        others = coordinate.choices or _probes(current(self._best, coordinate), coordinate.kind)
        seen = [self.shapes(changed(self._best, coordinate, other)) for other in others]
        return any(other is not None and other != shapes for other in seen)

    def _keeps_keys(self, coordinate: Coordinate) -> bool:
        """Another value gives other sizes, not more keys: it may be large."""
        shapes = self.shapes(self._best) or {}
        more = self._moved((coordinate,), current(self._best, coordinate) + 1)
        return len(self.shapes(more) or shapes) == len(shapes)

    def _has_default(self, coordinate: Coordinate) -> bool:
        return any(path == coordinate.path for path, _ in _defaults(self._fields, ()))

    def solution(self) -> Solution:
        """What was found, each value with where it is from."""
        shapes = self.shapes(self._best) or {}
        values = []
        try:
            for coordinate in self._coordinates():
                if coordinate.kind != LENGTH:
                    values.append(self._explained(coordinate, shapes))
        except _Budget:
            pass
        given = tuple(SolvedArgument(name, value, "given", "You gave it.") for name, value in self._given.items())
        unexpected = sum(key not in self._wanted for key in shapes)
        return Solution(
            self._best, given + tuple(values), self._cost, matched_keys(shapes, self._wanted), unexpected, self.builds
        )

    def _explained(self, coordinate: Coordinate, shapes: Shapes) -> SolvedArgument:
        value = current(self._best, coordinate)
        name, leaf = coordinate.name, str(coordinate.path[-1])
        if leaf in self._start.stored and self._start.stored[leaf] == value:
            return SolvedArgument(name, value, "stored", "It stands in the checkpoint.")
        evidence = self._reasons.get(name) or self._evidence(coordinate, shapes)
        if evidence:
            return SolvedArgument(name, value, "shapes", f"From {evidence}.")
        if self._has_default(coordinate) or isinstance(coordinate.path[-1], int):
            return SolvedArgument(name, value, "default", "No shape depends on it: the default.")
        return SolvedArgument(name, value, "guess", "It has to be given, and no shape depends on it: a guess.")

    def _evidence(self, coordinate: Coordinate, shapes: Shapes) -> str:
        others = coordinate.choices or _probes(current(self._best, coordinate), coordinate.kind)
        for other in others:
            moved = self.shapes(changed(self._best, coordinate, other)) if other != current(self._best, coordinate) else None
            if moved is not None and moved != shapes:
                return example_of(shapes, moved) or ""
        return ""


def _probes(now: Any, kind: str) -> Tuple[Any, ...]:
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
    return tuple(dict.fromkeys(value for value in (few if now <= 16 else many) + far if value != now and value >= 0))


def _plain_floats(values: Sequence[float]) -> List[float]:
    """Each number, and before it the plain ones that are close: 2.66666 is 8/3, 0.7497 is 0.75."""
    found: List[float] = []
    for value in values:
        for parts in (1, 2, 4, 3, 8, 10, 100):
            near = round(value * parts) / parts
            if near and abs(near - value) <= 0.01 * abs(value):
                found.append(near)
        found += [value, value * (1 + 1e-6)]
    return list(dict.fromkeys(found))[:14]


def _defaults(fields: Sequence[ArgumentField], above: Tuple[str, ...]) -> List[Tuple[Tuple[str, ...], Any]]:
    found: List[Tuple[Tuple[str, ...], Any]] = []
    for field in fields:
        if field.kind == "config":
            found += _defaults(field.fields, (*above, field.name))
        elif field.has_default and field.kind != "other" and (field.default is not None or field.optional):
            found.append(((*above, field.name), field.default))
    return found


def _numbers(tree: Any) -> List[int]:
    if isinstance(tree, dict):
        return [number for value in tree.values() for number in _numbers(value)]
    return [tree] if isinstance(tree, int) and not isinstance(tree, bool) else []
