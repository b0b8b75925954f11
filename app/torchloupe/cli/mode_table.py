"""Train against eval mode, call by call: asked of the worker, drawn as text and for JSON."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from torchloupe.analysis.numerics.mode_comparison import CARRIED, ONE_MODE, SAME, SOURCE, mode_rows, mode_verdict, part_text
from torchloupe.analysis.wording import number_text, shape_text
from torchloupe.wire.numerics import CompareModes, ModesCompared
from torchloupe.wire.requests import RunForward

from .command import AnySession
from .report import Report
from .target_runs import fail, timed
from .terminal import Terminal
from .text_columns import columns, printable

_ROLES = {SOURCE: "warning", ONE_MODE: "warning", CARRIED: None, SAME: "dim"}


def add_compare_modes_option(parser: ArgumentParser) -> None:
    """``--compare-modes``."""
    parser.add_argument(
        "--compare-modes",
        action="store_true",
        help="run the same input in train and in eval mode, and say which call differs first, why, and how the difference grows",
    )


def compare_modes(session: AnySession, request: RunForward, report: Report) -> None:
    """Both modes of the open model, with the input of ``request``."""
    with timed(report, "modes"):
        reply = session.ask(CompareModes(request.inputs, request.device, request.seed))
    if isinstance(reply, ModesCompared):
        report.modes = reply
    else:
        fail(report, reply)


def mode_lines(compared: ModesCompared, terminal: Terminal) -> Iterator[str]:
    """A line for each call, then what it means."""
    rows = mode_rows(compared)
    head = ("CALL", "MODULE", "CLASS", "OUTPUT", "DIFFERS", "TRAIN STD", "EVAL STD", "WHY")
    cells = [
        (
            str(row.call.index),
            "  " * row.call.depth + (row.call.module or "(model)"),
            row.call.class_name,
            shape_text(row.call.shape) if row.call.shape else "",
            part_text(row.call.difference),
            number_text(row.call.train_std),
            number_text(row.call.eval_std),
            {CARRIED: "carried on"}.get(row.kind, printable(row.reason)),
        )
        for row in rows
    ]
    lines = columns([head, *cells], right=(0, 4, 5, 6), width=terminal.width, elastic=(1, 2, 7))
    yield terminal.paint(lines[0], "dim")
    for row, line in zip(rows, lines[1:], strict=True):
        role = _ROLES[row.kind]
        yield terminal.paint(line, role) if role else line
    yield ""
    yield from (printable(sentence) for sentence in mode_verdict(compared))


def modes_object(compared: ModesCompared) -> dict[str, Any]:
    """The same for JSON."""
    calls = [
        {
            "index": row.call.index,
            "module": row.call.module,
            "class": row.call.class_name,
            "call_number": row.call.call_number,
            "shape": row.call.shape,
            "difference": row.call.difference,
            "input_difference": row.call.input_difference,
            "train": {"mean": row.call.train_mean, "std": row.call.train_std},
            "eval": {"mean": row.call.eval_mean, "std": row.call.eval_std},
            "kind": row.kind,
            "reason": row.reason,
            "file": row.call.file,
            "line": row.call.line,
        }
        for row in mode_rows(compared)
    ]
    return {"difference": compared.difference, "verdict": mode_verdict(compared), "calls": calls}
