"""``torchloupe step``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from .command import AnySession, Desk
from .loading import add_load_options, checked_load, load
from .options import TARGET_HELP, add_checkpoint_option, add_input_option, add_json_option, add_model_options, open_request
from .report import Report
from .report_files import add_report_options, check_report_files, file_reports
from .step_options import add_training_options, step_request
from .stepping import run_step
from .target_runs import open_target
from .watching import add_watch_option, rounds


class Step:
    """Run one training step: which weights moved and by how much, which did not and why. Everything is put back."""

    name: ClassVar[str] = "step"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target, its input, its loss and its optimizer."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        add_input_option(parser)
        add_checkpoint_option(parser)
        add_load_options(parser)
        add_training_options(parser)
        parser.add_argument(
            "--prove",
            action="store_true",
            help="for each weight that does not move, take the cause away, replay the step, and say whether it moves then",
        )
        add_model_options(parser)
        add_report_options(parser)
        add_json_option(parser)
        add_watch_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The step."""
        checked_load(options)
        check_report_files(options)
        to_open, to_run = open_request(options.target, options), step_request(options)

        def one_round(session: AnySession) -> Iterator[Report]:
            report = Report(self.name)
            tree = open_target(session, to_open, report, options.checkpoint, options.solve)
            if tree is not None and load(session, report, options, desk.terminal):
                run_step(session, to_run, report)
            file_reports([report], options)
            yield report

        return rounds(options, desk, [options.target], one_round)
