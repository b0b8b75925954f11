"""Layers of a list that were paired with several shifts, where one shift would do: a layer that is missing in the middle is no reason to
count on from there.
"""

import re
from collections import Counter
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..diff_rows import KeyEntry
from .rules import template_of
from .solver import SolvedPair

_NUMBER = re.compile(r"\d+")
_FEWEST = 3
Lists = Tuple[str, str]


class _Member(NamedTuple):
    """A pair as a layer of two lists: what stands before its number in both keys, its number there, and where in the key it stands."""

    pair: SolvedPair
    lists: Lists
    one: int
    other: int
    at: int

    def home(self, shift: int) -> str:
        """The expected key of the layer that is so much further."""
        key = self.pair.expected.key
        number = list(_NUMBER.finditer(key))[self.at]
        return f"{key[: number.start()]}{self.one + shift}{key[number.end() :]}"


def aligned(pairs: Sequence[SolvedPair], expected: Mapping[str, KeyEntry]) -> List[SolvedPair]:
    """The pairs, with one shift for each list where that is possible: every layer has a free home of the same shape then."""
    groups: Dict[Tuple[str, str], List[SolvedPair]] = {}
    for pair in pairs:
        groups.setdefault((template_of(pair.found.key), template_of(pair.expected.key)), []).append(pair)
    members = [found for found in map(_members, groups.values()) if found]
    shifts: Dict[Lists, "Counter[int]"] = {}
    for group in members:
        for each in group:
            shifts.setdefault(each.lists, Counter())[each.other - each.one] += 1
    taken = {pair.expected.key for pair in pairs}
    new: Dict[str, KeyEntry] = {}
    for group in members:
        moved = _moved(group, shifts[group[0].lists], expected, taken)
        new.update(moved)
    return [pair._replace(expected=new.get(pair.found.key, pair.expected)) for pair in pairs]


def _members(pairs: Sequence[SolvedPair]) -> List[_Member]:
    """Pairs that differ in one number on both sides; none when it is not so."""
    if len(pairs) < _FEWEST:
        return []
    places = [_varying([getattr(pair, side).key for pair in pairs]) for side in ("found", "expected")]
    if places[0] is None or places[1] is None:
        return []
    found = []
    for pair in pairs:
        mine = list(_NUMBER.finditer(pair.found.key))[places[0]]
        theirs = list(_NUMBER.finditer(pair.expected.key))[places[1]]
        lists = pair.found.key[: mine.start()], pair.expected.key[: theirs.start()]
        found.append(_Member(pair, lists, int(mine[0]), int(theirs[0]), places[1]))
    return found


def _varying(keys: Sequence[str]) -> Optional[int]:
    """Which number is another one in each key; None when several are, or none."""
    columns = list(zip(*(_NUMBER.findall(key) for key in keys)))
    varying = [place for place, column in enumerate(columns) if len(set(column)) > 1]
    return varying[0] if len(varying) == 1 else None


def _moved(
    group: Sequence[_Member], votes: "Counter[int]", expected: Mapping[str, KeyEntry], taken: Set[str]
) -> Dict[str, KeyEntry]:
    """New homes by found key; none where the layers have one shift already, or the likeliest one leads to nothing."""
    shift = votes.most_common(1)[0][0]
    if {each.other - each.one for each in group} == {shift}:
        return {}
    own = {each.pair.expected.key for each in group}
    homes = {}
    for each in group:
        home = each.home(shift)
        entry = expected.get(home)
        if entry is None or entry.shape != each.pair.expected.shape or (home in taken and home not in own):
            return {}
        homes[each.pair.found.key] = entry
    return homes
