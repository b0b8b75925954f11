"""Rows of two checkpoints side by side, and where each stands in the plot. No widget here."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from operator import attrgetter
from typing import Any

from torchloupe.analysis.moved_weights import EQUAL, FAILED, MOVED, NAN, UNPAIRED, motion, rank
from torchloupe.analysis.pair_wording import describe_pair, pair_counts
from torchloupe.analysis.state_dict_diff import MATCHED, MISSING, SHAPE, UNEXPECTED, DiffRow, StateDictDiff
from torchloupe.analysis.wording import ABSENT, count_text, number_text, shape_text
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import DIFF_MARKS, Mark
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.slices import Steps, sorting
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.values import ComparedValues, TensorDifference

COLUMNS = (
    Column("Status", 5.5),
    Column("Key", 18),
    Column("Relative", 5, right=True),
    Column("Max |Δ|", 5, right=True),
    Column("Changed", 4.5, right=True),
    Column("Cosine", 5, right=True),
    Column("Shape", 7),
    Column("Dtype", 5),
    Column("Note", 22),
)
BESIDE_KEY = (0, 2, 3)
"""The columns that are in sight beside the keys."""
KEY, RELATIVE, MAX_ABS, CHANGED, COSINE, SHAPES, DTYPES = 1, 2, 3, 4, 5, 6, 7
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

    ``motion`` is what became of it (one of ``MOTIONS``), ``rank`` its place among the others: both are made once, as there may be
    100,000 rows.
    """

    number: int
    diff: DiffRow
    compared: ComparedValues | None
    motion: str
    rank: tuple[int, float, float]
    words: str = ""

    def take(self, compared: ComparedValues) -> None:
        """Its values were compared."""
        self.compared, self.words = compared, ""
        self.motion, self.rank = motion(self.diff.status, compared), rank(self.diff.status, compared)

    @property
    def how(self) -> TensorDifference | None:
        """How far it moved, when that is known."""
        return self.compared.difference if self.compared else None


def pair_rows(diff: StateDictDiff) -> list[PairRow]:
    """The rows before any values are known."""
    before = {status: (motion(status, None), rank(status, None)) for status in diff.counts}
    return [PairRow(number, row, None, *before[row.status]) for number, row in enumerate(diff.rows)]


def ranked(rows: Sequence[PairRow]) -> list[PairRow]:
    """The order in which rows stand unless a column is chosen."""
    return sorted(rows, key=_rank)


def by_key(rows: Sequence[PairRow]) -> dict[str, PairRow]:
    """The rows that have a key of the open checkpoint."""
    return {row.diff.expected.key: row for row in rows if row.diff.expected}


_rank = attrgetter("rank")


def key_text(row: DiffRow) -> str:
    """The key; both when it was renamed."""
    keys = dict.fromkeys(entry.key for entry in (row.expected, row.found) if entry)
    return " → ".join(keys)


def status_text(row: PairRow) -> str:
    """``= equal``, ``▲ NaN``, ``− missing``; of a pair that differs in its keys as well both: ``→ renamed, moved``."""
    mark = MOTION_MARKS.get(row.motion)
    if mark is None:
        return DIFF_MARKS[row.diff.status].text
    return mark.text if row.diff.status == MATCHED else f"{DIFF_MARKS[row.diff.status].text}, {mark.word}"


def pair_row(names: Names, row: PairRow) -> Row:
    """One row as texts."""
    how, mark = row.how, MOTION_MARKS.get(row.motion) or DIFF_MARKS[row.diff.status]
    note = note_text(names, row)
    cells = (status_text(row), key_text(row.diff), *_number_cells(how), shapes_text(row.diff), dtypes_text(row.diff), note)
    quiet = "muted" if row.motion == EQUAL else None
    roles = (mark.role, None, quiet, quiet, quiet, quiet, "shape" if row.diff.status == SHAPE else None, None, "muted")
    return Row(cells, row.number, roles, (f"{status_text(row)}. {note}" if note else status_text(row),))


def _number_cells(how: TensorDifference | None) -> tuple[str, str, str, str]:
    if how is None:
        return "", "", "", ""
    relative = "from zero" if how.relative is None else number_text(how.relative)
    cosine = ABSENT if how.cosine is None else f"{how.cosine:.6f}"
    return relative, number_text(how.max_abs), changed_text(how), cosine


def changed_text(how: TensorDifference) -> str:
    """``12.3 %``; what is less than everything is never said to be 100 %, what is more than nothing never 0 %."""
    percent = 100 * how.changed_fraction
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.3g} %"


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


def dtypes_text(row: DiffRow) -> str:
    """The dtype; both when they differ."""
    return " → ".join(dict.fromkeys(entry.dtype for entry in (row.expected, row.found) if entry))


def order_of(row: PairRow, column: int) -> Any:
    """What a column sorts by; what has no number comes after all that have one, whichever way."""
    how = row.how
    if column == 0:
        return row.rank
    if column in (KEY, DTYPES):
        return (key_text if column == KEY else dtypes_text)(row.diff).lower()
    if column == SHAPES:
        return next(side.shape for side in (row.diff.expected, row.diff.found) if side)  # a row has one side at least
    if how is None:
        return -2.0
    if column == RELATIVE:
        return float("inf") if how.relative is None else how.relative
    numbers = {MAX_ABS: how.max_abs, CHANGED: how.changed_fraction, COSINE: how.cosine}
    value = numbers.get(column)
    return value if value is not None else -1.5 if column in numbers else 0.0


