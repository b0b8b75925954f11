"""A training step in words: the same in the window and on the command line."""

import re
from statistics import median
from typing import Dict, List, Optional, Sequence

from ...wire.problems import INFO, Problem
from ...wire.steps import MEAN_SQUARE, ParameterMotion, StepEvent, StepMoment, StepReport
from ..wording import count_text, counted, number_text, seconds_text

NONE = "none"
TRAIN_STEP = "train_step"
_MOST_EVENTS = 12
_MOST_KEYS = 3
_FEW_MOMENTS = 5
_END_STATIONS = 3
_MOST_ROWS = 12
BUFFER = "buffer"
"""The reason of a row that is no parameter."""
WRITTEN = "written-by-code"
"""The reason of a weight that moved without a gradient."""
HARMLESS = ("requires-grad-false", "no-effect", "untaken-branch", WRITTEN, BUFFER)
"""Reasons that are mostly meant so."""

_SHORT = {
    "requires-grad-false": "frozen",
    "no-effect": "no effect here",
    "nan-gradient": "NaN gradient",
}


def group_text(motion: ParameterMotion) -> str:
    """``0 (lr 0.001)``: the group in the optimizer; ``none`` for one that is in no group."""
    if motion.group is None:
        return NONE
    return f"{motion.group} (lr {motion.lr:g})" if motion.lr is not None else str(motion.group)


def moved_text(motion: ParameterMotion) -> str:
    """How far it moved, as a share of its norm; else why it did not."""
    if motion.moved and motion.reason not in ("", BUFFER):
        by = "by the code" if motion.reason == WRITTEN else "by decay"
        return short_reason(motion) if motion.reason == "nan-gradient" else f"{_ratio(motion)}, {by}"
    return _ratio(motion) if motion.moved else short_reason(motion)


def short_reason(motion: ParameterMotion) -> str:
    """The reason in two or three words; ``no`` where none is known."""
    return _SHORT.get(motion.reason, motion.reason.replace("-", " ")) or "no"


def why_text(motion: ParameterMotion) -> str:
    """The whole sentence, for a tool tip or a wide column; empty for a weight that learned."""
    return f"{motion.text[:1].upper()}{motion.text[1:]}." if motion.text else ""


def step_lines(report: StepReport) -> List[str]:
    """The step in two or three sentences: the loss, the optimizer, what moved."""
    moved = sum(each.moved for each in report.parameters)
    called = [_called_line(report)] if report.loss_source == TRAIN_STEP else []
    parameters = counted(len(report.parameters), "parameter")
    said = [_loss_line(report), _optimizer_line(report), *called, f"{moved} of {parameters} moved."]
    return said + ([effects_text(report)] if report.side_effects else [])


def effects_text(report: StepReport) -> str:
    """What the step did outside of the model, which nobody undoes; empty where it did nothing."""
    if not report.side_effects:
        return ""
    named = "; ".join(report.side_effects[:_MOST_KEYS])
    more = len(report.side_effects) - _MOST_KEYS
    return f"The step also {named}{f'; and {more} more' if more > 0 else ''}. That is not undone."


def step_line(report: StepReport) -> str:
    """The same in one line for a heading."""
    moved = sum(each.moved for each in report.parameters)
    loss = f"loss {number_text(report.loss_before)}" if report.loss_before is not None else "no loss"
    loss += f" → {number_text(report.loss_after)}" if report.loss_after is not None else ""
    rates = _rates(report)
    optimizer = f"{report.optimizer}, lr {rates}" if rates else report.optimizer or "no optimizer"
    parts = [f"{moved} of {counted(len(report.parameters), 'parameter')} moved", f"{loss} ({report.loss_source})"]
    parts += [f"{optimizer} ({_optimizer_source(report)})", f"{report.mode} mode", report.device]
    return "  ·  ".join(parts)


def buffer_lines(report: StepReport) -> List[str]:
    """The buffers that moved; those of frozen layers are named."""
    moved = [each for each in report.buffers if each.moved]
    if not moved:
        return []
    frozen = list(dict.fromkeys(each.key.rpartition(".")[0] or "the model" for each in moved if each.frozen))
    lines = [f"{len(moved)} of {counted(len(report.buffers), 'buffer')} moved, as {_some([each.key for each in moved])}."]
    if frozen:
        still = "still learn their statistics" if len(frozen) > 1 else "still learns its statistics"
        lines.append(f"Frozen, and {still}: {_some(frozen)}. Call eval() on what shall stay as it is.")
    return lines


def _some(keys: Sequence[str]) -> str:
    named = ", ".join(f"`{key}`" for key in keys[:_MOST_KEYS])
    return f"{named} and {len(keys) - _MOST_KEYS} more" if len(keys) > _MOST_KEYS else named


