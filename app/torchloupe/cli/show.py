"""``torchloupe show``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from .command import Desk
from .filtering import add_filter_option, check_filter, keep_matching
from .options import add_json_option
from .report import Report
from .stored_values import add_tensor_options, check_tensor_options, look_at_tensor
from .target_runs import read_checkpoint
from .verify import verified


class Show:
    """Show what is inside a checkpoint. Nothing in it is executed, and torch is not needed."""

    name: ClassVar[str] = "show"

    def add_options(self, parser: ArgumentParser) -> None:
        """A checkpoint."""
        parser.add_argument("checkpoint", metavar="CKPT", help="a checkpoint file or folder")
        parser.add_argument(
            "--verify", action="store_true", help="read all of a .pt, .npz or .pt2 file and compare its check sums"
        )
        add_filter_option(parser)
        add_tensor_options(parser)
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """Its contents, or one tensor of it."""
        check_tensor_options(options)
        check_filter(options, self.name)
        report = Report(self.name)
        contents = read_checkpoint(options.checkpoint, report)
        if options.verify and contents is not None:
            report.problems += verified(options.checkpoint, desk.terminal)
        if options.tensor is None:
            report.contents = contents
        elif contents is not None:
            look_at_tensor(report, contents, options, desk.terminal)
        keep_matching(report, options)
        yield report
