"""A step along the depth of the model: how far each weight went, and the stretches that did not move, with their reason."""

import math
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ...wire.steps import BufferMotion, ParameterMotion, StepReport
from ..wording import count_text, number_text
from .proofs import CHANGE_FOR
from .wording import BUFFER, HARMLESS, percent_text, why_text

MOVED, STILL, MEANT = "moved", "still", "meant"
"""What a weight can be: it moved; it did not and should have; it did not (or by decay alone), which is mostly meant so."""
HEALTHY = (1e-4, 1e-2)
"""The band in which the norm of an update over that of its weight usually lies; 1e-3 is its middle."""
LOSS, UPDATES = "loss", "updates"


@dataclass(frozen=True)
class MotionSeries:
    """One kind of number: ``value`` of a parameter, None where there is none; ``logarithmic`` says how it is drawn, ``band`` where it
    usually lies."""

    name: str
    title: str
    value: Callable[[ParameterMotion], Optional[float]]
    logarithmic: bool = True
    band: Optional[Tuple[float, float]] = None


SERIES = (
    MotionSeries("update", "Update / weight", lambda motion: motion.update_ratio, band=HEALTHY),
    MotionSeries("gradient", "Gradient norm", lambda motion: motion.grad_norm),
    MotionSeries("weight", "Weight norm", lambda motion: motion.weight_norm),
    MotionSeries("changed", "Elements changed", lambda motion: motion.changed_fraction, logarithmic=False),
)
SERIES_BY_NAME: Dict[str, MotionSeries] = {each.name: each for each in SERIES}


@dataclass(frozen=True)
class Stretch:
    """Parameters ``first`` to ``last`` in the order of the model, neighbours that did not move for the same reason."""

    first: int
    last: int
    state: str
    label: str


def state_of(motion: ParameterMotion) -> str:
    """Whether it moved, or should have."""
    is_meant = motion.chosen or motion.reason in ("", "decay-only", *HARMLESS)
    if not is_meant or not (motion.moved or motion.reason):
        return STILL
    return MOVED if motion.moved else MEANT


def unproven(motions: Sequence[ParameterMotion]) -> List[ParameterMotion]:
    """Those for which a change may be tried."""
    return [each for each in motions if each.reason in CHANGE_FOR]


def keys_to_prove(motions: Sequence[ParameterMotion], selected: Optional[str]) -> Tuple[str, ...]:
    """The selected parameter with those that share its cause; all that did not move where that one did, or none is selected."""
    candidates = unproven(motions)
    chosen = next((each for each in candidates if each.key == selected), None)
    if chosen is not None:
        candidates = [
            each for each in candidates if (each.reason, each.file, each.line) == (chosen.reason, chosen.file, chosen.line)
        ]
    return tuple(each.key for each in candidates)


def rows_of(report: StepReport) -> List[ParameterMotion]:
    """The parameters, and behind them the buffers as rows of the same kind."""
    return [*report.parameters, *map(_buffer_row, report.buffers)]


def _buffer_row(buffer: BufferMotion) -> ParameterMotion:
    if not buffer.moved:
        text = "a buffer, and it stayed as it is"
    elif buffer.frozen:
        text = "a buffer of a frozen layer that still learns its statistics: call eval() on the layer to keep them"
    else:
        text = "a buffer: it moves without a gradient"
    return ParameterMotion(
        buffer.key,
        buffer.moved,
        BUFFER,
        text,
        numel=buffer.numel,
        dtype=buffer.dtype,
        weight_norm=buffer.norm,
        update_norm=buffer.update_norm,
        update_ratio=buffer.update_ratio,
        changed_fraction=buffer.changed_fraction,
    )


def stretch_text(stretch: Stretch) -> str:
    """``✖ detached (12)``."""
    mark = "✖" if stretch.state == STILL else "–"
    count = stretch.last - stretch.first + 1
    return f"{mark} {stretch.label}" + (f" ({count_text(count)})" if count > 1 else "")


def height_of(value: Optional[float], series: MotionSeries) -> Optional[float]:
    """Where a value stands on the axis; None for what cannot be drawn there."""
    if value is None or not math.isfinite(value):
        return None
    if not series.logarithmic:
        return value
    return math.log10(value) if value > 0.0 else None


def point_text(motion: ParameterMotion) -> str:
    """A parameter in words: what was measured, and why it did not move."""
    lines = [motion.key]
    for title, value in (
        ("update / weight", motion.update_ratio),
        ("gradient", motion.grad_norm),
        ("weight", motion.weight_norm),
    ):
        lines += [f"{title} {number_text(value)}"] if value is not None else []
    lines += [f"{percent_text(motion.changed_fraction)} of the elements changed"] if motion.changed_fraction is not None else []
    return "\n".join([*lines, *(line for line in (why_text(motion), motion.proof) if line)])


def over_steps(report: StepReport, key: str) -> List[Optional[float]]:
    """The updates of one parameter, step by step; empty for one that is not there, None for steps of other parameters."""
    number = next((number for number, each in enumerate(report.parameters) if each.key == key), None)
    if number is None:
        return []
    return [moment.update_ratios[number] if number < len(moment.update_ratios) else None for moment in report.moments]
