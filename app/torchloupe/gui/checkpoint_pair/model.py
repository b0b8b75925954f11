"""Rows of two checkpoints side by side. No widget here."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from torchloupe.analysis.moved_weights import EQUAL, FAILED, MOVED, NAN, motion, rank
from torchloupe.analysis.pair_motion import pair_motion
from torchloupe.analysis.pair_wording import describe_pair, pair_counts
from torchloupe.analysis.row_filter import Haystacks, haystack
from torchloupe.analysis.state_dict_diff import MATCHED, SHAPE, DiffRow, StateDictDiff
from torchloupe.analysis.step.wording import moved_text
from torchloupe.analysis.wording import ABSENT, count_text, number_text, shape_text
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import DIFF_MARKS, Mark
from torchloupe.gui.motion_columns import MOTION_COLUMNS, number_cells
from torchloupe.gui.slices import Steps, sorting
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.steps import ParameterMotion
from torchloupe.wire.values import ComparedValues, TensorDifference

COLUMNS = (
    Column("Key", 18),
    *MOTION_COLUMNS,
    Column("Max |Δ|", 5, right=True),
    Column("Cosine", 5, right=True),
    Column("Shape", 7),
    Column("Note", 22),
)
BESIDE_KEY = (1, 2, 3)
"""The columns that are in sight beside the keys."""
KEY, MOTION, WEIGHT, UPDATE, CHANGED, DTYPE, MAX_ABS, COSINE, SHAPES = range(9)
MOTION_MARKS = {
    NAN: Mark("▲", "NaN", "warning"),
    MOVED: Mark("Δ", "moved", "accent"),
    FAILED: Mark("✖", "not compared", "error"),
    EQUAL: Mark("=", "equal", "matched"),
}
Names = tuple[str, str]


@dataclass(eq=False, slots=True)
class PairRow:
    """One row of the diff and, once they were compared, its values. ``number`` is its place in the order of the files.

    ``moved`` says how far; ``kind`` is what became of it (one of ``MOTIONS``), ``rank`` its place among the others: all are made once, as
    there may be 100,000 rows.
    """

    number: int
    diff: DiffRow
    compared: ComparedValues | None
    moved: ParameterMotion
    kind: str
    rank: tuple[int, float, float]
    words: str = ""

    def take(self, compared: ComparedValues) -> None:
        """Its values were compared."""
        self.compared, self.words = compared, ""
        self.moved = pair_motion(self.diff, compared)
        self.kind, self.rank = motion(self.diff.status, compared), rank(self.diff.status, compared)

    @property
    def how(self) -> TensorDifference | None:
        """How far it moved, when that is known."""
        return self.compared.difference if self.compared else None


def pair_rows(diff: StateDictDiff) -> list[PairRow]:
    """The rows before any values are known."""
    before = {status: (motion(status, None), rank(status, None)) for status in diff.counts}
    return [PairRow(number, row, None, pair_motion(row, None), *before[row.status]) for number, row in enumerate(diff.rows)]


def ranked(rows: Sequence[PairRow]) -> list[PairRow]:
    """The order in which rows stand unless a column is chosen."""
    return sorted(rows, key=_rank)


def by_key(rows: Sequence[PairRow]) -> dict[str, PairRow]:
    """The rows that have a key of the open checkpoint."""
    return {row.diff.expected.key: row for row in rows if row.diff.expected}


_rank = attrgetter("rank")


def status_text(row: PairRow) -> str:
    """``Δ 0.31``, ``= equal``, ``▲ NaN``, ``− missing``; of a pair that differs in its keys as well both: ``→ renamed, 0.31``."""
    mark = MOTION_MARKS.get(row.kind)
    if mark is None:
        return DIFF_MARKS[row.diff.status].text
    word = moved_text(row.moved) if row.kind == MOVED else mark.word
    return f"{mark.glyph} {word}" if row.diff.status == MATCHED else f"{DIFF_MARKS[row.diff.status].text}, {word}"


def pair_row(names: Names, row: PairRow) -> Row:
    """One row as texts."""
    mark = MOTION_MARKS.get(row.kind) or DIFF_MARKS[row.diff.status]
    status, note = status_text(row), note_text(names, row)
    cells = (row.moved.key, status, *number_cells(row.moved), *_distance_cells(row.how), shapes_text(row.diff), note)
    quiet = "muted" if row.kind == EQUAL else None
    shape = "shape" if row.diff.status == SHAPE else None
    roles = (None, mark.role, quiet, quiet, quiet, None, quiet, quiet, shape, "muted")
    return Row(cells, row.number, roles, ("", f"{status}. {note}" if note else status))


def _distance_cells(how: TensorDifference | None) -> tuple[str, str]:
    if how is None:
        return "", ""
    return number_text(how.max_abs), ABSENT if how.cosine is None else f"{how.cosine:.6f}"


def note_text(names: Names, row: PairRow) -> str:
    """What the other columns do not say: in which file alone a key is, how many NaN there are, why it could not be compared."""
    parts = [describe_pair(row.diff, names)]
    if row.compared is not None and row.how is None:
        parts.append(row.compared.reason)
    if row.how is not None and row.how.nan:
        parts.append(f"{count_text(row.how.nan)} NaN, left out of the numbers")
    if row.how is not None and row.how.inf:
        parts.append(f"{count_text(row.how.inf)} infinite, left out of the numbers")
    return "; ".join(part for part in parts if part)


def shapes_text(row: DiffRow) -> str:
    """The shape; both when they differ."""
    shapes = dict.fromkeys(entry.shape for entry in (row.expected, row.found) if entry)
    return " → ".join(map(shape_text, shapes))


def order_of(row: PairRow, column: int) -> Any:
    """What a column sorts by; what has no number comes after all that have one, whichever way."""
    if column == MOTION:
        return row.rank
    if column in (KEY, DTYPE):
        return (row.moved.key if column == KEY else row.moved.dtype).lower()
    if column == SHAPES:
        return next(side.shape for side in (row.diff.expected, row.diff.found) if side)  # a row has one side at least
    how = row.how
    if how is None:
        return -2.0
    numbers = {
        WEIGHT: how.expected_norm,
        UPDATE: how.norm,
        CHANGED: how.changed_fraction,
        MAX_ABS: how.max_abs,
        COSINE: how.cosine,
    }
    value = numbers.get(column)
    return value if value is not None else -1.5 if column in numbers else 0.0


def find_in(names: Names, row: PairRow) -> str:
    """What a filter finds a row by: everything but its numbers."""
    if not row.words:
        diff, moved = row.diff, row.moved
        mark = MOTION_MARKS.get(row.kind)
        words = f"{DIFF_MARKS[diff.status].text} {mark.word if mark else ''}"
        if diff.status == MATCHED and diff.expected is not None and row.kind not in (NAN, FAILED):  # most of them
            shapes, note = shape_text(diff.expected.shape), ""
        else:
            shapes, note = shapes_text(diff), note_text(names, row)
        row.words = haystack((moved.key, words, "", "", "", moved.dtype, "", "", shapes, note))
    return row.words


def counts_text(diff: StateDictDiff) -> str:
    """``= matched 143   − missing 1``."""
    return "    ".join(f"{DIFF_MARKS[status].text} {count_text(count)}" for status, count in pair_counts(diff))


def hover_text(names: Names, row: PairRow) -> str:
    """What the plot says of a tensor: the key and its numbers."""
    how, moved = row.how, row.moved
    lines = [moved.key, status_text(row)]
    if how is not None:
        max_abs, cosine = _distance_cells(how)
        weight, update, changed, _ = number_cells(moved)
        lines += [f"weight {weight}, update {update}, changed {changed}", f"max |Δ| {max_abs}, cosine {cosine}"]
    return "\n".join(line for line in (*lines, note_text(names, row)) if line)


class PairModel(LazyTableModel):
    """The table: rows in ranked order unless a column is chosen."""

    def __init__(self) -> None:
        self.names: Names = ("", "")
        super().__init__(COLUMNS, self._row, lambda row: find_in(self.names, row), order_of, lambda row: row.number)
        self._by_key: dict[str, PairRow] = {}
        self._taken = self._ranked = 0  # how often values came, and how many of these times all rows have taken their places for

    def _row(self, row: PairRow) -> Row:
        return pair_row(self.names, row)

    def show_rows(self, names: Names, rows: Sequence[PairRow], rows_by_key: dict[str, PairRow]) -> None:
        """Rows of other checkpoints, in ranked order."""
        self.names, self._by_key, self._ranked = names, rows_by_key, self._taken
        self.set_items(rows)

    def take(self, compared: Sequence[ComparedValues]) -> list[PairRow]:
        """The values of some rows were compared; these rows. All rows take their places when they are found again."""
        rows = [self._by_key[each.expected] for each in compared]
        for row, each in zip(rows, compared, strict=True):
            row.take(each)
        self._haystacks = Haystacks()
        self._taken += 1
        self.shown.forget()
        return rows

    def find(self) -> Steps[list[Any]]:
        """In ranked order unless a column is chosen."""
        while self._taken != self._ranked:
            taken, items = self._taken, self.items
            in_order = yield from sorting(items, _rank, False)
            if items is self.items:  # else they were replaced meanwhile
                self.items, self._ranked = in_order, taken
                break
        return (yield from super().find())

    def position_of(self, key: Any) -> int:
        """The number of the shown row with this number in the order of the files."""
        return next((place for place, row in enumerate(self.shown.items) if row.number == key), -1)

    def row_of(self, key: str) -> PairRow | None:
        """The row of a key of the open checkpoint."""
        return self._by_key.get(key)
