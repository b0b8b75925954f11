"""``torchloupe rank``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from torchloupe.analysis.containers import keys_of_tree, unsaved_keys
from torchloupe.analysis.fitting import Fit, fit_name, fit_text, ranked_files, verdict
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.candidates import checkpoint_files
from torchloupe.wire.errors import UsageError
from torchloupe.wire.modules import ModuleTree

from .command import Desk
from .options import TARGET_HELP, add_json_option, add_model_options, open_request
from .progress_line import ProgressLine
from .report import Report
from .target_runs import open_target, timed
from .terminal import Terminal
from .text_columns import columns, printable

_SHOWN = 20


class Rank:
    """Which of these checkpoints, or of the checkpoints in a folder, belongs to the target; and which mapping in it."""

    name: ClassVar[str] = "rank"

    def add_options(self, parser: ArgumentParser) -> None:
        """A target, and where to look."""
        parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
        parser.add_argument(
            "places", metavar="PATH", nargs="+", help="a folder, whose checkpoints are looked at, or a checkpoint"
        )
        add_model_options(parser)
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The ranking."""
        files = _files([Path(text) for text in options.places])
        report = Report(self.name)
        with desk.session(options.python) as session:
            tree = open_target(session, open_request(options.target, options), report)
        if tree is not None:
            with timed(report, "rank"):
                report.fits = _ranked(files, tree, report, ProgressLine(desk.terminal))
            report.tree = None
        yield report


def _files(places: list[Path]) -> list[Path]:
    found = [file for place in places for file in (checkpoint_files(place) if place.is_dir() else [place])]
    if not found:
        raise UsageError(f"There is no checkpoint in {places[0]}.", "Give another folder, or name the files.")
    return list(dict.fromkeys(found))


def _ranked(files: list[Path], tree: ModuleTree, report: Report, progress: ProgressLine) -> list[Fit]:
    model = keys_of_tree(tree), unsaved_keys(tree)
    try:
        fits, notes = ranked_files([str(file) for file in files], lambda file: read_contents(Path(file)), model, progress)
    finally:
        progress.clear()
    report.notes += notes
    return fits


def rank_lines(report: Report, terminal: Terminal) -> list[str]:
    """The likeliest first, and the sentence of which belongs."""
    fits = report.fits or []
    rows = [
        (f"{number}.", printable(fit_name(fit)), f"{fit.tensors:,}", fit_text(fit)) for number, fit in enumerate(fits[:_SHOWN], 1)
    ]
    lines = columns(rows, width=terminal.width, elastic=(1, 3))
    more = len(fits) - _SHOWN
    lines += [f"… and {more:,} more (--json lists all)"] if more > 0 else []
    lines += [terminal.paint(f"not read: {printable(note)}", "dim") for note in report.notes]
    model = report.target.class_name or "the model" if report.target else "the model"
    return [*lines, terminal.paint(verdict(fits, model), "strong")]
