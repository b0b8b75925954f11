"""Rows of the calls in train and in eval mode. No Qt here."""

import os

from torchloupe.analysis.numerics.mode_comparison import CARRIED, ONE_MODE, SAME, SOURCE, ModeRow, mode_rows, part_text
from torchloupe.analysis.wording import number_text, shape_text
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Row
from torchloupe.wire.numerics import ModesCompared
from torchloupe.wire.requests import RunForward
from torchloupe.wire.traces import ForwardReport

_ROLES = {SOURCE: "warning", ONE_MODE: "warning", CARRIED: None, SAME: "muted"}


def inputs_of(asked: RunForward, report: ForwardReport | None) -> tuple[str, ...]:
    """The input of the run on screen; one that was worked out for it need not be worked out again."""
    return report.input_specs if report is not None and report.input_source == "worked_out" else asked.inputs


def call_rows(compared: ModesCompared, only_differing: bool) -> list[Row]:
    """One row for each call; the key is its number."""
    rows = mode_rows(compared)
    return [_row(number, row) for number, row in enumerate(rows) if row.kind != SAME or not only_differing]


def _row(number: int, row: ModeRow) -> Row:
    call = row.call
    place = f"{os.path.basename(call.file)}:{call.line or 1}" if call.file else ""
    full = f"{call.file}:{call.line or 1}" if call.file else ""
    why = plain_text(row.reason) or ("carried on" if row.kind == CARRIED else "")
    name = plain_text(call.module) or "(model)"
    cells = (
        name,
        plain_text(call.class_name),
        shape_text(call.shape) if call.shape else "",
        part_text(call.difference),
        number_text(call.train_std),
        number_text(call.eval_std),
        why,
        place,
    )
    role = _ROLES[row.kind]
    return Row(cells, number, (role, "muted", "muted", role, None, None, role, "muted"), (name, "", "", "", "", "", why, full))
