"""The output and the target of a loss whose shapes do not go together: refused by torch, or silently combined each with each."""

from typing import Optional, Tuple

from ...wire.problems import ERROR, Problem
from ..wording import shape_text
from .facts import Meeting

Shape = Tuple[int, ...]
CLASS_LOSSES = ("cross_entropy", "nll_loss")
EQUAL_LOSSES = (
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
)


def is_silent_broadcast(one: Shape, other: Shape, result: Shape) -> bool:
    """Whether an operation met (N, 1) with (N,): as many elements, another rank, and more elements in the result than either has.

    (N, 1) with (1, N) is how pairs are made on purpose.
    """
    return len(one) != len(other) and _count(one) == _count(other) > 1 and _count(result) > _count(one)


def loss_problem(meeting: Meeting) -> Optional[Problem]:
    """What is wrong with the shapes; None when nothing is, so that a failure has another reason."""
    if not meeting.failed:
        return _broadcast(meeting)
    if meeting.operation in CLASS_LOSSES:
        said = _of_classes(meeting.output, meeting.target)
    elif meeting.operation in EQUAL_LOSSES and meeting.output != meeting.target:
        said = f"wants a target of the output's shape, {shape_text(meeting.output)}", _as_long(meeting.output, meeting.target)
    else:
        return None
    if said is None:
        return None
    what, hint = said
    message = (
        f"`{meeting.operation}` {what}; the output is {shape_text(meeting.output)}, the target {shape_text(meeting.target)}."
    )
    return _problem("loss-target-shape", message, hint, meeting)


def _of_classes(output: Shape, target: Shape) -> Optional[Tuple[str, str]]:
    """Classes are dimension 1 of the output; the target has the other dimensions, or probabilities of the same shape."""
    wanted = output[:1] + output[2:] if len(output) > 1 else ()
    if target in (wanted, output):
        return None
    if len(output) > 2 and target == output[:-1]:
        return "wants the classes in dimension 1", f"Write `output.transpose(1, {len(output) - 1})`."
    if tuple(size for size in target if size != 1) == wanted:
        return f"wants a target {shape_text(wanted)}", f"Write `target.squeeze({_lone(target)})`."
    if output[:1] != target[:1]:
        return "wants as many targets as samples", "Look at where the batch changes its size on the way through the model."
    return f"wants a target {shape_text(wanted)}", "Give one class index for each prediction."


def _lone(target: Shape) -> int:
    return next((number for number, size in enumerate(target) if size == 1 and number), 0)


def _as_long(output: Shape, target: Shape) -> str:
    if _count(output) == _count(target):
        return f"Write `target.reshape({', '.join(map(str, output))})`, or `output.squeeze(1)`."
    return "Give a value for each output."


def _broadcast(meeting: Meeting) -> Optional[Problem]:
    message = (
        f"`{meeting.operation}` combines {shape_text(meeting.output)} with {shape_text(meeting.target)} to {shape_text(meeting.result)}: "
        "every sample with every other one."
    )
    return _problem(
        "silent-broadcast", message, "Give both the same shape: `output.squeeze(1)`, or `target.unsqueeze(1)`.", meeting
    )


def _problem(code: str, message: str, hint: str, meeting: Meeting) -> Problem:
    data = {"output": list(meeting.output), "target": list(meeting.target), "operation": meeting.operation}
    return Problem(code, message, ERROR, hint, file=meeting.at.file, line=meeting.at.line, data=data)


def _count(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count
