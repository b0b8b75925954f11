"""Compare the keys of a model with those of a checkpoint: what fits, what is missing, and why.

The pairs come from the matchers in ``key_matchers``, asked in order; what they leave is solved as a whole by ``mapping``. The words
come from ``diff_causes`` and ``solved_causes``.
"""

from collections import Counter
from itertools import chain
from typing import Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from .diff_causes import diff_causes
from .diff_problems import diff_problems
from .diff_rows import (
    DTYPE,
    FUSED,
    HOMELESS,
    MATCHED,
    MISSING,
    RENAMED,
    RESHAPED,
    SHAPE,
    SPLIT,
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
from .locked_keys import LEFT_ALONE, left_alone, locked_pairs, without
from .mapping.fused import Joined
from .row_kinds import told_apart, with_turned_squares
from .solved_causes import solved_causes
from .solved_keys import solved_keys
from .stacked_experts import Stacked, stacked_cause, stacked_experts

__all__ = [
    "DTYPE",
    "MATCHED",
    "MISSING",
    "RENAMED",
    "RESHAPED",
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

JOINED = 0.9
"""How sure it is that tensors are parts of another one: their sizes and names say it."""


def state_dict_diff(
    expected: Sequence[KeyEntry],
    found: Sequence[KeyEntry],
    locked: Optional[Mapping[str, str]] = None,
    unsaved: Sequence[KeyEntry] = (),
) -> StateDictDiff:
    """Compare ``expected`` (the model's keys) with ``found`` (the checkpoint's). A key that occurs twice counts once.

    ``locked`` are found keys with their homes, which are not asked about; an empty home is none. Raises UsageError when one of them is
    not there. ``unsaved`` are buffers that the model has and does not save.
    """
    wanted, have = {entry.key: entry for entry in expected}, {entry.key: entry for entry in found}
    given = locked_pairs(wanted, have, locked or {})
    alone = left_alone(have, locked or {})
    open_wanted = without(wanted, [pair.expected for pair in given])
    open_have = without(have, [*(pair.found for pair in given), *alone])
    keys = solved_keys(open_wanted, open_have, match(open_wanted, open_have))
    keys.matches.pairs += given
    homes = {pair.expected.key: [_paired_row(pair)] for pair in keys.matches.pairs}
    solved = {pair.found.key for pair in keys.solved}
    stacked = _stacked(wanted, have, homes, keys.joined)
    for key, row in chain(_joined_rows(keys.joined), *map(_stacked_rows, stacked)):
        homes.setdefault(key, []).append(row)
    rows = [row for key, entry in wanted.items() for row in homes.get(key) or (DiffRow(MISSING, entry, None),)]
    if len(homes) < len(have) or keys.joined or stacked:
        housed = {row.found.key for row in rows if row.found}
        left = {entry.key for entry in alone}
        rows += [DiffRow(UNEXPECTED, None, e, LEFT_ALONE if key in left else "") for key, e in have.items() if key not in housed]
    rows = [_same_numbers(row) if row.found and row.status == SHAPE and row.found.key in solved else row for row in rows]
    rows = told_apart(with_turned_squares(rows), unsaved)
    mapping = {row.found.key: row.expected.key for row in rows if row.found and row.expected and row.status not in HOMELESS}
    counts = {**dict.fromkeys(STATUSES, 0), **Counter(row.status for row in rows)}
    solved_ones = [*solved_causes(keys), *([stacked_cause(stacked)] if stacked else [])]
    return StateDictDiff(tuple(rows), mapping, counts, diff_causes(rows, keys.matches.explained, solved_ones))


def _paired_row(pair: Pair) -> DiffRow:
    return DiffRow(_status(pair.expected, pair.found), pair.expected, pair.found, pair.how, pair.confidence)


def _same_numbers(row: DiffRow) -> DiffRow:
    return row._replace(status=RESHAPED)


def _joined_rows(joined: Iterable[Joined]) -> Iterator[Tuple[str, DiffRow]]:
    """A row for each part, with the expected key that it belongs to."""
    for each in joined:
        start = 0
        for part in each.parts:
            end = start + part.shape[each.axis]
            how = f"{start:,} to {end - 1:,} of dimension {each.axis} of {each.whole.key}"
            expected, found = (part, each.whole) if each.split else (each.whole, part)
            yield expected.key, DiffRow(SPLIT if each.split else FUSED, expected, found, how, JOINED, (each.axis, start, end))
            start = end


def _stacked(
    wanted: Mapping[str, KeyEntry], have: Mapping[str, KeyEntry], homes: Mapping[str, List[DiffRow]], joined: Sequence[Joined]
) -> List[Stacked]:
    """Experts among the keys without a home, where it is sure how they are stacked."""
    taken = {entry.key for each in joined for entry in (each.whole, *each.parts)}
    housed = {row.found.key for rows in homes.values() for row in rows if row.found}
    open_wanted = [entry for key, entry in wanted.items() if key not in homes and key not in taken]
    open_have = [entry for key, entry in have.items() if key not in housed and key not in taken]
    return [each for each in stacked_experts(open_wanted, open_have) if each.stacks]


def _stacked_rows(stacked: Stacked) -> Iterator[Tuple[str, DiffRow]]:
    """A row for each part of each of the wholes."""
    for whole, parts in zip(stacked.wholes, stacked.stacks):
        each_has = len(parts) // stacked.experts
        for number, part in enumerate(parts):
            expert, place = divmod(number, each_has)
            begin, end = place * part.shape[0], (place + 1) * part.shape[0]
            rows = f"{begin:,} to {end - 1:,} of dimension 1 of " if each_has > 1 else ""
            how = f"{rows}expert {expert:,} of {whole.key}"
            yield whole.key, DiffRow(FUSED, whole, part, how, JOINED, (1, begin, end), expert=expert)


def _status(expected: KeyEntry, found: KeyEntry) -> str:
    lazy = expected.dtype == UNINITIALIZED
    if expected.shape != found.shape and not lazy:
        return TRANSPOSED if len(found.shape) == 2 and found.shape == expected.shape[::-1] else SHAPE
    if expected.key != found.key:
        return RENAMED
    return MATCHED if expected.dtype == found.dtype or lazy else DTYPE
