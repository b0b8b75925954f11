"""A training step of the model that is open, and how its report is drawn."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from torchloupe.analysis.numerics import sharpest
from torchloupe.analysis.step.beside import new_problems
from torchloupe.analysis.step.wording import (
    buffer_lines,
    group_text,
    moment_lines,
    moved_text,
    path_lines,
    percent_text,
    proof_lines,
    step_lines,
)
from torchloupe.analysis.wording import number_text
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.steps import ParameterMotion, RunStep, StepReport
from torchloupe.wire.traces import DONE

from .command import AnySession
from .report import Report
from .target_runs import fail, timed
from .terminal import Terminal
from .text_columns import columns, printable


def run_step(session: AnySession, request: RunStep, report: Report) -> None:
    """Train the open target for a step. The answer goes into the report."""
    with timed(report, "step"):
        reply = session.ask(request)
    if not isinstance(reply, StepReport):
        fail(report, reply)
        return
    take_in(reply, report)


def step_beside(session: AnySession, request: RunForward, report: Report) -> None:
    """A step as one look among several, of a model that runs as in ``request``: in the mode in which it was constructed, with the input
    that was worked out before. What has been told already is not told again; where no step can be made a note says so."""
    if not report.could_run or report.cancelled or request.shapes_only or report.tree is None or _does_not_run(report):
        return
    used = report.target
    inputs = used.inputs if used is not None and used.input_source == "worked_out" else request.inputs
    mode = request.mode or ("train" if report.tree.modules[0].training else "eval")
    with timed(report, "step"):
        reply = session.ask(RunStep(inputs, request.device, mode, request.seed))
    if isinstance(reply, StepReport):
        take_in(reply, report)
    elif isinstance(reply, Failed) and reply.problems and not reply.cancelled:
        report.notes += (f"No training step was made: {reply.problems[0].message}",)
    else:
        fail(report, reply)


def _does_not_run(report: Report) -> bool:
    """The forward pass failed: a step would only fail in the same place."""
    return any(call.status != DONE for call in report.calls or ())


def take_in(reply: StepReport, report: Report) -> None:
    """The answer with those of its problems that are new."""
    report.step = reply
    report.problems = sharpest([*report.problems, *new_problems(reply.problems, report.problems)])
    if report.target is not None and not report.target.input_source:
        report.target.inputs = reply.inputs
        report.target.input_source = reply.input_source


def step_object(report: StepReport) -> dict[str, Any]:
    """The step for JSON."""
    return {
        "loss_before": report.loss_before,
        "loss_after": report.loss_after,
        "loss_source": report.loss_source,
        "optimizer": report.optimizer,
        "optimizer_source": report.optimizer_source,
        "mode": report.mode,
        "device": report.device,
        "parameters": [asdict(each) for each in report.parameters],
        "buffers": [asdict(each) for each in report.buffers],
        "moments": [asdict(each) for each in report.moments],
        "side_effects": list(report.side_effects),
        "events": [asdict(each) for each in report.events],
        "seconds": report.seconds,
        "watching_seconds": report.watching_seconds,
        "state_restored": report.state_restored,
    }


def motion_lines(report: StepReport, terminal: Terminal) -> Iterator[str]:
    """The step in sentences, then a row for each parameter."""
    yield from map(printable, step_lines(report))
    yield ""
    rows = [
        ("PARAMETER", "MOVED", "WEIGHT", "UPDATE", "CHANGED", "DTYPE", "GRADIENT", "GROUP", "AT"),
        *map(_row, report.parameters),
    ]
    lines = columns(rows, right=(2, 3, 4, 6), width=terminal.width, elastic=(0, 1))
    yield terminal.paint(lines[0], "dim")
    for each, line in zip(report.parameters, lines[1:], strict=True):
        yield line if each.moved else terminal.paint(line, "warning")
    yield from _further_lines(report)


def _further_lines(report: StepReport) -> Iterator[str]:
    """Buffers, the steps one after the other, and what came of the trials."""
    further = (
        ("Buffers:", buffer_lines(report)),
        ("Steps:", moment_lines(report)),
        ("Gradient, from the loss back:", path_lines(report)),
        ("Proofs:", proof_lines(report)),
    )
    for title, told in further:
        if told:
            yield ""
            yield title
            yield from (f"  {printable(line)}" for line in told)


def _row(each: ParameterMotion) -> tuple[str, ...]:
    at = f"line {each.line}" if each.line else ""
    norms = (number_text(each.weight_norm), number_text(each.update_norm))
    measured = (*norms, percent_text(each.changed_fraction), each.dtype, number_text(each.grad_norm))
    return (each.key, moved_text(each), *measured, group_text(each), at)
