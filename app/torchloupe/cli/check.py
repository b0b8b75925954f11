"""``torchloupe check``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from .command import AnySession, Desk
from .inspection import inspect_model
from .loading import add_load_options, checked_load, load
from .options import (
    TARGET_HELP,
    add_checkpoint_option,
    add_input_option,
    add_json_option,
    add_model_options,
    add_shapes_only_option,
    forward_request,
    open_request,
)
from .report import Report
from .report_files import add_report_options, check_report_files, file_reports
from .solved_target import try_solving
from .stepping import step_beside
from .target_runs import compare, open_target, run_forward, timed, weigh
from .watching import add_watch_option, rounds


class Check:
    """Run everything that applies to each target and tell the problems only; the exit status says how it went."""

    name: ClassVar[str] = "check"

    def add_options(self, parser: ArgumentParser) -> None:
        """Targets and what they share."""
        parser.add_argument("targets", metavar="TARGET", nargs="+", help=TARGET_HELP)
        add_input_option(parser)
        add_shapes_only_option(parser)
        add_checkpoint_option(parser)
        add_load_options(parser)
        add_model_options(parser)
        add_report_options(parser)
        add_json_option(parser)
        add_watch_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """One report per target, in order, each from a fresh worker. A failure of one never stops the next; Ctrl-C stops all."""
        checked_load(options)
        check_report_files(options)
        to_run = forward_request(options)
        requests = [open_request(target, options) for target in options.targets]

        def one_round(session: AnySession) -> Iterator[Report]:
            done: list[Report] = []
            for number, request in enumerate(requests):
                if number:
                    session.restart()
                report = Report(self.name)
                tree = open_target(session, request, report, options.checkpoint, options.solve)
                if tree is not None and load(session, report, options, desk.terminal):
                    run_forward(session, to_run, report)
                    inspect_model(session, to_run, report)
                    step_beside(session, to_run, report)
                    if options.checkpoint and not report.cancelled:
                        compare(report, options.checkpoint)
                        weigh(report)
                        with timed(report, "solve"):
                            try_solving(session, request, report, options.checkpoint)
                done.append(report)
                file_reports(done, options, whole=report.cancelled or len(done) == len(requests))
                yield report

        return rounds(options, desk, options.targets, one_round)