def moment_lines(report: StepReport) -> List[str]:
    """A line for each of several steps: its loss, and the middle of the updates; the first and the last where there are many."""
    lines = [
        f"{number}: loss {number_text(moment.loss) if moment.loss is not None else 'not known'}, update / weight {_middle(moment)}"
        for number, moment in enumerate(report.moments, 1)
    ]
    left_out = len(lines) - 2 * _FEW_MOMENTS
    return lines if left_out <= 1 else [*lines[:_FEW_MOMENTS], f"... {left_out} more", *lines[-_FEW_MOMENTS:]]


def _middle(moment: StepMoment) -> str:
    known = [ratio for ratio in moment.update_ratios if ratio]
    return f"{number_text(median(known))} in the middle" if known else "nothing moved"


def path_lines(report: StepReport) -> List[str]:
    """The ways of the gradients that end before their parameters, the harmless ones left out."""
    return [text for each in report.problems if each.severity != INFO for text in [path_text(each)] if text]


def proof_lines(report: StepReport) -> List[str]:
    """What came of the trials, once for the parameters that share it."""
    told: Dict[str, List[str]] = {}
    for each in report.parameters:
        if each.proof:
            told.setdefault(f"{each.reason}: {_without_ratio(each.proof)}", []).append(each.key)
    return [f"{_some(keys)}: {text}" for text, keys in told.items()]


def _without_ratio(text: str) -> str:
    return re.sub(r" \([^()]* of its norm\)", "", text)


def path_text(problem: Problem) -> str:
    """``loss ← head ← norm ✂ detach (line 17): blocks.2, tokens``: the way of the gradient back to where it ends; empty without one."""
    path = problem.data.get("gradient_path")
    if not isinstance(path, dict):
        return ""
    arrives, unreached = _shortened(path.get("arrives", ())), _shortened(path.get("unreached", ()))
    where = f"`{path.get('ends_at')}`" + (f" (line {problem.line})" if problem.line else "")
    way = " ← ".join(arrives) if arrives else "it never leads to the loss"
    behind = f"; none reaches {', '.join(unreached)}" if unreached else ""
    return f"{way} ✂ {where}{behind}"


def _shortened(stations: Sequence[str]) -> List[str]:
    """The first and the last stations of a long way."""
    if len(stations) <= 2 * _END_STATIONS + 1:
        return list(stations)
    return [*stations[:_END_STATIONS], f"… {len(stations) - 2 * _END_STATIONS} more …", *stations[-_END_STATIONS:]]


def moved_rows_text(moved: Sequence[int], count: int) -> str:
    """``16 of 100: 3, 17, 29, ...``: which rows of a weight changed."""
    if len(moved) == count:
        return f"all {count_text(count)}"
    some = ", ".join(map(str, moved[:_MOST_ROWS]))
    return f"{count_text(len(moved))} of {count_text(count)}" + (
        f": {some}{', ...' if len(moved) > _MOST_ROWS else ''}" if moved else ""
    )


def percent_text(fraction: Optional[float]) -> str:
    """``12.3 %``; what is less than everything is never said to be 100 %, what is more than nothing never 0 %."""
    if fraction is None:
        return ""
    percent = 100 * fraction
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.3g} %"


def event_text(event: StepEvent) -> str:
    """``backward 2.31 (line 30)``."""
    parts = [event.kind, *([event.what] if event.what else [])]
    parts += [number_text(event.value)] if event.value is not None else []
    return " ".join(parts) + (f" (line {event.line})" if event.line else "")


def _loss_line(report: StepReport) -> str:
    after = f" -> {number_text(report.loss_after)}" if report.loss_after is not None else ""
    before = number_text(report.loss_before) if report.loss_before is not None else "not known"
    remark = ": the file has no loss_fn and no train_step" if report.loss_source == MEAN_SQUARE else ""
    return f"Loss {before}{after} ({report.loss_source}{remark}), {report.mode} mode, {seconds_text(report.seconds)}."


def _called_line(report: StepReport) -> str:
    said = [event_text(event) for event in report.events[:_MOST_EVENTS]]
    more = len(report.events) - len(said)
    return f"Called: {', '.join(said) or 'nothing'}{f' and {more} more' if more else ''}."


def _optimizer_line(report: StepReport) -> str:
    if not report.optimizer:
        return "No optimizer was made."
    lr = f", lr {_rates(report)}" if _rates(report) else ""
    return f"Optimizer {report.optimizer}{lr} ({_optimizer_source(report)})."


def _rates(report: StepReport) -> str:
    rates = sorted({each.lr for each in report.parameters if each.lr is not None})
    return ", ".join(f"{rate:g}" for rate in rates[:3])


def _optimizer_source(report: StepReport) -> str:
    return "chosen here, for want of a make_optimizer" if report.optimizer_source == "default" else report.optimizer_source


def _ratio(motion: ParameterMotion) -> str:
    ratio: Optional[float] = motion.update_ratio
    if ratio is None:
        return "from zero" if motion.update_norm is not None else "yes"
    return number_text(ratio)
