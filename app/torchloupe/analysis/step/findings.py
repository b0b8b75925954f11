"""The step as rows and as problems: one problem for each cause, with all the parameters that share it."""

from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from ...wire.steps import EVAL, ParameterMotion
from ..registration.forward_facts import Spot
from .facts import NOT_FINITE, Loss, ParameterFacts, StepFacts
from .loss_shapes import loss_problem
from .proofs import advice_for
from .reasons import Reason, reason_of

_MOST_NAMED = 3
_CODES = {"decay-only": "decay-only", "no-effect": "no-effect-parameter"}


def motions_of(step: StepFacts, measured: Mapping[str, ParameterMotion]) -> Tuple[ParameterMotion, ...]:
    """The rows of the table. ``measured`` has the numbers of each parameter, by its key."""
    rows = []
    for parameter in step.parameters:
        reason = reason_of(parameter, step)
        row = measured[parameter.key]
        if reason is not None:
            told = replace(row, reason=reason.code, text=reason.text, file=reason.at.file, line=reason.at.line)
            row = replace(told, chosen=_is_chosen(reason, step))
        rows.append(row)
    return tuple(rows)


def step_problems(step: StepFacts) -> List[Problem]:
    """What is wrong with the step, the most severe first in order of the parameters."""
    return [*_born_not_finite(step), *of_the_step(step), *_not_moved(step)]


def with_proofs(problems: Sequence[Problem], motions: Sequence[ParameterMotion]) -> List[Problem]:
    """The problems with what came of the trials: as the outcome of their repair, or of one that says what to do."""
    tried = {each.key: each for each in motions if each.proven is not None}
    return [_with_proof(each, [tried[key] for key in each.data.get("parameters", ()) if key in tried]) for each in problems]


def _with_proof(problem: Problem, tried: Sequence[ParameterMotion]) -> Problem:
    if not tried:
        return problem
    first, *others = problem.fixes or (Fix("change_training", problem.hint or advice_for(str(problem.data.get("reason")))),)
    proven = all(bool(each.proven) for each in tried)
    told = next((each.proof for each in tried if not each.proven), tried[0].proof)
    return replace(problem, fixes=(replace(first, verified=proven, outcome=told), *others))


def _not_moved(step: StepFacts) -> List[Problem]:
    reasons = [(each, reason_of(each, step)) for each in step.parameters]
    return grouped([(each, reason) for each, reason in reasons if reason is not None and not _is_left_out(each, reason, step)])


def grouped(reasons: Sequence[Tuple[ParameterFacts, Reason]]) -> List[Problem]:
    """One problem for each reason at one place, the most severe first."""
    groups: Dict[Tuple[object, ...], List[Tuple[ParameterFacts, Reason]]] = {}
    for parameter, reason in reasons:
        groups.setdefault(_identity(parameter, reason), []).append((parameter, reason))
    problems = [_problem([each for each, _ in group], group[0][1]) for group in groups.values()]
    return sorted(problems, key=lambda each: (ERROR, WARNING, INFO).index(each.severity))


def _identity(parameter: ParameterFacts, reason: Reason) -> Tuple[object, ...]:
    of_all = reason.code in ("missing-backward", "missing-step") or reason.severity == INFO
    whose = "" if reason.at.line or of_all else parameter.owner
    return reason.code, reason.severity, reason.text, reason.at, whose


def _is_left_out(parameter: ParameterFacts, reason: Reason, step: StepFacts) -> bool:
    """The row of the table says it, and it is no problem: NaN is told once, where it is born."""
    if parameter.gradient == NOT_FINITE or step.nan_origin is not None:
        return reason.code in ("nan-gradient", "no-effect", "decay-only")
    return _is_chosen(reason, step)


def _is_chosen(reason: Reason, step: StepFacts) -> bool:
    return (reason.code == "no-effect" and step.own_loss) or (reason.code == "update-underflow" and step.own_optimizer)


def _problem(parameters: Sequence[ParameterFacts], reason: Reason) -> Problem:
    keys = [each.key for each in parameters]
    owners = {each.owner for each in parameters}
    named = ", ".join(f"`{key}`" for key in keys[:_MOST_NAMED])
    more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
    moved = all(each.moved for each in parameters)
    message = f"{named}{more}{'' if moved else ' do not move' if len(keys) > 1 else ' does not move'}: {reason.text}."
    return Problem(
        "decay-only"
        if reason.code == "decay-only"
        else "no-effect-parameter"
        if reason.code == "no-effect"
        else "weight-not-moved",
        message,
        severity=reason.severity,
        hint=reason.hint,
        module=parameters[0].owner if len(owners) == 1 else None,
        parameter=keys[0] if len(keys) == 1 else None,
        file=reason.at.file,
        line=reason.at.line,
        fixes=(reason.fix,) if reason.fix is not None else (),
        data={"reason": reason.code, "parameters": keys, **_path(parameters, reason)},
    )


