"""Which constructor arguments give exactly the keys and shapes of a checkpoint?

The model is built again and again, without data, with one argument changed at a time; what its shapes do tells what the argument
has to be. Nothing here builds: ``build`` is a function that gives the keys and shapes of a model, or None where it cannot be built.
"""

import contextlib
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..wire.arguments import ArgumentField, SolvedArgument
from .argument_reasons import explained, plainer, settle
from .argument_starts import starts
from .argument_tries import Build, EnoughTried, Tries, neighbours
from .argument_values import LENGTH, Arguments, Coordinate, changed
from .shape_fit import Shapes, Votes, matched_keys, moved_axes, votes

ROUNDS = 12
_USUAL = (96, 100, 128, 192, 224, 256, 384, 512, 768, 1024)
_HEADS = (1, 2, 3, 4, 6, 8, 12, 16, 32)
_SMALL, _FEW = 64, 12
_SILENT = 2
_MAJORITY = 0.5


@dataclass(frozen=True)
class Solution:
    """The best arguments that were found; ``cost`` is 0 when keys and shapes are exactly the wanted ones."""

    arguments: Arguments
    values: Tuple[SolvedArgument, ...]
    cost: float
    matched: int
    unexpected: int
    builds: int


def solve_arguments(
    fields: Sequence[ArgumentField], wanted: Shapes, stored: Mapping[str, Any], given: Arguments, build: Build
) -> Optional[Solution]:
    """The arguments with which the model fits best; None when it could not be built with any that were tried.

    ``stored`` are values that the checkpoint holds under the arguments' names, ``given`` stay as they are. ``build`` may raise to
    stop the search.
    """
    tries = Tries(fields, wanted, given, build)
    if not any(tries.begin(start) for start in starts(fields, stored, given)):
        return None
    with contextlib.suppress(EnoughTried):
        _Search(tries).run()
        settle(tries)
    shapes = tries.shapes(tries.best) or {}
    unexpected = sum(key not in wanted for key in shapes)
    return Solution(tries.best, tuple(explained(tries)), tries.cost, matched_keys(shapes, wanted), unexpected, tries.builds)


@dataclass(frozen=True)
class _Probe:
    """Coordinates went from ``old`` to ``new``: the shapes ``before`` and ``after``."""

    together: Tuple[Coordinate, ...]
    old: Any
    new: Any
    before: Shapes
    after: Shapes


@dataclass(frozen=True)
class _Proposal:
    """Values for one coordinate (or for several that only make sense together), the likeliest first."""

    together: Tuple[Coordinate, ...]
    values: Tuple[Any, ...]
    agreement: float = 0.0
    reason: str = ""


