"""Train against eval mode: the first call that differs, why, and how the difference grows."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ...wire.numerics import BATCH_NORM, ModeCall, ModeChange, ModesCompared
from ..wording import counted

SAME, SOURCE, CARRIED, ONE_MODE = "same", "source", "carried", "one mode"
"""What a call is: equal in both modes, where a difference arises, one that hands on what came in, one that a mode leaves out."""
_ROUNDING = 1e-5
_MOST_STEPS = 6


@dataclass(frozen=True)
class ModeRow:
    """A call, what it is (``kind``), and why in words. ``parts_differ``: something inside of it is the source."""

    call: ModeCall
    kind: str
    reason: str = ""


def mode_rows(compared: ModesCompared) -> List[ModeRow]:
    """A row for each call, in execution order."""
    return [_row(call, compared.calls[number + 1 :]) for number, call in enumerate(compared.calls)]


def mode_verdict(compared: ModesCompared) -> List[str]:
    """What came of it, in sentences: whether the answers differ, where it begins and why, how it grows."""
    rows = mode_rows(compared)
    sources = [row for row in rows if row.kind in (SOURCE, ONE_MODE)]
    if not sources:
        return ["Train and eval mode give the same: nothing drops, and nothing takes the statistics of the batch."]
    said = [f"The answer in train mode differs from that in eval mode by {part_text(compared.difference)}."]
    if compared.difference is not None and compared.difference <= _ROUNDING:
        said = ["The answer is the same in both modes, though calls inside differ."]
    first = by_end(sources)[0]
    said.append(f"The first call that differs is {_name(first.call)}. In train mode: {first.reason}.")
    growth = _growth(by_end(sources))
    if growth:
        said.append(f"How it grows: {growth}.")
    uncounted = [row for row in sources if any(change.counted == 0 for change in row.call.changes)]
    if uncounted:
        said.append(
            f"{counted(len(uncounted), 'BatchNorm has', 'BatchNorms have')} not counted a single batch: in eval mode the stored mean 0 and "
            "variance 1 are used. Train, or load weights, before eval mode means anything."
        )
    return said


def by_end(rows: Sequence[ModeRow]) -> List[ModeRow]:
    """In the order in which the calls ended: a part before what it is a part of."""
    waiting: List[ModeRow] = []
    order: List[ModeRow] = []
    for row in rows:
        while waiting and waiting[-1].call.depth >= row.call.depth:
            order.append(waiting.pop())
        waiting.append(row)
    return order + waiting[::-1]


def part_text(part: Optional[float]) -> str:
    """``24 %``; a dash where nothing can be compared."""
    if part is None:
        return "–"
    if part == float("inf"):
        return "another shape"
    if part <= _ROUNDING:
        return "0"
    digits = 0 if part >= 0.1 else 1
    return f"{part * 100:.{digits}f} %" if part >= 0.001 else f"{part * 100:.1g} %"


def _differs(part: Optional[float]) -> bool:
    return part is not None and part > _ROUNDING


def _row(call: ModeCall, later: Sequence[ModeCall]) -> ModeRow:
    if call.only_in:
        other = "eval" if call.only_in == "train" else "train"
        return ModeRow(call, ONE_MODE, f"it is called in {call.only_in} mode, and not in {other} mode")
    reasons = [_reason(change) for change in call.changes]
    if not _differs(call.difference):
        return ModeRow(call, SAME, "; ".join(reasons) if call.changes else "")
    if reasons:
        return ModeRow(call, SOURCE, "; ".join(dict.fromkeys(reasons)))
    if _differs(call.input_difference) or any(_differs(part.difference) or part.only_in for part in _inside(call, later)):
        return ModeRow(call, CARRIED)
    return ModeRow(call, SOURCE, "its own forward does something else (`self.training`, or random numbers)")


def _inside(call: ModeCall, later: Sequence[ModeCall]) -> List[ModeCall]:
    """The calls that it made."""
    found = []
    for each in later:
        if each.depth <= call.depth:
            break
        found.append(each)
    return found


def _reason(change: ModeChange) -> str:
    if change.kind != BATCH_NORM:
        at = f" (line {change.line})" if change.line else ""
        return f"`{change.operation}` drops each value with probability {change.probability:g}{at}"
    stored = "its stored ones" if change.counted != 0 else "mean 0 and variance 1"
    return (
        f"statistics of the batch in place of {stored}: means {change.off:.2g} standard deviations off, "
        f"{change.wider:.2g} times as wide"
    )


def _name(call: ModeCall) -> str:
    name = f"`{call.module}` ({call.class_name})" if call.module else f"the model's own forward ({call.class_name})"
    return f"{name}, call {call.index}"


def _growth(found: Sequence[ModeRow]) -> str:
    """The difference after the sources, the first and the last of them and some between."""
    sources = [row for row in found if row.kind == SOURCE]
    if len(sources) < 2:
        return ""
    step = max((len(sources) - 1) // (_MOST_STEPS - 1), 1)
    chosen: Tuple[ModeRow, ...] = (*sources[:-1:step], sources[-1])
    return ", ".join(f"{part_text(row.call.difference)} after `{row.call.module or row.call.class_name}`" for row in chosen)
