"""What stands in the rows of the calls and of the operations between them, and the model that grows while they stream in."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchloupe.analysis.axis_names import Axes, AxisNames, named_shape_text
from torchloupe.analysis.depth_numbers import DepthPoint, percent_text
from torchloupe.analysis.operation_wording import NOT_OBSERVED, is_direct_forward, operation_title
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.wording import bytes_text, count_text, flops_text, number_text, seconds_text, shape_text
from torchloupe.gui.calls.gradient_marks import NO_MARKS
from torchloupe.gui.lazy_table import LazyTableModel
from torchloupe.gui.marks import CALL_MARKS, Mark
from torchloupe.gui.run_shapes import NOTHING, RunShapes
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ASSUMED, DONE, FAILED, LayerCall, Operation

ROOT = "(model)"
INDENT = "  "

Step = LayerCall | Operation
Key = int | tuple[str, int]
"""``LayerCall.index``, or ``("operation", Operation.index)``."""
_UNSEEN = Mark("◌", "unseen", "muted")

MODULE, BESIDE_MODULE = 1, (0, 2, 3, 4, 5, 6)
"""The column of names, and those that are in sight beside it."""

COLUMNS = (
    # As far as Std without scrolling, in half of a window of 1280 pixels, with the names in full that fit beside it.
    Column("#", 2.4, right=True),
    Column("Module", 10.5),
    Column("State", 6),
    Column("Input", 7.2),
    Column("Output", 7.2),
    *(Column(title, 5.2, right=True) for title in ("Mean", "Std", "Min", "Max")),
    Column("Zeros", 3.8, right=True),
    Column("NaN/Inf", 5, right=True),
    Column("Class", 7.6),
    Column("Time", 5, right=True),
    Column("Dtype", 6),
    Column("FLOPs", 7.5, right=True),
    Column("Kept", 5, right=True),
    Column("Own time", 5, right=True),
    Column("Mode", 4),
    Column("Memory format", 8),
)
HIDDEN_AT_FIRST = ("Mode", "Memory format")
NOT_FINITE, CLASS, TIME, FIRST_COST = 10, 11, 12, 14
"""NaN and Inf, the class, and what a call took: its time, then FLOPs, what is kept for backward, and its own part of the time."""


def main_stats(call: Step) -> TensorStats | None:
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


def not_finite_text(call: Step) -> str:
    """``12 NaN, 3 Inf`` over all outputs; empty when all is finite."""
    nan = sum(stats.nan for stats in call.stats if stats)
    inf = sum(stats.inf for stats in call.stats if stats)
    return ", ".join(f"{count_text(count)} {word}" for count, word in ((nan, "NaN"), (inf, "Inf")) if count)


def name_text(step: Step) -> str:
    """The module that was called, or what an operation is written as, moved in by its depth."""
    if isinstance(step, Operation):
        return INDENT * step.depth + operation_title(step)
    again = f" (call {step.call_number + 1})" if step.call_number else ""
    return INDENT * step.depth + (step.module or ROOT) + again


def mark_of(step: Step) -> Mark:
    """How it ended."""
    return _UNSEEN if isinstance(step, Operation) and is_direct_forward(step) else CALL_MARKS[step.status]


def mark_in(shapes: RunShapes, step: Step) -> Mark:
    """The same beside the mismatches of its run: a call behind a failure is one itself, or follows from one."""
    if not isinstance(step, LayerCall) or step.status not in (ASSUMED, FAILED):
        return mark_of(step)
    if step.index in shapes.because:
        return Mark("↳", shapes.because[step.index], "muted")
    return Mark("✖", "mismatch", "error") if step.index in shapes.broken and step.status == ASSUMED else mark_of(step)


def class_text(step: Step) -> str:
    """The class that was called; of an operation, which has none, the line."""
    if isinstance(step, Operation):
        return f"line {step.line}" if step.line else ""
    return step.class_name


def cost_cells(point: DepthPoint | None) -> tuple[str, str, str]:
    """FLOPs and what is kept for backward, both with what it called, and the part of the time that it took itself."""
    if point is None:
        return "", "", ""
    flops = flops_text(point.all_flops) if point.all_flops else ""
    kept = bytes_text(point.all_kept) if point.all_kept else ""
    return flops, kept, "" if point.share is None else percent_text(point.share)


def mode_cell(step: Step) -> str:
    """``train`` or ``eval``; an operation has none of its own."""
    training = step.training if isinstance(step, LayerCall) else None
    return "" if training is None else "train" if training else "eval"


def format_cell(step: Step) -> str:
    """How the outputs lie in memory, where that is not as their shapes say."""
    return ", ".join(dict.fromkeys(output.memory_format for output in step.outputs if output.memory_format))


def call_row(call: Step, axes: AxisNames | None = None, point: DepthPoint | None = None, mark: Mark | None = None) -> Row:
    """One call or operation as a row; ``point`` is what it took, once the run has ended, ``mark`` how it stands."""
    stats, mark, not_finite = main_stats(call), mark or mark_of(call), not_finite_text(call)
    numbers = tuple(number_text(value) for value in (stats.mean, stats.std, stats.min, stats.max)) if stats else ("",) * 4
    cells = (
        "" if isinstance(call, Operation) else str(call.index),
        name_text(call),
        mark.text,
        shapes_text(call.inputs),
        shapes_text(call.outputs),
        *numbers,
        zeros_text(stats),
        not_finite,
        class_text(call),
        "" if call.seconds is None else seconds_text(call.seconds),
        ", ".join(dict.fromkeys(output.dtype for output in call.outputs)),
        *cost_cells(point),
        mode_cell(call),
        format_cell(call),
    )
    whole_row = mark.role if call.status != DONE else "muted" if isinstance(call, Operation) else None
    roles = [whole_row] * len(cells)
    roles[0] = roles[CLASS] = whole_row or "muted"
    roles[2] = whole_row or "matched"
    roles[NOT_FINITE] = "error" if not_finite else whole_row
    return Row(cells, key_of(call), tuple(roles), call_tips(call, cells, axes))


_COSTS = ("with what it called", "for the backward pass, with what it called", "of the time of the run, without what it called")


def call_tips(call: Step, cells: tuple[str, ...], axes: AxisNames | None = None) -> tuple[str, ...]:
    """What the mouse is told: names of the tensors and of their axes, dtype and device; where it stands in the user's code."""
    tips = list(cells)
    if isinstance(call, Operation):
        place = f"\nin line {call.line} of {call.file}" if call.file else ""
        tips[1] = operation_title(call) + place
        tips[2] = NOT_OBSERVED if is_direct_forward(call) else cells[2]
        tips[CLASS] = f"{call.file}:{call.line}" if call.file else cells[CLASS]
    else:
        tips[1] = f"{call.module or ROOT}" + (f"\ncalled at {call.file}:{call.line}" if call.file else "")
    named_inputs, named_outputs = axes_of(call, axes)
    tips[FIRST_COST : FIRST_COST + 3] = [
        f"{tips[FIRST_COST + at]}, {tip}" if tips[FIRST_COST + at] else "" for at, tip in enumerate(_COSTS)
    ]
    tips[3], tips[4] = tensors_tip(call.inputs, named_inputs), tensors_tip(call.outputs, named_outputs)
    return tuple(tips)


