"""``torchloupe show``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import ClassVar

from .command import Desk
from .options import add_json_option
from .report import Report
from .target_runs import read_checkpoint


class Show:
    """Show what is inside a checkpoint. Nothing in it is executed, and torch is not needed."""

    name: ClassVar[str] = "show"

    def add_options(self, parser: ArgumentParser) -> None:
        """A checkpoint."""
        parser.add_argument("checkpoint", metavar="CKPT", help="a checkpoint file or folder")
        add_json_option(parser)

    def reports(self, options: Namespace, _desk: Desk) -> Iterator[Report]:
        """Its contents."""
        report = Report(self.name)
        report.contents = read_checkpoint(options.checkpoint, report)
        yield report
