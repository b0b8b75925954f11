"""Rows of two runs beside each other. No Qt here."""

from typing import Any

from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.run_difference import (
    DIFFERS,
    INSIDE,
    ONLY_BEFORE,
    ONLY_NOW,
    ROUNDED,
    SAME,
    SHAPE,
    STATUS,
    UNKNOWN,
    CallPair,
)
from torchloupe.analysis.wording import ABSENT, number_text, shape_text
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Column, Row
from torchloupe.wire.traces import LayerCall

MODULE, BESIDE_MODULE = 1, (0, 2, 3, 4, 5)
"""The column of names, and those that are in sight beside it."""
COLUMNS = (
    Column("#", 3, right=True),
    Column("Module", 14),
    Column("Result", 7.5),
    Column("Change", 5, right=True),
    *(Column(title, 6.4, right=True) for title in ("Mean before", "Mean now", "Std before", "Std now")),
    Column("Class", 9),
    Column("Output before", 9),
    Column("Output now", 9),
)
_WORDS = {
    SAME: "= same",
    ROUNDED: "≈ rounding",
    DIFFERS: "≠ differs",
    SHAPE: "≠ shape",
    STATUS: "✖ state",
    ONLY_BEFORE: "− only before",
    ONLY_NOW: "+ only now",
    UNKNOWN: "? no numbers",
    INSIDE: "· inside a compiled part",
}
_ROLES = {SAME: "muted", ROUNDED: "muted", DIFFERS: "warning", SHAPE: "error", STATUS: "error", UNKNOWN: "muted", INSIDE: "muted"}


def pair_row(pair: CallPair) -> Row:
    """One call of both runs; the key is the pair's place in both."""
    call, role = pair.call, _ROLES.get(pair.kind, "accent")
    means, deviations = _numbers(pair, "mean"), _numbers(pair, "std")
    again = f" (call {call.call_number + 1})" if call.call_number else ""
    cells = (
        "" if pair.now is None else str(pair.now.index),
        "  " * call.depth + (plain_text(call.module) or "(model)") + again,
        _WORDS[pair.kind],
        change_text(pair),
        *means,
        *deviations,
        plain_text(call.class_name),
        _shapes(pair.before),
        _shapes(pair.now),
    )
    tips = (*cells[:2], pair.reason, *cells[3:])
    return Row(cells, key_of(pair), ("muted", None, role, role, *[None] * 4, "muted", None, None), tips)


def change_text(pair: CallPair) -> str:
    """How far apart the two are, as a part of their size."""
    if pair.distance is None or pair.distance == 0:
        return ""
    return ">1000 %" if pair.distance > 10 else f"{pair.distance * 100:.2g} %"


def key_of(pair: CallPair) -> tuple[str, int]:
    """The same call of the same module is one row."""
    return pair.call.module, pair.call.call_number


def pair_haystack(pair: CallPair) -> str:
    """What a filter finds it by."""
    return haystack((*pair_row(pair).cells, pair.kind))


def pair_order(pair: CallPair, column: int) -> tuple[bool, Any]:
    """What a column sorts by; what has nothing there comes last."""
    if column == 0:
        return (pair.now is None, pair.call.index)
    if column == 3:
        return (pair.distance is None, -(pair.distance or 0.0))
    return (False, pair_row(pair).cells[column].strip())


def _shapes(call: LayerCall | None) -> str:
    return ABSENT if call is None else ", ".join(shape_text(meta.shape) for meta in call.outputs) or ABSENT


def _numbers(pair: CallPair, name: str) -> tuple[str, str]:
    found = []
    for call in (pair.before, pair.now):
        stats = next((each for each in call.stats if each is not None), None) if call is not None else None
        found.append("" if stats is None else number_text(getattr(stats, name)))
    return found[0], found[1]
