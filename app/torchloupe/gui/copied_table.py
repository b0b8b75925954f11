"""Rows of a table as they are copied: as text for a mail, Markdown for an issue, CSV for a spreadsheet, JSON for a program."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

CHOSEN, SHOWN, ALL = "chosen", "shown", "all"
"""Which rows: the selected ones (all shown when none is), those that the filter shows, or those before the filter."""


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

    def as_text(self, titled: bool = False) -> str:
        """Cells with tabs between them."""
        lines = [self.titles, *self.rows] if titled else self.rows
        return "\n".join("\t".join(row) for row in lines)

    def as_markdown(self, _titled: bool = True) -> str:
        """A table of Markdown, which has titles always. A cell keeps to its line, and none of it is taken for a border."""
        lines = [self.titles, ["---"] * len(self.titles), *self.rows]
        return "\n".join(f"| {' | '.join(map(_markdown_cell, line))} |" for line in lines)

    def as_csv(self, titled: bool = True) -> str:
        """Comma-separated values, quoted where they must be."""
        import csv  # after the first picture
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if titled:
            writer.writerow(self.titles)
        writer.writerows(self.rows)
        return text.getvalue().removesuffix("\n")

    def as_json(self, titled: bool = True) -> str:
        """A list with an object for each row, its cells by the titles; without titles a list for each row."""
        import json

        names = _unequal(self.titles)
        rows = [dict(zip(names, row, strict=True)) if titled else list(row) for row in self.rows]
        return json.dumps(rows, ensure_ascii=False, indent=1)


@dataclass(frozen=True)
class Format:
    """A way to write a table: what it is called, the suffix of its files, and whether it can do without titles."""

    name: str
    suffix: str
    draw: Callable[[CopiedTable, bool], str]
    may_lack_titles: bool = True


FORMATS = (
    Format("Text with tabs", ".txt", CopiedTable.as_text),
    Format("Markdown", ".md", CopiedTable.as_markdown, may_lack_titles=False),
    Format("CSV", ".csv", CopiedTable.as_csv),
    Format("JSON", ".json", CopiedTable.as_json),
)


@dataclass(frozen=True)
class Drawing:
    """A way to draw a table, with its titles or without."""

    format: Format
    titled: bool

    def __call__(self, table: CopiedTable) -> str:
        return self.format.draw(table, self.titled)


def _unequal(titles: Sequence[str]) -> list[str]:
    """Names of columns that are told apart: one without a title is called by its number."""
    names: list[str] = []
    for number, title in enumerate(titles, start=1):
        name = title or str(number)
        names.append(f"{name} ({number})" if name in names else name)
    return names


def _markdown_cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