def axes_of(call: Step, axes: AxisNames | None) -> tuple[Sequence[Axes], Sequence[Axes]]:
    """What is known of the axes of its inputs and outputs."""
    if axes is None:
        return (), ()
    if isinstance(call, Operation):
        return tuple(map(axes.of, call.inputs)), tuple(map(axes.of, call.outputs))
    return axes.inputs(call), axes.outputs(call)


def tensors_tip(tensors: tuple[TensorMeta, ...], axes: Sequence[Axes] = ()) -> str:
    """One line for every tensor."""
    shapes = [named_shape_text(each.shape, axes[at] if at < len(axes) else ()) for at, each in enumerate(tensors)]
    return "\n".join(
        f"{each.name} {shape} {each.dtype} {each.device} {each.memory_format}".strip()
        for each, shape in zip(tensors, shapes, strict=True)
    )


def call_haystack(call: Step) -> str:
    """What a filter finds a call or an operation by."""
    dtypes = " ".join(output.dtype for output in call.outputs)
    numbers = "", "", "", "", "", not_finite_text(call)
    index, name = "", f"{name_text(call).strip()} {call.module}"
    if isinstance(call, LayerCall):
        index, name = str(call.index), call.module or ROOT
    shapes = shapes_text(call.inputs), shapes_text(call.outputs)
    last = dtypes, "", "", "", mode_cell(call), format_cell(call)
    return haystack((index, name, call.status, *shapes, *numbers, class_text(call), "", *last))


