"""``torchloupe run``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from .command import AnySession, Desk
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
from .target_runs import compare, open_target, run_forward
from .watching import add_watch_option, rounds


class Run:
    """Run one forward pass and show every call: shapes, time, statistics, problems."""

    name: ClassVar[str] = "run"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target and its input."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        add_input_option(parser)
        add_shapes_only_option(parser)
        add_checkpoint_option(parser)
        add_model_options(parser)
        add_json_option(parser)
        add_watch_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The calls."""
        to_open, to_run = open_request(options.target, options), forward_request(options)

        def one_round(session: AnySession) -> Iterator[Report]:
            report = Report(self.name)
            tree = open_target(session, to_open, report, options.checkpoint, options.solve)
            if tree is not None:
                run_forward(session, to_run, report)
                if options.checkpoint:
                    compare(report, options.checkpoint)
            yield report

        return rounds(options, desk, [options.target], one_round)
