"""A closer look at the model that is open - its registration, its forward pass, its modes - and what a move would leave behind."""

from collections.abc import Iterator
from typing import Any

from torchloupe.analysis.numerics import COARSE, needs_closer_look, sharpest
from torchloupe.analysis.wording import counted, shape_text
from torchloupe.wire.numerics import LookAtValues, ValuesLookedAt
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectedModel, InspectModel, MovedModel, MoveModel
from torchloupe.wire.requests import Failed, RunForward

from .command import AnySession
from .report import Report, WhatIfMoved
from .target_runs import fail, timed
from .terminal import Terminal
from .text_columns import columns, printable

_DTYPES = ("float16", "bfloat16", "float32", "float64", "half", "float", "double")


def inspect_model(session: AnySession, request: RunForward, report: Report) -> None:
    """What shows when the open model runs as in ``request``: what the report has already is not told again.

    An input that was worked out for the run before serves again. Nothing is asked when that run could not be made at all.
    """
    if not report.could_run:
        return
    used = report.target
    inputs = used.inputs if used is not None and used.input_source == "worked_out" else request.inputs
    asked = InspectModel(inputs, request.device, request.mode, request.seed, request.shapes_only)
    with timed(report, "inspection"):
        reply = session.ask(asked)
    if not isinstance(reply, InspectedModel):
        if isinstance(reply, Failed) and reply.problems and not reply.cancelled:
            report.notes += (f"The closer look ended early: {reply.problems[0].message}",)
        else:
            fail(report, reply)
        return
    _add(reply, report)


def look_at_values(session: AnySession, request: RunForward, report: Report) -> None:
    """Where NaN and Inf come from that the model's answer has, or that it may have failed on; nothing is asked where there are none."""
    has_failed = any(problem.code == "forward-failed" for problem in report.problems) and not request.shapes_only
    if not report.could_run or not (has_failed or needs_closer_look(report.calls or ())):
        return
    used = report.target
    inputs = used.inputs if used is not None and used.input_source == "worked_out" else request.inputs
    with timed(report, "values"):
        reply = session.ask(LookAtValues(inputs, request.device, request.mode, request.seed))
    if isinstance(reply, ValuesLookedAt):
        _add(reply, report)
    else:
        fail(report, reply)


def _add(reply: InspectedModel | ValuesLookedAt, report: Report) -> None:
    """What the report has already is not told again."""
    told = {_identity(problem) for problem in report.problems if not problem.data.get(COARSE)}
    report.problems = sharpest([*report.problems, *(each for each in reply.problems if _identity(each) not in told)])
    report.notes += reply.notes


def _identity(problem: Problem) -> tuple[Any, ...]:
    """The same cause at the same place, whoever found it."""
    if problem.line is not None:
        return problem.code, problem.file, problem.line
    return problem.code, problem.module or "", problem.parameter or problem.attribute


def what_if_moved(session: AnySession, destination: str, report: Report) -> None:
    """What ``.to()`` would leave behind; ``destination`` is ``cuda``, ``float16`` or both with a comma."""
    parts = [part.strip() for part in destination.split(",") if part.strip()]
    dtype = next((part for part in parts if part in _DTYPES), None)
    device = next((part for part in parts if part not in _DTYPES), None)
    with timed(report, "move"):
        reply = session.ask(MoveModel(device, dtype))
    if isinstance(reply, MovedModel):
        report.moved = WhatIfMoved("".join(f".to({part})" for part in (device, dtype) if part), reply)
    else:
        fail(report, reply)


def moved_lines(what_if: WhatIfMoved, terminal: Terminal) -> Iterator[str]:
    """The tensors that stay behind, each with the reason."""
    left, moved = what_if.answer.left_behind, what_if.answer.moved
    yield ""
    if not left:
        yield f"{what_if.move}: nothing stays behind, {counted(moved, 'tensor')} come along."
        return
    yield terminal.paint(
        f"{what_if.move}: {counted(len(left), 'tensor')} would stay behind, {counted(moved, 'tensor')} come along.", "warning"
    )
    rows = []
    for each in left:
        at = f"line {each.line}" if each.line else ""
        rows.append((f"  {printable(each.path)}", f"{shape_text(each.shape)} {each.dtype} {each.device}", at, each.reason))
    yield from columns(rows, width=terminal.width, elastic=(0, 3))


def moved_object(what_if: WhatIfMoved) -> dict[str, Any]:
    """The same for JSON."""
    rows = [
        {
            "path": each.path,
            "owner": each.owner,
            "shape": each.shape,
            "dtype": each.dtype,
            "device": each.device,
            "expected": each.expected,
            "reason": each.reason,
            "file": each.file,
            "line": each.line,
        }
        for each in what_if.answer.left_behind
    ]
    return {"move": what_if.move, "moved": what_if.answer.moved, "left_behind": rows}
