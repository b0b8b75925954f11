"""``torchloupe convert``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from torchloupe.analysis.key_renaming import Renaming, export_lines, planned_export
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import TorchloupeError, UsageError

from .command import Desk
from .mapping_file import read_mapping
from .options import add_json_option
from .progress_line import ProgressLine
from .report import Exported, Report, problem_of
from .target_runs import read_checkpoint, timed
from .terminal import Terminal


class Convert:
    """Write the state_dict in a checkpoint to a new file, under other keys or in another format. Values are copied bit for bit."""

    name: ClassVar[str] = "convert"

    def add_options(self, parser: ArgumentParser) -> None:
        """From where to where, and the names."""
        parser.add_argument("source", metavar="SOURCE", help="a checkpoint file or folder")
        parser.add_argument("goal", metavar="GOAL", help="the new file: .safetensors, .pt, .pth, .ckpt or .bin")
        parser.add_argument("--container", metavar="PATH", help="the mapping to take (default: the model's state_dict)")
        parser.add_argument("--strip", metavar="PREFIX", default="", help="take this away where a key begins with it")
        parser.add_argument("--add", metavar="PREFIX", default="", help="put this before every key")
        parser.add_argument("--rename", metavar="OLD=NEW", action="append", default=[], help="call one key otherwise; repeatable")
        parser.add_argument("--mapping", metavar="FILE", help='JSON {"old": "new", ...}, or what diff --json printed')
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """What was written."""
        renaming = _renaming(options)
        if Path(options.goal).is_file() and not options.overwrite:
            raise UsageError(f"{options.goal} exists already.", "Give another name, or --overwrite to replace it.")
        report = Report(self.name)
        contents = read_checkpoint(options.source, report)
        if contents is not None:
            _export(report, contents, options, renaming, desk.terminal)
        yield report


def _export(report: Report, contents: CheckpointContents, options: Namespace, renaming: Renaming, terminal: Terminal) -> None:
    from torchloupe.checkpoints.writing import write_checkpoint  # no other command needs it

    progress = ProgressLine(terminal)
    try:
        plan = planned_export(contents, options.container, renaming)
        with timed(report, "write"):
            written = write_checkpoint(contents, plan.named, Path(options.goal), options.overwrite, progress)
    except TorchloupeError as error:
        report.fail(problem_of(error))
    except KeyboardInterrupt:
        report.fail(cancelled=True)
    else:
        lines = export_lines(plan, contents, written.path, written.bytes, written.shared, written.repeated)
        report.exported = Exported(plan, written, tuple(lines))
    finally:
        progress.clear()


def _renaming(options: Namespace) -> Renaming:
    """Those of the file first, then those of the command line. Raises ``UsageError``."""
    exact = read_mapping(Path(options.mapping)) if options.mapping else {}
    for text in options.rename:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(f"--rename {text} is not OLD=NEW.", "Write --rename old.key=new.key.")
        exact[old] = new
    return Renaming(exact, options.strip, options.add)
