"""Values in checkpoint files: two checkpoints compared, one tensor looked at or saved. Numbers are imported when they are needed."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from torchloupe.analysis.tensor_slices import corner, find_tensor, sliced
from torchloupe.analysis.wording import count_text, counted
from torchloupe.checkpoints.values import open_values
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.problems import WARNING, Problem
from torchloupe.wire.values import ComparedValues

from .progress_line import ProgressLine
from .report import Report, ShownTensor, problem_of
from .target_runs import timed
from .terminal import Terminal

MOST_SHOWN = 10_000
"""Values that are printed of a slice, at most."""
ROWS, COLUMNS = 8, 8
_KEYS_NAMED = 20


def add_tensor_options(parser: ArgumentParser) -> None:
    """One tensor of the checkpoint."""
    parser.add_argument("--tensor", metavar="KEY", help="statistics and values of this tensor in place of the list")
    parser.add_argument(
        "--slice", metavar="INDEX", help='with --tensor: the values to print, such as "0, :10" (default: a corner)'
    )
    parser.add_argument(
        "--singular-values",
        action="store_true",
        help="with --tensor: its singular values, of the matrix of dimension 0 and the rest",
    )
    parser.add_argument("--save-npy", metavar="FILE", help="with --tensor: save it (or its --slice) as .npy")
    parser.add_argument("--force", action="store_true", help="with --save-npy: replace an existing file")


def check_tensor_options(options: Namespace) -> None:
    """Raises ``UsageError`` for those that make no sense without a tensor."""
    asked = {
        "--slice": options.slice,
        "--singular-values": options.singular_values,
        "--save-npy": options.save_npy,
        "--force": options.force,
    }
    given = next((name for name, value in asked.items() if value), None)
    if given and not options.tensor:
        raise UsageError(f"{given} needs a tensor.", "Name one with --tensor KEY.")
    if options.force and not options.save_npy:
        raise UsageError("--force is for --save-npy.", "Give --save-npy FILE.")


def look_at_tensor(report: Report, contents: CheckpointContents, options: Namespace, terminal: Terminal) -> None:
    """Statistics and a slice of one tensor go into the report; it is saved when that was asked for."""
    tensor = find_tensor(contents, options.tensor)
    index = options.slice if options.slice is not None else corner(tensor.shape, ROWS, COLUMNS)
    shown = report.shown = ShownTensor(tensor)
    if options.save_npy and Path(options.save_npy).is_file() and not options.force:
        raise UsageError(f"{options.save_npy} exists already.", "Give another name, or --force to replace it.")
    progress = ProgressLine(terminal)
    try:
        with timed(report, "values"):
            _read_tensor(shown, contents, index, options, progress)
    except TorchloupeError as error:
        report.fail(problem_of(error))
    except KeyboardInterrupt:
        report.fail(cancelled=True)
    finally:
        progress.clear()


def _read_tensor(
    shown: ShownTensor, contents: CheckpointContents, index: str, options: Namespace, progress: ProgressLine
) -> None:
    from torchloupe.numbers.npy_file import save_npy
    from torchloupe.numbers.singular_values import singular_values_of
    from torchloupe.numbers.slices import slice_of
    from torchloupe.numbers.statistics import summary_of

    tensor = shown.tensor
    with open_values(contents) as values:
        values.of(tensor)
        view = sliced(tensor, index)
        if options.save_npy:
            whole = view if options.slice is not None else tensor
            shown.saved_dtype = save_npy(values, whole, Path(options.save_npy), options.force, progress)
            shown.saved, shown.saved_shape = options.save_npy, whole.shape
        else:
            _check_size(view)
        shown.summary = summary_of(values, tensor, progress)
        if _size(view) <= MOST_SHOWN:
            shown.values = slice_of(values, view, index)
        if options.singular_values:
            shown.singular = singular_values_of(values, tensor, progress)


def _check_size(view: StoredTensor) -> None:
    if _size(view) > MOST_SHOWN:
        raise UsageError(
            f"The slice has {count_text(_size(view))} values; {count_text(MOST_SHOWN)} are printed at most.",
            "Take a smaller slice, or save it with --save-npy FILE.",
        )


def _size(view: StoredTensor) -> int:
    count = 1
    for length in view.shape:
        count *= length
    return count


def compare_stored_values(
    report: Report,
    expected: CheckpointContents,
    found: CheckpointContents,
    pairs: Sequence[tuple[StoredTensor, StoredTensor]],
    terminal: Terminal,
) -> None:
    """How far each pair differs goes into the report. What was compared before Ctrl-C stays."""
    from torchloupe.numbers.comparison import compare_values

    report.values = compared = []
    progress = ProgressLine(terminal)
    try:
        with timed(report, "values"), closing(compare_values(expected, found, pairs, progress)) as arriving:
            for each in arriving:
                compared.append(each)
    except KeyboardInterrupt:
        report.fail(cancelled=True)
    finally:
        progress.clear()
    report.problems += not_compared(compared)


def not_compared(compared: Sequence[ComparedValues]) -> list[Problem]:
    """One warning for all pairs whose values could not be compared."""
    others = [each for each in compared if each.difference is None]
    if not others:
        return []
    first = others[0]
    message = f"{counted(len(others), 'tensor')} could not be compared. {first.expected}: {first.reason}"
    data = {"keys": [each.expected for each in others[:_KEYS_NAMED]], "count": len(others)}
    return [Problem("values-not-compared", message, WARNING, "The other tensors were compared.", data=data)]
