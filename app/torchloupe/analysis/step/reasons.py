"""Why did it not move? The questions of the catalogue in their order; the first yes is the reason. Facts in, words out."""

from dataclasses import dataclass, replace
from typing import Callable, Optional, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix
from ...wire.steps import BACKWARD, CLIP, LOAD, MADE, SCHEDULE, STEP, ZERO_GRAD, StepEvent
from ..registration.forward_facts import NOWHERE, Spot
from .facts import FINITE, NO_GRADIENT, NOT_FINITE, WITHOUT_GRAPH, ZERO, Loss, ParameterFacts, StepFacts
from .lost_gradient import lost_reason

NEGLIGIBLE = 1e-6
"""A gradient so much smaller than the largest one of the step has no effect that could be seen."""


@dataclass(frozen=True)
class Reason:
    """Why a parameter did not move: a code of the catalogue, how bad that is, a sentence part, and the place of the cause.

    ``hint`` and ``fix`` say what to do.
    """

    code: str
    severity: str
    text: str
    at: Spot = NOWHERE
    hint: str = ""
    fix: Optional[Fix] = None


def needs_a_trace(step: StepFacts) -> bool:
    """Whether some parameter's reason lies in the graph, which only a second run under a trace tells."""
    return any(_asks_for_a_trace(each, step) for each in step.parameters)


def _asks_for_a_trace(parameter: ParameterFacts, step: StepFacts) -> bool:
    if parameter.gradient == NOT_FINITE:
        return True
    asked = (
        parameter.gradient in (NO_GRADIENT, ZERO)
        and parameter.requires_grad
        and (not parameter.moved or parameter.gradient == ZERO)
    )
    return asked and any(event.kind == BACKWARD for event in step.events)


