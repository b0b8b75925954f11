"""Options of how a forward pass is run and watched, and what is said below its calls."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import replace

from torchloupe.analysis.flops import flops_of
from torchloupe.analysis.wording import bytes_text, counted, flops_text, seconds_text
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import RunForward

from .report import Report
from .terminal import Terminal
from .text_columns import printable


def add_run_options(parser: ArgumentParser) -> None:
    """Gradients, autocast, compiler, statistics, time."""
    parser.add_argument("--no-grad", action="store_true", help="run without gradients, as under torch.no_grad()")
    parser.add_argument("--autocast", choices=("bfloat16", "float16"), help="run under torch.autocast with this dtype")
    parser.add_argument(
        "--dtype",
        choices=("float32", "float64", "bfloat16", "float16"),
        help="run a copy of the model, and its input, in this dtype",
    )
    parser.add_argument(
        "--compile",
        nargs="?",
        const="inductor",
        metavar="BACKEND",
        help="run the blocks of the model as torch.compile makes them (inductor when nothing else is said); --against says which is the "
        "first that differs from a run without",
    )
    parser.add_argument("--no-statistics", action="store_true", help="shapes, dtypes and times only")
    parser.add_argument(
        "--time-limit", metavar="SECONDS", type=float, help="stop the pass after so long and show what it got to and where it was"
    )


def with_run_options(request: RunForward, options: Namespace) -> RunForward:
    """The request as the options want it. Raises ``UsageError``."""
    if options.time_limit is not None and not 0 < options.time_limit < float("inf"):
        raise UsageError(f"--time-limit {options.time_limit:g} is no time.", "Give seconds, such as --time-limit 30.")
    return replace(
        request,
        grad=False if options.no_grad else None,
        autocast=options.autocast,
        dtype=options.dtype,
        compile=options.compile,
        statistics=not options.no_statistics,
        time_limit=options.time_limit,
    )


def forward_lines(report: Report, terminal: Terminal) -> Iterator[str]:
    """Below the calls: what the pass took, and that it left nothing behind."""
    forward = report.forward
    if forward is None or not report.calls:
        return
    parts = [counted(forward.call_count, "call"), seconds_text(forward.seconds)]
    if report.tree is not None:
        flops = flops_of(report.calls, report.tree)
        total = sum(flops[call.index] for call in report.calls if call.depth == 0)
        parts += [flops_text(total)] if total else []
    if forward.kept_bytes:
        outermost = [call.index for call in report.calls if call.depth == 0 and call.index < len(forward.kept_bytes)]
        parts.append(f"{bytes_text(sum(forward.kept_bytes[index] for index in outermost))} kept for backward")
    yield ""
    yield ", ".join(parts)
    for line in forward.certificate:
        yield terminal.paint(printable(line), "dim")
    for line in forward.side_effects:
        yield terminal.paint(f"Side effect: {printable(line)}", "warning")
