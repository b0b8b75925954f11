"""What stands in the rows of the calls, and the model that grows while they stream in."""

from collections.abc import Callable
from typing import Any

from torchloupe.analysis.wording import count_text, number_text, seconds_text, shape_text
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import CALL_MARKS
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import DONE, LayerCall

ROOT = "(model)"
INDENT = "  "

MODULE, BESIDE_MODULE = 1, (0, 2, 3, 4)
"""The column of names, and those that are in sight beside it."""

COLUMNS = (
    # As far as Output without scrolling, in half of a window of 1280 pixels, with the names in full that fit beside it.
    Column("#", 2.6, right=True),
    Column("Module", 12),
    Column("State", 6),
    Column("Input", 7.8),
    Column("Output", 7.8),
    Column("Class", 7.6),
    *(Column(title, 5.6, right=True) for title in ("Mean", "Std", "Min", "Max")),
    Column("Zeros", 4, right=True),
    Column("NaN/Inf", 6, right=True),
    Column("Time", 5, right=True),
    Column("Dtype", 6),
)


def main_stats(call: LayerCall) -> TensorStats | None:
    """The statistics that stand in a call's row: of its first output that has some."""
    return next((stats for stats in call.stats if stats is not None), None)


def shapes_text(tensors: tuple[TensorMeta, ...]) -> str:
    """``[2, 3], [2]``."""
    return ", ".join(shape_text(tensor.shape) for tensor in tensors)


def zeros_text(stats: TensorStats | None) -> str:
    """The part of zeros, rounded so that only all is 100 % and only none is 0 %."""
    if stats is None or not stats.count:
        return ""
    percent = 100 * stats.zeros / stats.count
    if 0 < percent < 1:
        return "<1 %"
    if 99 < percent < 100:
        return ">99 %"
    return f"{percent:.0f} %"


def not_finite_text(call: LayerCall) -> str:
    """``12 NaN, 3 Inf`` over all outputs; empty when all is finite."""
    nan = sum(stats.nan for stats in call.stats if stats)
    inf = sum(stats.inf for stats in call.stats if stats)
    return ", ".join(f"{count_text(count)} {word}" for count, word in ((nan, "NaN"), (inf, "Inf")) if count)


def name_text(call: LayerCall) -> str:
    """The module that was called, moved in by its depth."""
    again = f" (call {call.call_number + 1})" if call.call_number else ""
    return INDENT * call.depth + (call.module or ROOT) + again


def call_row(call: LayerCall) -> Row:
    """One call as a row; its key is the call's index."""
    stats, mark, not_finite = main_stats(call), CALL_MARKS[call.status], not_finite_text(call)
    numbers = tuple(number_text(value) for value in (stats.mean, stats.std, stats.min, stats.max)) if stats else ("",) * 4
    cells = (
        str(call.index),
        name_text(call),
        mark.text,
        shapes_text(call.inputs),
        shapes_text(call.outputs),
        call.class_name,
        *numbers,
        zeros_text(stats),
        not_finite,
        "" if call.seconds is None else seconds_text(call.seconds),
        ", ".join(dict.fromkeys(output.dtype for output in call.outputs)),
    )
    whole_row = mark.role if call.status != DONE else None
    roles = [whole_row] * len(cells)
    roles[0] = roles[5] = whole_row or "muted"
    roles[2] = whole_row or "matched"
    roles[11] = "error" if not_finite else whole_row
    return Row(cells, call.index, tuple(roles), call_tips(call, cells))


def call_tips(call: LayerCall, cells: tuple[str, ...]) -> tuple[str, ...]:
    """What the mouse is told: names of the tensors, dtype and device; where the call stands in the user's code."""
    place = f"\ncalled at {call.file}:{call.line}" if call.file else ""
    tips = list(cells)
    tips[1] = f"{call.module or ROOT}{place}"
    tips[3], tips[4] = tensors_tip(call.inputs), tensors_tip(call.outputs)
    return tuple(tips)


def tensors_tip(tensors: tuple[TensorMeta, ...]) -> str:
    """One line for every tensor."""
    return "\n".join(f"{tensor.name} {shape_text(tensor.shape)} {tensor.dtype} {tensor.device}".strip() for tensor in tensors)


def call_haystack(call: LayerCall) -> str:
    """What a filter finds a call by."""
    dtypes = " ".join(output.dtype for output in call.outputs)
    numbers = ("", "", "", "", "", not_finite_text(call), "")
    module = call.module or ROOT
    shapes = shapes_text(call.inputs), shapes_text(call.outputs)
    return haystack((str(call.index), module, call.status, *shapes, call.class_name, *numbers, dtypes))


_NUMBERS: dict[int, Callable[[TensorStats], Any]] = {
    6: lambda stats: stats.mean,
    7: lambda stats: stats.std,
    8: lambda stats: stats.min,
    9: lambda stats: stats.max,
    10: lambda stats: stats.zeros / max(1, stats.count),
    11: lambda stats: stats.nan + stats.inf,
}


def call_order(call: LayerCall, column: int) -> tuple[bool, Any]:
    """What a column sorts by; calls that have nothing there come last."""
    if column in _NUMBERS:
        stats = main_stats(call)
        value = _NUMBERS[column](stats) if stats else None
    else:
        words = (call.index, call.module, call.status, shapes_text(call.inputs), shapes_text(call.outputs), call.class_name)
        value = words[column] if column < len(words) else call.seconds if column == 12 else call_row(call).cells[column]
    return (True, 0) if value is None else (False, value)


def by_index(call: LayerCall) -> int:
    """Calls stand in the order in which they began."""
    return call.index


class CallsModel(LazyTableModel):
    """All calls of a run in the order in which they began; they arrive in the order in which they ended."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, call_row, call_haystack, call_order, by_index)

    def add(self, calls: list[LayerCall]) -> None:
        """Calls that ended."""
        self.insert_items(calls, by_index)
