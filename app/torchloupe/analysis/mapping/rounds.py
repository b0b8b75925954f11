"""Items of the two sides assigned to each other, in rounds: each learns from the one before it what names and places mean."""

from typing import Dict, FrozenSet, Hashable, List, NamedTuple, Sequence, Tuple

from .assignment import NONE, assign
from .names import Likeness, words_of
from .numbering import by_list, paired_by_number
from .ranks import Ranks, near, ranks_of
from .repeats import ANY, Item
from .shapes import LEVELS, Level
from .structure import Structure
from .units import Path, Unit

MOST_ROUNDS, FEW_ROUNDS = 6, 2
Taken = Tuple[FrozenSet[int], FrozenSet[int]]
LARGE, SMALL = 1_600, 100
"""So many pairs in a block are compared each with each, the smaller number where there are many blocks."""
MOST_PAIRS = 40_000
"""With more pairs in all blocks together there are many blocks."""
REFUSED = -9.0


class Weights(NamedTuple):
    """What each kind of evidence counts."""

    name: float = 2.0
    order: float = 0.6
    rank: float = 0.35
    structure: float = 1.6
    first_order: float = 0.6


class Assigned(NamedTuple):
    """Two items, by their numbers; how well they fit; how much better than the next best choice of either; by
    which level; how alike the names are, before anything was learned."""

    one: int
    other: int
    score: float
    margin: float
    level: int
    alike: float


