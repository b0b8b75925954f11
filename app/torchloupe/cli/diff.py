"""``torchloupe diff``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from torchloupe.analysis.containers import containers_of, keys_of_container, keys_of_tree, model_container, unsaved_keys
from torchloupe.analysis.converted_export import sure_part
from torchloupe.analysis.diff_problems import two_checkpoint_problems
from torchloupe.analysis.fitting import also_fitting
from torchloupe.analysis.optimizer_fit import optimizer_problems
from torchloupe.analysis.rename_code import rename_code
from torchloupe.analysis.state_dict_diff import KeyEntry, diff_problems, state_dict_diff
from torchloupe.analysis.target_source import split_target
from torchloupe.analysis.value_pairs import value_pairs
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import UsageError
from torchloupe.wire.modules import ModuleTree

from .command import Desk
from .diff_export import check_goal, export, write_reports
from .filtering import add_filter_option, check_filter, keep_matching
from .mapping_file import read_mapping, write_mapping
from .options import TARGET_HELP, add_json_option, add_model_options, add_solve_option, open_request
from .report import Report
from .stored_values import compare_stored_values
from .target_runs import open_target, read_checkpoint, timed

Side = ModuleTree | CheckpointContents
"""What stands on one side of a comparison."""


class Diff:
    """Compare the keys of two sides: A is what is expected (the model), B is what was found (the checkpoint)."""

    name: ClassVar[str] = "diff"

    def add_options(self, parser: ArgumentParser) -> None:
        """Two sides, and how to construct a target among them."""
        side = f"a checkpoint, a target ({TARGET_HELP}), or a key list (the JSON that show --json prints)"
        parser.add_argument("expected", metavar="A", help=f"what is expected: {side}")
        parser.add_argument("found", metavar="B", help="what was found: the same choices")
        parser.add_argument("--values", action="store_true", help="compare the values of two checkpoints too")
        parser.add_argument(
            "--map", metavar="FILE", help='JSON {"key of B": "key of A", ...}: pairs that are kept, the rest is solved'
        )
        parser.add_argument("--container", metavar="PATH", help="the mapping of B to take (default: the one that fits A best)")
        parser.add_argument("--map-out", metavar="FILE", help="write the whole mapping to a new JSON file")
        parser.add_argument("--code", action="store_true", help="print Python with plain torch that makes B fit A")
        parser.add_argument(
            "--export",
            metavar="FILE",
            help="write B as A wants it to a new file: renamed, transposed, joined, cut (.safetensors, .pt)",
        )
        parser.add_argument("--markdown", metavar="FILE", help="the report as Markdown into a new file; - for standard output")
        parser.add_argument("--html", metavar="FILE", help="the report as one HTML page into a new file; - for standard output")
        add_filter_option(parser)
        add_solve_option(parser)
        add_model_options(parser)
        add_json_option(parser)

    def reports(self, options: Namespace, desk: Desk) -> Iterator[Report]:
        """The diff."""
        check_filter(options, self.name)
        report = Report(self.name)
        target = next((text for text in (options.expected, options.found) if is_target(text)), None)
        if options.values and target is not None:
            raise UsageError(f"--values compares two checkpoints, and {target} is a target.", "Give two checkpoint files.")
        for goal in (options.export, options.markdown, options.html):
            check_goal(goal)
        if options.export and is_target(options.found):
            raise UsageError(f"--export writes a checkpoint, and {options.found} is a target.", "Give the checkpoint as B.")
        # Both sides are read even when the first cannot be, so that both are told of.
        texts = options.expected, options.found
        sides = [self._side(text, other, options, desk, report) for text, other in (texts, texts[::-1])]
        expected, found = sides
        if expected is not None and found is not None:
            with timed(report, "diff"):
                wanted = _keys(expected, _home(expected, (), None))
                home = _home(found, wanted, options.container)
                have = _keys(found, home)
                if isinstance(expected, CheckpointContents):
                    wanted = _keys(expected, model_container(expected, have))
                elif isinstance(found, CheckpointContents):
                    report.container, report.also_fitting = home, also_fitting(found, home, wanted)
                given = read_mapping(Path(options.map)) if options.map else None
                unsaved = unsaved_keys(expected) if isinstance(expected, ModuleTree) else ()
                diff = report.diff = state_dict_diff(wanted, have, given, unsaved)
            if options.map_out:
                write_mapping(Path(options.map_out), diff.mapping)
            if options.code:
                report.code = rename_code(sure_part(diff))
            if options.export and isinstance(found, CheckpointContents):
                export(report, diff, found, home, options.export, desk.terminal)
            if target is None:
                report.sides = Path(options.expected).name, Path(options.found).name
            report.written_reports = write_reports(report, diff, options.markdown, options.html)
            if target is None:
                report.problems += two_checkpoint_problems(diff, *report.sides)
            else:
                report.problems += diff_problems(diff)
                if isinstance(expected, ModuleTree) and isinstance(found, CheckpointContents):
                    report.problems += optimizer_problems(found, expected)
            if options.values and isinstance(expected, CheckpointContents) and isinstance(found, CheckpointContents):
                pairs = value_pairs(diff, expected, model_container(expected, have), found, home)
                compare_stored_values(report, expected, found, pairs, desk.terminal)
        report.tree = None
        keep_matching(report, options)
        yield report

    def _side(self, text: str, other: str, options: Namespace, desk: Desk, report: Report) -> Side | None:
        if not is_target(text):
            return read_checkpoint(text, report)
        checkpoint = None if is_target(other) else other
        with desk.session(options.python) as session:
            return open_target(session, open_request(text, options), report, checkpoint, options.solve)


def is_target(text: str) -> bool:
    """Is it a target rather than a file of keys or tensors?"""
    if Path(text).exists():
        return text.endswith(".py")
    place, name = split_target(text)
    return place.endswith(".py") or (name is not None and all(part.isidentifier() for part in place.split(".")))


def _home(side: Side, like: Sequence[KeyEntry], container: str | None) -> str:
    """The mapping of a checkpoint that is compared: the one that was asked for, or the one that is most like ``like``."""
    if isinstance(side, ModuleTree):
        return ""
    known = [each.path for each in containers_of(side)]
    if container is not None and container not in known:
        raise UsageError(f"There is no container {container!r} with tensors.", f"There are: {', '.join(map(repr, known[:9]))}.")
    return model_container(side, like) if container is None else container


def _keys(side: Side, container: str) -> tuple[KeyEntry, ...]:
    return keys_of_tree(side) if isinstance(side, ModuleTree) else keys_of_container(side, container)
