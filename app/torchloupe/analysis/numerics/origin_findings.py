"""The first NaN or Inf as a problem: with the operation, the line, the operands, why, and what to write instead."""

import math
from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from ..registration.forward_facts import NOWHERE, Spot
from ..wording import count_text, shape_text
from .facts import INF, NAN, Birth, GradientBirth, InputFacts, Operand
from .origin_causes import Cause, cause_of, gradient_cause

EMPTY_LOSS, NAN_ORIGIN, INF_ORIGIN, NAN_IN_INPUT = "empty-loss", "nan-origin", "inf-origin", "nan-in-input"
_FAILS = " With finite values there it does not fail."


def origin_problems(births: Tuple[Birth, ...], inputs: Tuple[InputFacts, ...], in_loss: bool = False) -> List[Problem]:
    """At most one: all others follow from it. What does not reach the answer is a remark, but for overflow in half precision."""
    came_in = [each for each in inputs if each.nan]
    if came_in:
        names = {each.name for each in came_in}
        reaches = any(birth.reaches_output for birth in births if any(operand.name in names for operand in birth.operands))
        end = " The loss is NaN for it." if in_loss else " The model's answer has NaN for it."
        return [_in_input(each, end if reaches else "") for each in came_in[:1]]
    reaching = [birth for birth in births if birth.reaches_output]
    if reaching:
        birth = reaching[0]
        return [_origin(birth.because or birth, _severity(birth), birth if birth.because else None, in_loss)]
    overflow = next((birth for birth in births if birth.kind == INF and birth.dtype == "float16"), None)
    if overflow is not None:
        return [_origin(overflow, WARNING, None, in_loss)]
    lost = next((birth for birth in births if birth.kind == NAN and not birth.is_written), None)
    return [_origin(lost, INFO, None, in_loss)] if lost is not None else []


def failure_problem(birth: Birth, given: Optional[InputFacts] = None) -> Problem:
    """The same of a pass, or of a step, that fails, and does not without this birth; ``given`` is the input that it came in with."""
    if given is not None:
        return _in_input(given, _FAILS)
    found = _origin(birth.because or birth, ERROR, birth if birth.because else None, False)
    return replace(found, message=found.message + _FAILS)


def _severity(birth: Birth) -> str:
    """-inf as an answer can be meant: the logarithm of a probability that is 0."""
    return WARNING if birth.kind == INF and birth.is_negative and birth.function.startswith("log") else ERROR


def _origin(birth: Birth, severity: str, after: Optional[Birth], in_loss: bool) -> Problem:
    if not birth.function:
        return _came_in(birth, severity)
    cause = cause_of(birth)
    message = f"The first {birth.kind} comes out of `{birth.operation}`: {cause.why}. {_how_many(birth)}"
    if after is not None:
        message += f" `{after.operation}`{_line(after.spot)} makes NaN of it."
    elif severity == INFO:
        message += " It does not reach the model's answer; a gradient through it is NaN all the same."
    empty = birth.ignored is not None or (in_loss and any(0 in operand.shape for operand in birth.operands))
    code = EMPTY_LOSS if empty else NAN_ORIGIN if birth.kind == NAN else INF_ORIGIN
    data = _data(birth.operation, birth.operands, birth.kind, birth.index)
    data.update(count=birth.count, shape=list(birth.shape), dtype=birth.dtype)
    if after is not None:
        data.update(then=after.operation, then_line=after.spot.line)
    return _problem(code, message, severity, cause, birth.module, birth.spot, data)


def _came_in(birth: Birth, severity: str) -> Problem:
    operand = birth.operands[0]
    what = f"`{operand.name}`" if operand.name else f"A tensor {shape_text(operand.shape)} that no operation of this pass made"
    message = f"{what} holds {birth.kind} before the pass begins: {_how_many(birth)}"
    hint = "Load other weights, or find the step that made it: a too large learning rate, or a loss that was NaN."
    return Problem(
        NAN_ORIGIN if birth.kind == NAN else INF_ORIGIN,
        message,
        severity if severity != INFO else WARNING,
        hint if operand.name else "Write its values before they are read: `torch.empty` gives memory as it lies there.",
        module=operand.name.rpartition(".")[0] if operand.name else birth.module,
        parameter=operand.name or None,
        file=birth.spot.file,
        line=birth.spot.line,
        data={"kind": birth.kind, "count": birth.count, "index": list(birth.index)},
    )


def _in_input(facts: InputFacts, end: str) -> Problem:
    """``end`` says what comes of it; empty when nothing does."""
    total = math.prod(facts.shape)
    message = (
        f"`{facts.name}{shape_text(facts.index)}` of the input is NaN: {count_text(facts.nan)} of {count_text(total)} values are."
        + end
    )
    hint = "Clean the data before it is given: `torch.nan_to_num(x)`, or leave such samples out."
    data = {"input": facts.name, "index": list(facts.index), "count": facts.nan}
    severity, at = ERROR if end else INFO, facts.used_at
    return Problem(NAN_IN_INPUT, message, severity, hint, module="", file=at.file, line=at.line, data=data)


def gradient_problem(birth: GradientBirth) -> Problem:
    """NaN or Inf that appears only when gradients are computed."""
    cause = gradient_cause(birth)
    names = ", ".join(f"`{name}`" for name in birth.parameters[:3]) + (" …" if len(birth.parameters) > 3 else "")
    message = (
        f"The forward pass is fine, but the gradient of `{birth.operation}` is {birth.kind}: {cause.why}. "
        f"After one step {names or 'the weights'} would be NaN."
    )
    data = _data(birth.operation, birth.operands, birth.kind, birth.index)
    data.update(phase="backward", node=birth.node, parameters=list(birth.parameters), count=birth.count)
    return _problem(NAN_ORIGIN, message, ERROR, cause, birth.module, birth.spot, data)


def _problem(code: str, message: str, severity: str, cause: Cause, module: str, spot: Spot, data: Dict[str, Any]) -> Problem:
    fixes = (Fix("edit_source", cause.fix, value=cause.repair or None),) if cause.fix else ()
    return Problem(code, message, severity, cause.fix, module=module, file=spot.file, line=spot.line, fixes=fixes, data=data)


def _data(operation: str, operands: Tuple[Operand, ...], kind: str, index: Tuple[int, ...]) -> Dict[str, Any]:
    sides = [
        {
            "shape": list(each.shape),
            "dtype": each.dtype,
            "name": each.name,
            "min": each.low,
            "max": each.high,
            "value": each.value,
        }
        for each in operands
    ]
    return {"kind": kind, "operation": operation, "operands": sides, "index": list(index)}


def _how_many(birth: Birth) -> str:
    total = math.prod(birth.shape) if birth.shape else 1
    if total == 1:
        return "It is its only value."
    where = f", the first at {shape_text(birth.index)}" if birth.index else ""
    return f"{count_text(birth.count)} of {count_text(total)} values are{where}."


def _line(spot: Spot) -> str:
    return "" if spot == NOWHERE or spot.line is None else f" in line {spot.line}"