class _Search:
    """Follows what the shapes ask for, and tries around where they do not say."""

    def __init__(self, tries: Tries) -> None:
        self._tries = tries

    def run(self) -> None:
        """Until it fits, or nothing makes it better."""
        for _ in range(ROUNDS):
            if self._tries.cost == 0 or not (self._round() or self._past_a_hill() or self._widely()) or self._is_another_model():
                break

    def _is_another_model(self) -> bool:
        """Not one key has a wanted name: no argument will change that."""
        return not self._tries.wanted.keys() & (self._tries.shapes(self._tries.best) or {}).keys()

    def _round(self) -> bool:
        """Ask every coordinate once; follow them together, then one by one. True when something got better."""
        tries, before = self._tries, self._tries.cost
        proposals = sorted(self._proposals(), key=lambda proposal: -proposal.agreement)
        all_at_once = tries.best
        for proposal in proposals:
            if proposal.agreement > _MAJORITY and proposal.together[0].kind != LENGTH:
                for coordinate in proposal.together:
                    all_at_once = changed(all_at_once, coordinate, proposal.values[0])
        tries.accept(all_at_once)
        for proposal in proposals:
            if proposal.agreement <= _MAJORITY or tries.value(proposal.together[0]) != proposal.values[0]:
                self._follow(proposal)
            if tries.cost == 0:
                break
        return tries.cost < before

    def _follow(self, proposal: _Proposal) -> None:
        """Take the value of a proposal that fits best, if it fits better than what is there."""
        best, lowest = None, self._tries.cost
        for value in proposal.values:
            arguments = self._tries.moved(proposal.together, value)
            there = self._tries.cost_of(arguments)
            if there < lowest and self._tries.is_better(there):
                best, lowest = arguments, there
                if proposal.agreement > _MAJORITY:
                    break  # what most dimensions ask for, although another value may suit more of them by accident
        if best is not None:
            self._tries.accept(best, proposal.reason, [coordinate.name for coordinate in proposal.together])

    # what the shapes ask for

    def _proposals(self) -> List[_Proposal]:
        coordinates = self._tries.coordinates()
        probes = [probe for group in self._groups() if (probe := self._probe(group)) is not None]
        alone = [moved_axes(probe.before, probe.after) for probe in probes if len(probe.together) == 1]
        shared = Counter(axis for axes in alone for axis in axes)
        found = [_Proposal((each,), each.choices, 0.3) for each in coordinates if each.choices]
        for probe in probes:
            asked = votes(probe.before, probe.after, self._tries.wanted, float(probe.old), float(probe.new), shared)
            proposal = self._proposal(probe.together, asked)
            if proposal is not None:
                found.append(proposal)
        return found + [_Proposal((each,), (0.0,)) for each in coordinates if each.kind == "float" and self._tries.value(each)]

    def _proposal(self, together: Tuple[Coordinate, ...], asked: Votes) -> Optional[_Proposal]:
        now, whole = self._tries.value(together[0]), together[0].kind != "float"
        values = [value for value in asked.ranked(whole) if value >= 0 and value != now]
        if whole and asked.agreement(0) < _MAJORITY:
            values = [value for value in values if value]
        if not values or (isinstance(now, (int, float)) and asked.agreement(now) >= _MAJORITY):
            return None
        made = [int(value) for value in values] if whole else [*_plain_first(values), 0.0]
        agreement = asked.agreement(values[0]) / (1 if len(together) == 1 else 2)
        return _Proposal(together, tuple(made), agreement, asked.reasons.get(values[0], ""))

    def _groups(self) -> List[Tuple[Coordinate, ...]]:
        """Every coordinate alone; lists of the same length together, and equal numbers that stand beside each other."""
        free = [coordinate for coordinate in self._tries.coordinates() if not coordinate.choices]
        alike: Dict[Tuple[Any, ...], List[Coordinate]] = defaultdict(list)
        for coordinate in free:
            now, last = self._tries.value(coordinate), coordinate.path[-1]
            if coordinate.kind == LENGTH:
                alike[LENGTH, len(coordinate.path), now].append(coordinate)
            elif isinstance(last, int):
                beside = alike[coordinate.path[:-1], now]
                if not beside or beside[-1].path[-1] == last - 1:
                    beside.append(coordinate)
        return [(coordinate,) for coordinate in free] + [tuple(group) for group in alike.values() if len(group) > 1]

    def _probe(self, together: Tuple[Coordinate, ...]) -> Optional[_Probe]:
        """The shapes when the coordinates are moved a little; None when no model can be built so, or nothing moves."""
        tries, kind = self._tries, together[0].kind
        now, base = tries.value(together[0]), tries.best
        if not isinstance(now, (int, float)):
            now = 0.5 if kind == "float" else 16
            base = tries.moved(together, now)
        first, silent = tries.shapes(base), 0
        for value in neighbours(now, kind) if first is not None else ():
            arguments = base
            for each in together:
                arguments = changed(arguments, each, value)
            second = tries.shapes(arguments)
            if first is not None and second is not None and second != first:
                return _Probe(together, now, value, first, second)
            silent += second is not None
            if silent == _SILENT:
                break
        return None

    # when no coordinate alone makes it better

    def _past_a_hill(self) -> bool:
        """A flag or a choice the other way, another number of heads, longer lists, and a round from there: kept when it ends lower."""
        tries = self._tries
        best, lowest, reasons = tries.best, tries.cost, dict(tries.reasons)
        for together, value in list(self._hills()):
            arguments = best
            for coordinate in together:
                arguments = changed(arguments, coordinate, value)
            if arguments == best or tries.cost_of(arguments) == math.inf:
                continue
            tries.best, tries.cost = arguments, tries.cost_of(arguments)
            self._round()
            if tries.cost < lowest:
                return True
            tries.best, tries.cost, tries.reasons = best, lowest, dict(reasons)
        return False

    def _hills(self) -> Iterator[Tuple[Tuple[Coordinate, ...], Any]]:
        """Steps that may have to make it worse before it gets better."""
        for proposal in self._proposals():
            if proposal.together[0].kind == LENGTH:
                yield proposal.together, proposal.values[0]
        for coordinate in self._tries.coordinates():
            others = coordinate.choices or (_HEADS if coordinate.divides else (0.0,) if coordinate.kind == "float" else ())
            yield from (((coordinate,), other) for other in others)

    def _widely(self) -> bool:
        """Small numbers, usual ones and the wanted sizes themselves, for every coordinate that changes anything."""
        tries, before = self._tries, self._tries.cost
        shapes = tries.shapes(tries.best) or {}
        wrong = {size for key, shape in tries.wanted.items() if shapes.get(key) != shape for size in shape}
        grid = sorted({*range(1, _SMALL + 1), *_USUAL, *sorted(wrong)[:40]})
        for group in self._groups():
            if group[0].kind == "int" and tries.tells(group[0]) is not None:
                values = grid if self._keeps_keys(group[0], shapes) else grid[:_FEW]
                self._follow(_Proposal(group, tuple(values)))
            if tries.cost == 0:
                break
        return tries.cost < before

    def _keeps_keys(self, coordinate: Coordinate, shapes: Shapes) -> bool:
        """Another value gives other sizes, not more keys: it may be large."""
        now = self._tries.value(coordinate)
        more = self._tries.shapes(self._tries.moved((coordinate,), now + 1)) if isinstance(now, int) else None
        return len(more or shapes) == len(shapes)


def _plain_first(values: Sequence[float]) -> List[float]:
    """Each number behind the plain ones that are very close: 2.66666 is 8/3, 0.7497 is 0.75."""
    found: List[float] = []
    for value in values:
        found += [near for near in plainer(value) if abs(near - value) <= 0.01 * abs(value)]
        found += [value, value * (1 + 1e-6)]
    return list(dict.fromkeys(found))[:14]
