"""The rows of the Step tab, ranked: what did not move first. No Qt here."""

from collections.abc import Callable, Sequence
from typing import Any

from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.step.motion_series import MEANT, STILL, state_of
from torchloupe.analysis.step.motion_series import MOVED as MOVED_STATE
from torchloupe.analysis.step.wording import BUFFER, group_text, moved_text, why_text
from torchloupe.analysis.wording import number_text
from torchloupe.gui.motion_columns import MARKS, MOTION_COLUMNS, ROLES, number_cells
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.steps import ParameterMotion

COLUMNS = (
    Column("Parameter", 15),
    *MOTION_COLUMNS,
    Column("Gradient", 5.5, right=True),
    Column("Group", 6.5),
    Column("Why", 24),
)
KEY, MOVED, WEIGHT, UPDATE, CHANGED, DTYPE, GRADIENT, GROUP, WHY = range(9)


def ranked(motions: Sequence[ParameterMotion]) -> list[ParameterMotion]:
    """Those that did not move and should have, those that are meant to stay, then the others, the largest update first; buffers last."""
    return sorted(motions, key=_rank)


def _rank(motion: ParameterMotion) -> tuple[int, float]:
    place = 3 if motion.reason == BUFFER else (STILL, MEANT, MOVED_STATE).index(state_of(motion))
    return (place, -(motion.update_ratio or 0.0) if place >= 2 else 0.0)


def cells(motion: ParameterMotion) -> tuple[str, ...]:
    """What stands in the columns."""
    return (
        motion.key,
        MARKS[state_of(motion)] + moved_text(motion),
        *number_cells(motion),
        number_text(motion.grad_norm),
        group_text(motion),
        plain_text(reason(motion)),
    )


def reason(motion: ParameterMotion) -> str:
    """Why it did not move, and the proof of it, with the marks around code."""
    return " ".join(text for text in (why_text(motion), motion.proof) if text)


def motion_row(motion: ParameterMotion) -> Row:
    """One row."""
    shown = cells(motion)
    roles: list[str | None] = [None] * len(shown)
    roles[MOVED] = ROLES[state_of(motion)]
    roles[WHY] = "muted"
    tips = list(shown)
    tips[MOVED] = shown[WHY] or f"Update norm over weight norm: {shown[MOVED]}"
    return Row(shown, motion.key, tuple(roles), tuple(tips))


def motion_haystack(motion: ParameterMotion) -> str:
    """What a filter finds."""
    return haystack(cells(motion))


_ORDERS: dict[int, Callable[[ParameterMotion], Any]] = {
    MOVED: _rank,
    WEIGHT: lambda motion: motion.weight_norm,
    UPDATE: lambda motion: motion.update_norm,
    CHANGED: lambda motion: motion.changed_fraction,
    GRADIENT: lambda motion: motion.grad_norm,
}


def motion_order(motion: ParameterMotion, column: int) -> tuple[bool, Any]:
    """What a column sorts by; what says nothing comes last."""
    value = _ORDERS[column](motion) if column in _ORDERS else cells(motion)[column]
    return (value is None, value if value is not None else 0)
