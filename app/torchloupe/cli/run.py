"""``torchloupe run``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from .activation import add_flow_options, check_flow_options, look_at_activation
from .command import AnySession, Desk
from .depth import add_depth_option
from .earlier_run import add_against_option, against_earlier, read_calls
from .filtering import add_filter_option, check_filter, keep_matching
from .inspection import look_at_values
from .loading import add_load_options, checked_load, load
from .mode_table import add_compare_modes_option, compare_modes
from .operations import add_operations_option
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
from .reproducing import add_reproducer_option, check_reproducer, make_reproducer
from .run_options import add_run_options, with_run_options
from .sweeping import add_sweep_option, check_sweep, sweep_sizes
from .target_runs import compare, open_target, run_forward, weigh
from .trying import add_try_option, try_fixes
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
        add_load_options(parser)
        add_run_options(parser)
        add_operations_option(parser)
        add_depth_option(parser)
        add_compare_modes_option(parser)
        add_sweep_option(parser)
        add_try_option(parser)
        add_reproducer_option(parser)
        add_flow_options(parser)
        add_against_option(parser)
        add_model_options(parser)
        add_filter_option(parser)
        add_report_options(parser)
        add_json_option(parser)
        add_watch_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The calls."""
        checked_load(options)
        check_flow_options(options)
        check_sweep(options)
        check_report_files(options)
        check_filter(options, self.name)
        check_reproducer(options.reproducer)
        earlier = read_calls(options.against) if options.against else None
        to_open, to_run = open_request(options.target, options), with_run_options(forward_request(options), options)
        to_run = replace(to_run, operations=options.operations)

        def one_round(session: AnySession) -> Iterator[Report]:
            report = Report(self.name, depth=options.depth)
            tree = open_target(session, to_open, report, options.checkpoint, options.solve)
            if tree is not None and load(session, report, options, desk.terminal):
                if options.compare_modes:
                    compare_modes(session, to_run, report)
                elif options.sweep:
                    sweep_sizes(session, to_run, report)
                else:
                    run_forward(session, to_run, report)
                    if options.try_fixes:
                        try_fixes(session, to_run, report)
                    make_reproducer(session, to_run, report, options.reproducer)
                    if earlier is not None and report.calls:
                        report.against = against_earlier(options.against, earlier, report.calls)
                    look_at_activation(session, to_run, report, options)
                    look_at_values(session, to_run, report)
                if options.checkpoint:
                    compare(report, options.checkpoint)
                    weigh(report)
            keep_matching(report, options)
            file_reports([report], options)
            yield report

        return rounds(options, desk, [options.target], one_round)
