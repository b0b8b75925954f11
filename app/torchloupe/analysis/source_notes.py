"""What arrives and what is wanted, written over the operands in a line of source.

A column counts letters of the line with its tabs as four blanks.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..wire.problems import Problem

TAB = 4


@dataclass(frozen=True)
class SourceNote:
    """``text`` stands over the letters from ``column`` to ``end`` of a line; ``source`` is that line."""

    file: str
    line: int
    column: int
    end: int
    text: str
    source: str


# In the data of a problem


def with_notes(problem: Problem, notes: Sequence[SourceNote]) -> Problem:
    """The problem with notes among its facts."""
    if not notes:
        return problem
    return replace(problem, data={**problem.data, "notes": [asdict(note) for note in notes]})


def notes_of(problem: Problem) -> Tuple[SourceNote, ...]:
    """Those of a problem; what is no note is left."""
    rows: List[Dict[str, Any]] = problem.data.get("notes", [])
    names = SourceNote.__dataclass_fields__
    return tuple(SourceNote(**row) for row in rows if isinstance(row, dict) and row.keys() == names.keys())


def notes_at(problem: Optional[Problem], file: str, line: int) -> Tuple[SourceNote, ...]:
    """Those over one line."""
    return tuple(note for note in notes_of(problem) if (note.file, note.line) == (file, line)) if problem is not None else ()


# As text


def written_over(notes: Sequence[SourceNote], indent: int = 0) -> List[str]:
    """The lines of text that stand over a line of source, of which ``indent`` letters are cut off: each text begins over its operand, those
    that have no room side by side one above the other, with a stroke down to it."""
    placed = sorted({max(note.column - indent, 0): note.text for note in reversed(notes)}.items(), reverse=True)
    rows: List[Dict[int, str]] = []
    for column, text in placed:
        row = rows[-1] if rows else None
        if row is None or column + len(text) + 1 > min(row):
            row = {}
            rows.append(row)
            for lower in rows[:-1]:
                lower[column] = "│"
        row[column] = text
    return [_line(row) for row in reversed(rows)]


def _line(row: Dict[int, str]) -> str:
    line = ""
    for column in sorted(row):
        line = line.ljust(column) + row[column]
    return line


def excerpt(problem: Problem) -> List[str]:
    """The line of the problem with its shapes over it, as text without its indentation; empty where there are none."""
    notes = notes_at(problem, problem.file or "", problem.line or 0) or notes_of(problem)[:1]
    if not notes:
        return []
    source = notes[0].source
    indent = len(source) - len(source.lstrip())
    elsewhere = f"   (line {notes[0].line})" if notes[0].line != problem.line else ""
    return [*written_over(notes, indent), source.strip() + elsewhere]
