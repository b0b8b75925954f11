"""A report as Markdown that reads well when it is pasted into an issue: long tables are folded, and all of it is short enough."""

import re
from typing import Iterator, List

from ..wording import count_text
from .document import Block, Bullets, Cell, Code, Document, Facts, Figure, Name, Section, Table, Text, printable

LONGEST = 60_000
"""Letters; an issue may have 65,536."""
MOST_ROWS, FOLDED_FROM, FEWEST_ROWS = 500, 25, 10
_MARKS = {"error": "✖ ", "warning": "▲ ", "info": "● "}
_SPECIAL = re.compile(r"[\\|*<~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[>#+-](?=\s)|#(?=\d)")
"""What Markdown takes for its own; an underscore within a word is none."""
_LINK = re.compile(r"\][(\[]|^\[[^\]]*\]:|^\[[ xX]\]")
_INDENT = "\N{NO-BREAK SPACE}" * 3  # plain blanks at the start of a cell are not shown


def document_markdown(document: Document, longest: int = LONGEST) -> str:
    """All of it. Of tables that make it too long fewer rows are told, and then their number."""
    most = MOST_ROWS
    while True:
        lines = [f"# {_inline(document.title)}", ""]
        for block in document.blocks:
            lines += _lines(block, most, 2)
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n")) + "\n"
        if len(text) <= longest or most <= FEWEST_ROWS:
            return text
        most //= 2


def _lines(block: Block, most: int, level: int) -> Iterator[str]:
    if isinstance(block, Section):
        yield f"{'#' * level} {_MARKS.get(block.severity, '')}{_inline(block.title)}"
        yield ""
        for inner in block.blocks:
            yield from _lines(inner, most, level + 1)
    elif isinstance(block, Text):
        yield _inline(block.text)
    elif isinstance(block, Facts):
        yield from (f"* {_inline(name)}: {_cell(value)}" for name, value in block.rows)
    elif isinstance(block, Bullets):
        yield from (f"* {_inline(line)}" for line in block.lines)
    elif isinstance(block, Table):
        yield from _folded(block.about if len(block.rows) >= FOLDED_FROM else "", _table(block, most))
    elif isinstance(block, Code):
        yield from _folded(block.about, _code(block))
    elif isinstance(block, Figure):
        yield f"*{_inline(block.about)}: the drawing is in the HTML report.*"
    yield ""


def _folded(about: str, lines: List[str]) -> List[str]:
    if not about:
        return lines
    said = _inline(about).replace("`", "")
    return [f"<details><summary>{said}</summary>", "", *lines, "", "</details>"]


def _table(table: Table, most: int) -> List[str]:
    sides = ["--:" if at in table.right else "---" for at in range(len(table.titles))]
    lines = [_row(list(map(_inline, table.titles))), f"|{'|'.join(sides)}|"]
    lines += [_row([_cell(cell) for cell in row]) for row in table.rows[:most]]
    left = table.left_out + max(0, len(table.rows) - most)
    return [*lines, "", f"and {count_text(left)} more rows"] if left else lines


def _row(cells: List[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    if not isinstance(cell, Name):
        return _inline(cell)
    return _INDENT * cell.depth + _name(cell.text) if cell.text else ""


def _name(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _code(code: Code) -> List[str]:
    text = "\n".join(map(printable, code.text.expandtabs(4).split("\n"))).strip("\n")
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`{3,}", text))])
    return [f"{fence}{code.language}", text, fence]


def _inline(text: str) -> str:
    """Names in backticks stay names; what Markdown takes for its own is escaped outside of them."""
    parts = printable(" ".join(text.split())).split("`")
    if len(parts) % 2 == 0:
        return "\\`".join(map(_escaped, parts))
    return "`".join(each.replace("|", "\\|") if at % 2 else _escaped(each) for at, each in enumerate(parts))


def _escaped(text: str) -> str:
    plain = _SPECIAL.sub(r"\\\g<0>", text)
    return re.sub(r"[\[\]]", r"\\\g<0>", plain) if _LINK.search(text) else plain
