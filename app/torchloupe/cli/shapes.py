"""The run as a line of shapes, drawn where two of them do not meet."""

from collections.abc import Iterator, Sequence
from typing import Any

from torchloupe.analysis.shape_strip import BREAK, FOLLOWS, ShapeCell, cell_text, fitted, fold_text, shape_strip

from .report import Report
from .terminal import Terminal
from .text_columns import printable

LINES_SHOWN = 28
_LEGEND = "assumed: behind a break, what comes once it is repaired"


def strip_of(report: Report) -> tuple[ShapeCell, ...]:
    """The cells of the run of a report; none where everything met."""
    forward = report.forward
    if forward is None or report.calls is None:
        return ()
    cells = shape_strip(report.calls, forward.assumed, report.problems, forward.inputs)
    return cells if any(cell.is_break for cell in cells) else ()


def shape_lines(report: Report, terminal: Terminal) -> Iterator[str]:
    """A line for each shape, in the order of the run; what is far from a break is folded."""
    cells = strip_of(report)
    if not cells:
        return
    yield ""
    yield terminal.paint("SHAPES, in the order of the run", "dim")
    roles = {BREAK: "error", FOLLOWS: "dim"}
    for piece in fitted(cells, [1] * len(cells), LINES_SHOWN, 1):
        those = cells[piece.first : piece.last + 1]
        text = "  " + printable(fold_text(those) if piece.is_fold else cell_text(those[0]))
        role = "" if piece.is_fold else roles.get(those[0].state, "")
        yield terminal.paint(text, role) if role else text
    if any(cell.state == "assumed" for cell in cells):
        yield terminal.paint(f"  ({_LEGEND})", "dim")


def shape_objects(cells: Sequence[ShapeCell]) -> list[dict[str, Any]]:
    """The same for JSON, whole."""
    return [_cell(cell) for cell in cells]


def _cell(cell: ShapeCell) -> dict[str, Any]:
    plain: dict[str, Any] = {"state": cell.state, "module": cell.module, "call": cell.first if cell.first >= 0 else None}
    if cell.is_break:
        return {**plain, "problem": cell.problem, "text": cell.text, **({"line": cell.line} if cell.line else {})}
    return {**plain, "until": cell.until, "count": cell.calls, "shape": cell.shape}
