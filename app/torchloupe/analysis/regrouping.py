"""What a reshape does with the axes that it is given: keeps their order, or takes for a permutation what is none."""

from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Iterator, List, Optional, Tuple

from .provenance import product

Shape = Tuple[int, ...]
_MOST_AXES = 7


@dataclass(frozen=True)
class Group:
    """Axes of the source, and those of the target that hold the same elements: positions in both."""

    source: Tuple[int, ...]
    target: Tuple[int, ...]

    @property
    def is_mixed(self) -> bool:
        """Several axes become several others: neither split nor merged."""
        return len(self.source) > 1 and len(self.target) > 1


def regrouped(source: Shape, target: Shape) -> List[Group]:
    """The least groups of axes that hold the same elements. Axes of size 1 belong to none; nothing where the counts differ."""
    groups: List[Group] = []
    mine = [at for at, size in enumerate(source) if size != 1]
    theirs = [at for at, size in enumerate(target) if size != 1]
    if product(source) != product(target) or 0 in source:
        return []
    while mine:
        left, right = [mine.pop(0)], [theirs.pop(0)]
        while product([source[at] for at in left]) != product([target[at] for at in right]):
            shorter = product([source[at] for at in left]) < product([target[at] for at in right])
            (left if shorter else right).append((mine if shorter else theirs).pop(0))
        groups.append(Group(tuple(left), tuple(right)))
    return groups


def is_torn(source: Shape, target: Shape) -> bool:
    """Whether some axis of the target begins in the midst of one of the source: no split and merge of whole axes gives that."""
    ends = list(accumulate(source, mul))
    return any(end % other and other % end for end in ends for other in accumulate(target, mul))


@dataclass(frozen=True)
class Permutation:
    """What was meant: the source seen as ``split`` (an axis in two, or as it is), its axes in ``order``, then the target."""

    split: Shape
    order: Tuple[int, ...]


def permutation_meant(source: Shape, target: Shape) -> Optional[Permutation]:
    """The permutation after which the target's axes hold whole axes of the source, or of the source with one axis in two.

    None where the axes keep their order, and where no order of whole axes gives the target.
    """
    for group in regrouped(source, target):
        if not group.is_mixed or len(group.source) > _MOST_AXES:
            continue
        mine = tuple(source[at] for at in group.source)
        theirs = tuple(target[at] for at in group.target)
        for split in (mine, *_in_two(mine, theirs)):
            order = _order(split, theirs)
            if order is not None:
                start, end = group.source[0], group.source[-1] + 1
                axes = [
                    *range(start),
                    *(start + at for at in order),
                    *range(start + len(split), len(source) - end + start + len(split)),
                ]
                return Permutation((*source[:start], *split, *source[end:]), tuple(axes))
    return None


def _in_two(mine: Shape, theirs: Shape) -> Iterator[Shape]:
    """With one axis as two neighbours that the target names, the last axes first: heads and their width."""
    for at in reversed(range(len(mine))):
        for number, one in enumerate(theirs):
            for other in theirs[number + 1 :]:
                if one * other == mine[at]:
                    yield (*mine[:at], one, other, *mine[at + 1 :])


def _order(mine: Shape, theirs: Shape) -> Optional[Tuple[int, ...]]:
    """Which axes, whole and in their order, make up each of the target's; None where that is the order they have."""
    found = next(_filled(mine, theirs, tuple(range(len(mine)))), None)
    return None if found is None or found == tuple(range(len(mine))) else found


def _filled(mine: Shape, theirs: Shape, left: Tuple[int, ...]) -> Iterator[Tuple[int, ...]]:
    if not theirs:
        if not left:
            yield ()
        return
    for chosen in _subsets(mine, theirs[0], left):
        for rest in _filled(mine, theirs[1:], tuple(at for at in left if at not in chosen)):
            yield (*chosen, *rest)


def _subsets(mine: Shape, size: int, left: Tuple[int, ...]) -> Iterator[Tuple[int, ...]]:
    """The fewest axes first."""
    if size == 1:
        yield ()
        return
    yield from ((at,) for at in left if mine[at] == size)
    for number, at in enumerate(left):
        if size % mine[at] == 0 and size != mine[at]:
            for rest in _subsets(mine, size // mine[at], left[number + 1 :]):
                if rest:
                    yield (at, *rest)
