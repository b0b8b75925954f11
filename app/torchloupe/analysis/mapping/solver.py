"""The whole mapping between two lists of keys: several hypotheses, each solved in rounds; the one that the fewest rules explain."""

from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..diff_rows import KeyEntry
from .fused import Fusion, Joined, fusions, joined_keys
from .repeats import Item, Side, folded_items
from .rounds import Assigned, Rounds, Taken, Weights
from .rules import worth_of
from .units import Unit, is_scattered, units_of

Keys = Mapping[str, KeyEntry]


class SolvedPair(NamedTuple):
    """Two keys that belong together. ``margin`` is how much better they fit than the next best choice; ``level`` is how much their
    shapes agree (see ``LEVELS``); ``alike`` how much their names do, 0 to 1.
    """

    expected: KeyEntry
    found: KeyEntry
    margin: float
    level: int
    alike: float


class Solution(NamedTuple):
    """Pairs of keys, and keys that are one on one side and several on the other. ``sides`` are the trees of found and expected keys.
    ``ordered``: the order of the keys was taken for the order of the modules.
    """

    pairs: Tuple[SolvedPair, ...]
    joined: Tuple[Joined, ...]
    sides: Tuple[Side, Side]
    ordered: bool = True


class _Hypothesis(NamedTuple):
    rounds: Rounds
    chosen: List[Assigned]


# By default; names before order; names alone; order before names.
_FIRST = Weights(), Weights(order=0.0, first_order=0.0, rank=0.15)
_MORE = Weights(first_order=0.0, rank=0.15), Weights(name=0.6, order=2.0, first_order=2.0, rank=0.5, structure=1.0)
_SURE_ALONE = 0.35
"""How alike the names of single tensors must be that are left over when the units were assigned."""


def solve(expected: Keys, found: Keys) -> Solution:
    """Pair the found keys with the expected ones, as many as there is a reason for."""
    kinds: Dict[object, int] = {}
    scattered = is_scattered(found), is_scattered(expected)
    mine, theirs = (_sorted(side) if apart else side for side, apart in zip((found, expected), scattered))
    sides = Side(units_of(mine.values()), kinds), Side(units_of(theirs.values()), kinds)
    ones, others = folded_items(*sides)
    splits, joins = fusions(ones, others), fusions(others, ones)
    taken = _reserved(splits, joins), _reserved(joins, splits)
    joined = (*joined_keys(splits, ones, others, True), *joined_keys(joins, others, ones, False))
    ordered = not any(scattered)
    best = _best_hypothesis(ones, others, taken, ordered)
    if best is None:
        return Solution((), joined, sides, ordered)
    pairs = list(_pairs(best))
    pairs += _singles(best, pairs, splits, joins)
    return Solution(tuple(pairs), joined, sides, ordered)


def _sorted(keys: Keys) -> Keys:
    """By name: then at least the layers of a list have their parts in one order, and are seen to be alike."""
    return {key: keys[key] for key in sorted(keys)}


def _reserved(wholes: Sequence[Fusion], pieces: Sequence[Fusion]) -> "frozenset[int]":
    return frozenset([each.whole for each in wholes] + [part for each in pieces for part in each.parts])


def _best_hypothesis(ones: Sequence[Item], others: Sequence[Item], taken: Taken, ordered: bool) -> Optional[_Hypothesis]:
    """The one that is worth the most. Where the first two agree and keep the order, there is nothing to choose; where the order says
    nothing, neither."""
    if not ordered:
        by_name = _tried(ones, others, _FIRST[1], taken)
        return by_name if by_name.chosen else None
    tried = [_tried(ones, others, _FIRST[0], taken)]
    if not tried[0].rounds.is_large:
        tried.append(_tried(ones, others, _FIRST[1], taken))
        if _told(tried[0]) != _told(tried[1]) or not _in_order(_told(tried[0])):
            tried += [_tried(ones, others, weights, taken) for weights in _MORE]
            tried.append(_tried(ones, others, Weights(), taken, from_anchors=True))
    different = list({_told(each): each for each in reversed(tried)}.values())
    best = max(reversed(different), key=_worth) if len(different) > 1 else different[0]
    return best if best.chosen else None


def _told(hypothesis: _Hypothesis) -> Tuple[Tuple[int, int], ...]:
    return tuple(sorted((each.one, each.other) for each in hypothesis.chosen))


def _worth(hypothesis: _Hypothesis) -> float:
    rounds, chosen = hypothesis
    return worth_of([(rounds.ones[each.one], rounds.others[each.other], rounds.partners(each)) for each in chosen])


def _in_order(pairs: Sequence[Tuple[int, int]]) -> bool:
    places = [other for _, other in pairs]
    return all(before < after for before, after in zip(places, places[1:]))


def _tried(
    ones: Sequence[Item], others: Sequence[Item], weights: Weights, taken: Taken, from_anchors: bool = False
) -> _Hypothesis:
    rounds = Rounds(ones, others, weights)
    return _Hypothesis(rounds, rounds.run(rounds.anchors(taken) if from_anchors else (), taken))


def _pairs(hypothesis: _Hypothesis) -> Iterable[SolvedPair]:
    for each in hypothesis.chosen:
        for one, other in hypothesis.rounds.partners(each):
            for found, expected in _shared(one, other):
                yield SolvedPair(expected, found, each.margin, each.level, each.alike)


def _shared(one: Unit, other: Unit) -> List[Tuple[KeyEntry, KeyEntry]]:
    """The tensors of the same kinds; the main ones belong together whatever their kinds are."""
    main = one.main, other.main
    same = [(entry, other.entries[kind]) for kind, entry in one.entries.items() if kind in other.entries]
    return same if main in same else [main, *((a, b) for a, b in same if a is not main[0] and b is not main[1])]


def _singles(
    best: _Hypothesis, pairs: Sequence[SolvedPair], splits: Sequence[Fusion], joins: Sequence[Fusion]
) -> Iterable[SolvedPair]:
    """A second look, at tensors whose units were assigned without them."""
    ones, others = best.rounds.ones, best.rounds.others
    gone = {entry.key for pair in pairs for entry in (pair.expected, pair.found)}
    for fused, wholes, pieces in ((splits, ones, others), (joins, others, ones)):
        for each in joined_keys(fused, wholes, pieces, True):
            gone.update((each.whole.key, *(part.key for part in each.parts)))
    left = [_tensors(items, gone) for items in (ones, others)]
    if not left[0] or not left[1]:
        return ()
    rounds = Rounds([*ones, *left[0]], [*others, *left[1]], least=_SURE_ALONE)
    units = frozenset(range(len(ones))), frozenset(range(len(others)))
    return _pairs(_Hypothesis(rounds, rounds.run(best.chosen, units)))


def _tensors(items: Sequence[Item], gone: Set[str]) -> List[Item]:
    """Every tensor that is not ``gone`` as an item of its own."""
    return [
        Item(
            item.number,
            item.path,
            tuple(Unit(unit.number, unit.path, {kind: unit.entries[kind]}) for unit in item.units),
            item.runs,
        )
        for item in items
        for kind, entry in item.units[0].entries.items()
        if entry.key not in gone
    ]
