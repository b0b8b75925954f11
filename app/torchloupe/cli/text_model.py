"""The module tree and the calls of a run as text."""

from collections.abc import Sequence

from torchloupe.analysis.operation_wording import operation_title
from torchloupe.analysis.tree_rows import ROOT, TreeView
from torchloupe.analysis.wording import ABSENT, count_text, number_text, seconds_text, shape_text
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import DONE, LayerCall, Operation

from .operations import operation_notes, operation_place
from .terminal import Terminal
from .text_columns import columns

Step = LayerCall | Operation
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


def call_lines(calls: Sequence[LayerCall], terminal: Terminal, operations: Sequence[Operation] = ()) -> list[str]:
    """Every call in execution order, with the operations between them: shapes, time, what the values look like."""
    rows = [("CALL", "MODULE", "CLASS", "INPUT", "OUTPUT", "TIME", "MEAN", "STD", "NOTES")]
    steps: list[Step] = sorted((*calls, *operations), key=_beginning)
    for step in steps:
        stats = next((each for each in step.stats if each is not None), None)
        mean, std = (number_text(stats.mean), number_text(stats.std)) if stats else ("", "")
        shapes = _shapes(step.inputs), _shapes(step.outputs)
        rows.append((*_name(step), *shapes, seconds_text(step.seconds), mean, std, _notes(step, stats)))
    lines = columns(rows, right=(0, 5, 6, 7), width=terminal.width, elastic=(1, 2, 3, 4))
    painted = [
        terminal.paint(line, "error") if step.status != DONE else line for step, line in zip(steps, lines[1:], strict=True)
    ]
    return [terminal.paint(lines[0], "dim"), *painted]


def _beginning(step: Step) -> tuple[int, int, int]:
    """An operation stands before the call that begins next."""
    return (step.before_call, 0, step.index) if isinstance(step, Operation) else (step.index, 1, 0)


def _name(step: Step) -> tuple[str, str, str]:
    """Number, name and class of a call; an operation has a line in place of a class."""
    if isinstance(step, Operation):
        return "", "  " * step.depth + operation_title(step), operation_place(step)
    return str(step.index), "  " * step.depth + (step.module or ROOT), step.class_name


def _shapes(metas: Sequence[TensorMeta]) -> str:
    return " ".join(shape_text(meta.shape) for meta in metas) or ABSENT


def _notes(call: Step, stats: TensorStats | None) -> str:
    notes = [] if call.status == DONE else [call.status]
    if isinstance(call, Operation):
        notes += operation_notes(call)
    elif call.call_number:
        notes.append(f"call {call.call_number + 1} of this module")
    if stats is not None:
        notes += [f"{count_text(count)} {word}" for count, word in ((stats.nan, "NaN"), (stats.inf, "Inf")) if count]
        notes += ["all zero"] if stats.count and stats.zeros == stats.count else []
    return ", ".join(notes)
