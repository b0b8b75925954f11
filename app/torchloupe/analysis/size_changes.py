"""Which rows of other shape have one cause: a size that changed (1000 classes to 10, width 768 to 1024)."""

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Sequence, Tuple

from .diff_rows import DiffRow

SizeChange = Tuple[int, int]
"""A size in the checkpoint and in the model."""


@dataclass(frozen=True)
class ChangedSizes:
    """Rows whose shapes differ by these sizes; ``sizes`` is empty where the number of dimensions differs."""

    sizes: Tuple[SizeChange, ...]
    rows: Tuple[DiffRow, ...]


def changed_sizes(rows: Sequence[DiffRow]) -> Tuple[ChangedSizes, ...]:
    """Group rows of other shape: rows that share a change of size belong together."""
    leaders: Dict[SizeChange, SizeChange] = {}
    changes = [_changes(row) for row in rows]
    for pairs in changes:
        for pair in pairs:
            leaders.setdefault(pair, pair)
        for pair in pairs[1:]:
            leaders[_leader(leaders, pair)] = _leader(leaders, pairs[0])
    groups: Dict[object, List[int]] = {}
    for index, pairs in enumerate(changes):
        groups.setdefault(_leader(leaders, pairs[0]) if pairs else _ranks(rows[index]), []).append(index)
    return tuple(
        ChangedSizes(tuple(dict.fromkeys(pair for index in members for pair in changes[index])), tuple(rows[i] for i in members))
        for members in groups.values()
    )


def root_sizes(sizes: Sequence[SizeChange]) -> Tuple[SizeChange, ...]:
    """Without those that are the same multiple of another change: 768 to 512 says 3,072 to 2,048, too."""
    return tuple(pair for pair in sizes if not any(_is_multiple(pair, root) for root in sizes if root != pair))


def _is_multiple(pair: SizeChange, root: SizeChange) -> bool:
    return 0 not in root and all(size % part == 0 for size, part in zip(pair, root)) and pair[0] // root[0] == pair[1] // root[1]


def _changes(row: DiffRow) -> Tuple[SizeChange, ...]:
    assert row.found is not None
    assert row.expected is not None
    if len(row.found.shape) != len(row.expected.shape):
        return ()
    both = zip(row.found.shape, row.expected.shape)
    return tuple(dict.fromkeys((found, expected) for found, expected in both if found != expected))


def _ranks(row: DiffRow) -> FrozenSet[Tuple[str, int]]:
    assert row.found is not None
    assert row.expected is not None
    return frozenset({("checkpoint", len(row.found.shape)), ("model", len(row.expected.shape))})


def _leader(leaders: Dict[SizeChange, SizeChange], pair: SizeChange) -> SizeChange:
    while leaders[pair] != pair:
        pair = leaders[pair]
    return pair
