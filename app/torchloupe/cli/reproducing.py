"""``run --reproducer``: what fails in the run as a folder of its own, tried in a fresh process."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from torchloupe.analysis.reproducer_script import failed_call, reproducer_lines
from torchloupe.wire.errors import UsageError
from torchloupe.wire.problems import Problem
from torchloupe.wire.reproducers import MadeReproducer, MakeReproducer
from torchloupe.wire.requests import RunForward

from .command import AnySession
from .report import Report
from .target_runs import fail, timed
from .text_columns import printable


def add_reproducer_option(parser: ArgumentParser) -> None:
    """``--reproducer``."""
    parser.add_argument(
        "--reproducer",
        metavar="FOLDER",
        help="write what fails to a new folder: the module alone with its input and a script, tried in a fresh process",
    )


def check_reproducer(folder: str | None) -> None:
    """Before anything runs. Raises ``UsageError`` where something is there already."""
    place = Path(folder).expanduser() if folder else None
    if place is not None and place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{folder} is there already.", "Name a new folder, or an empty one.")


def make_reproducer(session: AnySession, run: RunForward, report: Report, folder: str | None) -> None:
    """Of the failure of the run that the report has."""
    if not folder or report.cancelled:
        return
    call = failed_call(report.calls or ())
    if call is None:
        report.problems.append(
            Problem("no-reproducer", "Nothing failed, so there is nothing to reproduce.", "info", "The folder was not made.")
        )
        return
    with timed(report, "reproducer"):
        reply = session.ask(MakeReproducer(str(Path(folder).expanduser().absolute()), call.module, call.call_number, run))
    if isinstance(reply, MadeReproducer):
        report.reproducer = reply, call.module
        report.notes += reproducer_lines(reply, call.module)
    else:
        fail(report, reply)


def reproducer_text(report: Report) -> list[str]:
    """What was written and whether it fails in the same way, as lines."""
    return ["", *map(printable, reproducer_lines(*report.reproducer))] if report.reproducer is not None else []


def reproducer_object(made: MadeReproducer, module: str) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "folder": made.folder,
        "files": list(made.files),
        "module": module,
        "taken": made.taken,
        "verified": made.verified,
        "error": made.error,
        "answer": made.answer,
        "notes": list(made.notes),
    }