def _path(parameters: Sequence[ParameterFacts], reason: Reason) -> Dict[str, object]:
    """The way of the gradient, where it is the reason that it ends: of the parameter that lies furthest from the loss."""
    lost = [each.lost for each in parameters if each.lost is not None and each.lost.node >= 0 and each.lost.kind == reason.code]
    if not lost:
        return {}
    longest = max(lost, key=lambda each: len(each.unreached))
    told = {"arrives": list(longest.arrives), "ends_at": longest.operation, "unreached": list(longest.unreached)}
    return {"gradient_path": {**told, "layer": longest.layer}}


def _born_not_finite(step: StepFacts) -> List[Problem]:
    """Where the first number that is not finite comes from: one cause, whatever follows of it."""
    if step.inf_origin is not None:
        dtype = " in float16, whose largest number is 65504" if "float16" in step.dtypes else ""
        text = f"`{step.inf_origin.operation}` gives infinity{dtype}"
        return [_origin("inf-origin", step.inf_origin, text, "Scale what goes in, or use bfloat16 or float32.")]
    if step.nan_origin is not None:
        hint = "Look at what goes in: an empty mean, 0/0, the root or logarithm of a negative number."
        return [_origin("nan-origin", step.nan_origin, f"`{step.nan_origin.operation}` gives the first NaN", hint)]
    backward = [each for each in step.parameters if each.gradient == NOT_FINITE]
    lost = next((each.lost for each in backward if each.lost is not None), None)
    if lost is None:
        return [_made_by_hand(backward)] if backward and step.skipped is None else []
    if lost.kind == "own-backward":
        text = f"The loss is finite, but the gradient that `{lost.operation}.backward` gives is not"
        made = _origin("nan-origin", lost, text, "Keep what it divides by, or takes the root of, away from zero.")
        return [replace(made, data={"phase": "backward", "parameters": [each.key for each in backward]})]
    text = f"The loss is finite, but the gradient of `{lost.operation}` is not: its slope is infinite for what goes in"
    hint = "Keep it away from there: add 1e-8 inside a root, clamp a little inside the limits."
    data = {"phase": "backward", "operation": lost.operation, "parameters": [each.key for each in backward]}
    return [replace(_origin("nan-origin", lost, text, hint), data=data)]


def _made_by_hand(parameters: Sequence[ParameterFacts]) -> Problem:
    """No operation of torch makes it."""
    first, more = parameters[0].key, f" and {len(parameters) - 1} more" if len(parameters) > 1 else ""
    text = f"The loss is finite, but the gradient of `{first}`{more} is not, and no operation of the forward pass is to blame."
    hint = "Look at the backward() of your own functions, and at hooks that change gradients."
    data = {"phase": "backward", "parameters": [each.key for each in parameters]}
    return Problem("nan-origin", text, hint=hint, parameter=first, module=parameters[0].owner, data=data)


def _origin(code: str, at: Loss, text: str, hint: str) -> Problem:
    data = {"phase": "forward", "operation": at.operation}
    return Problem(
        code, f"{text}.", hint=hint, module=at.layer if at.in_forward else None, file=at.at.file, line=at.at.line, data=data
    )


def of_the_step(step: StepFacts) -> List[Problem]:
    """What is wrong with the order of the calls, whatever the weights did."""
    found = loss_problem(step.meeting) if step.meeting is not None else None
    problems = [found] if found is not None else []
    if step.piled_up is not None:
        at = Spot(step.piled_up.file, step.piled_up.line)
        text = "The gradients of the batch before are still there when backward() adds those of the next one: zero_grad() is missing."
        problems.append(_at("missing-zero-grad", text, "Call `optimizer.zero_grad()` before backward().", ERROR, at))
    if step.probabilities is not None:
        text = "cross_entropy is given probabilities: it applies log_softmax itself, so that the softmax is done twice."
        problems.append(_at("double-softmax", text, "Give it the logits: leave the softmax out.", WARNING, step.probabilities))
    if step.eval_backward and not step.is_own_loop:
        event = next((each for each in reversed(step.events) if each.kind == EVAL), None)
        at = Spot(event.file, event.line) if event else Spot()
        text = "The model trains in eval mode: Dropout rests, and BatchNorm does not learn its statistics."
        problems.append(_at("eval-mode-during-training", text, "Call `model.train()` before the step.", WARNING, at))
    return problems


def _at(code: str, text: str, hint: str, severity: str, at: Spot, module: Optional[str] = None) -> Problem:
    return Problem(code, text, severity, hint, module=module, file=at.file, line=at.line)
