"""A training step in words: the same in the window and on the command line."""

from typing import List, Optional

from ...wire.steps import MEAN_SQUARE, ParameterMotion, StepEvent, StepReport
from ..wording import counted, number_text, seconds_text

NONE = "none"
HEALTHY_RATIO = 1e-3
"""About so much of a weight's norm is a usual update."""

_SHORT = {
    "requires-grad-false": "frozen",
    "no-effect": "no effect here",
    "decay-only": "decay only",
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
        return f"{_ratio(motion)}, {short_reason(motion)}"
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
    return [_loss_line(report), _optimizer_line(report), f"{moved} of {counted(len(report.parameters), 'parameter')} moved."]


def event_text(event: StepEvent) -> str:
    """``backward 2.31 (line 30)``."""
    parts = [event.kind.replace("_", " ") if event.kind == "optimizer" else event.kind]
    parts += [event.what] if event.what else []
    parts += [number_text(event.value)] if event.value is not None else []
    return " ".join(parts) + (f" (line {event.line})" if event.line else "")


def _loss_line(report: StepReport) -> str:
    after = f" -> {number_text(report.loss_after)}" if report.loss_after is not None else ""
    before = number_text(report.loss_before) if report.loss_before is not None else "not known"
    remark = ": the file has no loss_fn and no train_step" if report.loss_source == MEAN_SQUARE else ""
    return f"Loss {before}{after} ({report.loss_source}{remark}), {report.mode} mode, {seconds_text(report.seconds)}."


def _optimizer_line(report: StepReport) -> str:
    if not report.optimizer:
        return "No optimizer was made."
    rates = sorted({each.lr for each in report.parameters if each.lr is not None})
    lr = f", lr {', '.join(f'{rate:g}' for rate in rates[:3])}" if rates else ""
    source = "chosen here, for want of a make_optimizer" if report.optimizer_source == "default" else report.optimizer_source
    return f"Optimizer {report.optimizer}{lr} ({source})."


def _ratio(motion: ParameterMotion) -> str:
    ratio: Optional[float] = motion.update_ratio
    if ratio is None:
        return number_text(motion.update_norm) + " from zero" if motion.update_norm is not None else "yes"
    return number_text(ratio)
