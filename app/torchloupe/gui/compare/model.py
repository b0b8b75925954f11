"""Rows of the diff between checkpoint and model, and the model that shows which part of a key differs."""

from collections.abc import Collection
from typing import Any

from PySide6.QtCore import Qt

from torchloupe.analysis.pair_wording import key_counts
from torchloupe.analysis.state_dict_diff import MATCHED, RENAMED, STATUSES, Cause, DiffRow, StateDictDiff
from torchloupe.analysis.wording import count_text, counted, describe_difference, shape_text
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import DIFF_MARKS
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.text_table import Column, Index, Row

CHANGED_ROLE = Qt.ItemDataRole.UserRole + 1
"""(start, end) of the part of a key that the other side has not; None when there is none, or no other side."""

COLUMNS = (
    Column("Status", 6.5),
    Column("Model key", 13),
    Column("Model shape", 8.5),
    Column("Checkpoint key", 13.5),
    Column("Checkpoint shape", 8.5),
    Column("Difference", 20),
)
MODEL_KEY, CHECKPOINT_KEY = 1, 3
BESIDE_KEYS = (0, 2)
"""The columns that are in sight beside long keys."""

RowKey = tuple[str | None, str | None]
"""Key in the model and key in the checkpoint."""


def row_key(row: DiffRow) -> RowKey:
    """What a row stands for."""
    return row.expected.key if row.expected else None, row.found.key if row.found else None


def compare_row(row: DiffRow) -> Row:
    """One row of the diff."""
    mark = DIFF_MARKS[row.status]
    differing = mark.role if row.expected and row.found and row.expected.shape != row.found.shape else None
    cells = (
        mark.text,
        row.expected.key if row.expected else "",
        shape_text(row.expected.shape) if row.expected else "",
        row.found.key if row.found else "",
        shape_text(row.found.shape) if row.found else "",
        difference_text(row),
    )
    roles = (mark.role, None, differing, None, differing, "muted")
    return Row(cells, row_key(row), roles, (describe_difference(row),))


def compare_haystack(row: DiffRow) -> str:
    """What a filter finds a row by."""
    expected, found = row.expected, row.found
    model = (expected.key, shape_text(expected.shape)) if expected else ("", "")
    checkpoint = (found.key, shape_text(found.shape)) if found else ("", "")
    dtypes = " ".join(entry.dtype for entry in (expected, found) if entry)
    return haystack((row.status, *model, *checkpoint, f"{row.how} {dtypes}"))


def compare_order(row: DiffRow, column: int) -> Any:
    """What a column sorts by; an absent side comes first."""
    expected, found = row.expected, row.found
    if column == 0:
        return STATUSES.index(row.status)
    if column in (1, 2):
        return ("" if column == 1 else ()) if expected is None else (expected.key if column == 1 else expected.shape)
    if column in (3, 4):
        return ("" if column == 3 else ()) if found is None else (found.key if column == 3 else found.shape)
    return difference_text(row)


def difference_text(row: DiffRow) -> str:
    """What the key columns do not say already."""
    if row.status == MATCHED:
        return ""
    return row.how if row.status == RENAMED and row.how else describe_difference(row)


def changed_part(key: str, other: str) -> tuple[int, int] | None:
    """Start and end of what ``key`` has and ``other`` has not, in whole parts between dots; None when there is nothing."""
    if key == other:
        return None
    mine, theirs = key.split("."), other.split(".")
    same = 0
    while same < min(len(mine), len(theirs)) and mine[same] == theirs[same]:
        same += 1
    tail = 0
    while tail < min(len(mine), len(theirs)) - same and mine[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    start = len(".".join(mine[:same])) + (1 if 0 < same < len(mine) else 0)
    end = len(key) - len(".".join(mine[len(mine) - tail :]))
    replaced = len(theirs) > same + tail
    end -= 1 if replaced and tail and end > start else 0
    return (start, end) if end > start else None


def rows_with_status(diff: StateDictDiff | None, statuses: Collection[str], only_differences: bool) -> list[DiffRow]:
    """The rows with one of the statuses; all when none is named, without the matched ones when only differences count."""
    if diff is None:
        return []
    if statuses:
        return [row for row in diff.rows if row.status in statuses]
    return [row for row in diff.rows if row.status != MATCHED or not only_differences]


def status_counts(diff: StateDictDiff | None) -> list[tuple[str, int]]:
    """The statuses that occur, with their number of rows."""
    return [(status, diff.counts.get(status, 0)) for status in STATUSES if diff.counts.get(status, 0)] if diff else []


def difference_count(diff: StateDictDiff) -> int:
    """Rows that are not matched."""
    return sum(count for status, count in diff.counts.items() if status != MATCHED)


def chip_text(status: str, count: int) -> str:
    """``→ renamed 14``."""
    return f"{DIFF_MARKS[status].text} {count_text(count)}"


def headline(diff: StateDictDiff, container: str, checkpoint: str, model: str) -> str:
    """How the two sides stand to each other, in one sentence."""
    source = f"{container} of {checkpoint}" if container else checkpoint
    matched = diff.counts.get(MATCHED, 0)
    if not difference_count(diff):
        return f"✓ All {counted(matched, 'key')} of model {model} match the checkpoint {source}."
    expected, found = key_counts(diff)
    sides = f"Model {model} expects {counted(expected, 'key')}, checkpoint {source} has {count_text(found)}"
    return f"{sides}; {count_text(matched)} match as they are."


def cause_text(cause: Cause) -> str:
    """Why keys differ and what to do, as sentences."""
    return " ".join(part for part in (cause.text, cause.hint) if part)


class CompareModel(LazyTableModel):
    """Rows of the diff; the key columns also answer which part of the key differs."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, compare_row, compare_haystack, compare_order, row_key)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As for every table, and ``CHANGED_ROLE``."""
        if role == CHANGED_ROLE and index.isValid() and index.column() in (MODEL_KEY, CHECKPOINT_KEY):
            expected, found = self.rows[index.row()].key
            if expected is None or found is None:
                return None
            return changed_part(expected, found) if index.column() == MODEL_KEY else changed_part(found, expected)
        return super().data(index, role)
