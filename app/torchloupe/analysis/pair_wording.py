"""The words for two checkpoints side by side: their names, how their keys stand to each other, one row."""

from typing import Tuple

from .diff_rows import (
    DTYPE,
    FUSED,
    HOMELESS,
    MATCHED,
    MISSING,
    RENAMED,
    RESHAPED,
    SPLIT,
    STATUSES,
    TRANSPOSED,
    UNEXPECTED,
    DiffRow,
    StateDictDiff,
)
from .wording import count_text, counted, shape_text

_SHAPE_WORDS = {
    TRANSPOSED: "transposed",
    RESHAPED: "the same numbers in another shape",
    FUSED: "joined with others",
    SPLIT: "cut from a larger one",
}
NOTHING_IN_COMMON = (
    "Check that both files are of the same model. When a file holds several mappings, choose another one in the Checkpoint panel."
)


def two_names(one: str, other: str) -> Tuple[str, str]:
    """What to call two files: their names, with as many folders in front as tell them apart; the same file twice says so."""
    mine, theirs = (path.replace("\\", "/").rstrip("/").split("/") for path in (one, other))
    if mine == theirs:
        return mine[-1], f"{theirs[-1]} (the same file)"
    depth = 1
    while mine[-depth:] == theirs[-depth:] and depth < max(len(mine), len(theirs)):
        depth += 1
    return "/".join(mine[-depth:]), "/".join(theirs[-depth:])


def pair_headline(diff: StateDictDiff, names: Tuple[str, str]) -> str:
    """How the keys of two checkpoints stand to each other, in one sentence (two when they have nothing in common)."""
    expected, found = key_counts(diff)
    paired = sum(row.expected is not None and row.found is not None for row in diff.rows)
    sides = f"{names[0]} has {counted(expected, 'key')}, {names[1]} has {count_text(found)}"
    if not paired:
        return f"{sides}; they have no key in common. {NOTHING_IN_COMMON}"
    matched = diff.counts.get(MATCHED, 0)
    if matched == len(diff.rows):
        return f"{names[0]} and {names[1]} have the same {counted(matched, 'key')}."
    return f"{sides}; {counted(matched, 'key is', 'keys are')} the same in both."


def key_counts(diff: StateDictDiff) -> Tuple[int, int]:
    """How many keys are expected, and how many were found. One that is joined or cut is in several rows."""
    return len({row.expected.key for row in diff.rows if row.expected}), len({row.found.key for row in diff.rows if row.found})


def pair_counts(diff: StateDictDiff) -> Tuple[Tuple[str, int], ...]:
    """The statuses that occur, with their number of rows."""
    return tuple((status, diff.counts.get(status, 0)) for status in STATUSES if diff.counts.get(status, 0))


def describe_pair(row: DiffRow, names: Tuple[str, str]) -> str:
    """What the keys of one row have to do with each other: ``only in epoch3.pt``; empty when they are the same."""
    expected, found = row.expected, row.found
    if row.status == MISSING or found is None:
        return f"only in {names[0]}"
    if row.status == UNEXPECTED or expected is None:
        return f"only in {names[1]}"
    if row.status == RENAMED:
        return f"renamed: {found.key}" + (f" ({row.how})" if row.how else "")
    if row.status in (TRANSPOSED, RESHAPED, *HOMELESS):
        word = _SHAPE_WORDS.get(row.status, "other shape, so the values are not compared")
        return f"{word}: {shape_text(expected.shape)} and {shape_text(found.shape)}"
    return f"{expected.dtype} and {found.dtype}" if row.status == DTYPE else ""
