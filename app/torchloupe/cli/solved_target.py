"""A target whose constructor arguments are worked out from the checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Timer
from typing import Any

from torchloupe.analysis.argument_sources import solution_verdict, stored_arguments, wanted_tensors
from torchloupe.analysis.containers import model_container
from torchloupe.analysis.diff_problems import SOLVE, with_solution
from torchloupe.checkpoints.config_beside import config_beside
from torchloupe.wire.arguments import SolveArguments, SolvedArguments
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.requests import Failed, OpenTarget

from .command import AnySession
from .report import Report

TRY_SECONDS = 15.0
"""So long arguments are tried unasked, a second on an idle machine; and models that take longer to open are not opened for it again."""
FROM_CHECKPOINT = "checkpoint"
"""``args_source`` of arguments that were worked out."""


def lacks_arguments(reply: object) -> bool:
    """The constructor needs arguments that were not given."""
    return isinstance(reply, Failed) and any(problem.data.get("missing") for problem in reply.problems)


def solve(session: AnySession, request: OpenTarget, contents: CheckpointContents, report: Report) -> OpenTarget | None:
    """The request with arguments that fit the checkpoint; None when there are none, and the report says why."""
    reply = session.ask(_question(request, contents, dict(request.arguments or {})))
    if not isinstance(reply, SolvedArguments):
        report.fail(*reply.problems, cancelled=reply.cancelled)
        return None
    if not reply.matched:
        report.fail(_nothing_fits(request.target, contents))
        return None
    report.solved = reply
    if not reply.exact:
        report.problems.append(_closest(reply))
    return replace(request, arguments=reply.arguments)


def try_solving(session: AnySession, request: OpenTarget, report: Report, checkpoint: str) -> None:
    """Sizes differ: see whether other arguments would mend that, and say which. What takes long is left untried."""
    contents, diff = report.checkpoints.get(checkpoint), report.diff
    is_offered = any(fix.kind == SOLVE for problem in report.problems for fix in problem.fixes)
    if contents is None or diff is None or not is_offered or report.seconds.get("open", 0) > TRY_SECONDS:
        return
    with _at_most(TRY_SECONDS, session) as took_too_long:
        reply = session.ask(_question(request, contents, {}))
    if isinstance(reply, Failed) and reply.cancelled:
        report.cancelled = not took_too_long.is_set()
    else:
        solved = reply if isinstance(reply, SolvedArguments) else None
        report.problems = [with_solution(problem, solved, len(diff.mapping)) for problem in report.problems]


@contextmanager
def _at_most(seconds: float, session: AnySession) -> Iterator[Event]:
    """What the block asks is cancelled when it takes longer, and the event says so."""
    too_long = Event()

    def stop() -> None:
        too_long.set()
        session.cancel()

    timer = Timer(seconds, stop)
    timer.start()
    try:
        yield too_long
    finally:
        timer.cancel()
        timer.join()


def _question(request: OpenTarget, contents: CheckpointContents, given: dict[str, Any]) -> SolveArguments:
    stored = stored_arguments(contents, config_beside(Path(contents.path)))
    wanted = wanted_tensors(contents, model_container(contents))
    return SolveArguments(request.target, wanted, stored, given, request.import_folders)


def _closest(solved: SolvedArguments) -> Problem:
    hint = "Give the arguments that you know with --args; the others are worked out around them."
    return Problem(
        "arguments-closest", f"No arguments give exactly the checkpoint's shapes: {solution_verdict(solved)}", INFO, hint
    )


def _nothing_fits(target: str, contents: CheckpointContents) -> Problem:
    key = contents.tensors[0].key if contents.tensors else ""
    message = f"No arguments of `{target}` give a key of the checkpoint, such as `{key}`."
    return Problem(
        "arguments-not-found", message, hint="Is it the checkpoint of another model? Else give the arguments with --args."
    )