def reason_of(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    """Why it did not move, or that it moved and did not learn; None for one that learned."""
    if parameter.moved:
        return _moved_otherwise(parameter, step)
    questions = _QUESTIONS if not step.failure else (_frozen, _lost) if step.failure == WITHOUT_GRAPH else (_frozen,)
    return next((found for question in questions for found in [question(parameter, step)] if found is not None), None)


def _moved_otherwise(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if parameter.gradient_at_step == NOT_FINITE:
        text = "the gradient is not finite, and now the weight is not either"
        return Reason("nan-gradient", WARNING, text, _at_lost(parameter))
    if parameter.group is None:
        return None
    if parameter.gradient_at_step == NO_GRADIENT:  # which an optimizer passes over
        return Reason("written-by-code", INFO, "written by the code, not by the optimizer: it has no gradient")
    if parameter.gradient_at_step != ZERO:
        return None
    by = "weight decay" if parameter.weight_decay else "momentum or the optimizer's own state"
    behind = _lost(parameter, step) or _cleared(parameter, step)
    if behind is None or behind.severity == INFO:
        return Reason("decay-only", INFO, f"moved by {by} alone: the gradient is exactly zero")
    return replace(behind, text=f"moved by {by} alone, not by learning: {behind.text}")


def _overwritten(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if not parameter.changed_since:
        return None
    event = _last(step, LOAD)
    what = "`load_state_dict`" if event else "something"
    text = f"changed by the step, and then {what} wrote the old values back"
    return Reason("overwritten-after-step", ERROR, text, _spot(event), "Load before the training, not after a step.")


def _missing_backward(_parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if _last(step, BACKWARD) is not None or step.is_own_loop:
        return None
    event = _last(step, STEP) or _last(step, ZERO_GRAD)
    hint = "Call `loss.backward()` before the optimizer's step."
    severity = ERROR if event is not None or _made(step) is not None else WARNING
    return Reason("missing-backward", severity, "backward() was never called: there is no gradient", _spot(event), hint)


def _skipped(_parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if step.skipped is None or _last(step, STEP) is not None:
        return None
    text = "the gradient scaler left this step out, because a gradient was not finite at its scale"
    hint = "It lowers its scale and goes on; a step that is never made is another matter: run several."
    return Reason("nan-gradient", INFO, text, _spot(step.skipped), hint)


def _missing_step(_parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if _last(step, STEP) is not None or step.is_own_loop:
        return None
    scheduler = _last(step, SCHEDULE)
    count = sum(event.kind == BACKWARD for event in step.events)
    ran = f"backward() ran {count} times" if count > 1 else "backward() ran"
    only = ", and only the scheduler stepped" if scheduler else ""
    text = f"{ran}, but no optimizer's step(){only}"
    hint = "Call `optimizer.step()` after backward()" + (" and before `scheduler.step()`." if scheduler else ".")
    return Reason("missing-step", ERROR, text, _spot(scheduler or _last(step, BACKWARD)), hint)


def _frozen(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if parameter.requires_grad:
        return None
    code = "requires-grad-false"
    if parameter.frozen_by == "from_pretrained":
        text = "frozen: `from_pretrained` freezes the table unless it is told not to"
        hint = "Write `freeze=False` to train it, or `freeze=True` to say that this is meant."
        fix = Fix("set_argument", "Write `freeze=False`.", argument="freeze", value=False)
        return Reason(code, WARNING, text, parameter.frozen_at, hint, fix)
    if step.all_frozen and not (step.own_loss and step.own_optimizer):
        return Reason(
            code, ERROR, "frozen, as all the others are: nothing can learn", parameter.frozen_at, "Freeze fewer parameters."
        )
    return Reason(code, INFO, "frozen (requires_grad is False)", parameter.frozen_at)


def _not_in_optimizer(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if parameter.group is not None or step.own_optimizer:
        return None
    made = _made(step) or _last(step, STEP)
    at = _spot(made)
    if step.strangers:
        text = "in no group of the optimizer, which holds tensors that the model no longer has: it was made before they were replaced"
        return Reason("stale-optimizer", ERROR, text, at, "Make the optimizer after the model is complete and on its device.")
    where = f" (made at line {at.line})" if at.line else ""
    if parameter.gradient == NO_GRADIENT:
        text = f"in no group of the optimizer{where} and without a gradient: kept as before"
        return Reason("not-in-optimizer", INFO, text, at)
    text = f"in no group of the optimizer{where}, though there is a gradient"
    hint = "Add it to the optimizer; or set `requires_grad_(False)` where it shall stay as it is."
    return Reason("not-in-optimizer", ERROR if parameter.gradient == FINITE else INFO, text, at, hint)


def _cleared(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if parameter.gradient not in (FINITE, NOT_FINITE) or parameter.gradient_at_step not in (NO_GRADIENT, ZERO):
        return None
    clip = _last(step, CLIP)
    if parameter.gradient_at_step == ZERO and clip is not None:
        text = f"`{clip.what}` made zeros of the gradient before the step"
        return Reason("clipped-to-zero", ERROR, text, _spot(clip), "Clip to a norm above zero.")
    event = _cleared_by(step)
    text = "the gradient was cleared between backward() and the step"
    return Reason("zero-grad-after-backward", ERROR, text, _spot(event), "Call zero_grad() before backward(), or after the step.")


def _cleared_by(step: StepFacts) -> Optional[StepEvent]:
    """The zero_grad between the last backward pass and the step after it."""
    seen = None
    for event in step.events:
        if event.kind == BACKWARD:
            seen = None
        elif event.kind == ZERO_GRAD:
            seen = seen or event
    return seen or _last(step, ZERO_GRAD)


def _nan(parameter: ParameterFacts, _step: StepFacts) -> Optional[Reason]:
    if parameter.gradient != NOT_FINITE:
        return None
    text = "the gradient is not finite, and the step was left out"
    return Reason("nan-gradient", WARNING, text, _at_lost(parameter), "Find where NaN or Inf begins.")


def _at_lost(parameter: ParameterFacts) -> Spot:
    return parameter.lost.at if parameter.lost else NOWHERE


def _lost(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    """The gradient ends somewhere in the graph, or is zero there."""
    if parameter.gradient not in (NO_GRADIENT, ZERO):
        return None
    lost: Optional[Loss] = parameter.lost
    if parameter.gradient == NO_GRADIENT and not parameter.used:
        return _unused(parameter, step)
    code, severity, text, hint = lost_reason(parameter, step)
    at = lost.at if lost is not None and lost.at.line else NOWHERE
    return Reason(code, severity, text, at, hint)


def _unused(parameter: ParameterFacts, step: StepFacts) -> Reason:
    if parameter.siblings_called and not parameter.called:
        return Reason("untaken-branch", INFO, "not chosen in this batch", parameter.defined_at)
    text = "not used in the forward pass" if parameter.called else "never called in the forward pass"
    worth = parameter.in_project and not step.own_loss
    hint = "Use it in forward, or delete it."
    return Reason("unused-in-forward", WARNING if worth else INFO, text, parameter.defined_at, hint)


def _rate(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if parameter.lr != 0.0:
        return None
    scheduler = any("LR" in event.what for event in step.events)
    text = f"the learning rate of group {parameter.group} is 0 in this step"
    hint = "Start the schedule above zero." if scheduler else "Give the group a learning rate."
    return Reason("lr-zero", WARNING, text, _spot(_last(step, SCHEDULE) or _made(step)), hint)


def _underflow(parameter: ParameterFacts, step: StepFacts) -> Optional[Reason]:
    if (parameter.grad_norm or 0.0) <= NEGLIGIBLE * step.largest_gradient:
        return Reason("no-effect", INFO, "the gradient is next to nothing: what comes after cancels the effect")
    half = parameter.dtype in ("bfloat16", "float16")
    digits = {"bfloat16": "2 to 3", "float16": "3 to 4", "float32": "7"}.get(parameter.dtype, "16")
    rate = f": lr {parameter.lr:g}" if parameter.lr else ""
    text = f"the update is smaller than the steps of {parameter.dtype}, which has {digits} decimal digits{rate}"
    in_float32 = "Keep the weights in float32 and compute under autocast, or raise the learning rate."
    severity = ERROR if half and not step.own_optimizer else INFO
    return Reason("update-underflow", severity, text, _spot(_made(step)), in_float32 if half else "Raise the learning rate.")


def _made(step: StepFacts) -> Optional[StepEvent]:
    return next((event for event in step.events if event.kind == MADE), None)


_QUESTIONS: Tuple[Callable[[ParameterFacts, StepFacts], Optional[Reason]], ...] = (
    _overwritten,
    _missing_backward,
    _skipped,
    _missing_step,
    _frozen,
    _not_in_optimizer,
    _cleared,
    _nan,
    _lost,
    _rate,
    _underflow,
)


def _last(step: StepFacts, kind: str) -> Optional[StepEvent]:
    return next((event for event in reversed(step.events) if event.kind == kind), None)


def _spot(event: Optional[StepEvent]) -> Spot:
    return NOWHERE if event is None else Spot(event.file, event.line)
