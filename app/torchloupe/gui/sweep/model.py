"""Rows of what refuses sizes, and where everything stands in the small map. No Qt here."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torchloupe.analysis.sweep import readings_told
from torchloupe.analysis.sweep_wording import RefusedSize, refused_sizes, sign_of
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Row
from torchloupe.wire.requests import RunForward
from torchloupe.wire.sweeps import SizesSwept, SizeTried, SweepSizes
from torchloupe.wire.traces import ForwardReport

ROLES = {True: "matched", False: "error", None: "muted"}
"""The colour of a size that runs, does not, or of which nobody knows."""


def question(asked: RunForward, report: ForwardReport | None) -> SweepSizes:
    """Around the input of the run on screen; one that was worked out for it need not be worked out again."""
    worked_out = report is not None and report.input_source == "worked_out"
    return SweepSizes(report.input_specs if worked_out and report else asked.inputs, asked.device, asked.mode, asked.seed)


@dataclass(frozen=True)
class Chip:
    """One size in the map, at ``x`` and ``y``, so wide."""

    axis: str
    tried: SizeTried
    is_base: bool
    x: float
    y: float
    width: float

    @property
    def text(self) -> str:
        """Its sign and the size."""
        return f"{sign_of(self.tried)} {self.tried.size}"


@dataclass(frozen=True)
class Line:
    """An axis in the map: its name and its rule, at ``y``."""

    name: str
    rule: str
    y: float


@dataclass(frozen=True)
class SweepMap:
    """Where everything stands, and how high all of it is."""

    lines: tuple[Line, ...]
    chips: tuple[Chip, ...]
    height: float


def laid_out(swept: SizesSwept, width: float, row: float, name_width: float, wide: Callable[[str], float]) -> SweepMap:
    """An axis after the other: its name and rule, below them the sizes in as many rows as they need. ``row`` is the height of one,
    ``wide`` how wide a text is."""
    lines: list[Line] = []
    chips: list[Chip] = []
    y = 0.0
    for reading in readings_told(swept.axes):
        lines.append(Line(reading.axis.name, reading.sentence, y))
        x, y = name_width, y + row
        for tried in reading.axis.tried:
            chip = Chip(reading.axis.name, tried, tried.size == reading.axis.base, x, y, 0.0)
            room = wide(chip.text) + row * 0.6
            if x + room > width and x > name_width:
                x, y = name_width, y + row * 1.15
            chips.append(Chip(chip.axis, tried, chip.is_base, x, y, room))
            x += room + row * 0.25
        y += row * 1.7
    return SweepMap(tuple(lines), tuple(chips), max(y - row * 0.4, 0.0))


def cause_rows(causes: Sequence[RefusedSize]) -> list[Row]:
    """One row for each cause; the key is its number."""
    return [_row(number, cause) for number, cause in enumerate(causes)]


def causes_of(swept: SizesSwept) -> list[RefusedSize]:
    """What refuses sizes, each cause once."""
    return refused_sizes(swept)


def _row(number: int, cause: RefusedSize) -> Row:
    problem = cause.problem
    place = f"{os.path.basename(problem.file)}:{problem.line or 1}" if problem.file else ""
    full = f"{problem.file}:{problem.line or 1}" if problem.file else ""
    message, module = plain_text(problem.message), plain_text(problem.module or "") or "(model)"
    cells = (cause.axis, str(cause.size), module, message, place)
    tip = f"{message}\n{plain_text(problem.hint)}".strip()
    return Row(cells, number, (None, "error", None, None, "muted"), ("", "", module, tip, full))
