"""Two checkpoints as a step from one to the other: each pair of tensors is a row of the same kind as a parameter in a training step."""

from dataclasses import replace
from typing import Optional, Tuple

from ..wire.steps import ParameterMotion
from ..wire.values import ComparedValues
from .diff_rows import MISSING, UNEXPECTED, DiffRow
from .moved_weights import EQUAL, FAILED, MOVED, NAN, UNPAIRED, WAITING, motion
from .step.motion_series import SERIES_BY_NAME, MotionSeries

REASONS = {EQUAL: "equal", NAN: "NaN", FAILED: "not-compared", WAITING: "not-compared-yet"}
_MEANT = (EQUAL, WAITING, UNPAIRED)
PAIR_SERIES: Tuple[MotionSeries, ...] = (
    replace(SERIES_BY_NAME["update"], title="Change / weight", band=None),  # nobody knows how many steps lie between them
    SERIES_BY_NAME["weight"],
    SERIES_BY_NAME["changed"],
)


def pair_motion(row: DiffRow, compared: Optional[ComparedValues]) -> ParameterMotion:
    """How the tensors of a row differ. What is equal, has no partner or waits is meant to have no number (``chosen``)."""
    kind = motion(row.status, compared)
    how = compared.difference if compared is not None else None
    sides = [entry for entry in (row.expected, row.found) if entry is not None]
    measured = ParameterMotion(
        " → ".join(dict.fromkeys(entry.key for entry in sides)),
        kind == MOVED,
        _reason(row, kind),
        dtype=" → ".join(dict.fromkeys(entry.dtype for entry in sides)),
        chosen=kind in _MEANT,
    )
    if how is None or how.nan >= how.count > 0:  # no number is left to measure
        return measured
    return replace(
        measured,
        numel=how.count,
        weight_norm=how.expected_norm,
        update_norm=how.norm,
        update_ratio=how.relative,
        changed_fraction=how.changed_fraction,
    )


def _reason(row: DiffRow, kind: str) -> str:
    if kind == UNPAIRED:
        return row.status if row.status in (MISSING, UNEXPECTED) else "other-shape"
    return REASONS.get(kind, "")
