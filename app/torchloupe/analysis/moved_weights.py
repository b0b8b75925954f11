"""Which weights moved between two checkpoints: what became of each pair of tensors, their order, and all of it in a sentence."""

import math
from typing import Optional, Sequence, Tuple

from ..wire.values import ComparedValues
from .diff_rows import HOMELESS, MISSING, RESHAPED, UNEXPECTED
from .key_groups import KeyGroup, fold_keys
from .value_pairs import is_counter, ranked
from .wording import count_text, counted, number_text

WAITING, NAN, MOVED, EQUAL, FAILED, UNPAIRED = "waiting", "nan", "moved", "equal", "failed", "unpaired"
MOTIONS = (NAN, MOVED, FAILED, UNPAIRED, WAITING, EQUAL)
"""What can become of a row, what wants a look first: NaN on a side, values that differ, values that cannot be compared, no partner
of the same shape, not compared yet, the same values."""
_GROUPS_NAMED = 3


def motion(status: str, compared: Optional[ComparedValues]) -> str:
    """What became of a row of the diff, one of ``MOTIONS``. ``compared`` is None while its values were not compared."""
    if compared is None:
        return UNPAIRED if status in (MISSING, UNEXPECTED, RESHAPED, *HOMELESS) else WAITING
    how = compared.difference
    if how is None:
        return FAILED
    if how.nan:
        return NAN
    return MOVED if how.changed else EQUAL


def rank(status: str, compared: Optional[ComparedValues]) -> Tuple[int, float, float]:
    """Sorts rows: NaN first, then the one that moved the furthest for its size (from zero is infinitely far), counters of batches
    behind those, equal ones last."""
    how = compared.difference if compared else None
    place = MOTIONS.index(motion(status, compared))
    if how is None:
        return place, 0.0, 0.0
    relative = math.inf if how.relative is None else how.relative
    if compared is not None and is_counter(compared.expected):
        relative = 0.0
    return place, -relative, -(how.max_abs or 0.0)


def moved_summary(compared: Sequence[ComparedValues]) -> str:
    """``143 of 148 tensors moved; the most: fc.weight (relative 0.31); 5 equal: embeddings.*``."""
    if not compared:
        return "No values were compared."
    moved = ranked(compared)
    kinds = {each.expected: motion("", each) for each in compared}
    equal = [key for key, kind in kinds.items() if kind == EQUAL]
    nan = [key for key, kind in kinds.items() if kind == NAN]
    failed = [key for key, kind in kinds.items() if kind == FAILED]
    if len(equal) == len(compared):
        return (
            "Equal: the one tensor has the same values." if len(equal) == 1 else f"All {counted(len(equal), 'tensor')} are equal."
        )
    parts = [f"{count_text(len(moved))} of {counted(len(compared), 'tensor')} moved"]
    finite = [(each.expected, how.relative) for each, how in moved if not how.nan and how.relative is not None]
    if finite:
        parts.append(f"the most: {finite[0][0]} (relative {number_text(finite[0][1])})")
    from_zero = [each.expected for each, how in moved if how.relative is None and not how.nan]
    words = ((nan, "with NaN"), (from_zero, "from zero"), (equal, "equal"), (failed, "could not be compared"))
    among = list(kinds)
    parts += [f"{count_text(len(keys))} {word}: {_places(keys, among)}" for keys, word in words if keys]
    return "; ".join(parts) + "."


def _places(keys: Sequence[str], among: Sequence[str]) -> str:
    """``embeddings.*, head.bias``: where the keys lie, the first few places."""
    groups = fold_keys(keys, among)
    places = [group.keys[0] if len(group.keys) == 1 else _place(group) for group in groups[:_GROUPS_NAMED]]
    return ", ".join(places) + (" …" if len(groups) > _GROUPS_NAMED else "")


def _place(group: KeyGroup) -> str:
    star = "*" if group.place.endswith(".") or not group.place else ""
    return f"{group.place}{star} ({count_text(len(group.keys))})"
