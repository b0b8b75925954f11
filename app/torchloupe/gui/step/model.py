"""The rows of the Step tab, ranked: what did not move first. No Qt here."""

from collections.abc import Callable, Sequence
from typing import Any

from torchloupe.analysis.step.motion_series import MEANT, STILL, state_of
from torchloupe.analysis.step.motion_series import MOVED as MOVED_STATE
from torchloupe.analysis.step.wording import BUFFER, group_text, moved_text, percent_text, why_text
from torchloupe.analysis.wording import number_text
from torchloupe.gui.row_filter import haystack
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.steps import ParameterMotion

COLUMNS = (
    Column("Parameter", 15),
    Column("Moved", 10),
    Column("Weight", 5, right=True),
    Column("Gradient", 5.5, right=True),
    Column("Update", 5.5, right=True),
    Column("Changed", 5, right=True),
    Column("Group", 6.5),
    Column("Why", 24),
)
KEY, MOVED, GROUP, WHY = 0, 1, 6, 7
MARKS = {STILL: "✖ ", MEANT: "– ", MOVED_STATE: "✓ "}
ROLES = {STILL: "error", MEANT: "muted", MOVED_STATE: "matched"}
"""How the three states are drawn, here and in the plot: never by colour alone."""


def ranked(motions: Sequence[ParameterMotion]) -> list[ParameterMotion]:
    """Those that did not move and should have, those that are meant to stay, then the others, the largest update first; buffers last."""
    return sorted(motions, key=_rank)


def _rank(motion: ParameterMotion) -> tuple[int, float]:
    place = 3 if motion.reason == BUFFER else (STILL, MEANT, MOVED_STATE).index(state_of(motion))
    return (place, -(motion.update_ratio or 0.0) if place >= 2 else 0.0)


def cells(motion: ParameterMotion) -> tuple[str, ...]:
    """What stands in the columns."""
    mark = MARKS[state_of(motion)]
    norms = (number_text(motion.weight_norm), number_text(motion.grad_norm), number_text(motion.update_norm))
    return (
        motion.key,
        mark + moved_text(motion),
        *norms,
        percent_text(motion.changed_fraction),
        group_text(motion),
        " ".join(text for text in (why_text(motion), motion.proof) if text),
    )


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
    2: lambda motion: motion.weight_norm,
    3: lambda motion: motion.grad_norm,
    4: lambda motion: motion.update_norm,
    5: lambda motion: motion.changed_fraction,
}


def motion_order(motion: ParameterMotion, column: int) -> tuple[bool, Any]:
    """What a column sorts by; what says nothing comes last."""
    value = _ORDERS[column](motion) if column in _ORDERS else cells(motion)[column]
    return (value is None, value if value is not None else 0)
