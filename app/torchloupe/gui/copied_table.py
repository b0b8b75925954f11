"""Rows of a table as they are copied: as text for a mail, Markdown for an issue, CSV for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload


class Cells(Sequence[Sequence[str]]):
    """The cells of many rows, each made when it is asked for: that may be on another thread."""

    def __init__(self, rows: Sequence[Any], cells_of: Callable[[Any], Sequence[str]]) -> None:
        self._rows, self._cells_of = rows, cells_of

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> Sequence[str]: ...
    @overload
    def __getitem__(self, number: slice) -> "Cells": ...
    def __getitem__(self, number: int | slice) -> "Sequence[str] | Cells":
        if isinstance(number, slice):
            return Cells(self._rows[number], self._cells_of)
        return self._cells_of(self._rows[number])

    def __iter__(self) -> Iterator[Sequence[str]]:
        return map(self._cells_of, self._rows)


@dataclass(frozen=True)
class CopiedTable:
    """The titles of the columns, and the cells of each row."""

    titles: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def only(self, columns: Sequence[int]) -> "CopiedTable":
        """Some of the columns."""
        rows = Cells(self.rows, lambda row: [row[column] for column in columns])
        return CopiedTable(tuple(self.titles[column] for column in columns), rows)

    def as_text(self) -> str:
        """Cells with tabs between them, without the titles."""
        return "\n".join("\t".join(row) for row in self.rows)

    def as_markdown(self) -> str:
        """A table of Markdown. A cell keeps to its line, and none of it is taken for a border."""
        lines = [self.titles, ["---"] * len(self.titles), *self.rows]
        return "\n".join(f"| {' | '.join(map(_markdown_cell, line))} |" for line in lines)

    def as_csv(self) -> str:
        """Comma-separated values, quoted where they must be, the titles first."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.titles)
        writer.writerows(self.rows)
        return text.getvalue().removesuffix("\n")


def _markdown_cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
