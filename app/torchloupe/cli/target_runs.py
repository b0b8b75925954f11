"""The conversation with the worker that several commands have: open a target, run it, compare it. The answers go into a report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from torchloupe.analysis.containers import keys_of_container, keys_of_tree, model_container, unsaved_keys
from torchloupe.analysis.diff_problems import with_solution
from torchloupe.analysis.input_specs import InputSpec, format_input_spec
from torchloupe.analysis.numerics import findings_of
from torchloupe.analysis.optimizer_fit import optimizer_problems
from torchloupe.analysis.state_dict_diff import diff_problems, state_dict_diff
from torchloupe.analysis.target_source import split_target
from torchloupe.analysis.weight_evidence import with_evidence
from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import (
    CallsFinished,
    CallsMeasured,
    Failed,
    OpenedTarget,
    OpenTarget,
    OperationsFinished,
    RunForward,
)
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import ForwardReport, LayerCall, Operation

from .command import AnySession
from .report import Report, UsedTarget, problem_of
from .report_files import version_facts
from .solved_target import FROM_CHECKPOINT, lacks_arguments, solve


@contextmanager
def timed(report: Report, stage: str) -> Iterator[None]:
    """How long the block takes goes into ``report.seconds``."""
    start = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[stage] = time.perf_counter() - start


def asked_target(text: str) -> UsedTarget:
    """What can be said of a target before it was opened."""
    place, name = split_target(text)
    return UsedTarget(text, place if place.endswith(".py") else None, name)


def open_target(
    session: AnySession, request: OpenTarget, report: Report, checkpoint: str | None = None, solve_all: bool = False
) -> ModuleTree | None:
    """Construct the target; None when that failed, and the report says why.

    Arguments that the constructor needs and nobody gave are worked out from the ``checkpoint``, when there is one; with ``solve_all``
    those that have a default are, too.
    """
    report.target = asked_target(request.target)
    if solve_all and not checkpoint:
        raise UsageError("--solve works the arguments out from a checkpoint.", "Name it: --checkpoint FILE.")
    reply: Any = None
    if not solve_all:
        with timed(report, "open"):
            reply = session.ask(request)
    if checkpoint and (solve_all or lacks_arguments(reply)):
        contents = read_checkpoint(checkpoint, report)
        with timed(report, "solve"):
            solved = solve(session, request, contents, report) if contents is not None else None
        if solved is None:
            return None
        with timed(report, "open"):
            reply = session.ask(solved)
    report.versions = version_facts(session.hello)
    if not isinstance(reply, OpenedTarget):
        fail(report, reply)
        return None
    report.target.file, report.target.name, report.target.class_name = reply.file, reply.name, reply.class_name
    report.target.arguments, report.target.arguments_source = reply.arguments, reply.arguments_source
    if report.solved is not None:
        report.target.arguments_source = FROM_CHECKPOINT
    report.target.project_files = reply.project_files
    report.problems += reply.problems
    report.tree = reply.tree
    return reply.tree


def run_forward(session: AnySession, request: RunForward, report: Report) -> None:
    """Run the open target. The calls that were seen are kept, however it ends."""
    calls: list[LayerCall] = []
    report.calls = calls
    operations: list[Operation] = []
    report.operations = operations if request.operations else None

    def on_event(event: Any, _blobs: tuple[bytes, ...]) -> None:
        if isinstance(event, CallsFinished):
            calls.extend(event.calls)
        elif isinstance(event, CallsMeasured):
            measured = {call.index: call for call in event.calls}
            calls[:] = [measured.get(call.index, call) for call in calls]
        elif isinstance(event, OperationsFinished):
            operations.extend(event.operations)

    with timed(report, "forward"):
        reply = session.ask(request, on_event)
    if not isinstance(reply, ForwardReport):
        fail(report, reply)
        report.problems += findings_of(calls, report.tree) if report.tree is not None else ()
        return
    report.forward = reply
    report.problems += reply.problems
    if reply.materialised is not None and report.tree is not None:
        report.tree = replace(reply.materialised, hidden=report.tree.hidden)  # lazy modules have sizes now
    if report.tree is not None:
        report.problems += findings_of(calls, report.tree)
    if report.target is not None:
        report.target.inputs = reply.input_specs or request.inputs or tuple(input_text(meta) for meta in reply.inputs)
        report.target.input_source = reply.input_source


def input_text(meta: TensorMeta) -> str:
    """A tensor that the model was given, as an input spec: what to give ``--input`` for another one like it."""
    keyword = meta.name if meta.name.isidentifier() else None
    return format_input_spec(InputSpec(keyword, None, meta.dtype, meta.shape))


def read_checkpoint(path: str, report: Report) -> CheckpointContents | None:
    """What is in a checkpoint; None when it cannot be read, and the report says why. Its own warnings go into the report.

    Read once for each report.
    """
    if path in report.checkpoints:
        return report.checkpoints[path]
    try:
        with timed(report, "read"):
            contents = read_contents(Path(path))
    except TorchloupeError as error:
        report.fail(problem_of(error))
        return None
    report.problems += contents.problems
    report.checkpoints[path] = contents
    return contents


def compare(report: Report, checkpoint: str) -> None:
    """The keys of the checkpoint against those of the open model, once for each report."""
    contents, tree = read_checkpoint(checkpoint, report), report.tree
    if contents is not None and tree is not None and report.diff is None:
        expected = keys_of_tree(tree)
        with timed(report, "diff"):
            report.container = model_container(contents, expected)
            found = keys_of_container(contents, report.container)
            report.diff = state_dict_diff(expected, found, unsaved=unsaved_keys(tree))
        told = (*diff_problems(report.diff), *optimizer_problems(contents, tree))
        report.problems += [with_solution(each, None, 0) for each in told] if report.solved else told


def weigh(report: Report) -> None:
    """What the checkpoint says of mismatches, once both are known."""
    report.problems[:] = with_evidence(report.problems, report.diff, report.tree)


def fail(report: Report, reply: Any) -> None:
    """A reply that is not the answer. The inputs and everything captured so far stay in the report."""
    if isinstance(reply, Failed):
        report.fail(*reply.problems, cancelled=reply.cancelled)
    else:
        message = f"The worker answered with {type(reply).__name__}."
        report.fail(Problem("protocol-error", message, hint="The app and its worker differ in version: install the app anew."))
