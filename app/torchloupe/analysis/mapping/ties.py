"""Subtrees that are equal in all but their own name: which of them is meant, the keys do not say."""

import re
from itertools import combinations
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from .names import Likeness, words_of
from .repeats import Side, Subtree
from .rules import template_of
from .solver import SolvedPair
from .units import Path

_NUMBER = re.compile(r"\d+")
_SMALL = 2
"""A single unit is like many others: only one in the same list is taken for its rival."""
_MANY = 12
"""Equal subtrees of which there are more are layers and no towers."""
_PREFERRED = 0.12
"""A name that is so much more like is a reason to choose it."""


class Tie(NamedTuple):
    """``found`` are places of the checkpoint, ``expected`` places of the model, that fit each other in more than one way.

    ``keys`` are the found keys that were paired in one of these ways. ``of_a_list``: they are layers of a list, where the
    other side has no list.
    """

    found: Tuple[str, ...]
    expected: Tuple[str, ...]
    keys: Tuple[str, ...]
    of_a_list: bool


def ties(found: Side, expected: Side, pairs: Sequence[SolvedPair]) -> List[Tie]:
    """The ties among the pairs, those of the largest subtrees."""
    homes = {pair.found.key: pair.expected.key for pair in pairs}
    mine, theirs = found.equal_subtrees(), expected.equal_subtrees()
    ways = _with_a_spare(mine, homes, False)
    ways += _with_a_spare(theirs, {home: key for key, home in homes.items()}, True)
    return ways + _exchangeable(mine, theirs, homes)


def _with_a_spare(groups: Sequence[List[Subtree]], homes: Dict[str, str], turned: bool) -> List[Tie]:
    """A subtree has a home, and another one just like it has none at all."""
    told: List[Tie] = []
    done: Set[str] = set()
    for alike in groups:
        housed = [each for each in alike if all(key in homes for key in each.keys)]
        spare = [each for each in alike if not any(key in homes for key in each.keys)]
        for one in housed:
            if done.isdisjoint(one.keys):
                there = _common([homes[key] for key in one.keys])
                small = one.units < _SMALL
                rivals = [each for each in spare if not small or _same_but_for_numbers(one.path, each.path)]
                rivals = [each for each in rivals if not _is_more_like(one.path, each.path, there)]
                if rivals:
                    done.update(one.keys)
                    places = tuple(".".join(each.path) for each in (one, *rivals))
                    of_a_list = not _numbers(there) and all(_same_but_for_numbers(one.path, each.path) for each in rivals)
                    if turned:
                        told.append(Tie((".".join(there),), places, tuple(homes[key] for key in one.keys), of_a_list))
                    else:
                        told.append(Tie(places, (".".join(there),), one.keys, of_a_list))
    return told


def _exchangeable(found: Sequence[List[Subtree]], expected: Sequence[List[Subtree]], homes: Dict[str, str]) -> List[Tie]:
    """Two equal subtrees have homes that are equal, too, and no name says which is whose. Layers of a list follow their numbers."""
    told: List[Tie] = []
    done: Set[str] = set()
    kinds = {tuple(sorted(each.keys)): number for number, alike in enumerate(expected) for each in alike}
    for alike in found:
        towers = sorted({template_of(".".join(each.path)): each for each in reversed(alike)}.values(), key=lambda each: each.path)
        if len(alike) > _MANY or len(towers) < 2 or alike[0].units < _SMALL:
            continue
        for one, other in combinations(towers, 2):
            whole = [tuple(sorted(homes.get(key, "") for key in each.keys)) for each in (one, other)]
            if not done.isdisjoint(one.keys) or any(keys not in kinds for keys in whole) or kinds[whole[0]] != kinds[whole[1]]:
                continue
            there = [_common(keys) for keys in whole]
            if not _is_settled((one.path, other.path), there):
                done.update(one.keys + other.keys)
                names = tuple(".".join(each.path) for each in (one, other))
                told.append(Tie(names, tuple(".".join(each) for each in there), one.keys + other.keys, False))
    return told


def _is_settled(mine: Tuple[Path, Path], theirs: List[Path]) -> bool:
    like = Likeness([words_of(path) for path in mine], [words_of(path) for path in theirs])
    return like(0, 0) + like(1, 1) - like(0, 1) - like(1, 0) > _PREFERRED


def _is_more_like(one: Path, rival: Path, there: Path) -> bool:
    if _same_but_for_numbers(one, rival):
        differing = [both for both in zip(one, rival) if both[0] != both[1]]
        if not all(part.isdigit() for both in differing for part in both):
            return bool(_numbers(there)) and _numbers(one) == _numbers(there)
        return all(mine in there for mine, _ in differing) and not all(other in there for _, other in differing)
    like = Likeness([words_of(one), words_of(rival)], [words_of(there)])
    return like(0, 0) - like(1, 0) > _PREFERRED


def _same_but_for_numbers(one: Path, other: Path) -> bool:
    """Layers of one list, or the same thing in them."""
    return len(one) == len(other) and template_of(".".join(one)) == template_of(".".join(other))


def _numbers(path: Path) -> List[str]:
    return _NUMBER.findall(".".join(path))


def _common(keys: Sequence[str]) -> Path:
    """The place that holds all of the keys."""
    parts = [key.split(".") for key in keys]
    common: List[str] = []
    for names in zip(*(each[:-1] for each in parts)):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return tuple(common)
