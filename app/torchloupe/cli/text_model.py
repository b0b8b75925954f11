"""The module tree and the calls of a run as text."""

from collections.abc import Sequence

from torchloupe.analysis.wording import ABSENT, count_text, number_text, seconds_text, shape_text
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import DONE, LayerCall

from .terminal import Terminal
from .text_columns import columns
from .tree_rows import ROOT, TreeView

_NARROW = 110
_NOTES_NEED = 18


def tree_lines(view: TreeView, terminal: Terminal) -> list[str]:
    """Every module with the tensors that it owns, and what they come to; on a narrow terminal without settings, own and total in one."""
    found = list(view.rows())
    narrow = 0 < terminal.width < _NARROW
    room = (_NOTES_NEED if narrow else terminal.width // 3) if terminal.width else None
    rows = [("MODULE", "CLASS OR SHAPE", *(("ELEMENTS",) if narrow else ("OWN", "TOTAL")), "BYTES", "NOTES")]
    step = " " if narrow else "  "
    for row in found:
        own, total, size = row.numbers
        counts = (total or own,) if narrow else (own, total)
        rows.append(
            (
                step * row.depth + row.name,
                row.what if narrow else row.in_full,
                *counts,
                size,
                _cut_end(", ".join(row.notes), room),
            )
        )
    lines = columns(rows, right=(2, 3) if narrow else (2, 3, 4), width=terminal.width, elastic=(0, 1))
    painted = [terminal.paint(line, row.role) for row, line in zip(found, lines[1:], strict=True)]
    return [terminal.paint(lines[0], "dim"), *painted, "", *view.totals()]


def _cut_end(text: str, room: int | None) -> str:
    """The first note says the most."""
    return text if room is None or len(text) <= room else f"{text[: room - 1]}…"


def call_lines(calls: Sequence[LayerCall], terminal: Terminal) -> list[str]:
    """Every call in execution order: shapes, time, what the values look like."""
    rows = [("CALL", "MODULE", "CLASS", "INPUT", "OUTPUT", "TIME", "MEAN", "STD", "NOTES")]
    for call in sorted(calls, key=lambda each: each.index):
        stats = next((each for each in call.stats if each is not None), None)
        mean, std = (number_text(stats.mean), number_text(stats.std)) if stats else ("", "")
        name = "  " * call.depth + (call.module or ROOT)
        shapes = _shapes(call.inputs), _shapes(call.outputs)
        rows.append((str(call.index), name, call.class_name, *shapes, seconds_text(call.seconds), mean, std, _notes(call, stats)))
    lines = columns(rows, right=(0, 5, 6, 7), width=terminal.width, elastic=(1, 2, 3, 4))
    bad = {str(call.index) for call in calls if call.status != DONE}
    painted = [terminal.paint(line, "error") if row[0] in bad else line for row, line in zip(rows[1:], lines[1:], strict=True)]
    return [terminal.paint(lines[0], "dim"), *painted]


def _shapes(metas: Sequence[TensorMeta]) -> str:
    return " ".join(shape_text(meta.shape) for meta in metas) or ABSENT


def _notes(call: LayerCall, stats: TensorStats | None) -> str:
    notes = [] if call.status == DONE else [call.status]
    notes += [f"call {call.call_number + 1} of this module"] if call.call_number else []
    if stats is not None:
        notes += [f"{count_text(count)} {word}" for count, word in ((stats.nan, "NaN"), (stats.inf, "Inf")) if count]
        notes += ["all zero"] if stats.count and stats.zeros == stats.count else []
    return ", ".join(notes)
