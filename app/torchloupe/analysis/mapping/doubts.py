"""Where a solution is likely wrong though each of its pairs looks right: lists that are mixed up, numbers out of order, lists that could
run backwards. Counted on conversions whose true mapping is known.
"""

import re
from collections import Counter, defaultdict
from itertools import combinations
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from .names import Likeness, likeness, words_of
from .rules import template_of
from .solver import SolvedPair
from .ties import Tie
from .units import Path

MIXED_UP, BACKWARDS, UNORDERED = 0.55, 0.58, 0.75
"""How sure a pair is at most: its list shares another list with others; its list could run backwards; numbers keep no order."""
_NUMBER = re.compile(r"\d+")
_SHORT, _LONG = 3, 8
_SYNONYMS = 0.6
_PREFERRED = 0.12
"""Names that are so much more like are a reason to choose them."""
Shape = Tuple[int, ...]


class Doubt(NamedTuple):
    """How sure a pair is at most, and why not more."""

    most: float
    why: str


def doubts(pairs: Sequence[SolvedPair], ordered: bool = True) -> Tuple[Dict[str, Doubt], List[Tie]]:
    """By the found keys what is doubtful about them, the gravest; and the lists of which it is not known which way they run. Not
    ``ordered``: the keys do not stand in the order of their modules."""
    backwards = _backwards(pairs)
    found: Dict[str, Doubt] = {}
    for key in () if ordered else _exchangeable(pairs):
        found[key] = Doubt(MIXED_UP, "another one in its place has this shape, and neither names nor order tell them apart")
    for key in _unordered(pairs):
        found[key] = Doubt(UNORDERED if ordered else MIXED_UP, "the numbers of its layers keep no order")
    for tie in backwards:
        found.update(dict.fromkeys(tie.keys, Doubt(BACKWARDS, "equal layers under another name: the list could run backwards")))
    for key in _mixed_up(pairs):
        found[key] = Doubt(MIXED_UP, "its list and others are mixed up in this solution")
    return found, backwards


def _mixed_up(pairs: Sequence[SolvedPair]) -> Set[str]:
    """Pairs around two lists that each belong to another list first: U-Nets whose ways down and up have equal shapes."""
    edges = Counter((_place(pair.found.key), _place(pair.expected.key)) for pair in pairs)
    mine: Dict[str, int] = defaultdict(int)
    theirs: Dict[str, int] = defaultdict(int)
    for (one, other), count in edges.items():
        mine[one], theirs[other] = max(mine[one], count), max(theirs[other], count)
    crossing = [(one, other) for (one, other), count in edges.items() if mine[one] > count and theirs[other] > count]
    places = {one for one, _ in crossing}, {other for _, other in crossing}
    return {pair.found.key for pair in pairs if _place(pair.found.key) in places[0] or _place(pair.expected.key) in places[1]}


def _place(key: str) -> str:
    """The list that a key is in: what stands before its first number."""
    number = _NUMBER.search(key)
    return key[: number.start()] if number else key.rpartition(".")[0]


def _exchangeable(pairs: Sequence[SolvedPair]) -> Set[str]:
    """Two of one shape in every layer, such as its norms, which could be each other as far as their names say."""
    held: Dict[Tuple[str, str, Shape], Dict[Tuple[Path, Path], List[str]]] = {}
    for pair in pairs:
        both = _without_numbers(pair.found.key), _without_numbers(pair.expected.key)
        place = _list_of(both[0]), _list_of(both[1]), pair.found.shape
        held.setdefault(place, {}).setdefault(both, []).append(pair.found.key)
    odd: Set[str] = set()
    for roles in held.values():
        names = list(roles)
        like = Likeness([words_of(found) for found, _ in names], [words_of(expected) for _, expected in names])
        for one, other in combinations(range(len(names)), 2):
            if like(one, one) + like(other, other) - like(one, other) - like(other, one) <= _PREFERRED:
                odd.update(roles[names[one]], roles[names[other]])
    return odd


def _without_numbers(key: str) -> Path:
    return tuple("#" if part.isdigit() else part for part in key.split("."))


def _list_of(path: Path) -> str:
    """The layers that it is in, the innermost."""
    return ".".join(path[: max((place + 1 for place, part in enumerate(path) if part == "#"), default=0)])


def _unordered(pairs: Sequence[SolvedPair]) -> Set[str]:
    """Pairs whose numbers go up on one side and not on the other."""
    groups: Dict[Tuple[str, str], List[Tuple[List[int], List[int], str]]] = {}
    for pair in pairs:
        both = template_of(pair.found.key), template_of(pair.expected.key)
        groups.setdefault(both, []).append((_numbers(pair.found.key), _numbers(pair.expected.key), pair.found.key))
    odd: Set[str] = set()
    for rows in groups.values():
        rows.sort()
        if any(before[1] >= after[1] for before, after in zip(rows, rows[1:])):
            odd.update(row[2] for row in rows)
    return odd


def _numbers(key: str) -> List[int]:
    return [int(each) for each in _NUMBER.findall(key)]


class _Row(NamedTuple):
    """A pair seen as an element of two lists: its place in each, what it is there, its shape."""

    one: int
    other: int
    rest: str
    shape: Shape
    key: str


def _backwards(pairs: Sequence[SolvedPair]) -> List[Tie]:
    """Short lists of equal layers that are not called alike: decoders often run the other way round."""
    lists: Dict[Tuple[str, str], List[_Row]] = {}
    for pair in pairs:
        found, expected = pair.found.key, pair.expected.key
        for mine in _NUMBER.finditer(found):
            rest = template_of(found[mine.end() :])
            for theirs in _NUMBER.finditer(expected):
                row = _Row(int(mine[0]), int(theirs[0]), rest, pair.found.shape, found)
                lists.setdefault((found[: mine.start()], expected[: theirs.start()]), []).append(row)
    told = []
    for (mine_at, theirs_at), rows in lists.items():
        if _are_equal_layers(rows) and not _sound_alike(mine_at, theirs_at):
            ends = [(min(numbers), max(numbers)) for numbers in ([row.one for row in rows], [row.other for row in rows])]
            names = [f"{at}{{{low}..{high}}}" for at, (low, high) in zip((mine_at, theirs_at), ends)]
            told.append(Tie((names[0],), (names[1],), tuple(row.key for row in rows), False))
    return told


def _are_equal_layers(rows: Sequence[_Row]) -> bool:
    """One to one, few enough, and at least the same tensors in each."""
    layers: Dict[int, Set[int]] = {}
    for row in rows:
        layers.setdefault(row.one, set()).add(row.other)
    homes = {next(iter(others)) for others in layers.values()}
    if not _SHORT <= len(layers) <= _LONG or len(homes) < len(layers) or any(len(others) > 1 for others in layers.values()):
        return False
    held: Dict[int, Set[Tuple[str, Shape]]] = {}
    for row in rows:
        held.setdefault(row.one, set()).add((row.rest, row.shape))
    least = min(held.values(), key=len)
    return all(least <= each for each in held.values())


def _sound_alike(one: str, other: str) -> bool:
    """Is one of the last two words of both lists the same, a synonym, or short for the other?"""
    sides = ([_NUMBER.sub("", word) for word in words_of(tuple(at.split("."))).all if "#" not in word] for at in (one, other))
    mine, theirs = ([word for word in words if word][-2:] for words in sides)
    if not mine or not theirs:
        return True
    both = [(word, each) for word in mine for each in theirs]
    return any(one.startswith(other) or other.startswith(one) or likeness(one, other) >= _SYNONYMS for one, other in both)
