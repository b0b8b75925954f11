"""The sizes of the input with which the model runs: asked of the worker, drawn as a small map, for JSON and as Markdown."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from torchloupe.analysis.sweep import SweepReading, read_axis, readings_told, sweep_verdict
from torchloupe.analysis.sweep_wording import LEGEND, size_map
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import RunForward
from torchloupe.wire.sweeps import SizesSwept, SweepSizes

from .command import AnySession
from .report import Report
from .target_runs import fail, timed
from .terminal import Terminal
from .text_columns import columns, printable


def add_sweep_option(parser: ArgumentParser) -> None:
    """``--sweep``."""
    parser.add_argument(
        "--sweep",
        action="store_true",
        help="run the model on shapes alone with other batch sizes, sides of pictures and lengths, and say which of them it takes and "
        "what refuses the others",
    )


def check_sweep(options: Namespace) -> None:
    """Raises ``UsageError`` for options that ask for something else at the same time."""
    others = {"--compare-modes": options.compare_modes, "--against": options.against, "--compile": options.compile}
    asked = next((name for name, value in others.items() if value), None)
    if options.sweep and asked:
        raise UsageError(f"--sweep does not go with {asked}.", "Give one of them.")


def sweep_sizes(session: AnySession, request: RunForward, report: Report) -> None:
    """The sizes of the open model, around the input of ``request``. ``--time-limit`` is that of the whole sweep."""
    limit = SweepSizes.time_limit if request.time_limit is None else request.time_limit
    with timed(report, "sweep"):
        reply = session.ask(SweepSizes(request.inputs, request.device, request.mode, request.seed, limit))
    if not isinstance(reply, SizesSwept):
        fail(report, reply)
        return
    report.sweep = reply
    report.problems += reply.problems
    report.notes += reply.notes
    if report.target is not None:
        report.target.inputs, report.target.input_source = reply.inputs or request.inputs, reply.input_source


def sweep_lines(swept: SizesSwept, terminal: Terminal) -> Iterator[str]:
    """A row for each axis: the rule, and every size that was tried with its mark. Then what refuses sizes."""
    readings = readings_told(swept.axes)
    if readings:
        rows = [(each.axis.name, printable(each.sentence), size_map(each.axis)) for each in readings]
        lines = columns([("AXIS", "RUNS WITH", "TRIED"), *rows], width=terminal.width, elastic=(1, 2))
        yield terminal.paint(lines[0], "dim")
        yield from lines[1:]
        yield ""
        yield from (printable(line) for line in sweep_verdict(readings))
        yield terminal.paint(LEGEND, "dim")
    yield from (printable(note) for note in swept.notes)


def sweep_object(swept: SizesSwept) -> dict[str, Any]:
    """The same for JSON, with every axis."""
    readings = [read_axis(axis) for axis in swept.axes]
    return {"axes": [_axis(each) for each in readings], "verdict": sweep_verdict(readings), "notes": swept.notes}


def _axis(reading: SweepReading) -> dict[str, Any]:
    problems = [{"size": size, **asdict(problem)} for size, problem in reading.problems]
    rule = {
        "rule": reading.kind,
        "step": reading.step,
        "remainder": reading.remainder,
        "least": reading.least,
        "most": reading.most,
    }
    tried = [{"size": each.size, "runs": each.runs} for each in reading.axis.tried]
    head = {"name": reading.axis.name, "base": reading.axis.base, "places": reading.axis.places, "sentence": reading.sentence}
    return {**head, **rule, "tried": tried, "refused": problems}
