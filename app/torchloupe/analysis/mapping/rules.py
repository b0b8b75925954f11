"""Rewrite rules: how few of them explain a mapping."""

import re
from typing import Dict, List, Sequence, Tuple

from .names import Likeness, words_of
from .repeats import Item
from .units import Unit

Pair = Tuple[str, str]
NAMES, ORDER = 0.5, 0.22
"""What a pair of like names and a kept order are worth, in keys."""
IN_ORDER = 2
"""How many rules it counts for when numbers change without a rule, but in their order."""
_NUMBER = re.compile(r"\d+")
Numbers = Tuple[int, ...]


def worth_of(pairs: Sequence[Tuple[Item, Item, Sequence[Tuple[Unit, Unit]]]]) -> float:
    """What speaks for a mapping: keys that it explains, few rules, names that are alike, an order that is kept."""
    modules = [(".".join(one.path), ".".join(other.path)) for _, _, units in pairs for one, other in units]
    like = Likeness([words_of(one.path) for one, _, _ in pairs], [words_of(other.path) for _, other, _ in pairs])
    places = [other.number for _, other, _ in sorted(pairs, key=lambda pair: pair[0].number)]
    kept = sum(after > before for before, after in zip(places, places[1:]))
    keys = sum(len(units) * len(one.units[0].entries.keys() & other.units[0].entries.keys()) for one, other, units in pairs)
    names = sum(like(place, place) for place in range(len(pairs)))
    return keys - rule_count(modules) + NAMES * names + ORDER * kept


def names_alike(pairs: Sequence[Pair]) -> float:
    """How alike the names of paired modules are, those that differ in their numbers counted once: 1 for each that is the same."""
    templates = list(dict.fromkeys((_NUMBER.sub("0", one), _NUMBER.sub("0", other)) for one, other in pairs))
    like = Likeness(
        [words_of(tuple(one.split("."))) for one, _ in templates], [words_of(tuple(other.split("."))) for _, other in templates]
    )
    return sum(like(place, place) for place in range(len(templates)))


def template_of(key: str) -> str:
    """The key with ``#`` for every number."""
    return _NUMBER.sub("#", key)


def rule_count(pairs: Sequence[Pair]) -> int:
    """How many rules give these pairs: a template of each side, and for every number what is added to which number."""
    held: Dict[Pair, List[Tuple[Numbers, Numbers]]] = {}
    for one, other in pairs:
        both = _NUMBER.sub("#", one), _NUMBER.sub("#", other)
        held.setdefault(both, []).append((_numbers(one), _numbers(other)))
    return sum(_ways(rows) for rows in held.values())


def _ways(rows: Sequence[Tuple[Numbers, Numbers]]) -> int:
    columns: List[Tuple[Tuple[int, int], ...]] = []
    for place in range(len(rows[0][1])):
        choices = [tuple((0, theirs[place]) for _, theirs in rows)]
        for at in range(len(rows[0][0])):
            choices.append(tuple((1, theirs[place] - mine[at]) for mine, theirs in rows))
            choices.append(tuple((-1, theirs[place] + mine[at]) for mine, theirs in rows))
        columns.append(min(choices, key=lambda values: len(set(values))))
    if len(rows) > IN_ORDER and _keeps_order(rows):
        return min(IN_ORDER, len(set(zip(*columns))))
    turned = any(values[0][0] < 0 for values in columns)
    descents = 0 if turned else sum(after[1] < before[1] for before, after in zip(sorted(rows), sorted(rows)[1:]))
    return (len(set(zip(*columns))) if columns else 1) + 2 * descents


def _keeps_order(rows: Sequence[Tuple[Numbers, Numbers]]) -> bool:
    places = [theirs for _, theirs in sorted(rows)]
    return all(before < after for before, after in zip(places, places[1:]))


def _numbers(text: str) -> Numbers:
    return tuple(int(each) for each in _NUMBER.findall(text))
