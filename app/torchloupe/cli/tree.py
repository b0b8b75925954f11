"""``torchloupe tree``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from torchloupe.session.own_packages import torchinfo_folder
from torchloupe.wire.registration import RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import RunForward, SummaryTable, SummaryText

from .command import AnySession, Desk
from .filtering import add_filter_option, check_filter, keep_matching
from .inspection import inspect_model, what_if_moved
from .loading import add_load_options, checked_load, load
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
from .report_files import add_report_options, check_report_files, file_reports
from .target_runs import compare, fail, open_target, run_forward, timed


class Tree:
    """Show the module tree of a model with every parameter and buffer."""

    name: ClassVar[str] = "tree"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        parser.add_argument("--summary", action="store_true", help="print torchinfo's table in place of the tree")
        parser.add_argument("--unfold", action="store_true", help="show equal blocks one by one, not 48 of them in one row")
        parser.add_argument(
            "--calls",
            action="store_true",
            help="run the sample input, too: what was never called, sizes of lazy parts, what forward shows",
        )
        parser.add_argument("--initialisation", action="store_true", help="say how each tensor was initialised, by its values")
        parser.add_argument(
            "--moved-to",
            metavar="DEVICE[,DTYPE]",
            help="say what would stay behind after .to(DEVICE) and .to(DTYPE), such as cuda,float16",
        )
        add_filter_option(parser)
        add_report_options(parser)
        add_input_option(parser)
        add_checkpoint_option(parser)
        add_load_options(parser)
        add_model_options(parser)
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The tree, and what else is asked for."""
        check_report_files(options)
        check_filter(options, self.name)
        checked_load(options)
        report, inputs = Report(self.name, unfolded=options.unfold), checked_inputs(options.input)
        request = open_request(options.target, options)
        with desk.session(options.python) as session:
            tree = open_target(session, request, report, options.checkpoint, options.solve)
            if tree is not None and not load(session, report, options, desk.terminal):
                tree = None
            if tree is not None and options.summary:
                _add_summary(session, inputs, report)
            if tree is not None and options.initialisation:
                _add_initialisation(session, report)
            if tree is not None and options.moved_to:
                what_if_moved(session, options.moved_to, report)
            if tree is not None and options.calls:
                to_run = RunForward(inputs, options.device, options.mode, options.seed)
                run_forward(session, to_run, report)
                inspect_model(session, to_run, report)
        if tree is not None and options.checkpoint:
            compare(report, options.checkpoint)
        keep_matching(report, options)
        file_reports([report], options)
        yield report


def _add_summary(session: AnySession, inputs: tuple[str, ...], report: Report) -> None:
    with timed(report, "summary"):
        reply = session.ask(SummaryTable(inputs, torchinfo_folder()))
    if isinstance(reply, SummaryText):
        report.summary = reply.text
    else:
        fail(report, reply)


def _add_initialisation(session: AnySession, report: Report) -> None:
    with timed(report, "initialisation"):
        reply = session.ask(RecogniseInitialisation())
    if isinstance(reply, RecognisedInitialisation):
        report.initialised = {each.key: each.name for each in reply.found}
    else:
        fail(report, reply)
