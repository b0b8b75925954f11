"""A target whose constructor arguments are worked out from the checkpoint."""

from dataclasses import replace
from pathlib import Path

from torchloupe.analysis.argument_sources import solution_verdict, stored_arguments, wanted_tensors
from torchloupe.analysis.containers import model_container
from torchloupe.checkpoints.config_beside import config_beside
from torchloupe.wire.arguments import SolveArguments, SolvedArguments
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.requests import Failed, OpenTarget

from .command import AnySession
from .report import Report

FROM_CHECKPOINT = "checkpoint"
"""``args_source`` of arguments that were worked out."""


def lacks_arguments(reply: object) -> bool:
    """The constructor needs arguments that were not given."""
    return isinstance(reply, Failed) and any(problem.data.get("missing") for problem in reply.problems)


def solve(session: AnySession, request: OpenTarget, contents: CheckpointContents, report: Report) -> OpenTarget | None:
    """The request with arguments that fit the checkpoint; None when there are none, and the report says why."""
    container = model_container(contents)
    stored = stored_arguments(contents, config_beside(Path(contents.path)))
    given, folders = dict(request.arguments or {}), request.import_folders
    asked = SolveArguments(request.target, wanted_tensors(contents, container), stored, given, folders)
    reply = session.ask(asked)
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