_NUMBERS: dict[int, Callable[[TensorStats], Any]] = {
    5: lambda stats: stats.mean,
    6: lambda stats: stats.std,
    7: lambda stats: stats.min,
    8: lambda stats: stats.max,
    9: lambda stats: stats.zeros / max(1, stats.count),
    NOT_FINITE: lambda stats: stats.nan + stats.inf,
}


_COST_ORDER: tuple[Callable[[DepthPoint], Any], ...] = (
    lambda point: point.all_flops,
    lambda point: point.all_kept,
    lambda point: point.share,
)


def call_order(call: Step, column: int, point: DepthPoint | None = None) -> tuple[bool, Any]:
    """What a column sorts by; calls that have nothing there come last."""
    if column in _NUMBERS:
        stats = main_stats(call)
        value = _NUMBERS[column](stats) if stats else None
    elif FIRST_COST <= column < FIRST_COST + len(_COST_ORDER):
        value = _COST_ORDER[column - FIRST_COST](point) if point else None
    else:
        shapes = shapes_text(call.inputs), shapes_text(call.outputs)
        words = (by_beginning(call), name_text(call).strip(), call.status, *shapes)
        value = words[column] if column < len(words) else call.seconds if column == TIME else call_row(call).cells[column]
    return (True, 0) if value is None else (False, value)


def by_beginning(step: Step) -> tuple[int, int]:
    """They stand in the order in which they began: operations before the call that begins next."""
    return (step.before_call, step.index - _BEFORE) if isinstance(step, Operation) else (step.index, 0)


_BEFORE = 1 << 40
"""More than there are operations."""


def key_of(step: Step) -> Key:
    """What the row of a call or operation is chosen by."""
    return ("operation", step.index) if isinstance(step, Operation) else step.index


class CallsModel(LazyTableModel):
    """All calls of a run, and the operations between them, in the order in which they began; they arrive in that in which they
    ended. ``axes`` names the axes of their tensors once all are there, ``points`` says what each call took, ``gradient`` how a gradient
    comes back through them."""

    def __init__(self) -> None:
        self.axes: AxisNames | None = None
        self.points: Mapping[int, DepthPoint] = {}
        self.shapes = NOTHING
        self.gradient = NO_MARKS
        super().__init__(COLUMNS, self._row_of, call_haystack, self._order, key_of)

    def _point(self, step: Step) -> DepthPoint | None:
        return self.points.get(step.index) if isinstance(step, LayerCall) else None

    def _row_of(self, step: Step) -> Row:
        mark = self.gradient.get(step.module) if isinstance(step, LayerCall) and step.status == DONE else None
        return call_row(step, self.axes, self._point(step), mark or mark_in(self.shapes, step))

    def _order(self, step: Step, column: int) -> tuple[bool, Any]:
        return call_order(step, column, self._point(step))

    def position_of(self, key: Any) -> int:
        """As they began, a call is found by its number."""
        if not isinstance(key, int) or self.sorted_by[0] >= 0:
            return -1 if key is None else super().position_of(key)
        steps = self.shown.items
        place = bisect_left(steps, (key, 0), key=by_beginning)
        return place if place < len(steps) and key_of(steps[place]) == key else -1

    def add(self, steps: Sequence[Step]) -> None:
        """Calls or operations that ended."""
        self.insert_items(steps, by_beginning)
