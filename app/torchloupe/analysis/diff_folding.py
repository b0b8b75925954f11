"""Rows of a diff that say the same of equal layers, folded into one: ``layers.{0..11}.attn.q.weight``."""

import re
from typing import Dict, Generator, Hashable, List, NamedTuple, Optional, Sequence, Tuple

from .diff_rows import DiffRow, KeyEntry

_ALONE = re.compile(r"(?<![^./\s])\d+(?![^./\s])")
"""A number that is a whole part of a key: the place of a layer in its list."""
_STEP = 500
_ANY = re.compile(r"\d[\d,]*")


class RowGroup(NamedTuple):
    """One row, or several that differ only in the numbers of their layers. ``expected`` and ``found`` are what both sides are called."""

    rows: Tuple[DiffRow, ...]
    expected: str
    found: str

    @property
    def row(self) -> DiffRow:
        """The first of them."""
        return self.rows[0]


def unfolded(rows: Sequence[DiffRow]) -> List[RowGroup]:
    """A group for each row."""
    return _all(grouping(rows, False))


def folded(rows: Sequence[DiffRow]) -> List[RowGroup]:
    """Equal layers together, each group where its first row stands."""
    return _all(grouping(rows, True))


def grouping(rows: Sequence[DiffRow], fold: bool) -> "Generator[None, None, List[RowGroup]]":
    """The same in steps, for who must not be kept long: what it returns are the groups."""
    if not fold:
        groups = []
        for number, row in enumerate(rows):
            groups.append(RowGroup((row,), row.expected.key if row.expected else "", row.found.key if row.found else ""))
            if number % _STEP == _STEP - 1:
                yield
        return groups
    alike: Dict[Hashable, List[DiffRow]] = {}
    for number, row in enumerate(rows):
        alike.setdefault(_alike(row), []).append(row)
        if number % _STEP == _STEP - 1:
            yield
    groups = []
    for held in alike.values():
        groups.append(RowGroup(tuple(held), _pattern([row.expected for row in held]), _pattern([row.found for row in held])))
        yield
    return groups


def _all(steps: "Generator[None, None, List[RowGroup]]") -> List[RowGroup]:
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            groups: List[RowGroup] = finished.value
            return groups


def _alike(row: DiffRow) -> Hashable:
    """Equal for rows that say the same. The confidence counts in steps that a person would tell apart."""
    sides = tuple(side and (_ALONE.sub("#", side.key), side.shape, side.dtype) for side in (row.expected, row.found))
    return row.status, sides, _ANY.sub("#", row.how), round(row.confidence * 10), row.turned, row.cut


def _pattern(entries: Sequence[Optional[KeyEntry]]) -> str:
    keys = [entry.key for entry in entries if entry]
    if len(keys) < 2:
        return keys[0] if keys else ""
    texts = iter(numbers_text(column) for column in zip(*([int(n) for n in _ALONE.findall(key)] for key in keys)))
    return _ALONE.sub(lambda _number: next(texts), keys[0])


def numbers_text(numbers: Sequence[int]) -> str:
    """``3``, ``{0..11}``, ``{0,2,4,…,22}``: what stands in one place."""
    held = sorted(set(numbers))
    if len(held) == 1:
        return str(held[0])
    if held[-1] - held[0] + 1 == len(held):
        return f"{{{held[0]}..{held[-1]}}}"
    shown = [str(number) for number in held]
    return "{" + ",".join(shown if len(shown) <= 4 else [*shown[:3], "…", shown[-1]]) + "}"
