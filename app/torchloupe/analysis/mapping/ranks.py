"""Where the items of one block stand: among the children of every place around them, among their likes, among all."""

from collections import defaultdict
from typing import Dict, List, NamedTuple, Sequence, Tuple

from .repeats import Item
from .rules import template_of
from .units import Path

Rank = Tuple[int, int]
"""The place among how many."""


class Ranks(NamedTuple):
    """``orders``: at every depth, which of the children that lead to the block the item is in. ``rank``: its place among the items of
    the block that are called the same but for numbers, 0 to 1. ``first``: its place in the block, 0 to 1.
    """

    orders: List[Rank]
    rank: float
    first: float


def by_template(items: Sequence[Item], block: Sequence[int]) -> Dict[str, List[int]]:
    """The items of a block by what they are called but for numbers."""
    alike: Dict[str, List[int]] = defaultdict(list)
    for place in block:
        alike[template_of(".".join(items[place].path))].append(place)
    return alike


def ranks_of(items: Sequence[Item], block: Sequence[int]) -> Dict[int, Ranks]:
    """The ranks of all items of a block."""
    children: Dict[Path, Dict[str, int]] = {}
    for place in block:
        path = items[place].path
        for depth, name in enumerate(path):
            held = children.setdefault(path[:depth], {})
            held.setdefault(name, len(held))
    alike = by_template(items, block)
    within = {place: number / max(1, len(same) - 1) for same in alike.values() for number, place in enumerate(same)}
    ranks = {}
    for number, place in enumerate(block):
        path = items[place].path
        held_at = [children[path[:depth]] for depth in range(len(path))]
        orders = [(held[name], len(held)) for held, name in zip(held_at, path)] or [(0, 1)]
        ranks[place] = Ranks(orders, within[place], number / max(1, len(block) - 1))
    return ranks


def near(one: Rank, other: Rank, turned: bool) -> float:
    """1 for the same place, 0 for the two ends."""
    mine, theirs = one[0] / max(1, one[1] - 1), other[0] / max(1, other[1] - 1)
    return 1 - abs(mine - (1 - theirs if turned and other[1] > 1 else theirs))
