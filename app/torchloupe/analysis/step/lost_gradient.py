"""What it means that a gradient ends in the graph: cut off, never asked for, or turned into zeros on its way."""

from typing import Dict, Optional, Tuple

from ...wire.problems import ERROR, INFO, WARNING
from .facts import NO_GRADIENT, Loss, ParameterFacts, StepFacts

CUTS: Dict[str, Tuple[str, str]] = {
    "detached": (
        "`{op}` cuts the way to the loss: no gradient comes back",
        "Leave `{op}` out; where that is meant, freeze what comes before it.",
    ),
    "numpy-roundtrip": (
        "the values leave torch through `{op}`: no gradient comes back",
        "Use the torch function that does the same.",
    ),
    "item-roundtrip": (
        "the values leave torch through `{op}` as plain numbers: no gradient comes back",
        "Keep the tensor.",
    ),
    "no-grad-context": (
        "used where gradients are switched off (torch.no_grad or inference_mode)",
        "Leave no_grad; or freeze it with `requires_grad_(False)` where it shall stay as it is.",
    ),
    "nondifferentiable-op": (
        "`{op}` has no derivative: no gradient comes back",
        "Use a differentiable form, such as softmax, or a straight-through estimate.",
    ),
    "own-backward": (
        "`{op}.backward` gives no gradient back",
        "Return the gradient with respect to each input that learns, not None.",
    ),
}
"""What cuts a gradient off: in words, and what to do."""
_ZEROS: Dict[str, Tuple[str, str]] = {
    "zero-gradient-op": (
        "the derivative of `{op}` is zero everywhere",
        "Pass the gradient straight through: `x + (f(x) - x).detach()`.",
    ),
    "dead-relu": (
        "`{op}` gives zeros for every sample here: its units are dead",
        "Look at the bias and the scale of what goes in.",
    ),
    "saturated": ("`{op}` is saturated: its slope is zero for what goes in", "Scale what goes in."),
    "softmax-single-logit": ("`{op}` over a single value is always 1", "Use sigmoid, or more than one class."),
    "own-backward": (
        "`{op}.backward` gives back nothing but zeros",
        "Compare what it returns with the derivative of its forward.",
    ),
    "zero-loss-weight": ("`{op}` multiplies the result by zero", "Give it a factor above zero, or leave the term out."),
}

Judged = Tuple[str, str, str, str]


def lost_reason(parameter: ParameterFacts, step: StepFacts) -> Judged:
    """Code, severity, words and hint for a parameter whose gradient is missing or exactly zero, though it was used."""
    lost = parameter.lost
    if parameter.gradient == NO_GRADIENT:
        return _missing(parameter, lost, step)
    return _zero(lost, step)


def _missing(parameter: ParameterFacts, lost: Optional[Loss], step: StepFacts) -> Judged:
    if lost is None or lost.kind not in CUTS:
        severity = WARNING if not step.own_loss and parameter.in_project else INFO
        return "not-in-loss", severity, "the result is not part of the loss", "Add its term to the loss, or delete it."
    text, hint = CUTS[lost.kind]
    if lost.kind == "no-grad-context" and _has_a_learning_twin(parameter, step):
        return lost.kind, INFO, f"{text}, as the copy of what learns", ""
    return lost.kind, _cut_severity(lost, step), text.format(op=lost.operation), hint.format(op=lost.operation)


def _has_a_learning_twin(parameter: ParameterFacts, step: StepFacts) -> bool:
    """Whether another one of its name elsewhere had the same values and gets a gradient: a teacher or target network follows it."""
    parts = parameter.key.split(".")
    for other in step.parameters:
        others = other.key.split(".")
        is_twin = len(others) == len(parts) and sum(one != two for one, two in zip(parts, others)) == 1
        if is_twin and other.gradient != NO_GRADIENT and other.weight_norm == parameter.weight_norm:
            return True
    return False


def _cut_severity(lost: Loss, step: StepFacts) -> str:
    """A cut in the user's forward is never mended by another loss; one in a library, or written into a loss, may well be meant."""
    learns = any(each.moved for each in step.parameters)
    if lost.in_library or (not lost.in_forward and learns and lost.kind == "detached"):
        return INFO
    if step.own_loss and step.own_optimizer and not learns:
        return INFO if lost.kind == "no-grad-context" else WARNING
    return WARNING if step.own_loss or lost.kind == "no-grad-context" else ERROR


def _zero(lost: Optional[Loss], step: StepFacts) -> Judged:
    if lost is None or lost.kind == "no-effect":
        return "no-effect", INFO, "the gradient is exactly zero: the loss does not depend on it here", ""
    if lost.kind == "zero-init":
        return _zero_init(lost)
    text, hint = _ZEROS[lost.kind]
    severity = INFO if lost.in_library else WARNING if step.own_loss else ERROR
    return lost.kind, severity, text.format(op=lost.operation), hint


def _zero_init(lost: Loss) -> Judged:
    names = ", ".join(f"`{key}`" for key in lost.zeros[:2])
    text = f"multiplied with {names}, which {'is' if len(lost.zeros) == 1 else 'are'} all zero"
    if lost.zeros_move:
        return "zero-init", INFO, f"{text} before this step: that moves first", ""
    return (
        "zero-init",
        ERROR,
        f"{text} and without a gradient, too: neither will ever move",
        "Initialise only one of the two with zeros.",
    )
