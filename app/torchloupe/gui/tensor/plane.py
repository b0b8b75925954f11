"""Which part of a tensor a view shows: an index that a person types, as rows and columns with their numbers. No Qt here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torchloupe.analysis.tensor_slices import IndexPart, index_parts, index_text
from torchloupe.analysis.wording import counted
from torchloupe.wire.errors import UsageError

_ONE = IndexPart(0, 1)


@dataclass(frozen=True)
class Plane:
    """A slice of two dimensions or fewer. ``rows`` and ``columns`` are its numbers in the tensor; a slice of one dimension lies as
    one row or stands as one column, a single value is both. ``index`` is how it is asked for."""

    index: str
    parts: tuple[IndexPart, ...]
    rows: IndexPart
    columns: IndexPart
    stands: bool = False

    @property
    def height(self) -> int:
        """How many rows."""
        return self.rows.count or 0

    @property
    def width(self) -> int:
        """How many columns."""
        return self.columns.count or 0

    @property
    def dimensions(self) -> tuple[int | None, int | None]:
        """Which dimensions of the tensor the rows and the columns are; None where there is but one of them."""
        ranges = [dimension for dimension, part in enumerate(self.parts) if part.count is not None]
        rows, columns = (None, None, *ranges)[-2:]
        return (columns, rows) if self.stands else (rows, columns)

    def place(self, row: int, column: int) -> str:
        """The index of one value: ``[3, 0, 17]``."""
        ranges = sum(part.count is not None for part in self.parts)
        numbers = [_number(self.rows, row), _number(self.columns, column)]
        if ranges == 1:
            numbers = numbers[:1] if self.stands else numbers[1:]
        return f"[{', '.join(str(part.begin if part.count is None else numbers.pop(0)) for part in self.parts)}]"

    def cut(self, most: int) -> "Plane":
        """The first ``most`` rows and columns of it."""
        parts = [part if part.count is None else replace(part, count=min(part.count, most)) for part in self.parts]
        return _plane(parts, self.stands)

    def standing(self) -> "Plane":
        """A slice of one dimension as one column."""
        return _plane(self.parts, sum(part.count is not None for part in self.parts) == 1)

    def cut_sentence(self, most: int) -> str:
        """What is said when not all of it is shown; empty when it is."""
        if max(self.height, self.width) <= most:
            return ""
        if self.stands:
            return f"The first {most:,} of {counted(self.height, 'value')} are shown. Write a range to see others."
        whole = f"{counted(self.height, 'row')} and {counted(self.width, 'column')}"
        return f"The first {most:,} of each are shown of {whole}. Write a range to see others."


def _number(part: IndexPart, at: int) -> int:
    return part.begin + at * part.step


def plane_of(shape: Sequence[int], text: str) -> Plane:
    """The plane that an index means. Raises UsageError with the reason when it means none."""
    parts = index_parts(shape, text)
    left = sum(part.count is not None for part in parts)
    if left > 2:
        raise UsageError(f"This leaves {left} dimensions; two are shown.", "Put a number in the place of another one.")
    return _plane(parts)


def _plane(parts: Sequence[IndexPart], stands: bool = False) -> Plane:
    ranges = [part for part in parts if part.count is not None]
    rows, columns = (_ONE, _ONE, *ranges)[-2:]
    if stands:
        rows, columns = columns, rows
    return Plane(index_text(parts), tuple(parts), rows, columns, stands)


def first_index(shape: Sequence[int]) -> str:
    """The index that is shown at first: 0 in the leading dimensions, all of the last two."""
    return ", ".join(["0"] * (len(shape) - 2) + [":"] * min(2, len(shape)))


def stepped(shape: Sequence[int], text: str, dimension: int, number: int) -> str:
    """The index with another number in one dimension; the rest stays as it was typed where that can be understood."""
    try:
        plain = [str(part) for part in index_parts(shape, text)]
        typed = [word.strip() for word in text.strip().strip("[]").split(",")]
        words = typed if len(typed) == len(shape) and "..." not in typed else plain
    except UsageError:
        words = first_index(shape).split(", ")
    words[dimension] = str(number)
    return ", ".join(words)
