"""Very long lists of layers, of which some may lack what others have: paired by their numbers, not by counting."""

from collections import defaultdict
from itertools import product
from typing import Dict, List, Sequence, Tuple

from .repeats import Item
from .units import Path

Numbers = Tuple[int, ...]
_MOST_PLACES = 3
"""Layers in layers in layers; more numbers than that in one name are not tried."""


def by_list(items: Sequence[Item], block: Sequence[int]) -> Dict[str, List[int]]:
    """The items of a block by what they are called but for the parts that are a number: ``w1`` and ``w3`` are two things of a layer."""
    alike: Dict[str, List[int]] = defaultdict(list)
    for place in block:
        alike[".".join("#" if part.isdigit() else part for part in items[place].path)].append(place)
    return alike


def paired_by_number(ones: Sequence[Path], others: Sequence[Path]) -> List[Tuple[int, int]]:
    """Places in the two lists whose layers belong together: with the same numbers, or with numbers that are all shifted alike; in
    their order where that explains less than half.
    """
    mine, theirs = _varying(ones), _varying(others)
    in_order = list(zip(range(len(ones)), range(len(others))))
    if not mine or len(mine[0]) != len(theirs[0] if theirs else ()) or len(mine[0]) > _MOST_PLACES:
        return in_order
    at = {numbers: place for place, numbers in enumerate(theirs)}
    best: List[Tuple[int, int]] = []
    for shifts in product(*(_shifts(here, there) for here, there in zip(zip(*mine), zip(*theirs)))):
        moved = (tuple(number + shift for number, shift in zip(numbers, shifts)) for numbers in mine)
        pairs = [(place, at[numbers]) for place, numbers in enumerate(moved) if numbers in at]
        best = pairs if len(pairs) > len(best) else best
    return best if 2 * len(best) >= len(in_order) else in_order


def _varying(paths: Sequence[Path]) -> List[Numbers]:
    """The numbers in which the names differ."""
    rows = [[int(part) for part in path if part.isdigit()] for path in paths]
    places = [place for place, column in enumerate(zip(*rows)) if len(set(column)) > 1]
    return [tuple(row[place] for place in places) for row in rows]


def _shifts(mine: Sequence[int], theirs: Sequence[int]) -> List[int]:
    """None at all, as the first layers say, or as the last ones do: the least first."""
    return sorted({0, min(theirs) - min(mine), max(theirs) - max(mine)}, key=abs)
