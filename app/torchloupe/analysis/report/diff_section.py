"""Two state_dicts side by side in a report: equal layers are folded, causes come first, what differs in a key is marked."""

from typing import List, Tuple

from ..changed_parts import changed_parts
from ..diff_folding import RowGroup, folded
from ..diff_rows import MATCHED, StateDictDiff
from ..explained import explained, explained_text
from ..wording import count_text, counted, describe_difference, shape_text
from .document import Block, Bullets, Cell, Document, Name, Section, Table, Text

MOST_ROWS = 500
"""So many folded rows are told; the counts above them tell of all."""
Sides = Tuple[str, str]


def diff_document(diff: StateDictDiff, sides: Sides) -> Document:
    """A comparison alone; ``sides`` are what the expected and the found one are called."""
    return Document("State dict", diff_section(diff, sides).blocks)


def diff_section(diff: StateDictDiff, sides: Sides) -> Section:
    """The counts, the causes, and a row for everything that differs."""
    counts = ", ".join(f"{count_text(count)} {status}" for status, count in diff.counts.items() if count)
    blocks: List[Block] = [Text(f"{sides[1]} against {sides[0]}: {counts or 'no keys'}."), Text(explained_text(explained(diff)))]
    causes = tuple(f"{cause.text} {cause.hint}".strip() for cause in diff.causes)
    blocks += [Bullets(causes)] if causes else []
    groups = folded([row for row in diff.rows if row.status != MATCHED])
    if groups:
        titles = ("status", sides[0], sides[1], "shape", "sure", "note")
        rows = tuple(_row(group, sides) for group in groups[:MOST_ROWS])
        about = f"{counted(len(groups), 'row')} that differ"
        blocks.append(Table(about, titles, rows, (4,), max(0, len(groups) - MOST_ROWS)))
    return Section("State dict", tuple(blocks))


def _row(group: RowGroup, sides: Sides) -> Tuple[Cell, ...]:
    row, times = group.row, len(group.rows)
    shapes = dict.fromkeys(shape_text(side.shape) for side in (row.found, row.expected) if side)
    return (
        row.status + (f" ×{count_text(times)}" if times > 1 else ""),
        Name(group.expected, spans=tuple(changed_parts(group.expected, group.found)), is_new=True),
        Name(group.found, spans=tuple(changed_parts(group.found, group.expected))),
        " → ".join(shapes),
        f"{round(100 * row.confidence)} %" if row.expected and row.found else "",
        row.how or describe_difference(row, *sides),
    )
