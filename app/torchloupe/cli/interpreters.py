"""``torchloupe interpreters``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from .command import Desk
from .options import add_json_option
from .report import Report
from .target_runs import timed


class Interpreters:
    """List the Pythons of this machine with their torch: what can be given to --python."""

    name: ClassVar[str] = "interpreters"

    def add_options(self, parser: ArgumentParser) -> None:
        """Where to look."""
        parser.add_argument("--near", metavar="FILE", help="look for environments beside this file and above it, too")
        parser.add_argument("--devices", action="store_true", help="ask each torch for its devices, which takes seconds")
        parser.add_argument("--with", dest="wanted", metavar="MODULE", help="tell which have this module, those first")
        add_json_option(parser)

    def reports(self, options: Namespace, _desk: Desk) -> Iterator[Report]:
        """All that were found, the likeliest first."""
        # No other command needs them.
        from torchloupe.session.discovery import find_interpreters, probe_devices, probe_interpreters
        from torchloupe.session.wanted_python import best_first, modules_of

        report = Report(self.name)
        near = Path(options.near).absolute() if options.near else Path.cwd()
        with timed(report, "probe"):
            wanted = options.wanted or ""
            found = find_interpreters(near.parent if near.is_file() else near)
            found = (
                best_first(probe_interpreters(found, modules=modules_of(wanted)), wanted) if wanted else probe_interpreters(found)
            )
            report.interpreters = [probe_devices(each) if each.torch else each for each in found] if options.devices else found
        yield report
