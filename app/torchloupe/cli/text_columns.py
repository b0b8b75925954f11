"""Aligned columns of text."""

from collections.abc import Sequence

GAP = "  "
NARROWEST = 12


def cut_middle(text: str, width: int) -> str:
    """At most ``width`` characters; what is cut stands in the middle, for both ends of a path matter."""
    if len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = width // 2
    return f"{text[: width - tail - 1]}…{text[len(text) - tail :]}"


def printable(text: str) -> str:
    """The text without characters that would steer the terminal: names in a file may come from a stranger."""
    return text if text.isprintable() else "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), width: int = 0, elastic: Sequence[int] = (0,)) -> list[str]:
    """Rows as lines with aligned cells. ``right`` are the columns that are flush right; when ``width`` is not 0, the columns of
    ``elastic`` are cut in the middle, the widest first, until the lines fit."""
    if not rows:
        return []
    cells = [
        list(column) if "".join(column).isprintable() else [printable(cell) for cell in column]
        for column in zip(*rows, strict=True)
    ]
    widths = [max(map(len, column)) for column in cells]
    widest = list(widths)
    _shrink(widths, width, elastic)
    padded = []
    for place, (column, most, here) in enumerate(zip(cells, widest, widths, strict=True)):
        fitting = column if most == here else [cut_middle(cell, here) for cell in column]
        padded.append([cell.rjust(here) for cell in fitting] if place in right else [cell.ljust(here) for cell in fitting])
    return [GAP.join(row).rstrip() for row in zip(*padded, strict=True)]


def _shrink(widths: list[int], width: int, elastic: Sequence[int]) -> None:
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width if width else 0
    while excess > 0:
        widest = max(elastic, key=lambda column: widths[column])
        if widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1
        excess -= 1
