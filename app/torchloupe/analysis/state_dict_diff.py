"""Compare the keys of a model with those of a checkpoint: what fits, what is missing, and why.

The pairs come from the matchers in ``key_matchers``, asked in order; the words come from ``diff_causes``.
"""

from collections import Counter
from typing import Sequence

from .diff_causes import diff_causes
from .diff_problems import diff_problems
from .diff_rows import (
    DTYPE,
    MATCHED,
    MISSING,
    RENAMED,
    SHAPE,
    STATUSES,
    TRANSPOSED,
    UNEXPECTED,
    UNINITIALIZED,
    Cause,
    DiffRow,
    KeyEntry,
    StateDictDiff,
)
from .key_matchers import Pair, match

__all__ = [
    "DTYPE",
    "MATCHED",
    "MISSING",
    "RENAMED",
    "SHAPE",
    "STATUSES",
    "TRANSPOSED",
    "UNEXPECTED",
    "UNINITIALIZED",
    "Cause",
    "DiffRow",
    "KeyEntry",
    "StateDictDiff",
    "diff_problems",
    "state_dict_diff",
]


def state_dict_diff(expected: Sequence[KeyEntry], found: Sequence[KeyEntry]) -> StateDictDiff:
    """Compare ``expected`` (the model's keys) with ``found`` (the checkpoint's). A key that occurs twice counts once."""
    wanted, have = {entry.key: entry for entry in expected}, {entry.key: entry for entry in found}
    matches = match(wanted, have)
    homes = {pair.expected.key: pair for pair in matches.pairs}
    rows = [_paired_row(homes[key]) if key in homes else DiffRow(MISSING, entry, None) for key, entry in wanted.items()]
    if len(homes) < len(have):
        housed = {pair.found.key for pair in matches.pairs}
        rows += [DiffRow(UNEXPECTED, None, entry) for key, entry in have.items() if key not in housed]
    mapping = {row.found.key: row.expected.key for row in rows if row.found and row.expected and row.status != SHAPE}
    counts = {**dict.fromkeys(STATUSES, 0), **Counter(row.status for row in rows)}
    return StateDictDiff(tuple(rows), mapping, counts, diff_causes(rows, matches.explained))


def _paired_row(pair: Pair) -> DiffRow:
    return DiffRow(_status(pair.expected, pair.found), pair.expected, pair.found, pair.how, pair.confidence)


def _status(expected: KeyEntry, found: KeyEntry) -> str:
    lazy = expected.dtype == UNINITIALIZED
    if expected.shape != found.shape and not lazy:
        return TRANSPOSED if len(found.shape) == 2 and found.shape == expected.shape[::-1] else SHAPE
    if expected.key != found.key:
        return RENAMED
    return MATCHED if expected.dtype == found.dtype or lazy else DTYPE