class Rounds:
    """Assigns the items that are not ``taken`` to each other, one level after the other."""

    def __init__(self, ones: Sequence[Item], others: Sequence[Item], weights: Weights = Weights(), least: float = 0.0) -> None:
        self.ones, self.others, self.weights = ones, others, weights
        words = [words_of(item.path) for item in ones], [words_of(item.path) for item in others]
        self._like, self._untaught = Likeness(*words), Likeness(*words)
        self._structure = Structure(ones, others)
        self._learned = False
        self.least = least
        blocks = _blocks(ones, others, [list(range(len(items))) for items in (ones, others)], LEVELS[0])
        self.is_large = sum(len(mine) * len(theirs) for mine, theirs in blocks) > MOST_PAIRS
        self._large = SMALL if self.is_large else LARGE

    def run(self, start: Sequence[Assigned] = (), taken: Taken = (frozenset(), frozenset())) -> List[Assigned]:
        """The assignment when it no longer changes. ``start`` is learned from; ``taken`` are items (of either side) that are left alone."""
        chosen: List[Assigned] = list(start)
        for _ in range(FEW_ROUNDS if self.is_large else MOST_ROUNDS):
            if chosen:
                self._learn(chosen)
            before, chosen = chosen, self._one_round(taken)
            if [each[:2] for each in before] == [each[:2] for each in chosen]:
                break
        return chosen

    def partners(self, pair: Assigned) -> List[Tuple[Unit, Unit]]:
        """The units of two items, each with its partner: layers in the order of their numbers, or in the opposite order where the
        layers beside them go that way.
        """
        one, other = self.ones[pair.one], self.others[pair.other]
        places = list(range(len(other.units)))
        if [length for _, length in one.runs] == [length for _, length in other.runs]:
            inside = len(places)
            for mine, theirs, (_, length) in zip(_lists_of(one), _lists_of(other), one.runs):
                inside //= length
                if self._structure.is_turned(mine, theirs):
                    places = [_turned(place, inside, length) for place in places]
        return [(unit, other.units[place]) for unit, place in zip(one.units, places)]

    def anchors(self, taken: Taken = (frozenset(), frozenset())) -> List[Assigned]:
        """The items that have shapes of their own: no other item could be meant."""
        free = [
            [place for place in range(len(items)) if place not in held] for items, held in zip((self.ones, self.others), taken)
        ]
        blocks = _blocks(self.ones, self.others, free, LEVELS[0])
        return [
            each for mine, theirs in blocks if len(mine) == len(theirs) == 1 for each in self._block(mine, theirs, LEVELS[0], 0)
        ]

    def _learn(self, chosen: Sequence[Assigned]) -> None:
        self._learned = True
        self._like.learn((each.one, each.other) for each in chosen)
        self._structure.count([(self.ones[each.one], self.others[each.other]) for each in chosen])

    def _one_round(self, taken: Taken) -> List[Assigned]:
        chosen: List[Assigned] = []
        free = [
            [place for place in range(len(items)) if place not in held] for items, held in zip((self.ones, self.others), taken)
        ]
        for number, level in enumerate(LEVELS):
            added: List[Assigned] = []
            for mine, theirs in _blocks(self.ones, self.others, free, level):
                added += self._block(mine, theirs, level, number)
            chosen += added
            gone = {each.one for each in added}, {each.other for each in added}
            free = [[place for place in side if place not in held] for side, held in zip(free, gone)]
        return chosen

    def _block(self, mine: List[int], theirs: List[int], level: Level, number: int) -> List[Assigned]:
        if len(mine) * len(theirs) > self._large:
            return self._large_block(mine, theirs, level, number)
        ranks = ranks_of(self.ones, mine), ranks_of(self.others, theirs)
        table = [[self._score(one, other, ranks, level) for other in theirs] for one in mine]
        told = []
        for row, column in enumerate(assign(table)):
            if column != NONE:
                rivals = [value for place, value in enumerate(table[row]) if place != column]
                rivals += [each[column] for place, each in enumerate(table) if place != row]
                told.append(self._told(mine[row], theirs[column], table[row][column], max(rivals, default=0.0), number))
        return told

    def _told(self, one: int, other: int, score: float, rival: float, level: int) -> Assigned:
        return Assigned(one, other, score, score - rival, level, self._untaught(one, other))

    def _large_block(self, mine: List[int], theirs: List[int], level: Level, number: int) -> List[Assigned]:
        """Too many to compare each with each: those that are called the same but for the numbers of their layers are taken together."""
        ones, others = list(by_list(self.ones, mine).values()), list(by_list(self.others, theirs).values())
        if len(ones) * len(others) > self._large:
            return (
                [self._told(one, other, 0.0, 0.0, number) for one, other in zip(mine, theirs)] if len(mine) == len(theirs) else []
            )
        ranks = ranks_of(self.ones, [each[0] for each in ones]), ranks_of(self.others, [each[0] for each in others])
        table = []
        for one in ones:
            row = [self._score(one[0], other[0], ranks, level) for other in others]
            table.append([score + min(len(one), len(other)) / max(len(one), len(other)) for score, other in zip(row, others)])
        told = []
        for place, column in enumerate(assign(table)):
            if column != NONE:
                told += [
                    self._told(ones[place][one], others[column][other], table[place][column], 0.0, number)
                    for one, other in paired_by_number(
                        [self.ones[each].path for each in ones[place]], [self.others[each].path for each in others[column]]
                    )
                ]
        return told

    def _score(self, one: int, other: int, ranks: Tuple[Dict[int, Ranks], ...], level: Level) -> float:
        mine, theirs = self.ones[one], self.others[other]
        if not level.fits(mine.units[0], theirs.units[0]):
            return REFUSED
        weights, here, there = self.weights, ranks[0][one], ranks[1][other]
        name = self._like(one, other)
        score = weights.name * name + weights.rank * (1 - abs(here.rank - there.rank))
        if not self._learned:
            return score + weights.first_order * (1 - abs(here.first - there.first)) if name >= level.least else REFUSED
        around = self._structure(mine, theirs)
        if max(name, around.agreement) < max(level.least, self.least):
            return REFUSED
        close = total = 0.0
        for depth, below, sure, turned in around.matched:
            if here.orders[depth][1] > 1 and there.orders[below][1] > 1:
                close += sure * near(here.orders[depth], there.orders[below], turned)
                total += sure
        return score + weights.structure * around.agreement + weights.order * (close / total if total else 0.0)


def _lists_of(item: Item) -> List[Path]:
    """The lists of layers that hold its runs, the outermost first."""
    return [item.path[:depth] for depth, name in enumerate(item.path) if name.endswith(ANY)]


def _turned(place: int, inside: int, length: int) -> int:
    """The place when the order of runs of ``length`` is turned around, each with ``inside`` units in it."""
    layer = place // inside % length
    return place + (length - 1 - 2 * layer) * inside


def _blocks(
    ones: Sequence[Item], others: Sequence[Item], free: Sequence[List[int]], level: Level
) -> List[Tuple[List[int], List[int]]]:
    held: Dict[Hashable, Tuple[List[int], List[int]]] = {}
    for side, items in enumerate((ones, others)):
        for place in free[side]:
            units = items[place].units
            held.setdefault((len(units), level.key(units[0])), ([], []))[side].append(place)
    return [block for block in held.values() if block[0] and block[1]]
