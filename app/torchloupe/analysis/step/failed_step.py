"""What it means that a training step raised: autograd's own complaints in words, with the place of the cause."""

from dataclasses import replace
from typing import List

from ...wire.problems import Problem
from ...wire.steps import STEP
from .facts import WITHOUT_GRAPH, StepFacts
from .findings import grouped, of_the_step
from .loss_shapes import loss_problem
from .lost_gradient import CUTS
from .reasons import reason_of

_NO_GRAPH = ("does not require grad", "does not have a grad_fn")
_TWICE = "backward through the graph a second time"
_IN_PLACE = "modified by an inplace operation"


def kind_of_failure(text: str) -> str:
    """The code of what an exception says; ``step-failed`` for one that autograd did not raise."""
    if any(words in text for words in _NO_GRAPH):
        return WITHOUT_GRAPH
    if _TWICE in text:
        return "backward-twice"
    return "inplace-backward" if _IN_PLACE in text else "step-failed"


def failure_problems(step: StepFacts, raised: Problem) -> List[Problem]:
    """``raised`` is the exception as a problem."""
    if step.failure == WITHOUT_GRAPH:
        return _without_graph(step, raised)
    shapes = loss_problem(step.meeting) if step.meeting is not None else None
    if shapes is not None:
        return [replace(shapes, details=raised.details)]
    stepped = any(event.kind == STEP for event in step.events)
    if step.failure == "backward-twice" or (step.failure == "inplace-backward" and stepped):
        message = "backward() runs through the graph of an earlier pass once more: something carries that graph along."
        hint = "Detach what is carried from one batch to the next (`state = state.detach()`), or call forward again."
        return [replace(raised, code="backward-twice", message=message, hint=hint), *of_the_step(step)]
    if step.failure == "inplace-backward":
        message = "A value that backward() needs was changed in place after it was used."
        return [
            replace(
                raised,
                code="inplace-backward",
                message=message,
                hint="Use the operation without the trailing `_`, or `a = a + b`.",
            )
        ]
    return [raised]


def _without_graph(step: StepFacts, raised: Problem) -> List[Problem]:
    """No parameter is behind the loss. Where the loss is ours, each parameter's reason is all there is to say."""
    reasons = [(each, reason) for each in step.parameters for reason in [reason_of(each, step)] if reason is not None]
    told = grouped(reasons)
    if step.own_loss and step.is_own_loop:
        return told
    frozen = [each for each in step.parameters if not each.requires_grad]
    if step.parameters and len(frozen) == len(step.parameters):
        return told
    cut = next((each.lost for each, _ in reasons if each.lost is not None and each.lost.kind in CUTS), None)
    because = f": `{cut.operation}` at line {cut.at.line} cuts it off" if cut is not None and cut.at.line else ""
    data = {
        "parameters": [each.key for each in step.parameters],
        **({"cause_line": cut.at.line, "reason": cut.kind} if cut else {}),
    }
    message = f"The loss has no gradient: it does not depend on any parameter through differentiable operations{because}."
    hint = (
        CUTS[cut.kind][1].format(op=cut.operation)
        if cut is not None
        else "Compute the loss from the output with torch functions."
    )
    found = replace(raised, code="loss-without-graph", message=message, hint=hint, data=data)
    return [found if raised.line is not None or cut is None else replace(found, file=cut.at.file, line=cut.at.line)]
