"""A training step in words: the same in the window and on the command line."""

from typing import List, Optional

from ...wire.steps import MEAN_SQUARE, ParameterMotion, StepEvent, StepReport
from ..wording import counted, number_text, seconds_text

NONE = "none"
TRAIN_STEP = "train_step"
_MOST_EVENTS = 12
HARMLESS = ("requires-grad-false", "no-effect", "untaken-branch")
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
    if motion.moved and motion.reason:
        return short_reason(motion) if motion.reason == "nan-gradient" else f"{_ratio(motion)}, by decay"
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
    return [_loss_line(report), _optimizer_line(report), *called, f"{moved} of {parameters} moved."]


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


def percent_text(fraction: Optional[float]) -> str:
    """``12 %``; next to nothing and nearly all are not rounded to nothing and all."""
    if fraction is None:
        return ""
    if 0.0 < fraction < 0.01:
        return "< 1 %"
    return f"{int(100 * fraction)} %"


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
        return number_text(motion.update_norm) + " from zero" if motion.update_norm is not None else "yes"
    return number_text(ratio)
