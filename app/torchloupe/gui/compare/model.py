"""Rows of the diff between checkpoint and model, and the model that shows which parts of a key differ and takes keys that are dragged."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from PySide6.QtCore import QMimeData, QModelIndex, Qt, Signal

from torchloupe.analysis.changed_parts import changed_parts
from torchloupe.analysis.diff_folding import RowGroup
from torchloupe.analysis.diff_rows import CONVERTED, FUSED
from torchloupe.analysis.locked_keys import GIVEN
from torchloupe.analysis.mapping_edits import CHECKPOINT, MODEL, dropped_pair
from torchloupe.analysis.pair_wording import key_counts
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.state_dict_diff import MATCHED, RENAMED, STATUSES, DiffRow, StateDictDiff
from torchloupe.analysis.sure_wording import is_unsure, sure_reason, sure_text
from torchloupe.analysis.wording import count_text, counted, describe_difference, shape_text
from torchloupe.gui.drop import INSIDE
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import DIFF_MARKS
from torchloupe.gui.text_table import Column, Index, Row

CHANGED_ROLE = Qt.ItemDataRole.UserRole + 1
"""The parts of a key that the other side has not, as (start, end); None when there is no other side, or no difference."""

COLUMNS = (
    Column("Status", 8),
    Column("Model key", 13),
    Column("Checkpoint key", 13),
    Column("Sure", 4.2, right=True),
    Column("Model shape", 7.5),
    Column("Checkpoint shape", 8.5),
    Column("Difference", 20),
)
MODEL_KEY, CHECKPOINT_KEY, SURE_COLUMN = 1, 2, 3
BESIDE_KEYS = (0, SURE_COLUMN)
"""The columns that are in sight beside long keys."""
RowKey = tuple[str | None, str | None]
"""Key in the model and key in the checkpoint."""


def row_key(group: RowGroup) -> RowKey:
    """What a row stands for: the keys of the first that is folded into it."""
    row = group.row
    return row.expected.key if row.expected else None, row.found.key if row.found else None


def compare_row(group: RowGroup) -> Row:
    """One row of the table."""
    row = group.row
    mark = DIFF_MARKS[row.status]
    differing = mark.role if row.expected and row.found and row.expected.shape != row.found.shape else None
    times = f" ×{count_text(len(group.rows))}" if len(group.rows) > 1 else ""
    sure = sure_text(row)
    cells = (
        mark.text + times,
        group.expected,
        group.found,
        sure,
        shape_text(row.expected.shape) if row.expected else "",
        shape_text(row.found.shape) if row.found else "",
        difference_text(row),
    )
    unsure = "warning" if is_unsure(row) else "muted"
    roles = (mark.role, None, None, unsure, differing, differing, "muted")
    tips = (describe_difference(row), *_key_tips(group), sure_reason(row))
    return Row(cells, row_key(group), roles, tips)


def _key_tips(group: RowGroup) -> tuple[str, str]:
    if len(group.rows) == 1:
        return "", ""
    ends = group.rows[0], group.rows[-1]
    expected, found = ([side.key for side in sides if side] for sides in zip(*((r.expected, r.found) for r in ends), strict=True))
    return " … ".join(expected), " … ".join(found)


def compare_haystack(group: RowGroup) -> str:
    """What a filter finds a row by: all keys that are folded into it."""
    row = group.row
    expected, found = row.expected, row.found
    model = (_keys(group.expected, [each.expected for each in group.rows]), shape_text(expected.shape)) if expected else ("", "")
    checkpoint = (_keys(group.found, [each.found for each in group.rows]), shape_text(found.shape)) if found else ("", "")
    dtypes = " ".join(entry.dtype for entry in (expected, found) if entry)
    return haystack((row.status, model[0], checkpoint[0], sure_text(row), model[1], checkpoint[1], f"{row.how} {dtypes}"))


def _keys(shown: str, entries: Sequence[Any]) -> str:
    return shown if len(entries) == 1 else " ".join([shown, *(entry.key for entry in entries)])


def compare_order(group: RowGroup, column: int) -> Any:
    """What a column sorts by; an absent side comes first."""
    row = group.row
    expected, found = row.expected, row.found
    if column == 0:
        return STATUSES.index(row.status)
    if column in (MODEL_KEY, CHECKPOINT_KEY):
        side = expected if column == MODEL_KEY else found
        return side.key if side else ""
    if column in (4, 5):
        side = expected if column == 4 else found
        return side.shape if side else ()
    return row.confidence if column == SURE_COLUMN else difference_text(row)


def difference_text(row: DiffRow) -> str:
    """What the key columns do not say already."""
    if row.status == MATCHED or row.how == GIVEN:
        return ""
    if row.cut is not None and row.expected is not None and row.found is not None:
        whole = row.expected if row.status == FUSED else row.found
        return row.how.replace(f" of {whole.key}", "")  # which stands beside it
    return row.how if row.how and row.status in (RENAMED, *CONVERTED) else describe_difference(row)


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


class CompareModel(LazyTableModel):
    """Groups of rows of the diff. The key columns also answer which parts of the key differ, and a key can be dragged onto another."""

    dropped = Signal(list)  # pairs of a checkpoint's key and a model's

    def __init__(self) -> None:
        super().__init__(COLUMNS, compare_row, compare_haystack, compare_order, row_key)
        self.pressed: Index | None = None  # where the mouse went down
        self._dragged: tuple[RowGroup, str] | None = None

    def group_at(self, index: Index) -> RowGroup | None:
        """What stands there."""
        items: list[RowGroup] = self.shown.items
        return items[index.row()] if index.isValid() and index.row() < len(items) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """As for every table, and ``CHANGED_ROLE``."""
        if role == CHANGED_ROLE and index.isValid() and index.column() in (MODEL_KEY, CHECKPOINT_KEY):
            cells = self.rows[index.row()].cells
            expected, found = cells[MODEL_KEY], cells[CHECKPOINT_KEY]
            spans = changed_parts(expected, found) if index.column() == MODEL_KEY else changed_parts(found, expected)
            return spans or None
        return super().data(index, role)

    # dragging a key onto another

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every row can be dragged, and be dropped on."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsDropEnabled if index.isValid() else flags

    def supportedDropActions(self) -> Qt.DropAction:
        """Nothing is ever moved away."""
        return Qt.DropAction.CopyAction | Qt.DropAction.LinkAction

    def supportedDragActions(self) -> Qt.DropAction:
        """The same."""
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        """Only our own."""
        return [INSIDE]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The key that is dragged: the model's when the mouse went down on it, or where there is no other, else the checkpoint's."""
        data = QMimeData()
        pressed = self.pressed if self.pressed is not None and self.pressed.isValid() else next(iter(indexes), None)
        group = self.group_at(pressed) if pressed is not None else None
        if group is not None and pressed is not None:
            side = MODEL if group.row.found is None or (pressed.column() == MODEL_KEY and group.row.expected) else CHECKPOINT
            self._dragged = group, side
            data.setData(INSIDE, (group.found if side == CHECKPOINT else group.expected).encode())
        return data

    def canDropMimeData(self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, parent: Index) -> bool:
        """There has to be a key of the other side."""
        return data.hasFormat(INSIDE) and bool(self.pairs_onto(parent))

    def dropMimeData(self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, parent: Index) -> bool:
        """Say which keys are to be a pair."""
        pairs = self.pairs_onto(parent) if data.hasFormat(INSIDE) else []
        if pairs:
            self.dropped.emit(pairs)
        return bool(pairs)

    def pairs_onto(self, index: Index) -> list[tuple[str, str]]:
        """What a drop there would pair: folded rows of equal number one by one."""
        onto = self.group_at(index)
        if self._dragged is None or onto is None or self._dragged[0] is onto:
            return []
        group, side = self._dragged
        if len(group.rows) != len(onto.rows):
            return []
        pairs = [dropped_pair(mine, side, theirs) for mine, theirs in zip(group.rows, onto.rows, strict=True)]
        return [pair for pair in pairs if pair is not None]


def rows_of(groups: Iterable[RowGroup]) -> list[DiffRow]:
    """All rows that are folded into some."""
    return [row for group in groups for row in group.rows]