def find_in(names: Names, row: PairRow) -> str:
    """What a filter finds a row by: everything but its numbers."""
    if not row.words:
        diff, entry = row.diff, row.diff.expected
        if diff.status == MATCHED and entry is not None and row.motion not in (NAN, FAILED):  # most of them
            texts, note = (entry.key, "", "", "", "", shape_text(entry.shape), entry.dtype), ""
        else:
            texts = (key_text(diff), "", "", "", "", shapes_text(diff), dtypes_text(diff))
            note = note_text(names, row)
        row.words = haystack((status_text(row), *texts, note))
    return row.words


def counts_text(diff: StateDictDiff) -> str:
    """``= matched 143   − missing 1``."""
    return "    ".join(f"{DIFF_MARKS[status].text} {count_text(count)}" for status, count in pair_counts(diff))


def hover_text(names: Names, row: PairRow) -> str:
    """What the plot says of a point: the key and its numbers."""
    relative, max_abs, changed, cosine = _number_cells(row.how)
    numbers = f"relative {relative}, max |Δ| {max_abs}, changed {changed}, cosine {cosine}" if row.how else ""
    return "\n".join(part for part in (key_text(row.diff), status_text(row), numbers, note_text(names, row)) if part)


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
        self._haystacks = []
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
        row = next((row for row in self.items if row.number == key), None)
        try:
            return self.shown.items.index(row)
        except ValueError:
            return -1

    def row_of(self, key: str) -> PairRow | None:
        """The row of a key of the open checkpoint."""
        return self._by_key.get(key)


# the plot


@dataclass(frozen=True)
class Point:
    """How rows of a kind are drawn: in which lane (``moved``: as high as their number says), with which symbol and colour role."""

    lane: str
    symbol: str
    role: str


MOST_POINTS = 2000
"""More points of one kind than that cannot be told apart on a screen."""
FROM_ZERO = "from zero"
POINTS = {
    MOVED: Point(MOVED, "o", "accent"),
    EQUAL: Point(EQUAL, "|", "matched"),
    NAN: Point(NAN, "x", "warning"),
    FROM_ZERO: Point(FROM_ZERO, "t1", "accent"),
    MISSING: Point(UNPAIRED, "t", "missing"),
    UNEXPECTED: Point(UNPAIRED, "+", "unexpected"),
    SHAPE: Point(UNPAIRED, "d", "shape"),
    FAILED: Point(UNPAIRED, "x", "error"),
}


def kind_of(row: PairRow) -> str:
    """Which of ``POINTS`` a row is; ``waiting`` is none of them."""
    kind = row.motion
    if kind == UNPAIRED:
        return row.diff.status if row.diff.status in (MISSING, UNEXPECTED) else SHAPE
    return FROM_ZERO if kind == MOVED and row.how is not None and not row.how.relative else kind


def log_relative(row: PairRow) -> float | None:
    """The decimal logarithm of the relative change; None where there is none to speak of."""
    return log10(row.how.relative) if row.how is not None and row.how.relative and row.motion == MOVED else None


@dataclass(frozen=True)
class Scale:
    """The decades that the numbers take. Rows without a number stand in lanes: two below the others, two above."""

    low: int = -3
    high: int = 0

    @property
    def lanes(self) -> dict[str, float]:
        """The height of each lane."""
        lane = (self.high - self.low + 1) / 7
        return {UNPAIRED: self.low - 2 * lane, EQUAL: self.low - lane, FROM_ZERO: self.high + lane, NAN: self.high + 2 * lane}

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """A few decades and the lanes, with their words."""
        step = max(1, -(-(self.high - self.low) // 4))
        words = {UNPAIRED: "no pair", NAN: "NaN"}
        decades = [(float(decade), f"1e{decade}") for decade in range(self.high, self.low - 1, -step)]
        return [*decades, *((height, words.get(lane, lane)) for lane, height in self.lanes.items())]


def scale_of(heights: Sequence[float]) -> Scale:
    """The whole decades in which these logarithms lie."""
    if not heights:
        return Scale()
    low = floor(min(heights))
    return Scale(low, max(ceil(max(heights)), low + 1))


def thinned(numbers: Sequence[int], heights: Sequence[float]) -> tuple[Sequence[int], Sequence[float]]:
    """Points that look the same and are at most about ``MOST_POINTS``: of each stretch the highest and the lowest."""
    if len(numbers) <= MOST_POINTS:
        return numbers, heights
    import numpy  # with the first plot

    step = ceil(2 * len(numbers) / MOST_POINTS)
    stretches = numpy.pad(numpy.asarray(heights), (0, -len(heights) % step), mode="edge").reshape(-1, step)
    starts = range(0, len(heights), step)
    kept = numpy.unique(numpy.concatenate([stretches.argmin(axis=1) + starts, stretches.argmax(axis=1) + starts]))
    return numpy.asarray(numbers)[kept], numpy.asarray(heights)[kept]
