"""``torchloupe tree``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from torchloupe.wire.requests import SummaryTable, SummaryText

from .command import AnySession, Desk
from .options import (
    TARGET_HELP,
    add_checkpoint_option,
    add_input_option,
    add_json_option,
    add_model_options,
    checked_inputs,
    open_request,
)
from .report import Report
from .target_runs import compare, fail, open_target, timed


class Tree:
    """Show the module tree of a model with every parameter and buffer."""

    name: ClassVar[str] = "tree"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        parser.add_argument("--summary", action="store_true", help="print torchinfo's table in place of the tree")
        add_input_option(parser)
        add_checkpoint_option(parser)
        add_model_options(parser)
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The tree, and torchinfo's table when it is asked for."""
        report, inputs = Report(self.name), checked_inputs(options.input)
        request = open_request(options.target, options)
        with desk.session(options.python) as session:
            tree = open_target(session, request, report, options.checkpoint)
            if tree is not None and options.summary:
                _add_summary(session, inputs, report)
        if tree is not None and options.checkpoint:
            compare(report, tree, options.checkpoint)
        yield report


def _add_summary(session: AnySession, inputs: tuple[str, ...], report: Report) -> None:
    with timed(report, "summary"):
        reply = session.ask(SummaryTable(inputs, torchinfo_folder()))
    if isinstance(reply, SummaryText):
        report.summary = reply.text
    else:
        fail(report, reply)


def torchinfo_folder() -> str | None:
    """Where the app's own torchinfo lies; it is found without being imported."""
    import importlib.util

    found = importlib.util.find_spec("torchinfo")
    return str(Path(found.origin).parent.parent) if found is not None and found.origin else None
