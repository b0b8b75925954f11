"""How much of the model the checkpoint explains, by number and by bytes of its parameters."""

from dataclasses import dataclass
from math import prod
from typing import Dict, List, Tuple

from .diff_rows import (
    CONVERTED,
    DTYPE,
    MATCHED,
    MISSING,
    RENAMED,
    RESIZED,
    SHAPE,
    TIED,
    UNINITIALIZED,
    DiffRow,
    KeyEntry,
    StateDictDiff,
)
from .loading import SURE
from .memory import element_bytes
from .wording import bytes_text, count_text

AS_IT_IS, UNDER_ANOTHER, CONVERSION, UNSURE, OTHER_SIZE, ABSENT = (
    "as it is",
    "under another name",
    "after a conversion",
    "uncertain",
    "of another size",
    "missing",
)
WAYS = (AS_IT_IS, UNDER_ANOTHER, CONVERSION, UNSURE, OTHER_SIZE, ABSENT)
"""How the values of a tensor of the model are there, the best first; those from ``UNSURE`` on are not explained."""
EXPLAINED = WAYS[:3]


@dataclass(frozen=True)
class Share:
    """So many tensors, numbers and bytes of the model."""

    tensors: int = 0
    numbers: int = 0
    bytes: int = 0

    def and_more(self, entry: KeyEntry, numbers: int) -> "Share":
        """With one tensor more."""
        return Share(self.tensors + 1, self.numbers + numbers, self.bytes + numbers * element_bytes(entry.dtype))


@dataclass(frozen=True)
class Explained:
    """The model's tensors by the way in which their values are there."""

    ways: Dict[str, Share]

    @property
    def whole(self) -> Share:
        """The model."""
        return _sum(list(self.ways.values()))

    @property
    def explained(self) -> Share:
        """What the checkpoint has values for, surely."""
        return _sum([self.ways[way] for way in EXPLAINED])


def _sum(shares: List[Share]) -> Share:
    return Share(sum(each.tensors for each in shares), sum(each.numbers for each in shares), sum(each.bytes for each in shares))


def explained(diff: StateDictDiff) -> Explained:
    """By tensor of the model; one that is joined of several counts once, and not when one of them is unsure."""
    entries: Dict[str, Tuple[KeyEntry, str]] = {}
    for row in diff.rows:
        if row.expected is not None:
            way = _way(row)
            held = entries.get(row.expected.key)
            worst = max(way, held[1], key=WAYS.index) if held else way
            entries[row.expected.key] = row.expected, worst
    ways = dict.fromkeys(WAYS, Share())
    for entry, way in entries.values():
        if entry.dtype != UNINITIALIZED:
            ways[way] = ways[way].and_more(entry, prod(entry.shape))
    return Explained(ways)


def _way(row: DiffRow) -> str:
    if row.status in (MATCHED, DTYPE, TIED):
        return AS_IT_IS
    if row.status in (SHAPE, RESIZED):
        return OTHER_SIZE
    if row.status == MISSING:
        return ABSENT
    if row.confidence < SURE:
        return UNSURE
    return UNDER_ANOTHER if row.status == RENAMED else CONVERSION if row.status in CONVERTED else ABSENT


def percent_text(part: int, whole: int) -> str:
    """``97.3 %``; never ``100 %`` nor ``0 %`` for what is not quite that."""
    if part in (0, whole):
        return "100 %" if part and part == whole else "0 %"
    tenths = min(999, max(1, round(1000 * part / whole)))
    return f"{tenths / 10:g} %"


def _tenths(parts: List[int]) -> List[int]:
    """The parts in tenths of a percent that make 1,000 together; none that is there is 0."""
    whole = sum(parts)
    exact = [1000 * part / whole for part in parts]
    found = [max(1, int(share)) if part else 0 for part, share in zip(parts, exact)]
    while sum(found) != 1000:
        step = 1 if sum(found) < 1000 else -1
        may_change = [at for at, part in enumerate(parts) if part and found[at] + step > 0]
        found[max(may_change, key=lambda at: step * (exact[at] - found[at]))] += step
    return found


def explained_text(told: Explained) -> str:
    """``97.3 % of 124,439,808 numbers (498 MB) are explained: 85 % as it is, 12.3 % under another name; 2.7 % missing.``"""
    whole, part = told.whole, told.explained
    if not whole.numbers:
        return "The model has no parameters."
    shown = dict(zip(WAYS, _tenths([told.ways[way].numbers for way in WAYS])))
    parts = [f"{shown[way] / 10:g} % {way}" for way in WAYS if told.ways[way].numbers]
    size = f"{count_text(whole.numbers)} numbers ({bytes_text(part.bytes)} of {bytes_text(whole.bytes)})"
    if part.numbers == whole.numbers:
        size = f"{count_text(whole.numbers)} numbers ({bytes_text(whole.bytes)})"
    more = f": {', '.join(parts)}" if len(parts) > 1 or parts[0].split(" % ")[1] != AS_IT_IS else ""
    return f"{sum(shown[way] for way in EXPLAINED) / 10:g} % of {size} are explained{more}."
