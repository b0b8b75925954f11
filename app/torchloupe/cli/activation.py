"""``run --values``: one tensor that flowed, its statistics and some of its values; or saved as ``.npy``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from torchloupe.analysis.activation_views import activation_name, doubts, no_values_reason, shown_effects
from torchloupe.analysis.called_tensor import FORM, find_call_tensor
from torchloupe.analysis.tensor_slices import blocks_of, corner, index_parts, index_text
from torchloupe.analysis.wording import count_text
from torchloupe.wire.activations import INPUT, Activation, FetchActivation, MeasureActivation, MeasuredActivation
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.problems import INFO, Problem
from torchloupe.wire.requests import Failed, FetchedValues, RunForward
from torchloupe.wire.values import ValuesSlice

from .command import AnySession
from .report import Report, ShownTensor, problem_of
from .stored_values import COLUMNS, MOST_SHOWN, ROWS
from .target_runs import fail, timed

BLOCK_BYTES = 8 << 20
"""So much is asked of the worker at a time."""


def add_flow_options(parser: ArgumentParser) -> None:
    """One tensor of the run."""
    parser.add_argument(
        "--values",
        metavar="CALL[:WHICH]",
        help="statistics and values of what this call gave: its number or the path of its module, #2 for a second call, "
        ":1, :NAME or :input for another tensor of it",
    )
    parser.add_argument(
        "--slice", metavar="INDEX", help='with --values: the values to print, such as "0, :10" (default: a corner)'
    )
    parser.add_argument("--save-npy", metavar="FILE", help="with --values: save them (or their --slice) as .npy")
    parser.add_argument(
        "--again",
        action="store_true",
        help="with --values: run once more for them, even when the run wrote files or used the network",
    )


def check_flow_options(options: Namespace) -> None:
    """Raises ``UsageError`` for those that make no sense."""
    asked = {"--slice": options.slice, "--save-npy": options.save_npy, "--again": options.again}
    given = next((name for name, value in asked.items() if value), None)
    if given and options.values is None:
        raise UsageError(f"{given} needs a call.", f"Name one with --values CALL. {FORM}")
    if options.save_npy and Path(options.save_npy).exists():
        raise UsageError(f"{options.save_npy} exists already.", "Give another name.")


def look_at_activation(session: AnySession, asked: RunForward, report: Report, options: Namespace) -> None:
    """What ``--values`` names goes into the report; the pass is repeated for it, but not when that had effects elsewhere."""
    if options.values is None or not report.calls or not report.could_run:
        return
    effects = report.forward.side_effects if report.forward is not None else ()
    try:
        if effects and not options.again:
            text = f"The run had effects outside of the model: {shown_effects(effects)}."
            raise UsageError(f"{text} For its values it would run once more.", "Give --again to allow that.")
        call, side, number = find_call_tensor(report.calls, options.values)
        meta = (call.inputs if side == INPUT else call.outputs)[number]
        reason = no_values_reason(meta, call, asked.shapes_only or asked.device == "meta")
        if reason:
            raise UsageError(reason, "Name another call, or run with data.")
        specs = report.target.inputs if report.target is not None and report.target.input_source == "worked_out" else ()
        run = replace(asked, inputs=specs or asked.inputs, operations=False)
        activation = Activation(run, call.module, call.call_number, side, number)
        with timed(report, "values"):
            measured = _answer(session, MeasureActivation(activation))
            report.problems += [Problem("values-of-another-pass", text, INFO) for text in doubts(call, measured)]
            _Reader(session, activation, measured).read_into(report, options)
    except _Refused as refused:
        fail(report, refused.reply)
    except TorchloupeError as error:
        report.fail(problem_of(error))


class _Refused(Exception):
    def __init__(self, reply: Any) -> None:
        super().__init__()
        self.reply = reply


def _answer(session: AnySession, request: Any, blobs: list[bytes] | None = None) -> Any:
    reply = session.ask(request, lambda _message, sent: blobs.extend(sent) if blobs is not None else None)
    if isinstance(reply, Failed) or not isinstance(reply, (MeasuredActivation, FetchedValues)):
        raise _Refused(reply)
    return reply


class _Reader:
    """Reads one tensor that flowed."""

    def __init__(self, session: AnySession, activation: Activation, measured: MeasuredActivation) -> None:
        self._session, self._activation, self._measured = session, activation, measured

    def read_into(self, report: Report, options: Namespace) -> None:
        """Numbers, some values, the file."""
        measured = self._measured
        index = options.slice if options.slice is not None else corner(measured.shape, ROWS, COLUMNS)
        shape = _shape_of(measured.shape, index)
        tensor = StoredTensor(activation_name(self._activation), measured.shape, measured.dtype, measured.bytes)
        from torchloupe.numbers.npy_file import save_chunks
        from torchloupe.numbers.slices import plain_numbers

        shown = report.shown = ShownTensor(tensor, measured.summary)
        if options.save_npy:
            whole = options.slice if options.slice is not None else ""
            shown.saved_shape = _shape_of(measured.shape, whole)
            shown.saved_dtype = save_chunks(self._chunks(whole), measured.dtype, shown.saved_shape, Path(options.save_npy))
            shown.saved = options.save_npy
        elif prod(shape) > MOST_SHOWN:
            raise UsageError(
                f"The slice has {count_text(prod(shape))} values; {count_text(MOST_SHOWN)} are printed at most.",
                "Take a smaller slice, or save it with --save-npy FILE.",
            )
        if prod(shape) <= MOST_SHOWN:
            shown.values = ValuesSlice(index, shape, plain_numbers(measured.dtype, self._chunks(index)))

    def _chunks(self, index: str) -> Iterator[memoryview]:
        """Block by block: so much of a tensor crosses the pipe at a time."""
        measured = self._measured
        each = max(1, measured.bytes // max(1, prod(measured.shape)))
        for block in blocks_of(index_parts(measured.shape, index), max(1, BLOCK_BYTES // each)):
            blobs: list[bytes] = []
            _answer(self._session, FetchActivation(self._activation, index_text(block)), blobs)
            for blob in blobs:
                yield memoryview(blob)


def _shape_of(shape: tuple[int, ...], index: str) -> tuple[int, ...]:
    return tuple(part.count for part in index_parts(shape, index) if part.count is not None)
